using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Everything that an audit of one deployment kept, put together again.</summary>
/// <param name="Load">Answers of the performance run; a sample of them, drawn after it, is scored.</param>
/// <param name="Quiet">The same prompts as that sample's, asked one at a time afterwards.</param>
/// <param name="Long">Answers to long prompts, one at a time.</param>
/// <param name="Limits">How far an answer may lie from the exact reference, by the precision that the profile declares.</param>
internal sealed record AuditEvidence(
    AuditRules Rules, ImmutableArray<AuditedAnswer> Load, ImmutableArray<AuditedAnswer> Quiet, ImmutableArray<AuditedAnswer> Long, LoadRun Rate, AuditClass Limits)
{
    /// <param name="problem">Why nothing can be judged; empty if it can.</param>
    public static AuditEvidence? TryRead(Clause clause, TextGolden text, Measurement m, out string problem)
    {
        ImmutableArray<AuditedAnswer> load = [], quiet = [], longer = [];
        var answers = AuditSeries.TryReadPrompts(m, text.VocabularySize, out var prompts, out problem)
            && AuditSeries.TryReadAnswers(m, "load.", prompts.Length, text.VocabularySize, out load, out problem)
            && AuditSeries.TryReadAnswers(m, "quiet.", prompts.Length, text.VocabularySize, out quiet, out problem)
            && AuditSeries.TryReadAnswers(m, "long.", prompts.Length, text.VocabularySize, out longer, out problem);
        if (!answers || LoadRun.TryRead(m, "load.token_arrivals", "load.duration_ns", out problem) is not { } rate)
            return null;
        if (!m.Facts.ContainsKey("seed") || m.Number("deployment") is null)
            problem = "it does not say which seed was drawn after which deployment";
        else if (m.Facts.GetValueOrDefault("output_tokens") != clause.Limit("output_tokens").ToString(CultureInfo.InvariantCulture))
            problem = $"answers of {m.Facts.GetValueOrDefault("output_tokens")} tokens were asked for, not of {clause.Limit("output_tokens")}";
        else if (TryEnds(m) is not { } ends)
            problem = "the fact end_tokens is no list of token ids";
        else
        {
            var limits = AuditClass.Of(clause, text.Precision);
            return new(new AuditRules(prompts, ends, clause.Count("output_tokens"), limits.Tie, clause.Count("shared_prefix_tokens")), load, quiet, longer, rate, limits);
        }

        return null;
    }

    /// <summary>Answers that keep every rule, so that what is wrong with their tokens has no other name.</summary>
    public ImmutableArray<AuditedAnswer> Lawful(ImmutableArray<AuditedAnswer> answers) =>
        [.. answers.Where(answer => answer is { IsAnswered: true, IsScored: true } && Rules.Broken(answer) is null)];

    private static ImmutableHashSet<int>? TryEnds(Measurement m)
    {
        var ends = ImmutableHashSet.CreateBuilder<int>();
        foreach (var word in m.Facts.GetValueOrDefault("end_tokens", "?").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                return null;
            ends.Add(id);
        }

        return ends.ToImmutable();
    }
}

/// <param name="Tie">In 1e-9 logit: a token no further behind is a near tie.</param>
/// <param name="SameTop">Share of tokens that must be the exact reference's likeliest.</param>
internal sealed record AuditClass(long Tie, double SameTop)
{
    public static AuditClass Of(Clause clause, PrecisionClass precision)
    {
        var (tie, top) = precision switch
        {
            PrecisionClass.Bits8 => ("near_tie_8bit_micro", "same_top_8bit_ppm"),
            PrecisionClass.Bits4 => ("near_tie_4bit_micro", "same_top_4bit_ppm"),
            _ => ("near_tie_16bit_micro", "same_top_ppm"),
        };
        return new((long)Int128.Min((Int128)clause.Limit(tie) * 1000, long.MaxValue), clause.Share(top));
    }
}

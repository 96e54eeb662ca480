using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges how well a language model foretells the golden documents, against the exact reference on the same positions (COR-09).</summary>
/// <remarks>
/// The logarithm of the ratio of perplexities is the mean difference of the losses, -ln of the probability of the token that follows; it is
/// bounded by drawing whole documents, and both bounds must keep the limit. Insensitive alone: it never stands in for COR-07 or COR-08.
/// </remarks>
internal static class Perplexity
{
    public static ImmutableArray<string> Limits { get; } =
    [
        "ln_ratio_16bit_ppm", "ln_ratio_8bit_ppm", "ln_ratio_4bit_ppm", "positions_min", "documents_min", "confidence_ppm", "resamples", "bootstrap_seed",
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (TeacherForced.TryRead(clause, plan.Text, m, files, out var scores) is { } verdict)
            return clause.Found(verdict);
        var limit = clause.Share(plan.Text!.Precision switch
        {
            PrecisionClass.Fp32 or PrecisionClass.Bits16 => "ln_ratio_16bit_ppm",
            PrecisionClass.Bits8 => "ln_ratio_8bit_ppm",
            _ => "ln_ratio_4bit_ppm",
        });
        var (mean, lower, upper) = scores!.Bounds(clause, position => position.CandidateLoss - position.ReferenceLoss, skipped: 1);
        ImmutableArray<Figure> figures =
        [
            new("ln of the perplexity ratio", "1e-6", Ppm(mean), Ppm(lower), Ppm(upper), Ppm(limit)),
            new("perplexity", "1", Reading.Milli(Math.Exp(scores.Bounds(clause, position => position.CandidateLoss, skipped: 1).Mean))),
            new("perplexity of the reference", "1", Reading.Milli(Math.Exp(scores.Bounds(clause, position => position.ReferenceLoss, skipped: 1).Mean))),
            Reading.Counted("positions", scores.Positions - scores.Documents.Length),
            Reading.Counted("documents", scores.Documents.Length),
        ];
        return clause.Found(Against(limit, mean, lower, upper, scores), figures);
    }

    private static Verdict Against(double limit, double mean, double lower, double upper, TeacherForced scores)
    {
        if (lower >= -limit && upper <= limit)
            return new Verdict.Pass();
        var seen = FormattableString.Invariant($"ln(PPL/PPL_ref) {mean:0.000000}, between {lower:0.000000} and {upper:0.000000}");
        var words = FormattableString.Invariant($"{limit:0.######} either way");
        var (bound, side) = mean switch
        {
            _ when Math.Abs(mean) > limit => (mean > 0 ? lower : upper, mean > 0 ? limit : -limit),
            _ => upper > limit ? (upper, limit) : (lower, -limit),
        };
        return lower > limit || upper < -limit
            ? new Verdict.Fail(seen, words)
            : new Verdict.Inconclusive($"{seen}; limit {words}; {scores.Wanted(mean, bound, side)}");
    }

    private static long Ppm(double value) => Reading.Milli(value * 1e6);
}

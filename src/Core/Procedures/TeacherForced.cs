using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Scores of every position of every golden document, as a language model answered them.</summary>
/// <remarks>Reads one tensor per golden document, named after it: the logits at each position given the true tokens before it.</remarks>
internal sealed record TeacherForced(ImmutableArray<ImmutableArray<PositionScore>> Documents)
{
    public int Positions => Documents.Sum(document => document.Length);

    public IEnumerable<PositionScore> All => Documents.SelectMany(document => document);

    /// <param name="scores">Null if there is a verdict.</param>
    /// <returns>
    /// A fail where the backend answered in the wrong form, inconclusive where the evidence is invalid or too little; null if all can be judged.
    /// </returns>
    public static Verdict? TryRead(Clause clause, TextGolden? text, Measurement m, IBlobs files, out TeacherForced? scores)
    {
        scores = null;
        if (Unfit(text, m) is { } problem)
            return new Verdict.Inconclusive(problem);
        var (documents, wrong) = (ImmutableArray.CreateBuilder<ImmutableArray<PositionScore>>(), new List<string>());
        foreach (var document in text!.Documents)
        {
            var answer = m.Tensors.First(tensor => tensor.Name == document.Id);
            var verdict = LogitPair.TryRead(document, text.VocabularySize, answer, files, out var pair);
            if (verdict is Verdict.Fail fail)
                wrong.Add(fail.Measured);
            else if (verdict is not null)
                return verdict;
            else
                documents.Add(Score(pair!));
        }

        if (wrong.Count > 0)
            return new Verdict.Fail(
                $"{wrong.Count} of {text.Documents.Length} answers in the wrong form: {string.Join("; ", wrong.Take(3))}",
                "FP32 logits [T, V], all of them finite");
        scores = new(documents.DrainToImmutable());
        return scores.TooFew(clause) is { } few ? new Verdict.Inconclusive(few) : null;
    }

    /// <summary>Bounds the mean of a value over all positions that have one, drawing whole documents.</summary>
    /// <param name="skipped">Positions at the end of each document that have none.</param>
    public (double Mean, double Lower, double Upper) Bounds(Clause clause, Func<PositionScore, double> value, int skipped = 0) =>
        ClusterBootstrap.MeanBounds(
            [.. Documents.Select(document => document.SkipLast(skipped).Sum(value))],
            [.. Documents.Select(document => document.Length - skipped)],
            clause.Share("confidence_ppm"), Math.Max(1, clause.Count("resamples")), (ulong)clause.Limit("bootstrap_seed"));

    /// <summary>Says how many documents would narrow an interval enough, if more of them were like these.</summary>
    public string Wanted(double mean, double bound, double limit)
    {
        var (reach, room) = (Math.Abs(bound - mean), Math.Abs(limit - mean));
        var documents = Documents.Length * (reach / room) * (reach / room);
        return documents < 1e6 ? FormattableString.Invariant($"about {Math.Ceiling(documents)} documents like these would do") : "no number of documents is likely to do";
    }

    private static ImmutableArray<PositionScore> Score(LogitPair pair)
    {
        var scores = ImmutableArray.CreateBuilder<PositionScore>(pair.Positions);
        for (var t = 0; t < pair.Positions; t++)
            scores.Add(PositionScore.Of(
                pair.Row(pair.Reference, t), pair.Row(pair.Candidate, t), t + 1 < pair.Positions ? pair.Document.Tokens[t + 1] : null));
        return scores.MoveToImmutable();
    }

    private string? TooFew(Clause clause) =>
        Documents.Length < clause.Limit("documents_min") || Positions < clause.Limit("positions_min")
            ? $"{Positions} positions in {Documents.Length} documents; {clause.Limit("positions_min")} in {clause.Limit("documents_min")} are asked for"
            : null;

    private static string? Unfit(TextGolden? text, Measurement m)
    {
        if (text is null)
            return "the plan has no golden documents; nothing can be compared";
        if (LogitPair.Unfit(text) is { } unfit)
            return unfit;
        var (asked, answered) = (text.Documents.Select(document => document.Id).ToHashSet(), m.Tensors.Select(tensor => tensor.Name).ToHashSet());
        if (asked.FirstOrDefault(id => !answered.Contains(id)) is { } missing)
            return $"invalid evidence: no answer to the golden document {missing} is kept; {answered.Count} of {asked.Count} are";
        return answered.FirstOrDefault(id => !asked.Contains(id)) is { } stranger ? $"invalid evidence: {stranger} is no golden document of the plan" : null;
    }
}

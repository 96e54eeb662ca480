using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges how often an item changes between right and wrong, whichever way: an equal score hides it (COR-11).</summary>
/// <remarks>
/// Reads what <see cref="TaskAccuracy"/> reads, the series <c>answers</c>. The exact reference answers itself the same every time (its arithmetic has one
/// order), so its own flip rate is 0 and the limit is the clause's. Bounds are Clopper and Pearson's, at the confidence of one look: how many items were
/// asked depended on the answers.
/// </remarks>
internal static class AnswerFlips
{
    public static ImmutableArray<string> Limits { get; } = ["flips_max_ppm", "items_first", "looks", "confidence_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Unusable("id", "answers") is { } unusable)
            return clause.Invalid(unusable);
        if (TaskScores.TryRead(plan, m.Samples("answers"), files, out var problem) is not { } scores)
            return clause.Invalid(problem);
        if (scores.Items.Length < clause.Limit("items_first"))
            return clause.Found(new Verdict.Inconclusive($"{scores.Items.Length} items; {clause.Limit("items_first")} at least are asked for"));
        var paired = scores.Of(scores.Items.Length);
        var (flips, limit, confidence) = (paired.Losses + paired.Gains, clause.Share("flips_max_ppm"), TaskAccuracy.OfOneLook(clause));
        var (lower, upper) = Statistics.ShareBounds(flips, paired.Items, confidence);
        ImmutableArray<Figure> figures =
        [
            new("flips", "%", Reading.Milli(100.0 * flips / paired.Items), Reading.Milli(100 * lower), Reading.Milli(100 * upper), Reading.Milli(100 * limit)),
            new("answers that are not the reference's", "%", Reading.Milli(100.0 * paired.Other / paired.Items)),
            Reading.Counted("items", paired.Items),
        ];
        return clause.Found(
            upper <= limit ? new Verdict.Pass()
            : lower > limit
                ? new Verdict.Fail($"{flips} of {paired.Items} items changed between right and wrong ({paired.Losses} lost, {paired.Gains} gained), {Reading.Percent(lower)} at least", Reading.Percent(limit))
            : new Verdict.Inconclusive(
                $"{flips} of {paired.Items} items changed between right and wrong; limit {Reading.Percent(limit)}; {Statistics.TrialsNeeded(flips, limit, confidence)} items would decide it"), figures);
    }
}

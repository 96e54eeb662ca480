using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges a language model's score at a task against the exact reference's on the same items, and the length of its answers (COR-10).</summary>
/// <remarks>
/// <para>
/// The task is to continue held-out text: reads the series <c>answers</c> (unit <c>id</c>), the first token answered to each item of
/// <see cref="TaskItems"/> in its order. Right is the token of the text. At the looks that the clause states, in order, the share that the backend loses
/// is bounded (Tango's score interval); the first look that decides ends it, each at a confidence so much higher that all of them together keep the
/// clause's (Bonferroni). An item without an answer is a wrong one.
/// </para>
/// <para>Reads also the series <c>length.ID</c> for each golden answer of the plan: the ids of the whole answer. Lengths are compared in sum; answers are drawn.</para>
/// </remarks>
internal static class TaskAccuracy
{
    public static ImmutableArray<string> Limits { get; } =
    [
        "score_share_ppm", "length_min_ppm", "length_max_ppm", "items_first", "looks", "power_ppm", "answers_min", "confidence_ppm", "resamples", "bootstrap_seed",
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Unusable("id", "answers") is { } unusable)
            return clause.Invalid(unusable);
        if (TaskScores.TryRead(plan, m.Samples("answers"), files, out var problem) is not { } scores)
            return clause.Invalid(problem);
        var looks = TaskItems.Looks(clause, scores.Items.Length);
        if (looks.IsEmpty)
            return clause.Found(new Verdict.Inconclusive($"{scores.Items.Length} items; the first look is at {clause.Limit("items_first")}"));
        var (score, paired) = Decide(clause, scores) ?? (Open(clause, scores.Of(looks[^1])), scores.Of(looks[^1]));
        var length = Length(clause, plan.Text!, m, out var figure);
        return clause.Found(Reading.Gravest(score, length), [.. Figures(clause, paired), .. figure]);
    }

    /// <summary>The verdict of the first look that decides; null while none does.</summary>
    public static (Verdict Verdict, Paired Paired)? Decide(Clause clause, TaskScores scores)
    {
        foreach (var look in TaskItems.Looks(clause, scores.Items.Length))
        {
            var paired = scores.Of(look);
            var (lower, upper) = Lost(clause, paired);
            if (paired.Right > 0 && upper <= Margin(clause, paired))
                return (new Verdict.Pass(), paired);
            if (lower > Margin(clause, paired))
                return (new Verdict.Fail(
                    $"{paired.Candidate} of {look} items right, the reference {paired.Right}: {paired.Losses} lost and {paired.Gains} gained, "
                    + $"{Reading.Percent(lower)} of the items lost at least", $"{Reading.Percent(Margin(clause, paired))} ({Reading.Percent(1 - clause.Share("score_share_ppm"))} of the reference's score)"), paired);
        }

        return null;
    }

    private static Verdict.Inconclusive Open(Clause clause, Paired paired)
    {
        if (paired.Right == 0)
            return new($"the reference gets none of {paired.Items} items right; take another task");
        var (lower, upper) = Lost(clause, paired);
        return new(
            $"{paired.Losses} of {paired.Items} items lost and {paired.Gains} gained: between {Reading.Percent(lower)} and {Reading.Percent(upper)} of the items lost; "
            + $"limit {Reading.Percent(Margin(clause, paired))}; {Needed(clause, paired) - paired.Items:0} items more would show it with a power of {Reading.Percent(clause.Share("power_ppm"))}");
    }

    /// <summary>Bounds the share of items lost, at the confidence of one look.</summary>
    private static (double Lower, double Upper) Lost(Clause clause, Paired paired) => PairedAnswers.DifferenceBounds(paired.Losses, paired.Gains, paired.Items, OfOneLook(clause));

    internal static double OfOneLook(Clause clause) => 1 - ((1 - clause.Share("confidence_ppm")) / clause.Count("looks"));

    /// <summary>The share of items that may be lost; what the reference scores is taken as it is.</summary>
    private static double Margin(Clause clause, Paired paired) => (1 - clause.Share("score_share_ppm")) * paired.Right / paired.Items;

    /// <summary>Items that show a faithful backend to be one with the power that the clause states, if answers differ as often as here; a difference more than seen is allowed for.</summary>
    private static double Needed(Clause clause, Paired paired) => Math.Max(paired.Items + 1, Math.Ceiling(PairedAnswers.ItemsNeeded(
        (paired.Losses + paired.Gains + 1.0) / paired.Items, Margin(clause, paired), OfOneLook(clause), clause.Share("power_ppm"))));

    private static Verdict Length(Clause clause, TextGolden text, Measurement m, out ImmutableArray<Figure> figures)
    {
        figures = [];
        if (text.Answers.IsDefault || text.Answers.Length < clause.Limit("answers_min"))
            return new Verdict.Inconclusive($"the plan has {(text.Answers.IsDefault ? 0 : text.Answers.Length)} golden answers; {clause.Limit("answers_min")} are asked for");
        ImmutableArray<string> names = [.. text.Answers.Select(answer => $"length.{answer.Id}")];
        if (m.Unusable("id", names.AsSpan()) is { } unusable)
            return new Verdict.Inconclusive($"invalid evidence: {unusable}");
        if (text.Answers.Any(answer => answer.Tokens.IsDefaultOrEmpty))
            return new Verdict.Inconclusive("a golden answer of the plan is empty");
        var (mean, lower, upper) = ClusterBootstrap.MeanBounds(
            [.. names.Select(name => (double)m.Samples(name).Length)], [.. text.Answers.Select(answer => answer.Tokens.Length)],
            clause.Share("confidence_ppm"), Math.Max(1, clause.Count("resamples")), (ulong)clause.Limit("bootstrap_seed"));
        figures = [new("output tokens, of the reference's", "%", Reading.Milli(100 * mean), Reading.Milli(100 * lower), Reading.Milli(100 * upper))];
        var (least, most) = (clause.Share("length_min_ppm"), clause.Share("length_max_ppm"));
        var limit = $"{Reading.Percent(least)} to {Reading.Percent(most)}";
        return lower >= least && upper <= most ? new Verdict.Pass()
            : upper < least || lower > most ? new Verdict.Fail($"answers have {Reading.Percent(mean)} of the reference's tokens, between {Reading.Percent(lower)} and {Reading.Percent(upper)}", limit)
            : new Verdict.Inconclusive($"answers have {Reading.Percent(mean)} of the reference's tokens, between {Reading.Percent(lower)} and {Reading.Percent(upper)}; limit {limit}; more answers would decide it");
    }

    private static IEnumerable<Figure> Figures(Clause clause, Paired paired)
    {
        var (lower, upper) = Lost(clause, paired);
        yield return new("score", "%", Reading.Milli(100.0 * paired.Candidate / paired.Items));
        yield return new("score of the reference", "%", Reading.Milli(100.0 * paired.Right / paired.Items));
        yield return new(
            "items lost less items gained", "%", Reading.Milli(100.0 * (paired.Losses - paired.Gains) / paired.Items), Reading.Milli(100 * lower), Reading.Milli(100 * upper),
            Reading.Milli(100 * Margin(clause, paired)));
        yield return new("p of McNemar's exact test", "ppm", Reading.Milli(1e6 * PairedAnswers.McNemar(paired.Losses, paired.Gains)));
        yield return Reading.Counted("items", paired.Items);
    }
}

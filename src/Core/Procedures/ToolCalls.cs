using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges whether tools are called as they are declared, answers keep to a schema, and tools are called where a reference calls them (COR-17).</summary>
/// <remarks>
/// <para>
/// Reads the pack that the plan names, and for each of its items the fact <c>answer.ID</c> (<see cref="ToolAnswer.ToJson"/>) or <c>failed.ID</c>, why there
/// is none. Schema accuracy is the share of answers with calls all of whose calls are valid; an answer that says that it calls and does not, one that was to
/// call and does not, and an item without an answer are invalid ones among them. Structured answers are a share of their own. Either is bounded exactly.
/// </para>
/// <para>
/// The trigger is <c>finish_reason: tool_calls</c>; F1 is over the items whose model decides (tool_choice left out, or auto), and is held against the lowest
/// self-run of the reference less the clause's margin. Source: K2 Vendor Verifier, which lets an announced call that is none pass; here it is invalid.
/// </para>
/// </remarks>
internal static class ToolCalls
{
    private const int Shown = 3;

    public static ImmutableArray<string> Limits { get; } = ["schema_ppm", "f1_margin_ppm", "items_min", "decided_min", "confidence_ppm", "resamples", "bootstrap_seed"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (ToolScores.TryRead(plan, m, files, out var problem) is not { } scores)
            return clause.Invalid(problem);
        var tools = scores.Items.Where(score => !score.Item.IsStructured).ToImmutableArray();
        var trigger = new ToolTrigger([.. tools.Where(score => score.Item.Choice == ToolChoice.Auto)]);
        if (Unfit(clause, tools.Length, trigger) is { } unfit)
            return clause.Found(new Verdict.Inconclusive(unfit));
        var figures = ImmutableArray.CreateBuilder<Figure>();
        Verdict[] parts =
        [
            Schema(clause, "schema accuracy of tool calls", "answers with calls", [.. tools.Where(score => score.IsJudged)], figures),
            Schema(clause, "schema accuracy of structured output", "structured answers", [.. scores.Items.Where(score => score.Item.IsStructured)], figures),
            Trigger(clause, scores.Pack, trigger, tools, figures),
        ];
        figures.Add(Reading.Counted("tool prompts", tools.Length));
        figures.Add(Reading.Counted("items without an answer", scores.Items.Count(score => score.Ending == "no answer")));
        return clause.Found(Together(parts), figures.ToImmutable());
    }

    private static string? Unfit(Clause clause, int tools, ToolTrigger trigger) =>
        tools < clause.Limit("items_min") ? $"the pack has {tools} tool prompts; {clause.Limit("items_min")} are asked for"
        : trigger.Items < clause.Limit("decided_min") ? $"at {trigger.Items} tool prompts the model decides whether to call; {clause.Limit("decided_min")} are asked for"
        : trigger.Called == 0 ? "the reference calls a tool at none of the items whose model decides; a pack holds both"
        : trigger.Called == trigger.Items ? "the reference calls a tool at every one of the items whose model decides; a pack holds both"
        : null;

    private static Verdict Schema(Clause clause, string name, string what, ImmutableArray<ToolScore> judged, ImmutableArray<Figure>.Builder figures)
    {
        if (judged.IsEmpty)
            return new Verdict.Pass(); // nothing was asked for, or nothing called: of the latter F1 says enough
        var (least, confidence) = (clause.Share("schema_ppm"), clause.Share("confidence_ppm"));
        var wrong = judged.Where(score => score.Fault is not null).ToImmutableArray();
        var (lowest, highest) = Statistics.ShareBounds(wrong.Length, judged.Length, confidence);
        var (lower, upper) = (1 - highest, 1 - lowest);
        figures.Add(new(name, "%", Percent(1 - (wrong.Length / (double)judged.Length)), Percent(lower), Percent(upper), Percent(least)));
        figures.Add(Reading.Counted(what, judged.Length));
        var seen = $"{name} {Reading.Percent(1 - (wrong.Length / (double)judged.Length))}";
        return lower >= least ? new Verdict.Pass()
            : upper < least ? new Verdict.Fail($"{Causes(wrong, judged.Length, what)}; {seen}, {Reading.Percent(upper)} at most", $"{Reading.Percent(least)} valid")
            : new Verdict.Inconclusive(
                $"{(wrong.IsEmpty ? $"none of {judged.Length} {what} is invalid" : Causes(wrong, judged.Length, what))}; {seen}, between {Reading.Percent(lower)} and {Reading.Percent(upper)}; "
                + $"limit {Reading.Percent(least)}; {Statistics.TrialsNeeded(wrong.Length, 1 - least, confidence) - judged.Length} {what} more, all valid, would show it");
    }

    private static string Causes(ImmutableArray<ToolScore> wrong, int judged, string what)
    {
        var causes = wrong.GroupBy(score => score.Fault!.Cause).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).ToImmutableArray();
        return $"{string.Join("; ", causes.Take(Shown).Select((group, at) => $"{group.Count()}{(at == 0 ? $" of {judged} {what}" : "")} {group.Key} (the first: item {group.First().Item.Id}, {group.First().Fault!.Where})"))}"
            + (causes.Length > Shown ? $"; {causes.Skip(Shown).Sum(group => group.Count())} for other causes" : "");
    }

    private static Verdict Trigger(Clause clause, ToolPack pack, ToolTrigger trigger, ImmutableArray<ToolScore> tools, ImmutableArray<Figure>.Builder figures)
    {
        var limit = (pack.LowestF1Ppm - clause.Limit("f1_margin_ppm")) / 1e6;
        var (lower, upper) = trigger.Bounds(clause.Share("confidence_ppm"), Math.Max(1, clause.Count("resamples")), (ulong)clause.Limit("bootstrap_seed"));
        figures.Add(new("F1 of the trigger", "%", Percent(trigger.F1), Percent(lower), Percent(upper), Percent(limit)));
        figures.Add(new("precision of the trigger", "%", Percent(trigger.Precision)));
        figures.Add(new("recall of the trigger", "%", Percent(trigger.Recall)));
        if (limit <= 0)
            return new Verdict.Inconclusive($"the reference's lowest self-run has an F1 of {Points(pack.LowestF1Ppm)}, which leaves no limit to hold anything against");
        var floor = $"F1 of {Reading.Percent(limit)} (lowest self-run of the reference {Points(pack.LowestF1Ppm)}, less {Points(clause.Limit("f1_margin_ppm"))})";
        if (lower >= limit)
            return new Verdict.Pass();
        var cause = Cause(trigger, tools);
        return upper < limit ? new Verdict.Fail($"{cause}, F1 {Short(trigger.F1)}, {Short(upper)} at most", floor)
            : new Verdict.Inconclusive($"{cause}, F1 {Short(trigger.F1)}, between {Short(lower)} and {Short(upper)}; limit {floor}; {More(trigger, lower, upper, limit)}");
    }

    /// <summary>What most of the answers that differ do.</summary>
    private static string Cause(ToolTrigger trigger, ImmutableArray<ToolScore> tools)
    {
        var isSuppressed = trigger.Missed >= trigger.Needless;
        var first = tools.FirstOrDefault(score => score.Item.Choice == ToolChoice.Auto && score.Item.Called == isSuppressed && score.Triggered != isSuppressed);
        var rates = $"recall {Short(trigger.Recall)}, precision {Short(trigger.Precision)}{(first is null ? "" : $" (the first: item {first.Item.Id}, {first.Ending})")}";
        return isSuppressed ? $"calls suppressed: {rates}" : $"calls made where the reference makes none: {rates}";
    }

    /// <summary>How many items would bring the nearer bound to the limit, if answers differ as often as here: it comes nearer with the root of their number.</summary>
    private static string More(ToolTrigger trigger, double lower, double upper, double limit)
    {
        var (gap, reach) = (Math.Abs(trigger.F1 - limit), trigger.F1 >= limit ? trigger.F1 - lower : upper - trigger.F1);
        var needed = trigger.Items * Math.Pow(reach / gap, 2);
        return needed < 1e6 ? $"about {Math.Max(1, Math.Ceiling(needed) - trigger.Items):0} items more would decide it" : "F1 lies on the limit, and no number of items that a pack may have decides it";
    }

    /// <summary>All that failed, else all that is open.</summary>
    private static Verdict Together(Verdict[] parts)
    {
        var failed = parts.OfType<Verdict.Fail>().ToImmutableArray();
        if (!failed.IsEmpty)
            return new Verdict.Fail(string.Join("; ", failed.Select(part => part.Measured)), string.Join("; ", failed.Select(part => part.Limit)));
        var open = parts.OfType<Verdict.Inconclusive>().Select(part => part.Reason).ToImmutableArray();
        return open.IsEmpty ? new Verdict.Pass() : new Verdict.Inconclusive(string.Join("; ", open));
    }

    private static long Percent(double share) => Reading.Milli(100 * share);

    private static string Points(long ppm) => Reading.Percent(ppm / 1e6);

    private static string Short(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#} %");
}

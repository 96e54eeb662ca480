using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges which operators a backend runs at all, and where (COR-05).</summary>
/// <remarks>
/// Reads <see cref="OperatorIndex"/> and the fact <c>cpu_fallback</c>: <c>cpu</c> where the CPU is the device, <c>refused</c> where the server was told to refuse a
/// model of which any part would run on the CPU, so that such an operator shows as unsupported, in the engine's words. Anything else leaves open where an answer came from, and decides
/// nothing. A device that computes no case at all where the CPU is refused is none, and fails. What else is unsupported is listed and no failure; but of FP32 a share must be answered, or declining would be a way to pass.
/// </remarks>
internal static class OperatorCoverage
{
    public const string Fallback = "cpu_fallback", OnCpu = "cpu", Refused = "refused";

    public static ImmutableArray<string> Limits { get; } = ["failing_max", "fp32_answered_min_ppm", "cases_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (OperatorIndex.TryRead(m, files, out var problem) is not { } all)
            return clause.Invalid(problem);
        var failing = all.Where(one => one.State == OperatorState.Failed).ToImmutableArray();
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("cases", all.Length), Reading.Counted("cases answered", all.Count(one => one.State == OperatorState.Answered)),
            Reading.Counted("cases failing", failing.Length, clause.Limit("failing_max")),
            .. all.Where(one => one.State == OperatorState.Unsupported).GroupBy(one => $"{one.Operator} {one.DataType}").OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => Reading.Counted($"unsupported, {group.Key}", group.Count())),
        ];
        if (failing.Length > clause.Limit("failing_max"))
            return clause.Fails($"{failing.Length} of {all.Length} cases: {string.Join("; ", failing.Take(3).Select(one => $"{one.Id}: {one.Said}"))}", $"{clause.Limit("failing_max")} failing", figures);
        if (all.Length < clause.Limit("cases_min"))
            return clause.Found(new Verdict.Inconclusive($"{all.Length} cases were asked; {clause.Limit("cases_min")} are asked for"), figures);
        if (m.Facts.GetValueOrDefault(Fallback) is not (OnCpu or Refused))
            return clause.Found(new Verdict.Inconclusive("nothing kept the server from computing on the CPU instead of the device; state how it refuses to"), figures);
        if (m.Facts[Fallback] == Refused && all.All(one => one.State == OperatorState.Unsupported))
            return clause.Fails($"none of {all.Length} cases runs on the device once the CPU is refused: {all[0].Said}", "operators that the device computes itself", figures);
        var fp32 = all.Where(one => one.DataType == "FP32").ToImmutableArray();
        var answered = fp32.Count(one => one.State == OperatorState.Answered);
        return answered * 1_000_000L >= clause.Limit("fp32_answered_min_ppm") * Math.Max(1, fp32.Length)
            ? clause.Found(new Verdict.Pass(), figures)
            : clause.Found(new Verdict.Inconclusive($"{answered} of {fp32.Length} cases of FP32 were answered; {Reading.Percent(clause.Share("fp32_answered_min_ppm"))} are asked for, or declining would be a way to pass"), figures);
    }
}

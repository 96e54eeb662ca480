using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges the time from container start to first good answer against what the profile declares (PERF-01).</summary>
/// <remarks>
/// Reads the series <c>cold</c> and <c>warm</c> (ns), <c>cold.read_bytes</c> (bytes that the server's process read from the disk
/// during each cold start, in the same order) and the fact <c>model_bytes</c>: a start that read less than the model is no cold one.
/// </remarks>
internal static class StartUp
{
    public static ImmutableArray<string> Limits { get; } = ["repeats", "declared_factor_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if ((m.Unusable("ns", "cold", "warm") ?? m.Unusable("bytes", "cold.read_bytes")) is { } problem)
            return clause.Invalid(problem);
        var cold = Part(clause, "cold", m.Samples("cold"), plan.Declared.ColdStartMillis);
        var warm = Part(clause, "warm", m.Samples("warm"), plan.Declared.WarmStartMillis);
        var verdict = NotCold(m) is { } reason
            ? Reading.Gravest(warm.Verdict, new Verdict.Inconclusive(reason))
            : Reading.Gravest(cold.Verdict, warm.Verdict);
        return clause.Found(verdict, [.. cold.Figures, .. warm.Figures]);
    }

    private static (Verdict Verdict, ImmutableArray<Figure> Figures) Part(
        Clause clause, string kind, ImmutableArray<long> samples, long? declaredMillis)
    {
        // Milliseconds times parts per million are nanoseconds.
        var limit = (Int128)(declaredMillis ?? 0) * clause.Limit("declared_factor_ppm");
        long? limitMilli = declaredMillis is null ? null : Reading.Milli((double)limit / 1e6);
        ImmutableArray<Figure> figures = samples.IsEmpty ? [] :
        [
            new($"{kind} start, slowest of {samples.Length}", "ms", Reading.Milli(samples.Max() / 1e6), LimitMilli: limitMilli),
            new($"{kind} start, fastest of {samples.Length}", "ms", Reading.Milli(samples.Min() / 1e6)),
        ];
        var silent = samples.Count(sample => sample == long.MaxValue);
        Verdict verdict =
            silent > 0 ? new Verdict.Fail($"{silent} of {samples.Length} {kind} starts without an answer", "an answer after every start")
            : declaredMillis is null ? new Verdict.Inconclusive($"the profile declares no {kind} start; state it in milliseconds")
            : samples.Length < clause.Limit("repeats")
                ? new Verdict.Inconclusive($"{samples.Length} {kind} starts were measured; {clause.Limit("repeats")} are asked for")
            : Against(limit, kind, samples);
        return (verdict, figures);
    }

    private static Verdict Against(Int128 limit, string kind, ImmutableArray<long> samples)
    {
        var late = samples.Count(sample => sample > limit);
        return late == 0 ? new Verdict.Pass()
            : late == samples.Length ? new Verdict.Fail(
                $"every one of {late} {kind} starts took {Reading.Duration(samples.Min())} or more",
                $"{Reading.Duration(limit)} (the {kind} start declared, with its margin)")
            : new Verdict.Inconclusive(
                $"{late} of {samples.Length} {kind} starts took longer than {Reading.Duration(limit)}; "
                + $"find out why they differ, or declare {Reading.Duration(samples.Max())}");
    }

    private static string? NotCold(Measurement m)
    {
        var (cold, read) = (m.Samples("cold"), m.Samples("cold.read_bytes"));
        if (m.Number("model_bytes") is not (> 0 and var model))
            return "invalid evidence: the fact model_bytes is no size";
        if (read.Length != cold.Length)
            return $"invalid evidence: {cold.Length} cold starts, and bytes read of {read.Length}";
        return read.FirstOrDefault(bytes => bytes < model, -1) is >= 0 and var less
            ? $"a start presented as cold read {less} bytes from the disk, and the model has {model}: drop the page cache before each"
            : null;
    }
}

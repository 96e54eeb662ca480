namespace Adaptation.Core;

/// <summary>The latency limits of a class of model: adopted in the catalogue, declared in the profile, and never looser there.</summary>
/// <remarks>A clause states them as <c>ttft_millis_CLASS</c> and <c>tpot_millis_CLASS</c>.</remarks>
internal static class TextClass
{
    public const string FirstToken = "ttft_millis_";
    public const string PerOutputToken = "tpot_millis_";

    /// <summary>The limit that a run is held to.</summary>
    /// <param name="metric">One of the prefixes above.</param>
    /// <param name="declaredMicros">By the profile; null for what the class allows.</param>
    /// <param name="reason">Why there is none: what an inconclusive verdict says.</param>
    /// <returns>Nanoseconds.</returns>
    public static long? TryLimit(Clause clause, Plan plan, string metric, long? declaredMicros, out string reason)
    {
        reason = "";
        var known = string.Join(", ", clause.Limits.Keys.Where(key => key.StartsWith(metric, StringComparison.Ordinal)).Select(key => key[metric.Length..]));
        if (plan.Declared.TextClass is not { } name)
            reason = $"the profile declares no text class; {clause.Id} knows {known}";
        else if (!clause.Limits.TryGetValue(metric + name, out var millis))
            reason = $"the profile declares the text class '{name}'; {clause.Id} knows {known}";
        else if (declaredMicros is { } micros && micros > (Int128)millis * 1000)
            reason = $"refused: the profile declares {Reading.Duration((Int128)micros * 1000)}, and class {name} allows {millis} ms; declare no more than that";
        else
            return (long)Int128.Min(declaredMicros is { } own ? (Int128)own * 1000 : (Int128)millis * 1_000_000, long.MaxValue - 1);
        return null;
    }

    /// <summary>Both limits; null with a reason if either cannot be had.</summary>
    public static TextLimits? TryLimits(Clause clause, Plan plan, out string reason) =>
        TryLimit(clause, plan, FirstToken, plan.Declared.TtftP99Micros, out reason) is { } first
        && TryLimit(clause, plan, PerOutputToken, plan.Declared.TpotP99Micros, out reason) is { } pace
            ? new TextLimits(first, pace)
            : null;
}

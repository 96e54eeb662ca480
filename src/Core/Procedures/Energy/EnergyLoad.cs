using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>The load that energy is counted over, out of the measurement of the check that it was driven for.</summary>
/// <param name="From">Of its steady window, nanoseconds since it began.</param>
/// <param name="Answered">Tokens or samples in that window, counted by the runner.</param>
/// <param name="Arrivals">When how many of them came, since the load began, in any order.</param>
internal sealed record EnergyLoad(string Check, long From, long To, long DurationNanos, long Answered, string Unit, ImmutableArray<(long At, long Count)> Arrivals)
{
    private const string Tensors = "PERF-05";
    private static readonly ImmutableArray<string> Texts = ["PERF-05-TEXT", "PERF-06"];

    /// <param name="reason">Why energy cannot be counted over it.</param>
    public static EnergyLoad? TryRead(Evidence evidence, Measurement m, out string reason)
    {
        reason = "";
        var check = m.Facts.GetValueOrDefault("load", "");
        if (evidence.Measurements.Where(measured => measured.Check == check).ToArray() is not [var load] || (check != Tensors && !Texts.Contains(check)))
            reason = $"invalid evidence: there is no one load `{check}` to count energy over";
        else if (load.BrokenOff is { } broken)
            reason = $"the load of {check} broke off: {broken}";
        else if (load.Malformed() is { } malformed)
            reason = $"invalid evidence: {check}: {malformed}";
        else
            return check == Tensors ? OfTensors(load, out reason) : OfText(load, check, out reason);
        return null;
    }

    private static EnergyLoad? OfTensors(Measurement load, out string reason)
    {
        if (LoadRun.TryRead(load, "completed", "duration_ns", out reason) is not { } run)
            reason = $"invalid evidence: {reason}";
        else if (run.Completed.IsEmpty)
            reason = "the load answered nothing";
        else
            return new(Tensors, 0, run.DurationNanos, run.DurationNanos, run.Completed.Length, "sample", [.. run.Completed.Select(at => (at, 1L))]);
        return null;
    }

    private static EnergyLoad? OfText(Measurement measured, string check, out string reason)
    {
        if (TextLoadSeries.TryRead(measured, "", out reason) is not { } load)
            reason = $"invalid evidence: {reason}";
        else if (!load.Terms.IsCounted)
            reason = "tokens were not counted by the runner; give it the model's tokenizer";
        else if (load.Terms.Dropped > 0)
            reason = $"void: {load.Terms.Dropped} requests of the load were never sent or left no record";
        else if (SteadyStage.TryFind(load) is not { } stage || stage.Tokens(load) is not (> 0 and var tokens))
            reason = "the load had no steady stage in which tokens arrived; a longer one would have";
        else
            return new(check, stage.From, stage.To, load.Terms.DurationNanos, tokens, "token", [.. load.Arrivals.Zip(load.ChunkTokens).Where(chunk => chunk.First > stage.From && chunk.First <= stage.To)]);
        return null;
    }
}

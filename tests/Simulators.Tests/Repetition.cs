using System.Runtime.InteropServices;

namespace Adaptation.Simulators.Tests;

/// <summary>Judges repeated answers to one question (COR-12), for a profile that claims determinism.</summary>
internal static class Repetition
{
    /// <param name="runs">FP32, little-endian; the most frequent answer counts as the right one.</param>
    public static Rejection? Judge(byte[][] runs)
    {
        var usual = runs.MaxBy(run => runs.Count(other => other.AsSpan().SequenceEqual(run)))!;
        var reasons = runs.Index().Where(run => !run.Item.AsSpan().SequenceEqual(usual)).Select(run => $"run {run.Index + 1} of {runs.Length} differs in {Difference(usual, run.Item)}").ToArray();
        return reasons.Length == 0 ? null : new("COR-12", string.Join("; ", reasons));
    }

    private static string Difference(byte[] usual, byte[] other)
    {
        var bits = MemoryMarshal.Cast<byte, uint>(usual).ToArray().Zip(MemoryMarshal.Cast<byte, uint>(other).ToArray())
            .Select(pair => System.Numerics.BitOperations.PopCount(pair.First ^ pair.Second)).Where(count => count > 0).ToArray();
        return $"{bits.Length} elements{(bits.All(count => count == 1) ? ", in one bit each" : "")}";
    }
}

/// <summary>Judges answers to different questions asked at the same time (accuracy under load, PERF-11).</summary>
internal static class UnderLoad
{
    public static Rejection? Judge(IReadOnlyList<(Bench Question, Answered Answer)> asked)
    {
        var wrong = asked.Where(one => Judging.Beyond(one.Answer) > 0).ToArray();
        var swapped = wrong.Count(one => asked.Any(other => other.Question != one.Question && Judging.Beyond(new(other.Question.Probes[0], one.Answer.Values)) == 0));
        return wrong.Length == 0
            ? null
            : new("PERF-11", $"{wrong.Length} of {asked.Count} answers are wrong when asked together{(swapped > 0 ? $"; {swapped} are the answer to another request" : "")}");
    }
}

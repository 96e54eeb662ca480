using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Testing;

/// <summary>What one run against one server showed: a line of a file below <c>artifacts/detection</c>, of which docs/detection.md is made.</summary>
/// <param name="Zoo">The table that it belongs to: <c>text</c>, <c>tensor</c> or <c>chip</c>.</param>
/// <param name="Simulator">What is wrong with the server; empty for one that is as it should be.</param>
/// <param name="Title">That in words, or what the sound server is.</param>
/// <param name="Clause">What must reject it; empty for a sound server.</param>
/// <param name="Cause">What the reason must say.</param>
/// <param name="IsRejected">Whether a certificate was withheld because a must failed.</param>
/// <param name="Note">What a reader should know besides; may be empty.</param>
public sealed record Observation(
    string Zoo, string Simulator, string Title, string Clause, string Cause, bool IsRejected, double Seconds, ImmutableArray<Observed> Checks, string Note = "")
{
    public bool IsSound => Simulator.Length == 0;

    /// <summary>The check that must reject it did, and said why.</summary>
    public bool IsCaught => IsRejected && Checks.Any(check => check.Check == Clause && check.Verdict == Observed.Fail && check.Reason.Contains(Cause, StringComparison.Ordinal));
}

/// <param name="Verdict">As the command line spells it.</param>
/// <param name="Reason">Empty for a pass.</param>
public sealed record Observed(string Check, string Verdict, string Reason)
{
    public const string Fail = "fail", Pass = "pass", Inconclusive = "inconclusive", NotApplicable = "not_applicable";
}

/// <summary>The files of observations: any test program may add one, and the table has its rows.</summary>
public static class Observations
{
    private static string Folder => Path.Combine(Golden.Root, "artifacts", "detection");

    /// <param name="file">Without folder and ending; the tables have the rows in the order of these names.</param>
    public static void Add(string file, Observation observation)
    {
        Directory.CreateDirectory(Folder);
        File.AppendAllText(Path.Combine(Folder, $"{file}.jsonl"), JsonSerializer.Serialize(observation) + "\n");
    }

    public static ImmutableArray<Observation> Read() => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder, "*.jsonl").Order(StringComparer.Ordinal).SelectMany(File.ReadLines).Select(line => JsonSerializer.Deserialize<Observation>(line)!)]
        : [];
}

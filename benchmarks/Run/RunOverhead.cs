using System.Text.Json;

namespace Adaptation.Benchmarks.Run;

/// <summary>What a run costs beyond the engine: the whole process, less container starts to their first good answer and less all time under load.</summary>
/// <remarks>Loads include the standard's own minimum durations. Bound: 3 s + 5 %.</remarks>
internal sealed record RunOverhead(TimeSpan Wall, TimeSpan Starts, TimeSpan Loads, int Exit, string? Certificate)
{
    public TimeSpan Overhead => Wall - Starts - Loads;

    public TimeSpan Bound => TimeSpan.FromSeconds(3) + (0.05 * (Starts + Loads));

    public static RunOverhead Measure(string adapt, string work)
    {
        var (exit, output, wall) = Programs.Run(adapt, "certify", "--json", "--runs", Path.Combine(work, "runs"));
        var events = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        var finished = events.FirstOrDefault(line => line.GetProperty("event").GetString() == "finished");
        if (finished.ValueKind != JsonValueKind.Object)
            throw new InvalidOperationException($"the run did not finish (exit code {exit}):\n{output}");
        foreach (var judged in events.Where(line => line.GetProperty("event").GetString() == "judged" && line.GetProperty("verdict").GetString() != "pass"))
            Console.Error.WriteLine($"{judged.GetProperty("check")}: {judged.GetProperty("verdict")}: {(judged.TryGetProperty("reason", out var reason) ? reason.GetString() : "")}");
        var journal = File.ReadLines(Path.Combine(finished.GetProperty("evidence").GetString()!, "run", "events.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        return new(
            wall, Sum(journal, "startNanos"), Sum(journal, "servedNanos"), exit,
            finished.TryGetProperty("certificate", out var certificate) ? certificate.GetString() : null);
    }

    public static string Table(IEnumerable<RunOverhead> runs) => "\n| run | whole | container starts | under load | overhead | bound 3 s + 5 % |\n|---|---|---|---|---|---|\n" + string.Join('\n', runs.Select((run, at) =>
        FormattableString.Invariant($"| {at + 1} (exit {run.Exit}) | {run.Wall.TotalSeconds:0.0} s | {run.Starts.TotalSeconds:0.0} s | {run.Loads.TotalSeconds:0.0} s | {run.Overhead.TotalSeconds:0.0} s | {run.Bound.TotalSeconds:0.0} s |")));

    private static TimeSpan Sum(JsonElement[] journal, string name) => TimeSpan.FromTicks(journal
        .Where(entry => entry.GetProperty("kind").GetString() == "removed" && entry.GetProperty("data").GetProperty("role").GetString() == "server")
        .Sum(entry => entry.GetProperty("data").GetProperty(name).GetInt64()) / 100);
}

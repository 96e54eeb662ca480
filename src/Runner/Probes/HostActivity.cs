using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Keeps account of what a machine does besides a load: processor time that went neither to the container nor to this process.</summary>
/// <remarks>Sources: proc(5) stat (steal included: a neighbour on the same host), cgroup v1 cpuacct.usage, cgroup v2 cpu.stat.</remarks>
internal sealed class HostActivity
{
    private const long NanosPerTick = 10_000_000; // USER_HZ is 100 on every Linux that we run on

    private readonly string? _usage;
    private readonly TimeProvider _time;

    /// <param name="processId">The container's first process.</param>
    public HostActivity(int processId, TimeProvider time) => (_usage, _time) = (UsageFile(processId), time);

    /// <summary>False where the container's processor time cannot be read.</summary>
    public bool CanRead => _usage is not null;

    public List<long> Ends { get; } = [];

    public List<long> Elsewhere { get; } = [];

    /// <summary>Cuts the load's time into slices until enough were undisturbed or there were as many as may be.</summary>
    /// <param name="share">Of all processors that other work may take in an undisturbed slice.</param>
    public async Task WatchAsync(TimeSpan slice, int undisturbed, int most, double share, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        if (TryRead() is not { } last)
            return;
        var (begun, clean) = (0L, 0);
        while (clean < undisturbed && Ends.Count < most)
        {
            var due = slice * (Ends.Count + 1);
            while (due - _time.GetElapsedTime(started) is { Ticks: > 0 } left) // a timer's clock is coarse: it may ring some milliseconds early
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), _time, cancellationToken);
            if (TryRead() is not { } now)
                return;
            var end = _time.GetElapsedTime(started).Ticks * 100;
            var elsewhere = Math.Max(0, now.Busy - last.Busy - (now.Container - last.Container) - (now.Own - last.Own));
            Ends.Add(end);
            Elsewhere.Add(elsewhere);
            if (elsewhere <= share * (end - begun) * Environment.ProcessorCount)
                clean++;
            (last, begun) = (now, end);
        }
    }

    /// <remarks>When the container is gone its account goes with it: what was kept until then stands, and the load says why it ended.</remarks>
    private (long Busy, long Container, long Own)? TryRead()
    {
        if (!File.Exists(_usage))
            return null;
        // user nice system idle iowait irq softirq steal: all but idle and iowait is work; guest time is in user already
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(text => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)).ToArray();
        var busy = (fields[0] + fields[1] + fields[2] + fields[5] + fields[6] + fields[7]) * NanosPerTick;
        return (busy, ContainerNanos(), Environment.CpuUsage.TotalTime.Ticks * 100);
    }

    private long ContainerNanos()
    {
        var text = File.ReadAllText(_usage!);
        return text.StartsWith("usage_usec ", StringComparison.Ordinal)
            ? long.Parse(text.AsSpan(11, text.IndexOf('\n', StringComparison.Ordinal) - 11), NumberStyles.None, CultureInfo.InvariantCulture) * 1000
            : long.Parse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static string? UsageFile(int processId)
    {
        var groups = $"/proc/{processId}/cgroup";
        foreach (var line in File.Exists(groups) ? File.ReadAllLines(groups) : ImmutableArray<string>.Empty.AsEnumerable())
        {
            var parts = line.Split(':', 3); // hierarchy:controllers:path
            var file = parts[1].Split(',').Contains("cpuacct") ? $"/sys/fs/cgroup/{CpuMount}{parts[2]}/cpuacct.usage"
                : parts[1].Length == 0 ? $"/sys/fs/cgroup{parts[2]}/cpu.stat" : "";
            if (parts[2].Length > 1 && File.Exists(file))
                return file;
        }

        return null;
    }

    private static string CpuMount => Directory.Exists("/sys/fs/cgroup/cpuacct") ? "cpuacct" : "cpu,cpuacct";
}

using System.Diagnostics;

namespace Adaptation.Benchmarks.Log;

/// <summary>What the figures of a log rest on: how fast this disk says that something is on it.</summary>
internal static class Disks
{
    public static string Describe(string folder)
    {
        var mount = File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).Where(fields => folder.StartsWith(fields[1], StringComparison.Ordinal)).MaxBy(fields => fields[1].Length)!;
        var device = Path.GetFileName(mount[0]);
        var model = ReadOr($"/sys/block/{device}/device/model", ReadOr($"/sys/block/{device}/device/vendor", ""));
        return $"{mount[0]} ({mount[3]}){(model.Length > 0 ? $", {model}" : "")}, rotational {ReadOr($"/sys/block/{device}/queue/rotational", "?")}, write cache {ReadOr($"/sys/block/{device}/queue/write_cache", "?")}";
    }

    public static string MeasureSync(string folder)
    {
        var path = Path.Combine(folder, "sync");
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var (block, samples) = (new byte[4096], new List<double>());
        for (var at = 0; at < 200; at++)
        {
            var started = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, block, at * 4096L);
            RandomAccess.FlushToDisk(file);
            samples.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        return $"{Spread(samples)} µs";
    }

    /// <summary>Median [least-most].</summary>
    public static string Spread(IEnumerable<double> samples)
    {
        var sorted = samples.Order().ToArray();
        return FormattableString.Invariant($"{sorted[sorted.Length / 2]:#,0} [{sorted[0]:#,0}-{sorted[^1]:#,0}]");
    }

    private static string ReadOr(string path, string otherwise) => File.Exists(path) ? File.ReadAllText(path).Trim() : otherwise;
}

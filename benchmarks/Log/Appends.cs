using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;

namespace Adaptation.Benchmarks.Log;

/// <summary>Durable appends: a batch counts when it was promised. Bound: 3,000 entries a second. Beside it the least that any log has to do: the same bytes to one file, one fsync a batch.</summary>
internal static class Appends
{
    /// <summary>Bytes of a leaf with two signers.</summary>
    public const int EntryBytes = 275;

    public static string Table(string folder, TimeSpan time)
    {
        var table = new StringBuilder($"\n| entries of {EntryBytes} bytes a batch | durable entries/s (bound 3,000) | ms a batch, median [least-most] | one file, one fsync a batch, entries/s | processor time / wall time |\n|---|---|---|---|---|\n");
        foreach (var count in (ReadOnlySpan<int>)[1, 16, 64, 256, 1024, 4096])
        {
            var (perSecond, samples, processor) = Measure(Path.Combine(folder, $"append-{count}"), count, time);
            table.AppendLine(FormattableString.Invariant($"| {count} | {perSecond:#,0} | {Disks.Spread(samples)} | {Plain(Path.Combine(folder, $"plain-{count}"), count, time / 5):#,0} | {processor:0.00} |"));
        }

        return table.ToString();
    }

    public static ReadOnlyMemory<byte>[] Batch(long first, int count)
    {
        var entries = new ReadOnlyMemory<byte>[count];
        for (var at = 0; at < count; at++)
        {
            var entry = new byte[EntryBytes];
            BitConverter.TryWriteBytes(entry, first + at);
            entries[at] = entry;
        }

        return entries;
    }

    private static (double PerSecond, List<double> Milliseconds, double Processor) Measure(string folder, int count, TimeSpan time)
    {
        Directory.CreateDirectory(folder);
        using var key = BenchKey.Make(Path.Combine(folder, "bench.key"), "bench.example/log");
        using var writer = LogWriter.Open(Path.Combine(folder, "log"), key);
        writer.Append(Batch(0, count)); // warms the code
        var (samples, total, processor) = (new List<double>(), 0L, Environment.CpuUsage.TotalTime);
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            var batch = Batch(total, count);
            var from = Stopwatch.GetTimestamp();
            writer.Append(batch);
            samples.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
            total += count;
        }

        var wall = Stopwatch.GetElapsedTime(started);
        return (total / wall.TotalSeconds, samples, (Environment.CpuUsage.TotalTime - processor) / wall);
    }

    private static double Plain(string path, int count, TimeSpan time)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var (total, at, started) = (0L, 0L, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            var bytes = new byte[count * EntryBytes];
            RandomNumberGenerator.Fill(bytes.AsSpan(0, 16));
            RandomAccess.Write(file, bytes, at);
            RandomAccess.FlushToDisk(file);
            (total, at) = (total + count, at + bytes.Length);
        }

        return total / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

using System.Diagnostics;
using System.Text;
using Adaptation.Certificates;

namespace Adaptation.Benchmarks.Log;

/// <summary>Proofs from a large log, each checked before it counts. Bound: 5 ms for ten million entries.</summary>
internal static class Proofs
{
    private const int BatchEntries = 65_536;
    private const int EveryRealLeaf = 10_000;

    public static string Table(string folder, int entries)
    {
        var (keyFile, log) = (Path.Combine(folder, "large.key"), Path.Combine(folder, "large"));
        var started = Stopwatch.GetTimestamp();
        Fill(keyFile, log, entries);
        var filled = Stopwatch.GetElapsedTime(started);
        var (policy, now) = (LogPolicy.Read(File.ReadAllBytes(LogKey.PolicyPathOf(keyFile))), TimeProvider.System.GetUtcNow());
        var (random, prove, verify) = (new Random(20261122), new List<double>(), new List<double>());
        for (var round = -20; round < 1000; round++)
        {
            var index = (ulong)random.Next(entries / EveryRealLeaf) * EveryRealLeaf;
            var leaf = Leaf(index);
            var from = Stopwatch.GetTimestamp();
            var proof = LogReader.Open(new LogFolder(log), policy, now).Prove(leaf, index).ToBytes();
            var proved = Stopwatch.GetTimestamp();
            LoggedEntry.Verify(proof, leaf, policy, now);
            if (round < 0)
                continue;
            prove.Add(Stopwatch.GetElapsedTime(from, proved).TotalMicroseconds);
            verify.Add(Stopwatch.GetElapsedTime(proved).TotalMicroseconds);
        }

        started = Stopwatch.GetTimestamp();
        LogAudit.Run(new LogFolder(log), policy, older: null, now, CancellationToken.None);
        var audited = Stopwatch.GetElapsedTime(started);
        return new StringBuilder(FormattableString.Invariant($"\n| log of {entries:#,0} entries | µs, median [least-most] of 1,000 |\n|---|---|\n"))
            .AppendLine(FormattableString.Invariant($"| proof of a random entry: checkpoint checked, tiles read, proof checked (bound 5,000) | {Disks.Spread(prove)} |"))
            .AppendLine(FormattableString.Invariant($"| a verifier's check of it, offline (bound 1,000) | {Disks.Spread(verify)} |"))
            .AppendLine(FormattableString.Invariant($"\nFilled in batches of {BatchEntries:#,0}: {filled.TotalSeconds:0} s, {entries / filled.TotalSeconds:#,0} durable entries/s. Audited whole: {audited.TotalSeconds:0} s, {entries / audited.TotalSeconds:#,0} entries/s."))
            .ToString();
    }

    private static void Fill(string keyFile, string log, int entries)
    {
        using var key = BenchKey.Make(keyFile, "bench.example/large");
        using var writer = LogWriter.Open(log, key);
        for (var first = 0; first < entries; first += BatchEntries)
        {
            var batch = Appends.Batch(first, Math.Min(BatchEntries, entries - first));
            for (var at = 0; at < batch.Length; at++)
                if ((first + at) % EveryRealLeaf == 0)
                    batch[at] = Leaf((ulong)(first + at)).Bytes.AsMemory();
            writer.Append(batch);
        }
    }

    private static LogLeaf Leaf(ulong index) => LogLeaf.For(
        "application/vnd.in-toto+json", Encoding.UTF8.GetBytes($"{{\"run\":{index}}}"), ["sha256:" + new string('a', 64), "sha256:" + new string('b', 64)]);
}

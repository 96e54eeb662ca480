using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Adaptation.Models;

// Usage: [--folder DIR (the temporary folder)] [--threads N (1)] [--runs N (3)]
// Writes the shape of Qwen2.5-0.5B in every type, and plain zeros of the same size by the same calls to the same disk, and tabulates the best of the runs.
var options = args.Chunk(2).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
int Count(string name, int otherwise) => options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
var (threads, runs) = (Count("--threads", 1), Count("--runs", 3));
var folder = Directory.CreateDirectory(Path.Combine(options.GetValueOrDefault("--folder", Path.GetTempPath()), $"adaptation-benchmark-{Environment.ProcessId}"));
var model = new GeneratedModel
{
    Id = "shape/qwen2.5-0.5b",
    Seed = 3,
    Files = [],
    Shape = new()
    {
        Architecture = DecoderArchitecture.Qwen2,
        VocabularySize = 151936,
        HiddenSize = 896,
        IntermediateSize = 4864,
        Layers = 24,
        AttentionHeads = 14,
        KeyValueHeads = 2,
        HeadSize = 64,
        NormEpsilon = 1e-6,
        RopeTheta = 1e6,
        MaxPositions = 32768,
        TiedEmbeddings = true,
    },
};
try
{
    Console.WriteLine($"{Environment.ProcessorCount} cores; {RuntimeInformation.FrameworkDescription}; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}; {threads} thread(s) compute, one more hashes and writes; best of {runs}");
    Console.WriteLine("| type | MB | generated with its SHA-256, MB/s (bound 300) | zeros, MB/s | share |");
    Console.WriteLine("|---|---|---|---|---|");
    foreach (var (name, type) in WeightTypes.Writable)
    {
        var path = Path.Combine(folder.FullName, "file");
        long bytes = 0;
        var made = Best(runs, () =>
        {
            bytes = model.WriteGguf(type, path, new() { Threads = threads, Replace = true }, CancellationToken.None).Bytes;
            return bytes;
        });
        var zeros = Best(runs, () => WriteZeros(path, bytes));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {bytes / 1e6:0} | {made:0} | {zeros:0} | {made / zeros:0.00} |"));
    }

    return 0;
}
finally
{
    folder.Delete(recursive: true);
}

static double Best(int runs, Func<long> write) => Enumerable.Range(0, runs).Max(_ =>
{
    var start = Stopwatch.GetTimestamp();
    var bytes = write();
    return bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6;
});

// What a writer costs that computes nothing: space set aside, 1 MiB at a time, flushed to the disk; no digest.
static long WriteZeros(string path, long bytes)
{
    File.Delete(path);
    using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, preallocationSize: bytes);
    var zeros = new byte[1 << 20];
    for (long written = 0; written < bytes; written += zeros.Length)
        RandomAccess.Write(file, zeros.AsSpan(0, (int)Math.Min(zeros.Length, bytes - written)), written);
    RandomAccess.FlushToDisk(file);
    return bytes;
}

using System.Globalization;
using System.Runtime.InteropServices;
using Adaptation.Benchmarks.Log;

// Usage: [--folder DIR, on the disk to be measured] [--seconds S of appending per batch size (5)] [--entries N of the large log (10000000); 0: none]
var options = args.Chunk(2).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
long Number(string name, long otherwise) => options.TryGetValue(name, out var text) ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
var folder = Path.Combine(Path.GetFullPath(options.GetValueOrDefault("--folder", Path.GetTempPath())), $"adaptation-log-{Environment.ProcessId}");
Directory.CreateDirectory(folder);
var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
var disk = new DriveInfo(folder);
Console.WriteLine($"{processor ?? "unknown processor"}, {Environment.ProcessorCount} core(s) for this process; Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}; {RuntimeInformation.FrameworkDescription}; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
Console.WriteLine($"disk: {disk.DriveFormat} on {disk.Name}, {Disks.Describe(folder)}; one fsync of 4 KiB: {Disks.MeasureSync(folder)}");
try
{
    Console.WriteLine(Appends.Table(folder, TimeSpan.FromSeconds(Number("--seconds", 5))));
    if (Number("--entries", 10_000_000) is > 0 and var entries)
        Console.WriteLine(Proofs.Table(folder, (int)entries));
    return 0;
}
finally
{
    Directory.Delete(folder, recursive: true);
}

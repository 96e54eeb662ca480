using System.Globalization;
using System.Runtime.InteropServices;
using Adaptation.Benchmarks.Run;

// Usage: --adapt PATH (the launcher of a checkout that was built) [--runs N] [--verifications N, at least 5]
var options = args.Chunk(2).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
if (!options.TryGetValue("--adapt", out var adapt) || !File.Exists(adapt))
{
    Console.Error.WriteLine("usage: --adapt PATH [--runs N (2)] [--verifications N (15)]");
    return 3;
}

int Count(string name, int otherwise) => options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
Console.WriteLine($"{processor ?? "unknown processor"}, {Environment.ProcessorCount} cores; Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}; {RuntimeInformation.FrameworkDescription}; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
var work = Directory.CreateTempSubdirectory("adaptation-benchmark-").FullName;
try
{
    var runs = Enumerable.Range(0, Count("--runs", 2)).Select(_ => RunOverhead.Measure(Path.GetFullPath(adapt), work)).ToArray();
    Console.WriteLine(RunOverhead.Table(runs));
    if (runs.FirstOrDefault(run => run.Certificate is not null) is not { Certificate: { } certificate })
    {
        Console.Error.WriteLine("no run was certified, so that there is no certificate to verify; see the runs' reports above");
        return 1;
    }

    Console.WriteLine(VerifyCold.Table(Path.GetFullPath(adapt), certificate, work, Count("--verifications", 15)));
    return 0;
}
finally
{
    Directory.Delete(work, recursive: true);
}

using System.Runtime.InteropServices;

namespace Adaptation.Benchmarks.Wire;

/// <summary>What the figures were taken on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        return $"""
            {processor ?? "unknown processor"}, {Environment.ProcessorCount} cores; Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}; {RuntimeInformation.FrameworkDescription};
            client and blocking echo in one process, host in another; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}
            """;
    }
}

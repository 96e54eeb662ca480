using System.Runtime.InteropServices;
using Adaptation.Benchmarks.Text;

if (Arguments.TryRead(args) is not { } arguments)
{
    Console.Error.WriteLine(Arguments.Usage);
    return 3;
}

try
{
    var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
    var linux = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
    var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
    Console.WriteLine($"""
        {processor ?? "unknown processor"}, {Environment.ProcessorCount} cores; Linux {linux}; {RuntimeInformation.FrameworkDescription}; load average {load}
        {arguments.Repeats} interleaved rounds of the speeds, {arguments.Gains} of the gain: median [least-most]. The same libraries, model, threads, batch and attention on both sides;
        greedy; the client on the same machine, over a Unix socket.
        """);
    foreach (var workload in arguments.Workloads)
    {
        Console.WriteLine();
        Console.Write(await new Comparison(arguments).RunAsync(workload));
    }

    return 0;
}
catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException or System.Text.Json.JsonException)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}

using Adaptation.Benchmarks.Wire;

// Usage: --host PATH (a server program that takes --adapter echo --listen unix:PATH) [--repeats N, at least 5] [--seconds N a measurement]
if (Arguments.TryRead(args) is not { } arguments)
{
    Console.Error.WriteLine("usage: --host PATH [--repeats N (5 or more)] [--seconds N]");
    return 3;
}

try
{
    using var host = await HostProcess.StartAsync(arguments.Host, TimeProvider.System);
    using var floor = EchoServer.Start(Path.Combine(host.Folder, "floor.sock"));
    Contender[] contenders = [
        new("wire client, host", () => new WireContender(host.SocketPath)),
        new("wire client with new memory for every answer, host", () => new WireContender(host.SocketPath, reuses: false)),
        new("wire client, blocking echo", () => new WireContender(floor.Path)),
        new("raw loop, blocking echo (floor)", () => new RawContender(floor.Path)),
        new("raw loop, host", () => new RawContender(host.SocketPath)),
        new("HttpClient, host", () => new HttpClientContender(host.SocketPath)),
    ];
    Console.WriteLine(Machine.Describe());
    foreach (var workload in new[] { new Workload("1 KiB", 1 << 10), new Workload("16 MiB", 16 << 20) })
        Console.WriteLine(Comparison.Run(workload, contenders, arguments));
    return 0;
}
catch (Exception failure) when (failure is not OperationCanceledException)
{
    Console.Error.WriteLine(failure);
    return 1;
}

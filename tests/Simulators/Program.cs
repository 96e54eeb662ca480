using System.Runtime.InteropServices;
using Adaptation.Simulators;
using Adaptation.Testing;

const int BadArguments = 3, DiedAtStart = 17;

if (args is [StartFaults.Linger])
    return await StartFaults.LingerAsync();
if (Faults.TryParse(args, out var problem) is not { } faults)
{
    Console.Error.WriteLine($"adaptation-simulator: {problem}");
    return BadArguments;
}

if (faults.DieAtStart)
{
    Console.Error.WriteLine("adaptation-simulator: asked to die at start");
    return DiedAtStart;
}

// what a curious server can find out: where its socket's folder lies on the host
foreach (var mount in File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Where(mount => mount[4] == "/run/adaptation"))
    Console.WriteLine($"adaptation-simulator: /run/adaptation is {mount[3]}");
using var deaf = faults.IgnoreSigterm ? PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = true) : null;
await StartFaults.CommitAsync(faults);
await using var inner = await InnerHost.StartAsync(faults, faults.Lies(Cheat.QuantisedWeights) ? GgufWeights.Round : faults.Lies(Cheat.RotatedLayer) ? GgufWeights.RotateLayer : null);
await using var other = faults.Lies(Cheat.SmallerModelUnderLoad) ? await InnerHost.StartAsync(faults, GgufWeights.HalveLayers) : null;
var cache = new AnswerCache();
if (faults.Published is { } published)
    await cache.LearnAsync(published, inner.Client, faults.Host[faults.Host.IndexOf("--model-name") + 1], CancellationToken.None);
RequestDelegate text = new CheatingServer(faults, inner, other, cache).HandleAsync;
if (faults.Tools is { } shim)
    text = new ToolServer(new ToolReplay(ToolBench.Draw(), shim), text).HandleAsync;
await using var server = faults.IsText
    ? FaultyServer.Create(faults, text)
    : FaultyServer.Create(faults, inner);
await server.StartAsync();
Console.WriteLine("adaptation-simulator: serves");
await server.WaitForShutdownAsync();
return 0;

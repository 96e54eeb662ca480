using Adaptation.Adapters.Abstractions;
using Adaptation.Adapters.Host;
using Adaptation.Adapters.LibTorch;
using Adaptation.Adapters.LlamaCpp;
using Adaptation.Adapters.OnnxRuntime;

const int Ended = 0, BadArguments = 3, CannotServe = 4;

if (args.Contains("--help"))
{
    Console.Out.WriteLine(HostSpec.Help);
    return Ended;
}
if (PaceSpec.IsAskedFor(args))
    return PaceServer.Run(args, Console.Out, Console.Error);
if (HostSpec.TryParse(args, out var problems) is not { } spec)
{
    foreach (var problem in problems)
        Console.Error.WriteLine($"adaptation-host: {problem}");
    Console.Error.WriteLine("adaptation-host: --help shows what can be given");
    return BadArguments;
}
if (spec.Adapter == HostSpec.LlamaCpp)
    IdleThreads.Rest();
try
{
    await using var adapter = Load(spec);
    await using var model = await adapter.OpenAsync(new(spec.Model), CancellationToken.None);
    var tensorModel = model as ITensorModel ?? throw new AdapterException($"Model {spec.Model} takes no tensors, and nothing else is served.");
    await using var text = model is ITokenModel tokens ? new TextService(spec.ModelName, tokens, spec.Queue, TimeProvider.System) : null;
    await using var server = InferenceServer.Create(spec, adapter.Facts, tensorModel, text, Console.Error);
    await server.StartAsync();
    Console.Out.WriteLine(
        $"adaptation-host: {spec.ModelName} is ready on {spec.Listen}; {adapter.Facts.Engine} {adapter.Facts.EngineVersion} on {adapter.Facts.Device}"
        + string.Concat(adapter.Facts.Options.Select(option => $"; {option.Key}={option.Value}")));
    await server.WaitForShutdownAsync();
    return Ended;
}
catch (Exception failure) when (failure is AdapterException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
{
    Console.Error.WriteLine($"adaptation-host: {failure.Message}");
    return CannotServe;
}

static IAdapter Load(HostSpec spec) => spec.Adapter switch
{
    HostSpec.Echo => new EchoAdapter(),
    HostSpec.OnnxRuntime => OnnxRuntimeAdapter.Load(new()
    {
        Library = spec.Library,
        Provider = spec.Provider ?? OnnxRuntimeSpec.Cpu,
        ProviderOptions = spec.Options,
        ProviderLibrary = spec.ProviderLibrary,
        CpuFallback = spec.CpuFallback,
        Threads = spec.Threads,
    }),
    HostSpec.LibTorch => LibTorchAdapter.Load(new LibTorchSpec { Library = spec.Library, Threads = spec.Threads }.With(spec.Options)),
    _ => LlamaCppAdapter.Load(LlamaCppOptions.Apply(new() { Library = spec.Library, Threads = spec.Threads ?? 1 }, spec.Options)),
};

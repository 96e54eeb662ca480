using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Adaptation.Runner;
using Adaptation.Testing.Onnx;

namespace Adaptation.Simulators.Tests;

/// <summary>The real host with the real ONNX Runtime and the simulated chip, as a process of its own, asked over the wire.</summary>
internal sealed class SimulatedChip : IDisposable
{
    private const string ModelName = "bench";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Lazy<string> Library = new(Compile);

    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly Transport _transport;

    private SimulatedChip(Process process, DirectoryInfo folder, string ready) =>
        (_process, _folder, _transport, Ready) = (process, folder, new Transport.UnixSocket(Path.Combine(folder.FullName, "s")), ready);

    /// <summary>The provider, compiled once.</summary>
    public static string ProviderLibrary => Library.Value;

    /// <summary>What the host said when it was ready.</summary>
    public string Ready { get; }

    /// <summary>Starts the host without the CPU as fallback.</summary>
    /// <param name="options">Of the provider, <c>fault=bf16</c>.</param>
    public static SimulatedChip Start(byte[] model, params string[] options) => TryStart(model, options, variable: "", mayFallBack: false, out var words) ?? throw new InvalidOperationException(words);

    /// <param name="variable">Value of ADAPTATION_EP_FAULT.</param>
    /// <param name="words">What the host said, ready or not.</param>
    public static SimulatedChip? TryStart(byte[] model, string[] options, string variable, bool mayFallBack, out string words)
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-");
        File.WriteAllBytes(Path.Combine(folder.FullName, "model.onnx"), model);
        string[] arguments =
        [
            "--adapter", "onnxruntime", "--library", Engine.Library, "--model", folder.FullName, "--model-name", ModelName, "--threads", "1",
            "--provider-library", Library.Value, "--provider", "SimulatedChipEP", "--listen", $"unix:{Path.Combine(folder.FullName, "s")}",
            .. mayFallBack ? Array.Empty<string>() : ["--no-cpu-fallback"], .. options.SelectMany(option => (string[])["--option", option]),
        ];
        var start = new ProcessStartInfo(Host, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        start.Environment["ADAPTATION_EP_FAULT"] = variable;
        start.Environment["ORT_DISABLE_TELEMETRY"] = "1";
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{Host} does not start");
        if (process.StandardOutput.ReadLine() is { } ready)
        {
            words = ready;
            return new(process, folder, ready);
        }
        words = process.StandardError.ReadToEnd();
        process.WaitForExit();
        process.Dispose();
        folder.Delete(recursive: true);
        return null;
    }

    /// <summary>Asks once, over a connection of its own; may be called by several threads.</summary>
    public IReadOnlyList<Answered> Ask(Bench bench, CancellationToken cancellationToken) =>
        [.. bench.Probes.Zip(AskRaw(bench, cancellationToken), (probe, data) => new Answered(probe, Decode(probe.Output.DataType, data)))];

    /// <returns>The bytes of each output, in the bench's order.</returns>
    public ImmutableArray<byte[]> AskRaw(Bench bench, CancellationToken cancellationToken)
    {
        using var client = new OipClient(_transport, TimeProvider.System, WireLimits.Default);
        var request = InferRequest.Create(_transport, ModelName, bench.Inputs, [.. bench.Probes.Select(probe => probe.Id)]);
        var outputs = client.Infer(request, new(), Patience, cancellationToken).Parse();
        return [.. bench.Probes.Select(probe =>
        {
            var output = outputs.Single(each => each.Name == probe.Id);
            Assert.Equal(probe.Output.DataType, output.DataType);
            Assert.Equal(probe.Output.Shape, output.Shape);
            return output.Data.ToArray();
        })];
    }

    /// <summary>Asks all questions at the same time, each over its own connection.</summary>
    public IReadOnlyList<(Bench Question, Answered Answer)> AskTogether(Bench[] questions)
    {
        var answers = new (Bench, Answered)[questions.Length];
        var threads = questions.Select((question, at) => new Thread(() => answers[at] = (question, Ask(question, CancellationToken.None)[0]))).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        return answers;
    }

    public static double[] Decode(string dataType, ReadOnlySpan<byte> data) => dataType == "FP16"
        ? Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(data).ToArray(), value => (double)value)
        : Array.ConvertAll(MemoryMarshal.Cast<byte, float>(data).ToArray(), value => (double)value);

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    public static string Host
    {
        get
        {
            var published = Environment.GetEnvironmentVariable("ADAPTATION_HOST");
            var built = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Adaptation.Adapters.Host/debug_linux-x64/adaptation-host"));
            var path = string.IsNullOrEmpty(published) ? built : published;
            return File.Exists(path) ? path : throw new InvalidOperationException($"the host is not at {path}. Build src/Adapters/Host, or set ADAPTATION_HOST to its published binary.");
        }
    }

    private static string Compile()
    {
        var sources = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Ep"), "*.cc");
        var target = Path.Combine(Directory.CreateTempSubdirectory("adaptation-").FullName, "simulated_chip.so");
        var start = new ProcessStartInfo("g++", ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-o", target, .. sources])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var compiler = Process.Start(start) ?? throw new InvalidOperationException("g++ does not start. Install it; the tests need it.");
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? target : throw new InvalidOperationException($"g++ refuses the provider: {errors}");
    }
}

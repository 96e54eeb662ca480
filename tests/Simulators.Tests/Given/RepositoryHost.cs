using System.Diagnostics;
using System.Runtime.InteropServices;
using Adaptation.Runner;
using Adaptation.Testing.Onnx;

namespace Adaptation.Simulators.Tests;

/// <summary>The real host with the real ONNX Runtime, which is handed models over the wire: on the CPU, or with the simulated chip before it.</summary>
internal sealed class RepositoryHost : IDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private RepositoryHost(Process process, DirectoryInfo folder) => (_process, _folder) = (process, folder);

    public Transport Transport => new Transport.UnixSocket(Path.Combine(_folder.FullName, "s"));

    public static RepositoryHost OnCpu() => Start();

    /// <summary>The chip takes what it can, and the CPU the rest, as in a profile that allows that.</summary>
    /// <param name="fault">As the provider's option <c>fault</c> spells it.</param>
    public static RepositoryHost OnChip(string fault) =>
        Start("--provider-library", SimulatedChip.ProviderLibrary, "--provider", "SimulatedChipEP", "--option", $"fault={fault}");

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static RepositoryHost Start(params string[] provider)
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-");
        string[] arguments = ["--adapter", "onnxruntime", "--library", Engine.Library, "--repository", "--threads", "1", "--listen", $"unix:{Path.Combine(folder.FullName, "s")}", .. provider];
        var start = new ProcessStartInfo(SimulatedChip.Host, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        start.Environment["ORT_DISABLE_TELEMETRY"] = "1";
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{SimulatedChip.Host} does not start");
        return process.StandardOutput.ReadLine() is { } ready && ready.Contains("ready", StringComparison.Ordinal)
            ? new(process, folder)
            : throw new InvalidOperationException("the host ended before it was ready");
    }
}

using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Adaptation.Conformance;

/// <summary>The host as a process of its own, reached over a Unix socket or loopback TCP.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private HostProcess(Process process, string folder, EndPointKind kind, string address)
    {
        (_process, _folder, Kind, Address) = (process, folder, kind, address);
        Client = new(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) => new NetworkStream(await ConnectAsync(cancellationToken), ownsSocket: true),
        })
        { BaseAddress = new("http://backend/"), Timeout = TimeSpan.FromSeconds(60) };
    }

    public enum EndPointKind
    {
        Unix,
        Tcp,
    }

    public EndPointKind Kind { get; }

    public string Address { get; }

    public HttpClient Client { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts the host and waits until it says that it is ready.</summary>
    public static async Task<HostProcess> StartAsync(EndPointKind kind, params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-").FullName;
        var address = kind == EndPointKind.Unix ? Path.Combine(folder, "s") : $"127.0.0.1:{FreePort()}";
        var process = Start([.. arguments, "--listen", (kind == EndPointKind.Unix ? "unix:" : "tcp:") + address]);
        var ready = await process.StandardOutput.ReadLineAsync();
        return ready is null
            ? throw new InvalidOperationException($"the host ended: {await process.StandardError.ReadToEndAsync()}")
            : new(process, folder, kind, address);
    }

    /// <summary>Starts the host where another one was.</summary>
    /// <exception cref="InvalidOperationException">It ended instead of getting ready.</exception>
    public static async Task<HostProcess> StartAtAsync(string unixAddress, params string[] arguments)
    {
        var process = Start([.. arguments, "--listen", unixAddress]);
        return await process.StandardOutput.ReadLineAsync() is null
            ? throw new InvalidOperationException($"the host ended: {await process.StandardError.ReadToEndAsync()}")
            : new(process, Directory.CreateTempSubdirectory("adaptation-").FullName, EndPointKind.Unix, unixAddress["unix:".Length..]);
    }

    /// <summary>Runs the host to its end.</summary>
    public static async Task<(int ExitCode, string Error, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await error, await output);
    }

    public async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = Kind == EndPointKind.Unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        System.Net.EndPoint target = Kind == EndPointKind.Unix ? new UnixDomainSocketEndPoint(Address) : System.Net.IPEndPoint.Parse(Address);
        await socket.ConnectAsync(target, cancellationToken);
        return socket;
    }

    /// <summary>Asks the process to end, as a container engine does.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).Dispose();
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>Ends the process without giving it a chance to clean up.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static Process Start(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Binary, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        return Process.Start(start) ?? throw new InvalidOperationException($"{Binary} does not start");
    }

    /// <summary>The published binary if the variable names one, else what the build of the project made.</summary>
    private static string Binary
    {
        get
        {
            var published = Environment.GetEnvironmentVariable("ADAPTATION_HOST");
            var built = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Adaptation.Adapters.Host/debug_linux-x64/adaptation-host"));
            var path = string.IsNullOrEmpty(published) ? built : published;
            return File.Exists(path) ? path : throw new InvalidOperationException(
                $"the host is not at {path}. Build src/Adapters/Host, or set ADAPTATION_HOST to its published binary.");
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}

using System.Net.Sockets;
using Adaptation.Adapters.Abstractions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Adaptation.Adapters.Host;

/// <summary>The web server around the routes, tuned for large tensors and for streams of small events.</summary>
internal static class InferenceServer
{
    private const int SocketBufferBytes = 4 * 1024 * 1024;

    /// <summary>Engines compute on the thread that asks; with so many threads at hand the health routes still answer.</summary>
    private const int Threads = 64;

    /// <exception cref="AdapterException">Something else is at the socket's path.</exception>
    /// <exception cref="IOException">The file of the key cannot be read.</exception>
    public static WebApplication Create(HostSpec spec, AdapterFacts facts, Served served, TextWriter log)
    {
        var key = spec.ApiKeyFile is { } file ? ApiKey.Read(file) : null;
        var text = served.Text;
        var tensors = text is null ? served.Model : new SerialModel(text.Model, text.Scheduler);
        var model = tensors is null ? null : new ServedModel(spec.ModelName, tensors, spec.MaxBody);
        var texts = text is null ? null : new TextRoutes(text, spec.MaxBody, log);
        if (spec.Listen is UnixDomainSocketEndPoint unix)
            RemoveStale(unix);
        ThreadPool.GetMinThreads(out _, out var completions);
        ThreadPool.SetMinThreads(Threads, completions);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(new LargeBlockPool());
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(500));
        builder.Services.Configure<SocketTransportOptions>(Tune);
        builder.WebHost.ConfigureKestrel(options => Tune(options, spec));
        var app = builder.Build();
        app.Run(new Routes(facts, model, served.Repository, texts, key, log).HandleAsync);
        return app;
    }

    private static void Tune(SocketTransportOptions options)
    {
        options.UnsafePreferInlineScheduling = true;
        options.WaitForDataBeforeAllocatingBuffer = false;
        options.CreateBoundListenSocket = endPoint =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
            (socket.SendBufferSize, socket.ReceiveBufferSize) = (SocketBufferBytes, SocketBufferBytes);
            if (endPoint is UnixDomainSocketEndPoint unix)
                File.SetUnixFileMode(unix.ToString()!, AnyoneMayConnect); // the runner is another user outside the container
            return socket;
        };
    }

    private static UnixFileMode AnyoneMayConnect =>
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static void Tune(KestrelServerOptions options, HostSpec spec)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = spec.MaxBody;
        options.Limits.MaxRequestBufferSize = SocketBufferBytes;
        options.Limits.MaxResponseBufferSize = SocketBufferBytes / 4;
        options.Limits.MaxConcurrentConnections = 2048;
        options.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(30); // a runner measures other things in between
        if (spec.Listen is UnixDomainSocketEndPoint unix)
            options.ListenUnixSocket(unix.ToString()!, http => http.Protocols = HttpProtocols.Http1);
        else
            options.Listen(spec.Listen, http => http.Protocols = HttpProtocols.Http1);
    }

    /// <summary>A socket file that nobody listens on is what a killed server leaves behind; anything else is not ours to remove.</summary>
    private static void RemoveStale(UnixDomainSocketEndPoint endPoint)
    {
        var path = endPoint.ToString()!;
        if (!File.Exists(path))
            return;
        if (new FileInfo(path).Length > 0)
            throw new AdapterException($"{path} is a file with content, not a socket. Name another path with --listen.");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException)
        {
            File.Delete(path);
            return;
        }
        throw new AdapterException($"Another server listens on {path}. End it, or name another path with --listen.");
    }
}

/// <summary>What a server serves.</summary>
/// <param name="Model">What it was started with, or null.</param>
/// <param name="Text">Null for a model that has no text.</param>
/// <param name="Repository">Null if clients may not load models.</param>
internal sealed record Served(ITensorModel? Model, TextService? Text = null, Repository? Repository = null);

using System.Net;
using System.Net.Sockets;

namespace Adaptation.Cli.Tests;

/// <summary>Serves the files of a folder on this machine alone, as any static web server does.</summary>
internal sealed class StaticServer : IDisposable
{
    private readonly HttpListener _listener = new();

    public StaticServer(string folder)
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
        }

        _listener.Prefixes.Add(Address);
        _listener.Start();
        _ = ServeAsync(folder);
    }

    public string Address { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync(string folder)
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var file = Path.Combine(folder, context.Request.Url!.AbsolutePath.TrimStart('/'));
                context.Response.StatusCode = File.Exists(file) ? 200 : 404;
                context.Response.Close(File.Exists(file) ? await File.ReadAllBytesAsync(file) : [], willBlock: true);
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}

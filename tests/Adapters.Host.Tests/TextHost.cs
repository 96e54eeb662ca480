using System.Net;
using Adaptation.Adapters.Abstractions;
using Adaptation.Conformance;
using Microsoft.AspNetCore.Builder;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>The host as it runs, on a port of its own, with a scripted engine in it.</summary>
internal sealed class TextHost : ITextServer, IAsyncDisposable
{
    private readonly TextService _service;

    private readonly WebApplication _server;

    private TextHost(TextService service, WebApplication server, StringWriter log)
    {
        (_service, _server, Log) = (service, server, log);
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1024 }) { BaseAddress = new(server.Urls.Single() + "/") };
    }

    public HttpClient Client { get; }

    public string Model => "scripted";

    public bool HasExtensions => true;

    public StringWriter Log { get; }

    /// <summary>Choices in the engine or waiting for it.</summary>
    public int Unfinished => _service.Scheduler.InFlight;

    public long Count(Outcome outcome) => _service.Metrics.Of(outcome);

    public IPEndPoint EndPoint => new(IPAddress.Loopback, new Uri(_server.Urls.Single()).Port);

    public static async Task<TextHost> StartAsync(ScriptedModel model, int queue = 256, string? apiKeyFile = null)
    {
        var spec = new HostSpec
        {
            Adapter = "scripted",
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            ModelName = "scripted",
            MaxBody = 1 << 20,
            ApiKeyFile = apiKeyFile,
        };
        var (log, facts) = (new StringWriter(), new AdapterFacts { Engine = "script", EngineVersion = "1", Platform = "script", Device = "none" });
        var service = new TextService("scripted", model, queue, TimeProvider.System);
        var server = InferenceServer.Create(spec, facts, new(model, service), log);
        await server.StartAsync();
        return new(service, server, log);
    }

    public async Task<double> MetricAsync(string line, CancellationToken cancellationToken)
    {
        var text = await Client.GetStringAsync(new Uri("metrics", UriKind.Relative), cancellationToken);
        var found = text.Split('\n').Single(each => each.StartsWith(line, StringComparison.Ordinal));
        return double.Parse(found[(found.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        await _service.DisposeAsync();
    }
}

/// <summary>One host for a whole class of tests.</summary>
public sealed class SharedHost : ITextServer, IAsyncLifetime
{
    private TextHost? _host;

    public HttpClient Client => _host!.Client;

    public string Model => _host!.Model;

    public bool HasExtensions => true;

    public async ValueTask InitializeAsync() => _host = await TextHost.StartAsync(new());

    public async ValueTask DisposeAsync() => await _host!.DisposeAsync();
}

public sealed class HostOpenAi(SharedHost host) : OpenAiSuite(host), IClassFixture<SharedHost>;

public sealed class HostOpenAiRefusals(SharedHost host) : OpenAiRefusalSuite(host), IClassFixture<SharedHost>;

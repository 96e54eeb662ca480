namespace Adaptation.Benchmarks.Text;

/// <summary>A server with its connections, measured as a client sees it.</summary>
internal sealed class Contender : IDisposable
{
    private readonly TextServer _server;
    private readonly TextClient[] _clients;
    private readonly Random _random = new(20261122);

    private Contender(TextServer server, TextClient[] clients) => (_server, _clients) = (server, clients);

    public string Name => _server.Name;

    /// <param name="server">Disposed with this, and if it does not come up.</param>
    public static async Task<Contender> StartAsync(TextServer server)
    {
        var clients = new List<TextClient>();
        try
        {
            await server.WaitUntilReadyAsync();
            for (var stream = 0; stream < Workload.Streams; stream++)
                clients.Add(server.Connect());
            return new(server, [.. clients]);
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <returns>Tokens per second of reading prompts: the answer is one token.</returns>
    public double Prompt(Workload workload) => Speed(workload.Prompt, 1, workload.Calls) * workload.Prompt;

    /// <returns>Tokens per second of one stream; every token of the answer takes one pass of the model, as in llama-bench.</returns>
    public double Generated(Workload workload) => Speed(1, workload.Generated, workload.Calls) * workload.Generated;

    /// <returns>How many times as many tokens per second all streams together get as one alone.</returns>
    public double Gain(Workload workload)
    {
        var alone = Generated(workload);
        using var start = new Barrier(_clients.Length + 1);
        var streams = _clients.Select(client =>
        {
            var requests = Requests(1, workload.Generated, workload.Calls);
            return Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                Array.ForEach(requests, request => client.Complete(request));
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }).ToArray();
        start.SignalAndWait();
        var started = TimeProvider.System.GetTimestamp();
        Task.WaitAll(streams);
        var together = _clients.Length * workload.Calls * workload.Generated / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        return together / alone;
    }

    public void Dispose()
    {
        foreach (var client in _clients)
            client.Dispose();
        _server.Dispose();
    }

    /// <returns>Requests per second, one after the other.</returns>
    private double Speed(int prompt, int generated, int calls) =>
        calls / Requests(prompt, generated, calls).Sum(request => _clients[0].Complete(request));

    private Completion[] Requests(int prompt, int generated, int calls) =>
        [.. Enumerable.Range(0, calls).Select(_ => new Completion(prompt, generated, _random))];
}

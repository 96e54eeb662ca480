namespace Adaptation.Benchmarks.Text;

/// <summary>A server measured as a client sees it. Every request has a connection of its own, used at once: some servers close idle ones.</summary>
internal sealed class Contender : IDisposable
{
    private readonly TextServer _server;
    private readonly Random _random = new(20261122);

    private Contender(TextServer server) => _server = server;

    public string Name => _server.Name;

    /// <param name="server">Disposed with this, and if it does not come up.</param>
    public static async Task<Contender> StartAsync(TextServer server)
    {
        try
        {
            await server.WaitUntilReadyAsync();
            return new(server);
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
        var alone = Speed(1, workload.Generated, workload.CallsTogether) * workload.Generated;
        using var start = new Barrier(Workload.Streams + 1);
        var streams = Enumerable.Range(0, Workload.Streams).Select(_ => StreamAsync(workload, start)).ToArray();
        start.SignalAndWait();
        var started = TimeProvider.System.GetTimestamp();
        Task.WaitAll(streams);
        var together = Workload.Streams * workload.CallsTogether * workload.Generated / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        return together / alone;
    }

    public void Dispose() => _server.Dispose();

    /// <summary>One stream on a thread of its own, from the moment that all are ready.</summary>
    private Task StreamAsync(Workload workload, Barrier start)
    {
        var requests = Requests(1, workload.Generated, workload.CallsTogether);
        return Task.Factory.StartNew(() =>
        {
            start.SignalAndWait();
            _ = requests.Sum(Once);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <returns>Requests per second, one after the other.</returns>
    private double Speed(int prompt, int generated, int calls) => calls / Requests(prompt, generated, calls).Sum(Once);

    /// <returns>Seconds; connecting, some 50 µs, is not among them.</returns>
    private double Once(Completion request)
    {
        using var client = _server.Connect();
        return client.Complete(request);
    }

    private Completion[] Requests(int prompt, int generated, int calls) =>
        [.. Enumerable.Range(0, calls).Select(_ => new Completion(prompt, generated, _random))];
}

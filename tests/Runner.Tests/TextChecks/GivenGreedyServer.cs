using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;

namespace Adaptation.Runner.Tests;

/// <summary>What a server of greedy answers does wrong.</summary>
internal enum GreedyFault
{
    None, BreaksTiesAtRandom, SeesNeighboursInABatch, SeesNeighboursAtATime, RefusesBatches, GivesNoIds, LosesAChoice, FailsNowAndThen,
}

/// <summary>A server that continues a prompt of token ids by a formula, one after the other or several at a time, but for one fault.</summary>
internal sealed class GivenGreedyServer : IDisposable
{
    private static readonly TimeSpan Neighbourhood = TimeSpan.FromMilliseconds(150);
    private readonly GreedyFault _fault;
    private readonly ScriptedServer _server;
    private int _inFlight;
    private int _asked;

    public GivenGreedyServer(GreedyFault fault) => (_fault, _server) = (fault, ScriptedServer.OnUnixSocket(Serve));

    /// <summary>What a faultless server says next.</summary>
    public static long Next(IEnumerable<long> prompt) => Continue(prompt, 1)[0];

    public static List<long> Continue(IEnumerable<long> prompt, int most, int disturbance = 0)
    {
        var state = prompt.Aggregate(17L, (sum, id) => ((sum * 31) + id) % 4093);
        var ids = new List<long>();
        for (var at = 0; at < most; at++)
            ids.Add(state = ((state * 73) + at + disturbance) % 4093);
        return ids;
    }

    public TextQuestions Open() => new(
        _server.Transport, "m", GivenWire.Ample, TimeProvider.System, new UsageTally(), (_, _) => { }, TestContext.Current.CancellationToken);

    public void Dispose() => _server.Dispose();

    private void Serve(Peer peer)
    {
        while (peer.ReadRequest())
        {
            var request = Encoding.UTF8.GetString(peer.Request);
            var body = JsonNode.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])!.AsObject();
            Interlocked.Increment(ref _inFlight);
            var isCrowded = _fault == GreedyFault.SeesNeighboursAtATime && SpinWait.SpinUntil(() => Volatile.Read(ref _inFlight) > 1, Neighbourhood);
            var answer = Answer(body, isCrowded);
            Interlocked.Decrement(ref _inFlight);
            peer.Send(answer);
        }
    }

    private byte[] Answer(JsonObject body, bool isCrowded)
    {
        var number = Interlocked.Increment(ref _asked);
        if (_fault == GreedyFault.FailsNowAndThen && number % 7 == 0)
            return GivenWire.PlainJson("""{"error":{"message":"out of pages"} }""", 500);
        var prompts = Prompts(body);
        if (prompts.Length > 1 && _fault == GreedyFault.RefusesBatches)
            return GivenWire.PlainJson("""{"error":{"message":"one prompt"} }""", 400);
        var disturbed = isCrowded || (prompts.Length > 1 && _fault == GreedyFault.SeesNeighboursInABatch);
        var choices = prompts.Select((prompt, index) => (JsonNode)Choice(body, prompt, index, disturbed ? 1 : 0, isTie: number % 5 == 0)).ToList();
        if (_fault == GreedyFault.LosesAChoice && choices.Count > 1)
            choices.RemoveAt(0);
        return GivenWire.PlainJson(new JsonObject { ["choices"] = new JsonArray([.. choices]) }.ToJsonString());
    }

    private static ImmutableArray<long[]> Prompts(JsonObject body) => body["prompt"] switch
    {
        JsonArray { Count: > 0 } all when all[0] is JsonArray => [.. all.Select(one => one!.AsArray().Select(id => id!.GetValue<long>()).ToArray())],
        JsonArray one => [[.. one.Select(id => id!.GetValue<long>())]],
        var text => [[(text ?? body["messages"])!.ToString().Length]],
    };

    private JsonObject Choice(JsonObject body, long[] prompt, int index, int disturbance, bool isTie)
    {
        var ids = Continue(prompt, body["max_tokens"]!.GetValue<int>(), disturbance);
        if (isTie && _fault == GreedyFault.BreaksTiesAtRandom)
            ids[^1] = (ids[^1] + 1) % 4093;
        var choice = new JsonObject { ["index"] = index, ["finish_reason"] = "length", ["text"] = string.Join(' ', ids) };
        if (body.ContainsKey("messages"))
            choice["message"] = new JsonObject { ["role"] = "assistant", ["content"] = string.Join(' ', ids) };
        if (_fault != GreedyFault.GivesNoIds)
            choice["token_ids"] = new JsonArray([.. ids.Select(id => (JsonNode)id)]);
        return choice;
    }
}

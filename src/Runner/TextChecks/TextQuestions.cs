using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Asks one server of text after another request, and keeps the usage of every answer. Blocks its thread; not safe for concurrent use.</summary>
/// <param name="model">The name it is served under.</param>
/// <param name="limit">Of one answer.</param>
/// <param name="count">Told of every request: answered with 200 or not, and how long it took.</param>
internal sealed class TextQuestions(
    Transport transport, string model, TimeSpan limit, TimeProvider time, UsageTally tally, Action<bool, TimeSpan> count, CancellationToken cancellationToken) : IDisposable
{
    public const string CompletionRoute = "/v1/completions";
    public const string ChatRoute = "/v1/chat/completions";

    // As most clients write it: characters stand for themselves, and those beyond the basic plane may be escaped.
    private static readonly JsonWriterOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TextClient _client = new(transport, time, WireLimits.Default);

    /// <param name="route">One of the two.</param>
    /// <param name="body">Without the model, or with another one; it is not kept.</param>
    /// <exception cref="WireException">There was no answer, or it was no answer of this protocol.</exception>
    public TextReply Ask(string route, JsonObject body)
    {
        var answer = Post(route, body);
        tally.Add(answer);
        return TextReply.Read(answer);
    }

    /// <summary>Asks for a stream.</summary>
    /// <inheritdoc cref="Ask"/>
    /// <param name="includeUsage">Null: no word of it.</param>
    public StreamReply Stream(string route, JsonObject body, bool? includeUsage)
    {
        var streamed = body.DeepClone().AsObject();
        streamed["stream"] = true;
        if (includeUsage is { } asked)
            streamed["stream_options"] = new JsonObject { ["include_usage"] = asked };
        var answer = Post(route, streamed);
        try
        {
            var reply = StreamReply.Read(answer);
            if (includeUsage == true && answer.Status == 200)
                tally.AddUsage(reply.Usage);
            return reply;
        }
        catch (WireException) when (includeUsage == true)
        {
            tally.AddUsage(null);
            throw;
        }
    }

    /// <summary>Whether the server still answers anything: asked after an answer that failed, to tell a wrong one from a dead server.</summary>
    public bool Lives(WireException failed)
    {
        if (IsAnswer(failed))
            return true;
        try
        {
            Post(CompletionRoute, new() { ["prompt"] = "a", ["max_tokens"] = 1 });
            return true;
        }
        catch (WireException again)
        {
            return IsAnswer(again);
        }
    }

    /// <summary>Whether something came that is only not what the protocol allows.</summary>
    public static bool IsAnswer(WireException failed) => failed.Kind is WireFailure.Protocol or WireFailure.ServerError;

    public void Dispose() => _client.Dispose();

    /// <summary>Asks without reading the answer, whatever its status is; its usage is not kept.</summary>
    /// <exception cref="WireException">There was no answer.</exception>
    public TextAnswer Post(string route, JsonObject body)
    {
        var asked = time.GetTimestamp();
        var named = body.DeepClone().AsObject();
        named.TryAdd("model", model);
        var answered = false;
        try
        {
            var answer = _client.Post(route, Written(named), limit, cancellationToken);
            answered = true; // a refusal is an answer too: some requests are there to be refused
            return answer;
        }
        finally
        {
            count(answered, time.GetElapsedTime(asked));
        }
    }

    private static ReadOnlySpan<byte> Written(JsonObject body)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Literal))
            body.WriteTo(json);
        return bytes.WrittenSpan;
    }
}

using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>What a server says of itself: a claim, stored as one.</summary>
public sealed record ServerMetadata(string Name, string Version, ImmutableArray<string> Extensions);

/// <param name="Shape">-1 is a free dimension.</param>
public sealed record TensorMetadata(string Name, string DataType, ImmutableArray<long> Shape);

/// <summary>What a server says of a model: a claim, stored as one.</summary>
public sealed record ModelMetadata(
    string Name, ImmutableArray<string> Versions, string Platform, ImmutableArray<TensorMetadata> Inputs, ImmutableArray<TensorMetadata> Outputs);

/// <summary>A client of the Open Inference Protocol v2 (REST) over one connection of its own. Blocks its thread; not safe for concurrent use.</summary>
/// <remarks>
/// Every call throws <see cref="WireException"/> where the server fails it, <see cref="OperationCanceledException"/> where it was cancelled, and
/// <see cref="Core.BrokenEnvironmentException"/> where this machine does not let it try. Its limit covers connecting, sending and receiving.
/// </remarks>
public sealed class OipClient(Transport transport, TimeProvider time, WireLimits limits) : IDisposable
{
    private readonly HttpConnection _connection = new(transport, time, limits);
    private readonly AnswerBuffer _small = new();

    /// <summary>Connects now, so that the first request need not.</summary>
    public void Open(TimeSpan limit, CancellationToken cancellationToken) => _connection.Open(limit, cancellationToken);

    public bool IsLive(TimeSpan limit, CancellationToken cancellationToken) => Says("health/live", "live", limit, cancellationToken);

    public bool IsReady(TimeSpan limit, CancellationToken cancellationToken) => Says("health/ready", "ready", limit, cancellationToken);

    public bool IsModelReady(string model, TimeSpan limit, CancellationToken cancellationToken) =>
        Says($"models/{Uri.EscapeDataString(model)}/ready", "ready", limit, cancellationToken);

    public ServerMetadata ReadServerMetadata(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var document = Get("", limit, cancellationToken);
        var root = document.RootElement;
        return new(Text(root, "name", ""), Text(root, "version", ""), Texts(root, "extensions"));
    }

    public ModelMetadata ReadModelMetadata(string model, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var document = Get($"models/{Uri.EscapeDataString(model)}", limit, cancellationToken);
        var root = document.RootElement;
        return new(Text(root, "name", ""), Texts(root, "versions"), Text(root, "platform", ""), Tensors(root, "inputs"), Tensors(root, "outputs"));
    }

    /// <summary>Sends an inference and receives its whole answer, whatever its status; nothing of it is parsed but what frames it.</summary>
    /// <param name="buffer">What the answer points into, until the buffer's next use. One that has grown to the answers' size spares page faults.</param>
    public InferAnswer Infer(InferRequest request, AnswerBuffer buffer, TimeSpan limit, CancellationToken cancellationToken) =>
        new(request, _connection.Exchange(request.Http, buffer, limit, cancellationToken), limits);

    /// <summary>Has the server load a model from the bytes of one file; a model of that name is replaced.</summary>
    /// <param name="file">Plain name whose ending tells the format: <c>model.onnx</c>.</param>
    /// <remarks>Source: model repository extension, as KServe and Triton serve it.</remarks>
    /// <exception cref="WireException">ServerError with its words: the server refused, with a status of 400 to 499, or failed.</exception>
    public void LoadModel(string model, string file, ReadOnlyMemory<byte> content, TimeSpan limit, CancellationToken cancellationToken) => Post(
        $"repository/models/{Uri.EscapeDataString(model)}/load",
        json =>
        {
            json.WriteStartObject("parameters");
            json.WriteBase64String($"file:{file}", content.Span);
            json.WriteEndObject();
        },
        limit, cancellationToken);

    /// <summary>Has the server free a model that it was made to load.</summary>
    /// <inheritdoc cref="LoadModel"/>
    public void UnloadModel(string model, TimeSpan limit, CancellationToken cancellationToken) =>
        Post($"repository/models/{Uri.EscapeDataString(model)}/unload", _ => { }, limit, cancellationToken);

    /// <summary>Whether the server answers the repository's index: it would load models.</summary>
    public bool HasRepository(TimeSpan limit, CancellationToken cancellationToken) =>
        Exchange("repository/index", TextClient.Body(_ => { }), limit, cancellationToken).Head.Status == 200;

    public void Dispose() => _connection.Dispose();

    /// <remarks>Some servers answer with the status alone, some add an object; whatever stands in it, the status says what was done.</remarks>
    private void Post(string path, Action<Utf8JsonWriter> write, TimeSpan limit, CancellationToken cancellationToken)
    {
        var answer = Exchange(path, TextClient.Body(write), limit, cancellationToken);
        if (answer.Head.Status is not (200 or 204))
            throw AnswerReader.ServerError(answer, limits);
    }

    private HttpAnswer Exchange(string path, byte[] body, TimeSpan limit, CancellationToken cancellationToken)
    {
        var head = Encoding.ASCII.GetBytes(
            $"POST /v2/{path} HTTP/1.1\r\nHost: {transport.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n");
        return _connection.Exchange(new HttpRequest((byte[])[.. head, .. body], MayRepeat: false), _small, limit, cancellationToken);
    }

    /// <remarks>Some servers answer with the status alone, some add a body; one that says false is believed.</remarks>
    private bool Says(string path, string claim, TimeSpan limit, CancellationToken cancellationToken)
    {
        var answer = Ask(path, limit, cancellationToken);
        if (answer.Head.Status != 200)
            return false;
        if (answer.Body.IsEmpty)
            return true;
        using var document = StrictJson.Object(answer.Body, limits);
        return !document.RootElement.TryGetProperty(claim, out var value) || value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw WireException.Protocol($"{claim} is {Clip.Text(value.GetRawText())}; expected true or false."),
        };
    }

    private JsonDocument Get(string path, TimeSpan limit, CancellationToken cancellationToken)
    {
        var answer = Ask(path, limit, cancellationToken);
        return answer.Head.Status == 200 ? StrictJson.Object(answer.Body, limits) : throw AnswerReader.ServerError(answer, limits);
    }

    private HttpAnswer Ask(string path, TimeSpan limit, CancellationToken cancellationToken)
    {
        var bytes = Encoding.ASCII.GetBytes($"GET /v2{(path.Length == 0 ? "" : "/")}{path} HTTP/1.1\r\nHost: {transport.Authority}\r\n\r\n");
        return _connection.Exchange(new HttpRequest(bytes, MayRepeat: true), _small, limit, cancellationToken);
    }

    private static string Text(JsonElement parent, string name, string path) =>
        StrictJson.Text(StrictJson.Required(parent, name, JsonValueKind.String, path), path + name);

    private static ImmutableArray<string> Texts(JsonElement parent, string name) =>
        StrictJson.Optional(parent, name, JsonValueKind.Array, "") is { } list
            ? [.. list.EnumerateArray().Select((item, index) => StrictJson.Text(item, $"{name}[{index}]"))]
            : [];

    private static ImmutableArray<TensorMetadata> Tensors(JsonElement root, string name) =>
        [.. StrictJson.Required(root, name, JsonValueKind.Array, "").EnumerateArray().Select((item, index) => Tensor(item, $"{name}[{index}]"))];

    private static TensorMetadata Tensor(JsonElement item, string path) => item.ValueKind == JsonValueKind.Object
        ? new(Text(item, "name", path + '.'), Text(item, "datatype", path + '.'), AnswerReader.Shape(item, -1, path + '.'))
        : throw WireException.Protocol($"{path} is of kind {item.ValueKind}; expected Object.");
}

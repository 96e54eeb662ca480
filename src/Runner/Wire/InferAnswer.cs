using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>One whole answer to an inference, stamped and not yet looked at. Good until its buffer is used again.</summary>
public sealed class InferAnswer
{
    private readonly HttpAnswer _http;
    private readonly WireLimits _limits;

    internal InferAnswer(InferRequest request, HttpAnswer http, WireLimits limits) => (Request, _http, _limits) = (request, http, limits);

    public InferRequest Request { get; }

    /// <summary>Ticks of the runner's clock right before the first byte of the request was sent.</summary>
    public long Sent => _http.Sent;

    /// <summary>Ticks of the runner's clock right after the last byte of the answer was received.</summary>
    public long Done => _http.Done;

    /// <summary>HTTP status, 200 to 599.</summary>
    public int Status => _http.Head.Status;

    /// <summary>Status line and headers as they came.</summary>
    public ReadOnlyMemory<byte> Head => _http.HeadBytes;

    /// <summary>The body without chunk framing: JSON, and behind it the binary tensors if there are any.</summary>
    public ReadOnlyMemory<byte> Body => _http.Body;

    /// <summary>Reads the outputs, in the answer's order.</summary>
    /// <returns>At least the outputs asked for, and exactly those if any were named. Binary data is memory of the answer's buffer; JSON data has memory of its own.</returns>
    /// <exception cref="WireException">ServerError: the status is not 200, or the body reports an error. Protocol: the body is not what the protocol says.</exception>
    public ImmutableArray<WireTensor> Parse() => AnswerReader.Read(Request, _http, _limits);
}

namespace Adaptation.Runner;

/// <summary>What an answer may cost us before we stop reading it. A server that exceeds one broke the protocol.</summary>
public sealed record WireLimits
{
    private const int Largest = 0x7F00_0000; // one array holds headers and body

    public static WireLimits Default { get; } = new();

    /// <summary>Bytes of all headers of one answer, interim answers and trailers included.</summary>
    public int HeaderBytes { get; init => field = Positive(value); } = 64 << 10;

    /// <summary>Bytes of one body, chunk framing not counted.</summary>
    public int BodyBytes { get; init => field = Positive(value); } = 1 << 30;

    /// <summary>Bytes of JSON in one body. Parsing takes up to seven times as much memory.</summary>
    public int JsonBytes { get; init => field = Positive(value); } = 64 << 20;

    private static int Positive(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Largest);
        return value;
    }
}

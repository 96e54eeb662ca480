using System.Runtime.InteropServices;

namespace Adaptation.Certificates;

/// <summary>One SHA-256 value of a log's tree: of an entry, of a subtree, or the root. 32 bytes, compared by value.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct LogHash(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>32 bytes.</summary>
    public const int Bytes = 32;

    /// <param name="bytes">Exactly 32.</param>
    public static LogHash Of(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Bytes ? MemoryMarshal.Read<LogHash>(bytes) : throw new ArgumentException("a hash has 32 bytes", nameof(bytes));

    /// <returns>The hash, or null if the text is not its one spelling: standard base64, padded, 44 characters.</returns>
    public static LogHash? TryParse(string base64) => StrictBase64.TryDecodeStandard(base64) is { Length: Bytes } bytes ? Of(bytes) : null;

    /// <summary>As checkpoints and proofs spell it: standard base64.</summary>
    public override string ToString() => StrictBase64.Encode(AsBytes());

    /// <summary>64 lowercase hex digits.</summary>
    public string ToHex() => Convert.ToHexStringLower(AsBytes());

    internal void CopyTo(Span<byte> target) => MemoryMarshal.Write(target, in this);

    private byte[] AsBytes()
    {
        var bytes = new byte[Bytes];
        CopyTo(bytes);
        return bytes;
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Adaptation.Certificates;

/// <summary>A file that shows, without the log at hand, that an entry stands in it: index, path and signed checkpoint.</summary>
/// <remarks>Source: C2SP tlog-proof, file ending <c>.tlog-proof</c>. Nothing in it is to be believed before <see cref="LoggedEntry.Verify"/>.</remarks>
/// <param name="Extra">Unauthenticated; ours holds the leaf, to tell a wrong object from wrong signers. Null: none.</param>
/// <param name="Note">The checkpoint with its signature lines.</param>
public sealed record TlogProof(ImmutableArray<byte>? Extra, ulong Index, ImmutableArray<LogHash> Path, ImmutableArray<byte> Note)
{
    /// <summary>Longer files are refused.</summary>
    public const int MaxBytes = 64 * 1024;

    private const string Format = "c2sp.org/tlog-proof@v1";

    /// <exception cref="RejectedException">LOG_PROOF_FORMAT, or LOG_ROOT_SOURCE: the file brings a root of its own.</exception>
    public static TlogProof Read(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxBytes)
            throw Malformed($"it has {file.Length} bytes; at most {MaxBytes} are read");
        var end = file.IndexOf("\n\n"u8);
        if (end < 0 || !IsLines(file[..end]))
            throw Malformed("expected lines of ASCII that end with a line feed alone, an empty line, and the checkpoint");
        var lines = Encoding.ASCII.GetString(file[..end]).Split('\n');
        if (lines[0] != Format)
            throw Malformed($"it begins with {JsonGate.Quote(lines[0])}; expected {Format}");
        var at = 1;
        ImmutableArray<byte>? extra = null;
        if (at < lines.Length && lines[at].StartsWith("extra ", StringComparison.Ordinal))
            extra = [.. StrictBase64.TryDecodeStandard(lines[at++]["extra ".Length..]) ?? throw Malformed("the extra line is not strict base64")];
        if (at == lines.Length || !lines[at].StartsWith("index ", StringComparison.Ordinal) || Checkpoint.TryNumber(lines[at]["index ".Length..]) is not { } index)
            throw Malformed($"expected `index` and a decimal number below 2^64 without leading zeros, not {JsonGate.Quote(at < lines.Length ? lines[at] : "")}");
        return new TlogProof(extra, index, [.. lines[(at + 1)..].Select(ReadHash)], [.. file[(end + 2)..]]);
    }

    /// <summary>As <see cref="Read"/> reads it.</summary>
    public byte[] ToBytes()
    {
        var head = new StringBuilder(Format).Append('\n');
        if (Extra is { } extra)
            head.Append("extra ").Append(StrictBase64.Encode(extra.AsSpan())).Append('\n');
        head.Append(CultureInfo.InvariantCulture, $"index {Index}\n");
        foreach (var hash in Path)
            head.Append(CultureInfo.InvariantCulture, $"{hash}\n");
        return [.. Encoding.ASCII.GetBytes(head.Append('\n').ToString()), .. Note];
    }

    private static bool IsLines(ReadOnlySpan<byte> text)
    {
        foreach (var octet in text)
            if (octet is not ((byte)'\n' or (>= (byte)' ' and <= (byte)'~')))
                return false;
        return true;
    }

    private static LogHash ReadHash(string line) =>
        LogHash.TryParse(line) is { } hash ? hash
        : line.StartsWith("root", StringComparison.OrdinalIgnoreCase)
            ? throw Rejection.Because("LOG_ROOT_SOURCE", "the proof brings a root of its own; the only root that counts is the signed checkpoint's")
            : throw Malformed($"the line {JsonGate.Quote(line)} is not a hash of 32 bytes in strict base64");

    private static RejectedException Malformed(string why) => Rejection.Because("LOG_PROOF_FORMAT", $"the proof is malformed: {why}");
}

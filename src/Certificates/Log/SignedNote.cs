using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;

namespace Adaptation.Certificates;

/// <summary>One signature line of a note; what it means is known to whoever knows the key.</summary>
/// <param name="Value">What stands behind the four bytes of the id.</param>
internal sealed record NoteSignature(string Name, uint Id, ImmutableArray<byte> Value);

/// <summary>A text with signature lines. Nothing in it is to be believed before a signature was checked.</summary>
/// <remarks>Source: C2SP signed-note.</remarks>
/// <param name="Text">What is signed, to its last line feed.</param>
internal sealed record SignedNote(string Text, ImmutableArray<NoteSignature> Signatures)
{
    public const int MaxBytes = 64 * 1024;
    public const int MaxSignatures = 64;

    private const string LineStart = "\u2014 ";

    /// <exception cref="RejectedException">LOG_NOTE_FORMAT, or LOG_UNSIGNED: there is no signature line at all.</exception>
    public static SignedNote Read(ReadOnlySpan<byte> note)
    {
        if (note.Length > MaxBytes)
            throw Malformed($"it has {note.Length} bytes; at most {MaxBytes} are read");
        if (!Utf8.IsValid(note))
            throw Malformed("it is not valid UTF-8");
        if (note.IndexOfAnyInRange((byte)0, (byte)9) >= 0 || note.IndexOfAnyInRange((byte)11, (byte)31) >= 0)
            throw Malformed("it holds a control character, such as a carriage return or a tab; lines end with a line feed alone");
        var whole = Encoding.UTF8.GetString(note);
        var end = whole.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0 || end + 2 == whole.Length)
            throw Rejection.Because("LOG_UNSIGNED", "the note has no signature: expected its text, an empty line and signature lines");
        if (!whole.EndsWith('\n'))
            throw Malformed("its last line is cut off");
        var lines = whole[(end + 2)..^1].Split('\n');
        return lines.Length > MaxSignatures
            ? throw Malformed($"it has {lines.Length} signature lines; at most {MaxSignatures} are read")
            : new SignedNote(whole[..(end + 1)], [.. lines.Select(ReadLine)]);
    }

    public static string WriteLine(NoteKey key, ReadOnlySpan<byte> value)
    {
        var bytes = new byte[4 + value.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, key.Id);
        value.CopyTo(bytes.AsSpan(4));
        return $"{LineStart}{key.Name} {StrictBase64.Encode(bytes)}\n";
    }

    /// <summary>The one signature that a key has to verify; null if the note has none.</summary>
    /// <exception cref="RejectedException">Of this code: the key signed twice.</exception>
    public NoteSignature? Of(NoteKey key, string codeIfTwice)
    {
        NoteSignature? found = null;
        foreach (var signature in Signatures.Where(signature => signature.Name == key.Name && signature.Id == key.Id))
            found = found is null ? signature : throw Rejection.Because(codeIfTwice, $"the key of {key.Name} signed twice; a key counts once");
        return found;
    }

    private static NoteSignature ReadLine(string line)
    {
        var parts = line.StartsWith(LineStart, StringComparison.Ordinal) ? line[LineStart.Length..].Split(' ') : [];
        return parts.Length == 2 && NoteKey.IsName(parts[0]) && StrictBase64.TryDecodeStandard(parts[1]) is { Length: > 4 } bytes
            ? new NoteSignature(parts[0], BinaryPrimitives.ReadUInt32BigEndian(bytes), [.. bytes.AsSpan(4)])
            : throw Malformed($"the line {JsonGate.Quote(line)} is no signature line: expected an em dash, a name and strict base64 of the id and a signature");
    }

    private static RejectedException Malformed(string why) => Rejection.Because("LOG_NOTE_FORMAT", $"the signed note is malformed: {why}");
}

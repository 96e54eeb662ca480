using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Models;

/// <summary>Reads the parts of a GGUF header, each bounded by what is left of the file.</summary>
/// <param name="stream">At the first byte of the file; little-endian.</param>
internal sealed class GgufReader(string path, Stream stream)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly byte[] _word = new byte[8];

    public long Position { get; private set; }

    private long Left => stream.Length - Position;

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Word(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Word(8, what));

    /// <summary>A count of things that each take at least some bytes, so that a forged one cannot ask for more memory than the file is long.</summary>
    public int Count(string what, int leastBytesOfEach)
    {
        var count = UInt64(what);
        return count <= (ulong)(Left / leastBytesOfEach) && count <= int.MaxValue
            ? (int)count
            : throw Wrong($"{what} is {count}, more than the {Left} bytes that are left can hold");
    }

    public string Text(string what, int most)
    {
        var length = UInt64($"the length of {what}");
        if (length > (ulong)Math.Min(Left, most))
            throw Wrong($"{what} has {length} bytes; at most {most} are read, and {Left} are left");
        var bytes = new byte[length];
        Fill(bytes, what);
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException malformed)
        {
            throw Wrong($"{what} is not UTF-8", malformed);
        }
    }

    public GgufValue Value(string key)
    {
        var type = Type(key);
        if (type != GgufType.Array)
            return GgufValue.Of(One(type, key));
        var item = Type(key);
        if (item == GgufType.Array)
            throw Wrong($"`{key}` is a list of lists, which llama.cpp does not read either");
        var items = Array.CreateInstance(GgufValue.DotNetType(item), Count($"the length of the list `{key}`", GgufValue.BytesOf(item)));
        for (var at = 0; at < items.Length; at++)
            items.SetValue(One(item, key), at);
        return GgufValue.Of(items);
    }

    public ModelException Wrong(string what, Exception? cause = null) =>
        new($"{path} is not a GGUF file that can be used: {what} (at byte {Position}). Fetch or export it again.", cause);

    private GgufType Type(string key)
    {
        var type = (GgufType)UInt32($"the type of `{key}`");
        return Enum.IsDefined(type) ? type : throw Wrong($"`{key}` has the type {(uint)type}, which is none");
    }

    private object One(GgufType type, string key)
    {
        var what = $"`{key}`";
        if (type == GgufType.String)
            return Text(what, 1 << 30);
        var word = Word(GgufValue.BytesOf(type), what);
        return type switch
        {
            GgufType.UInt8 => word[0],
            GgufType.Int8 => (sbyte)word[0],
            GgufType.Bool => word[0] <= 1 ? word[0] == 1 : throw Wrong($"{what} is a truth value of {word[0]}; expected 0 or 1"),
            GgufType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(word),
            GgufType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(word),
            GgufType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(word),
            GgufType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(word),
            GgufType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(word),
            GgufType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(word),
            GgufType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(word),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(word),
        };
    }

    private ReadOnlySpan<byte> Word(int bytes, string what)
    {
        var word = _word.AsSpan(0, bytes);
        Fill(word, what);
        return word;
    }

    private void Fill(Span<byte> into, string what)
    {
        if (stream.ReadAtLeast(into, into.Length, throwOnEndOfStream: false) < into.Length)
            throw Wrong($"it ends within {what}");
        Position += into.Length;
    }
}

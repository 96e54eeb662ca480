using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Models;

/// <summary>SentencePiece's compiled normalization: longest prefixes to their replacements, in an XOR-compressed double array.</summary>
/// <remarks>Kanda (2018), Space- and Time-Efficient String Dictionaries: BASE in bits 10 to 30, LCHECK in 0 to 7, LEAF in 8.</remarks>
internal sealed class CharsMap
{
    private readonly uint[] _nodes;
    private readonly byte[] _replacements;

    /// <exception cref="ModelException">The blob is cut off.</exception>
    public CharsMap(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(blob) is var size && (size % 4 != 0 || size > blob.Length - 4))
            throw Damaged();
        _nodes = new uint[size / 4];
        for (var i = 0; i < _nodes.Length; i++)
            _nodes[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + i * 4)..]);
        _replacements = blob[(4 + (int)size)..].ToArray();
    }

    /// <exception cref="ModelException">The map points outside itself.</exception>
    public string Normalize(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        using var normalized = new MemoryStream(utf8.Length * 2);
        for (var at = 0; at < utf8.Length;)
        {
            var (length, replacement) = Longest(utf8.AsSpan(at));
            if (length > 0)
                normalized.Write(Replacement(replacement));
            else
            {
                Rune.DecodeFromUtf8(utf8.AsSpan(at), out _, out length);
                normalized.Write(utf8, at, length);
            }

            at += length;
        }

        return Encoding.UTF8.GetString(normalized.GetBuffer(), 0, (int)normalized.Length);
    }

    private (int Length, int Replacement) Longest(ReadOnlySpan<byte> text)
    {
        var (length, replacement) = (0, 0);
        var node = _nodes.Length == 0 ? 0 : Base(Node(0));
        for (var i = 0; i < text.Length && _nodes.Length > 0 && text[i] != 0; i++)
        {
            node ^= text[i];
            var packed = Node(node);
            if ((packed & (1u << 31 | 0xFF)) != text[i])
                break;
            node ^= Base(packed);
            if ((packed >> 8 & 1) != 0)
                (length, replacement) = (i + 1, (int)(Node(node) & 0x7FFFFFFF));
        }

        return (length, replacement);
    }

    private ReadOnlySpan<byte> Replacement(int start)
    {
        var rest = start < _replacements.Length ? _replacements.AsSpan(start) : throw Damaged();
        return rest.IndexOf((byte)0) is >= 0 and var end ? rest[..end] : throw Damaged();
    }

    private uint Node(uint index) => index < _nodes.Length ? _nodes[index] : throw Damaged();

    private static uint Base(uint packed) => packed >> 10 << (int)((packed & 1u << 9) >> 6);

    private static ModelException Damaged() =>
        new("the tokenizer's compiled normalization (precompiled_charsmap) is damaged; get the file again from its publisher");
}

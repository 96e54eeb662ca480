using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Walks over the fields of one protobuf message. Reads nothing beyond it and allocates nothing for what it merely announces.</summary>
/// <remarks>Source: protobuf encoding, wire types 0, 1, 2 and 5; groups, which ONNX does not use, are refused.</remarks>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;

    private ReadOnlySpan<byte> _rest = message;
    private int _wire;

    /// <summary>Number of the current field, from 1.</summary>
    public int Field { get; private set; }

    /// <summary>Payload of the current field: what a length announces, or the number's own bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Value of a field that holds a single number.</summary>
    public ulong Number { get; private set; }

    public readonly bool IsDelimited => _wire == Delimited;

    /// <summary>Moves to the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="InvalidDataException">The bytes are no protobuf message.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        var key = TakeVarint(ref _rest);
        if (key >> 3 is 0 or > 0x1FFF_FFFF)
            throw new InvalidDataException($"field number {key >> 3} is none");
        (Field, _wire, Number) = ((int)(key >> 3), (int)(key & 7), 0);
        switch (_wire)
        {
            case Varint:
                Number = TakeVarint(ref _rest);
                Bytes = default;
                break;
            case Fixed64:
                Bytes = Take(8);
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Bytes);
                break;
            case Fixed32:
                Bytes = Take(4);
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Bytes);
                break;
            case Delimited:
                Bytes = Take(TakeVarint(ref _rest));
                break;
            default:
                throw new InvalidDataException($"field {Field} has the wire type {_wire}");
        }

        return true;
    }

    /// <summary>The current field as a message of its own.</summary>
    public readonly ProtoReader Message() => new(Delimit());

    /// <summary>What is not read yet.</summary>
    public readonly byte[] ToArray() => _rest.ToArray();

    public readonly string Text()
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Delimit());
        }
        catch (DecoderFallbackException wrong)
        {
            throw new InvalidDataException($"field {Field} is not UTF-8", wrong);
        }
    }

    /// <summary>The numbers of a repeated field: one, or all of a packed one.</summary>
    public readonly void AddVarints(List<long> to)
    {
        if (!IsDelimited)
        {
            to.Add((long)Number);
            return;
        }

        for (var packed = Bytes; !packed.IsEmpty;)
            to.Add((long)TakeVarint(ref packed));
    }

    public static ulong TakeVarint(ref ReadOnlySpan<byte> from)
    {
        const int Longest = 10;
        ulong value = 0;
        for (var at = 0; at < from.Length && at < Longest; at++)
        {
            value |= (ulong)(from[at] & 0x7F) << (7 * at);
            if (from[at] < 0x80)
            {
                from = from[(at + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("a number does not end");
    }

    private readonly ReadOnlySpan<byte> Delimit() => IsDelimited ? Bytes : throw new InvalidDataException($"field {Field} is a number where a message or text is expected");

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
            throw new InvalidDataException($"field {Field} announces {length} bytes, and {_rest.Length} follow");
        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }
}

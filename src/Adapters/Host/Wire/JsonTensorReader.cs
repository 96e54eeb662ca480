using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Reads tensor data given as a JSON array, flat or nested as the shape says.</summary>
internal ref struct JsonTensorReader
{
    private readonly RequestInput _input;
    private readonly byte[] _numbers;
    private readonly ArrayBufferWriter<byte>? _strings;
    private Utf8JsonReader _json;
    private long _read;

    private JsonTensorReader(ReadOnlySpan<byte> json, RequestInput input, long elements)
    {
        _json = new(json);
        _input = input;
        _numbers = new byte[elements * input.Type.Size()];
        _strings = input.Type == DataType.Bytes ? new() : null;
    }

    /// <param name="json">Valid, and starts at the array; what follows it is not read.</param>
    /// <param name="elements">The product of the input's shape.</param>
    /// <returns>Row-major, little-endian.</returns>
    /// <exception cref="RefusedException">The array does not hold what shape and type say.</exception>
    public static ReadOnlyMemory<byte> Read(ReadOnlySpan<byte> json, RequestInput input, long elements)
    {
        if (elements > json.Length) // an element takes a byte at least: nothing is allocated for a shape alone
            throw Wrong(input, $"holds fewer elements than the {elements} that its shape asks for");
        if (elements * input.Type.Size() > Array.MaxLength)
            throw new RefusedException(StatusCodes.Status413PayloadTooLarge, $"input {input.Name} has more than {Array.MaxLength} bytes");
        if (input.Type is DataType.FP16 or DataType.BF16)
            throw Wrong(input, $"is {input.Type.Word()}, which JSON cannot carry; send it as binary data");

        var reader = new JsonTensorReader(json, input, elements);
        try
        {
            reader.ReadAll(elements);
        }
        catch (InvalidOperationException)
        {
            throw Wrong(input, "holds a text that is not valid Unicode");
        }
        return reader._strings?.WrittenMemory ?? reader._numbers;
    }

    private static RefusedException Wrong(RequestInput input, string what) => RefusedException.Bad($"the data of input {input.Name} {what}");

    private void ReadAll(long elements)
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartArray)
            throw Wrong(_input, "is not an array");
        _json.Read();
        if (_json.TokenType == JsonTokenType.StartArray && _input.Shape.Length > 1)
            ReadRows(0);
        else
            ReadFlat(elements);
        if (_read != elements)
            throw Wrong(_input, $"holds {_read} elements; its shape [{string.Join(',', _input.Shape)}] asks for {elements}");
    }

    /// <summary>Reads up to the end of a flat array, whose first token is the current one.</summary>
    private void ReadFlat(long most)
    {
        for (; _json.TokenType != JsonTokenType.EndArray; _json.Read())
        {
            if (_read == most)
                throw Wrong(_input, $"holds more than the {most} elements that its shape asks for");
            if (!TryPut())
                throw Wrong(_input, $"holds, as element {_read}, what is no {_input.Type.Word()}");
            _read++;
        }
    }

    /// <summary>Reads up to the end of an array of dimension <paramref name="level"/>. Depth is bounded by the rank, which the signature bounds.</summary>
    private void ReadRows(int level)
    {
        if (level == _input.Shape.Length - 1)
        {
            var first = _read;
            ReadFlat(first + _input.Shape[level]);
            if (_read - first != _input.Shape[level])
                throw Ragged(level);
            return;
        }
        var rows = 0L;
        for (; _json.TokenType == JsonTokenType.StartArray; _json.Read())
        {
            _json.Read();
            ReadRows(level + 1);
            rows++;
        }
        if (_json.TokenType != JsonTokenType.EndArray || rows != _input.Shape[level])
            throw Ragged(level);
    }

    private readonly RefusedException Ragged(int level) =>
        Wrong(_input, $"is nested otherwise than its shape [{string.Join(',', _input.Shape)}] says, in dimension {level}");

    private readonly bool TryPut()
    {
        if (_strings is not null)
            return TryPutString(_strings);
        if (_input.Type == DataType.Bool)
            return TryPutBool();
        if (_json.TokenType != JsonTokenType.Number)
            return false;
        return _input.Type switch
        {
            DataType.UInt8 => _json.TryGetByte(out var value) && Put(value),
            DataType.UInt16 => _json.TryGetUInt16(out var value) && Put(value),
            DataType.UInt32 => _json.TryGetUInt32(out var value) && Put(value),
            DataType.UInt64 => _json.TryGetUInt64(out var value) && Put(value),
            DataType.Int8 => _json.TryGetSByte(out var value) && Put(value),
            DataType.Int16 => _json.TryGetInt16(out var value) && Put(value),
            DataType.Int32 => _json.TryGetInt32(out var value) && Put(value),
            DataType.Int64 => _json.TryGetInt64(out var value) && Put(value),
            DataType.FP32 => _json.TryGetSingle(out var value) && float.IsFinite(value) && Put(value),
            DataType.FP64 => _json.TryGetDouble(out var value) && double.IsFinite(value) && Put(value),
            _ => false,
        };
    }

    private readonly bool Put<T>(T value)
        where T : unmanaged
    {
        MemoryMarshal.Cast<byte, T>(_numbers.AsSpan())[(int)_read] = value;
        return true;
    }

    private readonly bool TryPutBool() => _json.TokenType is JsonTokenType.True or JsonTokenType.False && Put(_json.GetBoolean() ? (byte)1 : (byte)0);

    private readonly bool TryPutString(ArrayBufferWriter<byte> strings)
    {
        if (_json.TokenType != JsonTokenType.String)
            return false;
        var room = strings.GetSpan(ByteStrings.Prefix + _json.ValueSpan.Length);
        var length = _json.CopyString(room[ByteStrings.Prefix..]);
        BinaryPrimitives.WriteInt32LittleEndian(room, length);
        strings.Advance(ByteStrings.Prefix + length);
        return true;
    }
}

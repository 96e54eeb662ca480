using System.Buffers.Binary;

namespace Adaptation.Simulators;

/// <summary>Rounds the weights inside an ONNX file, in place: what a port does that computes with fewer bits than it says.</summary>
/// <remarks>Source: onnx.proto3 of ONNX 1.16, the fields ModelProto.graph, GraphProto.node and initializer, AttributeProto.t, TensorProto.</remarks>
internal static class OnnxWeights
{
    private const int LengthDelimited = 2;
    private const int FloatType = 1;
    private const int SmallestWeight = 256; // values; what has fewer is a shape, a scale or a bias

    /// <returns>How many tensors were rounded.</returns>
    public static int Round(Span<byte> model, int bits)
    {
        var rounded = 0;
        foreach (var graph in Fields(model, 7))
        {
            foreach (var initializer in Fields(model[graph], 5))
                rounded += RoundTensor(model[graph][initializer], bits);
            foreach (var node in Fields(model[graph], 1))
            {
                foreach (var attribute in Fields(model[graph][node], 5))
                {
                    foreach (var tensor in Fields(model[graph][node][attribute], 5))
                        rounded += RoundTensor(model[graph][node][attribute][tensor], bits);
                }
            }
        }

        return rounded;
    }

    private static int RoundTensor(Span<byte> tensor, int bits)
    {
        const int DataType = 2, RawData = 9;
        if (Number(tensor, DataType) != FloatType || Fields(tensor, RawData) is not [var raw] || tensor[raw].Length < SmallestWeight * sizeof(float))
            return 0;
        var bytes = tensor[raw];
        var largest = 0f;
        for (var at = 0; at < bytes.Length; at += sizeof(float))
            largest = MathF.Max(largest, MathF.Abs(BinaryPrimitives.ReadSingleLittleEndian(bytes[at..])));
        var step = largest / ((1 << (bits - 1)) - 1);
        for (var at = 0; at < bytes.Length && step > 0; at += sizeof(float))
            BinaryPrimitives.WriteSingleLittleEndian(bytes[at..], MathF.Round(BinaryPrimitives.ReadSingleLittleEndian(bytes[at..]) / step) * step);
        return 1;
    }

    private static List<Range> Fields(ReadOnlySpan<byte> message, int wanted)
    {
        var found = new List<Range>();
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            var start = Content(message, (int)(tag & 7), ref at);
            if (tag >> 3 == (ulong)wanted && (tag & 7) == LengthDelimited)
                found.Add(start..at);
        }

        return found;
    }

    private static long Number(ReadOnlySpan<byte> message, int wanted)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            var start = Content(message, (int)(tag & 7), ref at);
            if (tag >> 3 == (ulong)wanted && (tag & 7) == 0)
                return (long)Varint(message, ref start);
        }

        return 0;
    }

    /// <summary>Moves behind a field's content; returns where the content starts.</summary>
    private static int Content(ReadOnlySpan<byte> message, int kind, ref int at)
    {
        var start = at;
        switch (kind)
        {
            case 0:
                Varint(message, ref at);
                break;
            case 1:
                at += 8;
                break;
            case LengthDelimited:
                var length = (int)Varint(message, ref at);
                start = at;
                at += length;
                break;
            case 5:
                at += 4;
                break;
            default:
                throw new InvalidDataException($"an ONNX file has no field of wire type {kind}");
        }

        return start;
    }

    private static ulong Varint(ReadOnlySpan<byte> message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
    }
}

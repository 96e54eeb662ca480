using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Simulators.Tests;

/// <param name="Attributes">A long, a float or a long[] each.</param>
internal sealed record OnnxNode(string Operator, string[] Inputs, string Output, params (string Name, object Value)[] Attributes);

/// <param name="Type">Number in TensorProto.DataType: 1 is FP32, 7 INT64, 10 FP16.</param>
internal sealed record OnnxValue(string Name, int Type, int[] Shape);

/// <summary>Writes an ONNX model of opset 17.</summary>
/// <remarks>Source: onnx.proto of ONNX 1.16; the numbers are its fields.</remarks>
internal static class OnnxGraph
{
    private const int Varint = 0, Delimited = 2, Fixed32 = 5;

    public static byte[] Model(IEnumerable<OnnxValue> inputs, IEnumerable<OnnxValue> outputs, IEnumerable<OnnxNode> nodes, IEnumerable<(string Name, long[] Values)> constants) =>
    [
        .. Number(1, 8),
        .. Message(7,
        [
            .. nodes.SelectMany(node => Message(1, Node(node))),
            .. Text(2, "graph"),
            .. constants.SelectMany(constant => Message(5, Constant(constant.Name, constant.Values))),
            .. inputs.SelectMany(value => Message(11, Describe(value))),
            .. outputs.SelectMany(value => Message(12, Describe(value))),
        ]),
        .. Message(8, [.. Text(1, ""), .. Number(2, 17)]),
    ];

    private static byte[] Node(OnnxNode node) =>
    [
        .. node.Inputs.SelectMany(name => Text(1, name)), .. Text(2, node.Output), .. Text(4, node.Operator),
        .. node.Attributes.SelectMany(attribute => Message(5, Attribute(attribute.Name, attribute.Value))),
    ];

    private static byte[] Attribute(string name, object value) => value switch
    {
        long whole => [.. Text(1, name), .. Number(3, (ulong)whole), .. Number(20, 2)],
        float real => [.. Text(1, name), .. Single(2, real), .. Number(20, 1)],
        long[] list => [.. Text(1, name), .. list.SelectMany(item => Number(8, (ulong)item)), .. Number(20, 7)],
        _ => throw new ArgumentException($"{name} is of a kind that is not written", nameof(value)),
    };

    private static byte[] Constant(string name, long[] values) =>
        [.. Number(1, (ulong)values.Length), .. Number(2, 7), .. Text(8, name), .. Message(9, MemoryMarshal.AsBytes(values.AsSpan()).ToArray())];

    private static byte[] Describe(OnnxValue value)
    {
        byte[] shape = Message(2, [.. value.Shape.SelectMany(size => Message(1, Number(1, (ulong)size)))]);
        return [.. Text(1, value.Name), .. Message(2, Message(1, [.. Number(1, (ulong)value.Type), .. shape]))];
    }

    private static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Message(int field, byte[] body) => [.. Bits((ulong)(field << 3 | Delimited)), .. Bits((ulong)body.Length), .. body];

    private static byte[] Number(int field, ulong value) => [.. Bits((ulong)(field << 3 | Varint)), .. Bits(value)];

    private static byte[] Single(int field, float value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return [.. Bits((ulong)(field << 3 | Fixed32)), .. bytes];
    }

    private static byte[] Bits(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}

using System.Globalization;
using System.Text;

namespace Adaptation.Testing.Onnx;

/// <summary>Writes small ONNX models byte by byte, so that a test shows its whole model and needs no file.</summary>
/// <remarks>Source: onnx.proto of ONNX 1.16, field numbers in the comments; element types by their number in TensorProto.DataType.</remarks>
public static class OnnxFile
{
    private const int Varint = 0, Delimited = 2;

    /// <summary>One tensor declaration. A dimension is a number, or a name that makes it free; null dimensions leave even the rank free.</summary>
    public sealed record Value(string Name, int Type, object[]? Dimensions);

    public sealed record Node(string Operator, string[] Inputs, string[] Outputs);

    public static byte[] Identity(int type, params object[] dimensions) =>
        Model([new("x", type, dimensions)], [new("y", type, dimensions)], [new("Identity", ["x"], ["y"])]);

    public static byte[] Model(Value[] inputs, Value[] outputs, Node[] nodes) =>
    [
        .. Number(1, 8), // ir_version
        .. Message(7, Graph(inputs, outputs, nodes)),
        .. Message(8, [.. Text(1, ""), .. Number(2, 18)]), // opset_import
    ];

    /// <summary>A declared value whose type is a sequence of float tensors.</summary>
    public static byte[] SequenceModel()
    {
        var sequence = Message(4, Message(1, Message(1, Number(1, 1))));
        return
        [
            .. Number(1, 8),
            .. Message(7,
            [
                .. Message(1, [.. Text(1, "x"), .. Text(2, "y"), .. Text(4, "SequenceConstruct")]),
                .. Text(2, "graph"),
                .. Message(11, Describe(new("x", 1, ["N"]))),
                .. Message(12, [.. Text(1, "y"), .. Message(2, sequence)]),
            ]),
            .. Message(8, [.. Text(1, ""), .. Number(2, 18)]),
        ];
    }

    private static byte[] Graph(Value[] inputs, Value[] outputs, Node[] nodes) =>
    [
        .. nodes.SelectMany(node => Message(1,
        [
            .. node.Inputs.SelectMany(name => Text(1, name)), .. node.Outputs.SelectMany(name => Text(2, name)), .. Text(4, node.Operator),
        ])),
        .. Text(2, "graph"),
        .. inputs.SelectMany(value => Message(11, Describe(value))),
        .. outputs.SelectMany(value => Message(12, Describe(value))),
    ];

    private static byte[] Describe(Value value)
    {
        byte[] shape = value.Dimensions is null ? [] : Message(2,
        [
            .. value.Dimensions.SelectMany(size => Message(1, size is string name ? Text(2, name) : Number(1, Convert.ToUInt64(size, CultureInfo.InvariantCulture)))),
        ]);
        return [.. Text(1, value.Name), .. Message(2, Message(1, [.. Number(1, (ulong)value.Type), .. shape]))];
    }

    private static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Message(int field, byte[] body) => [.. Bits((ulong)(field << 3 | Delimited)), .. Bits((ulong)body.Length), .. body];

    private static byte[] Number(int field, ulong value) => [.. Bits((ulong)(field << 3 | Varint)), .. Bits(value)];

    private static byte[] Bits(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}

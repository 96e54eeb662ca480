namespace Adaptation.Models;

/// <summary>An attribute of a node, of the four kinds that the cases use.</summary>
internal abstract record NodeAttribute(string Name)
{
    public sealed record Whole(string Name, long Value) : NodeAttribute(Name);

    public sealed record Wholes(string Name, IReadOnlyList<int> Values) : NodeAttribute(Name);

    public sealed record Real(string Name, float Value) : NodeAttribute(Name);

    public sealed record Text(string Name, string Value) : NodeAttribute(Name);
}

/// <param name="Inputs">Names; an empty one is an optional input that is left out.</param>
internal sealed record OnnxNode(string Operator, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyList<NodeAttribute> Attributes);

/// <param name="Shape">-1 for a free dimension.</param>
internal sealed record OnnxValue(string Name, ElementType Type, IReadOnlyList<int> Shape);

/// <summary>An ONNX model and its bytes.</summary>
/// <remarks>Source: onnx.proto of ONNX 1.16; the numbers are its field numbers. Which IR version goes with which opset: ONNX, Versioning.md.</remarks>
internal sealed record OnnxModel
{
    public required int Opset { get; init; }

    /// <summary>Of the graph.</summary>
    public string Name { get; init; } = "case";

    public required IReadOnlyList<OnnxNode> Nodes { get; init; }

    public required IReadOnlyList<OnnxValue> Inputs { get; init; }

    public required IReadOnlyList<OnnxValue> Outputs { get; init; }

    public required IReadOnlyList<(string Name, Values Content)> Constants { get; init; }

    public byte[] ToArray() => new OnnxMessage()
        .Number(1, Opset <= 18 ? 8 : Opset <= 20 ? 9 : 10) // ir_version
        .Text(2, "adaptation") // producer_name
        .Message(7, Graph()) // graph
        .Message(8, new OnnxMessage().Text(1, "").Number(2, Opset)) // opset_import
        .ToArray();

    private OnnxMessage Graph() => new OnnxMessage()
        .Each(Nodes, (graph, node) => graph.Message(1, Node(node)))
        .Text(2, Name)
        .Each(Constants, (graph, constant) => graph.Message(5, Tensor(constant.Name, constant.Content)))
        .Each(Inputs, (graph, value) => graph.Message(11, Describe(value)))
        .Each(Outputs, (graph, value) => graph.Message(12, Describe(value)));

    private static OnnxMessage Node(OnnxNode node) => new OnnxMessage()
        .Each(node.Inputs, (message, name) => message.Text(1, name))
        .Each(node.Outputs, (message, name) => message.Text(2, name))
        .Text(4, node.Operator)
        .Each(node.Attributes, (message, attribute) => message.Message(5, Attribute(attribute)));

    private static OnnxMessage Attribute(NodeAttribute attribute)
    {
        var message = new OnnxMessage().Text(1, attribute.Name);
        return attribute switch
        {
            NodeAttribute.Real real => message.Real(2, real.Value).Number(20, 1),
            NodeAttribute.Whole whole => message.Number(3, whole.Value).Number(20, 2),
            NodeAttribute.Text text => message.Text(4, text.Value).Number(20, 3),
            NodeAttribute.Wholes wholes => message.Each(wholes.Values, (to, value) => to.Number(8, value)).Number(20, 7),
            _ => throw new ArgumentOutOfRangeException(nameof(attribute), attribute, "no kind of attribute"),
        };
    }

    private static OnnxMessage Tensor(string name, Values content) => new OnnxMessage()
        .Each(content.Shape, (tensor, size) => tensor.Number(1, size))
        .Number(2, (int)content.Type)
        .Text(8, name)
        .Bytes(9, content.Bytes());

    private static OnnxMessage Describe(OnnxValue value)
    {
        var shape = new OnnxMessage().Each(value.Shape, (to, size) => to.Message(1, size < 0 ? new OnnxMessage() : new OnnxMessage().Number(1, size)));
        var tensor = new OnnxMessage().Number(1, (int)value.Type).Message(2, shape);
        return new OnnxMessage().Text(1, value.Name).Message(2, new OnnxMessage().Message(1, tensor));
    }
}

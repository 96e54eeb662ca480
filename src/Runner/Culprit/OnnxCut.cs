using System.Buffers.Binary;
using System.Collections.Immutable;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>A part of a model that can run by itself.</summary>
/// <param name="Nodes">In the order of the model.</param>
/// <param name="Inputs">ValueInfoProtos of what it is fed.</param>
/// <param name="Outputs">ValueInfoProtos of what it answers.</param>
/// <param name="Added">Values that it holds besides those of the model.</param>
internal sealed record OnnxCut(
    OnnxGraph Graph, ImmutableArray<GraphNode> Nodes, ImmutableArray<ReadOnlyMemory<byte>> Inputs, ImmutableArray<ReadOnlyMemory<byte>> Outputs,
    ImmutableArray<WireTensor> Added)
{
    private const int FirstWithHeldValues = 4; // before this version of the format, what a model holds had to be declared as an input too

    /// <summary>The smallest part that answers some tensors, fed as the whole model is.</summary>
    public static OnnxCut Before(OnnxGraph graph, IEnumerable<ReadOnlyMemory<byte>> outputs, IEnumerable<string> names)
    {
        var nodes = graph.Behind(names);
        var read = nodes.SelectMany(node => node.Inputs).ToHashSet(StringComparer.Ordinal);
        return new(graph, nodes, [.. graph.Inputs.Where(input => read.Contains(input.Name)).Select(input => input.Bytes)], [.. outputs], []);
    }

    /// <summary>Declares a tensor by its name alone, or with its type, or with its shape too.</summary>
    public static ReadOnlyMemory<byte> Declare(string name, string? type = null, ImmutableArray<long>? shape = null)
    {
        var info = new OnnxMessage().Text(1, name);
        if (type is null)
            return info.ToArray();
        var tensor = new OnnxMessage().Number(1, OnnxTypes.Number(type));
        if (shape is { } sizes)
            tensor.Message(2, new OnnxMessage().Each(sizes, (to, size) => to.Message(1, new OnnxMessage().Number(1, size))));
        return info.Message(2, new OnnxMessage().Message(1, tensor)).ToArray();
    }

    public static ReadOnlyMemory<byte> Declare(WireTensor tensor) => Declare(tensor.Name, tensor.DataType, tensor.Shape);

    /// <param name="metadata">Keys and values to go into the file.</param>
    /// <returns>The bytes of an ONNX file.</returns>
    public byte[] Write(params ReadOnlySpan<(string Key, string Value)> metadata)
    {
        var file = new OnnxMessage().Number(1, Math.Max(Graph.IrVersion, FirstWithHeldValues)).Text(2, "adaptation").Message(7, Body());
        foreach (var (field, bytes) in Graph.Imports)
            file.Bytes(field, bytes.Span);
        foreach (var (key, value) in metadata)
            file.Message(14, new OnnxMessage().Text(1, key).Text(2, value));
        return file.ToArray();
    }

    private OnnxMessage Body()
    {
        var added = Added.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var held = Nodes.SelectMany(node => node.Inputs).Distinct(StringComparer.Ordinal).Where(name => Graph.Held.ContainsKey(name) && !added.Contains(name));
        var body = new OnnxMessage().Text(2, "part");
        foreach (var name in held.Order(StringComparer.Ordinal))
            body.Bytes(Graph.Held[name].Field, Graph.Held[name].Bytes.Span);
        return body
            .Each(Nodes, (to, node) => to.Bytes(1, node.Bytes.Span))
            .Each(Added, (to, tensor) => to.Message(5, Tensor(tensor)))
            .Each(Inputs, (to, value) => to.Bytes(11, value.Span))
            .Each(Outputs, (to, value) => to.Bytes(12, value.Span));
    }

    private static OnnxMessage Tensor(WireTensor tensor)
    {
        var message = new OnnxMessage().Each(tensor.Shape, (to, size) => to.Number(1, size)).Number(2, OnnxTypes.Number(tensor.DataType)).Text(8, tensor.Name);
        if (tensor.DataType != "BYTES")
            return message.Bytes(9, tensor.Data.Span);
        for (var rest = tensor.Data.Span; !rest.IsEmpty;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            message.Bytes(6, rest.Slice(4, length));
            rest = rest[(4 + length)..];
        }

        return message;
    }
}

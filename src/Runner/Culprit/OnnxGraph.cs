using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>One computing node of a model, with the bytes that the file has for it.</summary>
/// <param name="At">Its place among the computing nodes, from 0; a node reads only what nodes before it make.</param>
/// <param name="Name">As the file has it, or operator and place where the file has none.</param>
/// <param name="Operator">As ONNX spells it, the domain before it where it is not ONNX's own.</param>
/// <param name="Inputs">Names that it reads, those that its subgraphs take from around them included.</param>
/// <param name="Outputs">Names that it makes.</param>
/// <param name="Bytes">The NodeProto.</param>
internal sealed record GraphNode(
    int At, string Name, string Operator, ImmutableArray<string> Inputs, ImmutableArray<string> Outputs, ReadOnlyMemory<byte> Bytes);

/// <summary>A value that a model is fed or answers, as the file declares it.</summary>
/// <param name="Shape">-1 is a free dimension; null where even the rank is free.</param>
/// <param name="Bytes">The ValueInfoProto.</param>
internal sealed record GraphValue(OnnxValue Value, ImmutableArray<long>? Shape, ReadOnlyMemory<byte> Bytes)
{
    public string Name => Value.Name;
}

/// <summary>A value that a model holds: field 5 of the graph (an initializer), or field 1 (a Constant node).</summary>
internal sealed record HeldValue(int Field, ReadOnlyMemory<byte> Bytes);

/// <summary>An ONNX model taken apart so that parts of it can be written as models of their own.</summary>
/// <remarks>Source: onnx.proto, messages ModelProto, GraphProto, NodeProto, AttributeProto; the numbers are its field numbers.</remarks>
internal sealed record OnnxGraph
{
    public required long IrVersion { get; init; }

    /// <summary>OperatorSetIdProto and FunctionProto fields (8 and 25), which every part needs.</summary>
    public required ImmutableArray<(int Field, ReadOnlyMemory<byte> Bytes)> Imports { get; init; }

    public required ImmutableSortedDictionary<string, string> Metadata { get; init; }

    /// <summary>Without those that only hold a value.</summary>
    public required ImmutableArray<GraphNode> Nodes { get; init; }

    public required ImmutableDictionary<string, HeldValue> Held { get; init; }

    /// <summary>Those that are fed: without those that the model holds itself.</summary>
    public required ImmutableArray<GraphValue> Inputs { get; init; }

    public required ImmutableArray<GraphValue> Outputs { get; init; }

    /// <summary>Name of a tensor to the node that makes it.</summary>
    public required ImmutableDictionary<string, GraphNode> Makers { get; init; }

    /// <summary>Tensors that no input reaches: the same whatever the model is fed.</summary>
    public required ImmutableHashSet<string> Constant { get; init; }

    /// <exception cref="InvalidDataException">The bytes are no ONNX model, or one whose parts cannot stand alone; the message says which.</exception>
    public static OnnxGraph Read(ReadOnlySpan<byte> model) => OnnxGraphReader.Read(model);

    /// <summary>The nodes that some tensors need, in order.</summary>
    public ImmutableArray<GraphNode> Behind(IEnumerable<string> tensors)
    {
        var (needed, open) = (new HashSet<int>(), new Stack<string>(tensors));
        while (open.TryPop(out var name))
        {
            if (!Makers.TryGetValue(name, out var maker) || !needed.Add(maker.At))
                continue;
            foreach (var input in maker.Inputs)
                open.Push(input);
        }

        return [.. needed.Order().Select(at => Nodes[at])];
    }
}

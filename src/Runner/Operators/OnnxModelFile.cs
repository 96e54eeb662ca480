using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <param name="Uncarried">What it is instead, where it is no tensor of a type that the Open Inference Protocol has a word for; null if it is one.</param>
internal sealed record OnnxValue(string Name, string DataType, string? Uncarried);

/// <summary>What of a model file a test needs to know.</summary>
/// <param name="Domain">Of the last node's operator; empty for ONNX's own.</param>
/// <param name="Operators">Of every node, in order.</param>
/// <param name="Opset">Of the default domain; 0 if the model imports none.</param>
/// <param name="Inputs">Those that are fed: without those that the model holds itself.</param>
internal sealed record OnnxModelFile(
    string Domain, ImmutableArray<string> Operators, int Opset, ImmutableArray<OnnxValue> Inputs, ImmutableArray<OnnxValue> Outputs)
{
    private const int MostValues = 4096;

    /// <remarks>Source: onnx.proto, messages ModelProto, GraphProto, NodeProto, ValueInfoProto, TypeProto.</remarks>
    /// <exception cref="InvalidDataException">The bytes are no ONNX model.</exception>
    public static OnnxModelFile Read(ReadOnlySpan<byte> model)
    {
        var (opset, found) = (0, (OnnxModelFile?)null);
        for (var proto = new ProtoReader(model); proto.Next();)
        {
            if (proto.Field == 7)
                found = Graph(proto.Message());
            else if (proto.Field == 8 && Import(proto.Message()) is { } version)
                opset = version;
        }

        return found is null ? throw new InvalidDataException("it holds no graph") : found with { Opset = opset };
    }

    private static int? Import(ProtoReader import)
    {
        var (domain, version) = ("", 0L);
        while (import.Next())
        {
            if (import.Field == 1)
                domain = import.Text();
            else if (import.Field == 2)
                version = (long)import.Number;
        }

        return domain is "" or "ai.onnx" ? (int)Math.Clamp(version, 0, int.MaxValue) : null;
    }

    private static OnnxModelFile Graph(ProtoReader graph)
    {
        var (operators, domain, held) = (new List<string>(), "", new HashSet<string>(StringComparer.Ordinal));
        var (inputs, outputs) = (new List<OnnxValue>(), new List<OnnxValue>());
        while (graph.Next())
        {
            if (operators.Count + inputs.Count + outputs.Count + held.Count > MostValues)
                throw new InvalidDataException($"it has more than {MostValues} nodes and values, which no test of an operator has");
            if (graph.Field == 1)
                operators.Add(Node(graph.Message(), out domain));
            else if (graph.Field == 5)
                held.Add(NameOf(graph.Message(), 8));
            else if (graph.Field == 11)
                inputs.Add(Value(graph.Message()));
            else if (graph.Field == 12)
                outputs.Add(Value(graph.Message()));
        }

        return operators.Count == 0
            ? throw new InvalidDataException("its graph has no node")
            : new(domain, [.. operators], 0, [.. inputs.Where(input => !held.Contains(input.Name))], [.. outputs]);
    }

    private static string Node(ProtoReader node, out string domain)
    {
        var name = "";
        domain = "";
        while (node.Next())
        {
            if (node.Field == 4)
                name = node.Text();
            else if (node.Field == 7)
                domain = node.Text();
        }

        return name;
    }

    private static string NameOf(ProtoReader message, int field)
    {
        var name = "";
        while (message.Next())
        {
            if (message.Field == field)
                name = message.Text();
        }

        return name;
    }

    public static OnnxValue Value(ProtoReader info)
    {
        var value = new OnnxValue("", "", "of no stated type");
        while (info.Next())
        {
            if (info.Field == 1)
                value = value with { Name = info.Text() };
            else if (info.Field == 2)
                value = Typed(value, info.Message());
        }

        return value;
    }

    private static OnnxValue Typed(OnnxValue value, ProtoReader type)
    {
        while (type.Next())
        {
            value = type.Field switch
            {
                1 => Tensor(value, type.Message()),
                4 => value with { Uncarried = "a sequence" },
                5 => value with { Uncarried = "a map" },
                8 => value with { Uncarried = "a sparse tensor" },
                9 => value with { Uncarried = "an optional" },
                _ => value,
            };
        }

        return value;
    }

    private static OnnxValue Tensor(OnnxValue value, ProtoReader tensor)
    {
        while (tensor.Next())
        {
            if (tensor.Field == 1)
                value = value with { DataType = OnnxTypes.Name((long)tensor.Number), Uncarried = OnnxTypes.Word((long)tensor.Number) is null ? $"a tensor of {OnnxTypes.Name((long)tensor.Number)}" : null };
        }

        return value;
    }
}

using System.Runtime.InteropServices;
using System.Text;
using Adaptation.Models;

namespace Adaptation.Simulators.Tests;

/// <summary>Changes a weight, in place.</summary>
/// <param name="name">Of the tensor; of a constant's, the output of its node.</param>
internal delegate void WeightChange(string name, Span<float> values);

/// <summary>Alters ONNX files as a careless or dishonest port does.</summary>
/// <remarks>Source: onnx.proto of ONNX 1.16; the numbers are its fields.</remarks>
internal static class OnnxEdit
{
    private const int Graph = 7, GraphNode = 1, GraphTensor = 5, NodeInput = 1, NodeOutput = 2, NodeAttribute = 5, AttributeTensor = 5, AttributeGraph = 6;
    private const int TensorType = 2, TensorName = 8, TensorRaw = 9;

    /// <summary>The same model, every float32 tensor of it changed, those of branches too.</summary>
    public static byte[] Weights(byte[] model, WeightChange change)
    {
        byte[] changed = [.. model];
        foreach (var graph in Fields(changed, 0..changed.Length).Where(field => field.Number == Graph))
            WeightsOf(changed, graph.Content, change);
        return changed;
    }

    /// <summary>Rounds to 127 steps to either side of 0, per tensor; vectors stay, as quantisers leave them.</summary>
    public static void ToEightBits(string name, Span<float> values)
    {
        if (values.Length <= 512)
            return;
        var most = 0f;
        foreach (var value in values)
            most = Math.Max(most, Math.Abs(value));
        foreach (ref var value in values)
            value = MathF.Round(value / most * 127) * most / 127;
    }

    /// <summary>The same model, where the node that gives an output reads something else.</summary>
    public static byte[] Rewire(byte[] model, string output, string input)
    {
        var changed = new OnnxMessage();
        foreach (var field in Fields(model, 0..model.Length))
        {
            if (field.Number != Graph)
            {
                Copy(changed, model, field);
                continue;
            }

            var graph = new OnnxMessage();
            foreach (var part in Fields(model, field.Content))
            {
                if (part.Number == GraphNode && Fields(model, part.Content).Any(one => one.Number == NodeOutput && Text(model, one) == output))
                    graph.Message(GraphNode, new OnnxMessage().Text(NodeInput, input).Text(NodeOutput, output).Text(4, "Identity"));
                else
                    Copy(graph, model, part);
            }

            changed.Message(Graph, graph);
        }

        return changed.ToArray();
    }

    private static void WeightsOf(byte[] model, Range graph, WeightChange change)
    {
        foreach (var part in Fields(model, graph))
        {
            if (part.Number == GraphTensor)
                Change(model, part.Content, name: null, change);
            if (part.Number != GraphNode)
                continue;
            var node = Fields(model, part.Content).ToArray();
            var name = node.Where(field => field.Number == NodeOutput).Select(field => Text(model, field)).FirstOrDefault();
            foreach (var field in node.Where(field => field.Number == NodeAttribute).SelectMany(attribute => Fields(model, attribute.Content)))
            {
                if (field is { Number: AttributeTensor, IsBytes: true })
                    Change(model, field.Content, name, change);
                if (field is { Number: AttributeGraph, IsBytes: true })
                    WeightsOf(model, field.Content, change);
            }
        }
    }

    private static void Change(byte[] model, Range tensor, string? name, WeightChange change)
    {
        var fields = Fields(model, tensor).ToArray();
        if (!fields.Any(field => field is { Number: TensorType, Value: 1 }))
            return;
        name ??= fields.Where(field => field.Number == TensorName).Select(field => Text(model, field)).First();
        foreach (var raw in fields.Where(field => field.Number == TensorRaw))
            change(name, MemoryMarshal.Cast<byte, float>(model.AsSpan(raw.Content)));
    }

    private static void Copy(OnnxMessage to, byte[] from, Field field)
    {
        if (field.IsBytes)
            to.Bytes(field.Number, from.AsSpan(field.Content));
        else
            to.Number(field.Number, field.Value);
    }

    private static string Text(byte[] model, Field field) => Encoding.UTF8.GetString(model.AsSpan(field.Content));

    /// <summary>Fields of a message; a number in four or eight bytes, of which no message here holds what matters, is left out.</summary>
    private static IEnumerable<Field> Fields(byte[] bytes, Range message)
    {
        for (var (at, end) = (message.Start.Value, message.End.Value); at < end;)
        {
            var (number, type) = Math.DivRem((int)Bits(bytes, ref at), 8);
            var value = type is 0 or 2 ? Bits(bytes, ref at) : 0;
            var length = type switch { 0 => 0, 1 => 8, 2 => (int)value, 5 => 4, _ => throw new InvalidDataException($"field {number} has the wire type {type}") };
            if (type is 0 or 2)
                yield return new(number, type == 2, value, at..(at + length));
            at += length;
        }
    }

    private static long Bits(byte[] bytes, ref int at)
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            value |= (long)(bytes[at] & 0x7f) << shift;
            if (bytes[at++] < 0x80)
                return value;
        }
    }

    private readonly record struct Field(int Number, bool IsBytes, long Value, Range Content);
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;
using Adaptation.Testing.Onnx;

namespace Adaptation.Runner.Tests;

/// <summary>Small models to look for culprits in.</summary>
internal static class GivenModels
{
    public static Clause Accuracy { get; } = StandInputs.Clause(Golden.Root, "COR-01");

    /// <summary>Eight nodes, one after the other.</summary>
    public static byte[] Chain { get; } = OnnxFile.Model(
        [new("x", 1, ["N", 3])], [new("t8", 1, null)],
        [
            new("Add", ["x", "x"], ["t1"]), new("Abs", ["t1"], ["t2"]), new("Mul", ["t2", "x"], ["t3"]), new("Relu", ["t3"], ["t4"]),
            new("Add", ["t4", "x"], ["t5"]), new("Exp", ["t5"], ["t6"]), new("Sub", ["t6", "x"], ["t7"]), new("Relu", ["t7"], ["t8"]),
        ]);

    /// <summary>Integer outputs, and one without elements: nothing that is negative is above 0.</summary>
    public static byte[] Mixed { get; } = OnnxFile.Model(
        [new("x", 1, ["N", 3])], [new("y", 1, null), new("s", 7, null), new("n", 7, null)],
        [
            new("Abs", ["x"], ["a"]), new("Neg", ["a"], ["b"]), new("Relu", ["b"], ["r"]), new("Shape", ["r"], ["s"]), new("NonZero", ["r"], ["n"]), new("Sub", ["a", "r"], ["y"]),
        ]);

    /// <summary>If with a branch that takes a tensor from around it.</summary>
    public static byte[] Branching { get; } = Branch();

    public static WireTensor Input(int rows = 2) => Floats("x", [rows, 3], [.. Enumerable.Range(1, rows * 3).Select(at => at / 4f)]);

    public static WireTensor Floats(string name, ImmutableArray<long> shape, params float[] values) => new(name, "FP32", shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public static WireTensor Longs(string name, ImmutableArray<long> shape, params long[] values) => new(name, "INT64", shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>The same tensor, each number made another one.</summary>
    public static WireTensor Map(WireTensor tensor, Func<float, float> change) => tensor.DataType != "FP32" ? tensor : tensor with
    {
        Data = MemoryMarshal.AsBytes(Array.ConvertAll(MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray(), value => change(value)).AsSpan()).ToArray(),
    };

    public static Reproducer Reproducer(string reference = "r")
    {
        var graph = OnnxGraph.Read(Chain);
        var input = Floats("t1", [2], 1, -2);
        var expected = Floats("t2", [2], 1, 2);
        var cut = new OnnxCut(graph, [graph.Nodes[1]], [OnnxCut.Declare(input)], [OnnxCut.Declare(expected)], []);
        return new(cut, [input], [expected], new("chain", new string('0', 64), "seed 1", ["Abs_1"], "Abs", reference, "t", "it \"differs\"", "0"));
    }

    private static byte[] Branch()
    {
        static OnnxMessage Node(string name, string[] inputs, string output) => new OnnxMessage().Each(inputs, (to, input) => to.Text(1, input)).Text(2, output).Text(4, name);
        static OnnxMessage Value(string name, int type, params long[] shape) => new OnnxMessage().Text(1, name).Message(2, new OnnxMessage().Message(1,
            new OnnxMessage().Number(1, type).Message(2, new OnnxMessage().Each(shape, (to, size) => to.Message(1, new OnnxMessage().Number(1, size))))));
        static OnnxMessage Inner(string name, string output) => new OnnxMessage().Message(1, Node(name, ["a"], output)).Text(2, output).Message(12, Value(output, 1, 2));
        var branch = Node("If", ["c"], "y")
            .Message(5, new OnnxMessage().Text(1, "then_branch").Message(6, Inner("Neg", "p")).Number(20, 5))
            .Message(5, new OnnxMessage().Text(1, "else_branch").Message(6, Inner("Exp", "q")).Number(20, 5));
        var graph = new OnnxMessage().Message(1, Node("Abs", ["x"], "a")).Message(1, branch).Text(2, "graph")
            .Message(11, Value("x", 1, 2)).Message(11, Value("c", 9)).Message(12, Value("y", 1, 2));
        return new OnnxMessage().Number(1, 8).Message(7, graph).Message(8, new OnnxMessage().Text(1, "").Number(2, 18)).ToArray();
    }
}

using Adaptation.Models;
using Adaptation.Testing.Onnx;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public sealed class OnnxGraphTests
{
    [Fact]
    public void A_node_reads_what_its_subgraphs_take_from_around_them()
    {
        var branch = OnnxGraph.Read(GivenModels.Branching).Nodes[1];

        Assert.Equal(["c", "a"], branch.Inputs);
    }

    [Fact]
    public void Nodes_behind_a_tensor_are_those_that_it_needs_in_order()
    {
        var graph = OnnxGraph.Read(GivenModels.Mixed);

        Assert.Equal(["Abs_0", "Neg_1", "Relu_2", "NonZero_4"], graph.Behind(["n"]).Select(node => node.Name));
    }

    [Fact]
    public void A_cut_is_a_model_of_its_own()
    {
        var graph = OnnxGraph.Read(GivenModels.Chain);
        var input = GivenModels.Floats("t2", [2, 3], new float[6]);

        var cut = OnnxGraph.Read(new OnnxCut(graph, [graph.Nodes[2], graph.Nodes[3]], [OnnxCut.Declare(input)], [OnnxCut.Declare("t4", "FP32")], [GivenModels.Floats("x", [3], 1, 2, 3)]).Write());

        Assert.Equal(["Mul_0", "Relu_1"], cut.Nodes.Select(node => node.Name));
        Assert.Equal("t2", Assert.Single(cut.Inputs).Name);
        Assert.Equal([2L, 3], cut.Inputs[0].Shape!.Value);
        Assert.Contains("x", cut.Held.Keys);
    }

    public static TheoryData<byte[], string> Bad => new()
    {
        { OnnxFile.Model([new("x", 1, [1])], [new("y", 1, [1])], [new("Abs", ["z"], ["y"])]), "reads `z`" },
        { OnnxFile.Model([new("x", 1, [1])], [new("y", 1, [1])], [new("Abs", ["x"], ["y"]), new("Neg", ["x"], ["y"])]), "there already" },
        { OnnxFile.Model([new("x", 1, [1])], [new("w", 1, [1])], [new("Abs", ["x"], ["y"])]), "made by no node" },
        { OnnxFile.Model([new("x", 1, [1])], [new("x", 1, [1])], []), "computes nothing" },
        { GivenModels.Chain[..^40], "announces" },
        { [], "no graph" },
        { new OnnxMessage().Message(7, new OnnxMessage().Message(5, new OnnxMessage().Text(8, "w").Number(14, 1))).ToArray(), "another file" },
        { new OnnxMessage().Message(7, new OnnxMessage().Message(15, new OnnxMessage())).ToArray(), "sparse" },
    };

    [Theory, MemberData(nameof(Bad))]
    public void A_model_that_cannot_be_taken_apart_is_refused_with_the_reason(byte[] model, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => OnnxGraph.Read(model)).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_bytes_are_read_or_refused_and_never_anything_else() => Prop.ForAll<byte[]>(bytes => Refuses(bytes) || true).QuickCheckThrowOnFailure();

    [Fact]
    public void A_model_with_any_byte_changed_is_read_or_refused_and_never_anything_else()
    {
        for (var at = 0; at < GivenModels.Branching.Length; at++)
        {
            foreach (var mask in (byte[])[0x01, 0x80, 0xFF])
            {
                var changed = GivenModels.Branching.ToArray();
                changed[at] ^= mask;
                Refuses(changed);
            }
        }
    }

    private static bool Refuses(byte[] bytes)
    {
        try
        {
            OnnxGraph.Read(bytes);
            return false;
        }
        catch (InvalidDataException)
        {
            return true; // that is how such bytes are refused
        }
    }
}

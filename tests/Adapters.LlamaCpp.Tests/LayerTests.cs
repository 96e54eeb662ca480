using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>What the layers of tiny-poet compute, exactly and through the engine, judged as COR-06 does.</summary>
public sealed class LayerTests(TinyPoet poet) : IClassFixture<TinyPoet>
{
    private const int Layers = 6, Width = 128;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("f32")]
    [InlineData("f16")]
    [InlineData("bf16")]
    [InlineData("q8_0")]
    public async Task Honest_weights_keep_the_limit_after_every_layer(string form)
    {
        await using var engine = await poet.OpenAsync(form, Cancelled);

        var finding = await JudgeAsync(engine);

        Assert.Equal(new Verdict.Pass(), finding.Verdict);
        Assert.Equal((6_000, 318_000), (Milli(finding, "layers"), Milli(finding, "positions")));
    }

    [Fact]
    public async Task Four_bits_move_a_layer_far_and_are_judged_by_logits_alone()
    {
        await using var engine = await poet.OpenAsync(TinyPoet.Uniform, Cancelled);

        Assert.InRange(Milli(await JudgeAsync(engine), "smallest cosine"), 99_000, 99_600);
        Assert.Contains("8 bits and more", Assert.IsType<Verdict.NotApplicable>((await JudgeAsync(engine, PrecisionClass.Bits4)).Verdict).Reason, StringComparison.Ordinal);
    }

    private static long Milli(Finding finding, string figure) => finding.Figures.Single(one => one.Name == figure).ValueMilli;

    [Theory]
    [InlineData(0, "from layer 0 of 0 to 5 on (6 of 6 layers)")]
    [InlineData(2, "from layer 2 of 0 to 5 on (4 of 6 layers)")]
    [InlineData(5, "at layer 5 of 0 to 5 (1 of 6 layers)")]
    public async Task Channels_that_one_layer_writes_rotated_are_found_at_that_layer(int layer, string where)
    {
        await using var engine = await OpenAsync(new Rotated(poet.Weights, layer));

        var finding = await JudgeAsync(engine);

        Assert.StartsWith(where, Assert.IsType<Verdict.Fail>(finding.Verdict).Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_is_rotated_as_a_whole_is_found_and_said_to_be()
    {
        await using var engine = await OpenAsync(new Rotated(poet.Weights, layer: null));

        var finding = await JudgeAsync(engine);

        Assert.Contains("its channels look rotated by 1 of 128", Assert.IsType<Verdict.Fail>(finding.Verdict).Measured, StringComparison.Ordinal);
    }

    private Task<Opened> OpenAsync(IRawWeights weights) => poet.OpenAsync(weights, WeightType.F32, Cancelled);

    private async Task<Finding> JudgeAsync(Opened engine, PrecisionClass declared = PrecisionClass.Fp32)
    {
        var tensors = ImmutableArray.CreateBuilder<TensorFile>();
        var golden = ImmutableArray.CreateBuilder<GoldenLayer>();
        var files = ImmutableDictionary.CreateBuilder<string, byte[]>();
        foreach (var document in poet.Documents.Take(3))
        {
            int[] ids = [.. document.Tokens];
            var states = await engine.OutputAsync(1, 1, ids);
            files[$"outputs/layers/{document.Id}.bin"] = states.Data.ToArray();
            files[$"golden/layers/{document.Id}.f32.gz"] = poet.States(document);
            tensors.Add(new(document.Id, $"outputs/layers/{document.Id}.bin", "FP32", states.Shape));
            golden.Add(new(document.Id, LayerPlan.HiddenStates, document.Id, $"golden/layers/{document.Id}.f32.gz", [Layers, ids.Length, Width]));
        }

        var text = new TextGolden { Precision = declared, VocabularySize = TinyPoet.Vocabulary, Documents = poet.Documents };
        var plan = Given.Plan with { ModelKind = "llm", Text = text, Layers = new(Stacked: true, golden.ToImmutable()) };
        var measurement = new Measurement
        {
            Check = "COR-06",
            Tensors = tensors.ToImmutable(),
            Facts = Given.Facts(("output.0", "logits"), ("output.1", LayerPlan.HiddenStates), ("adapter", "llamacpp")),
        };
        return Assert.Single(Judge.Run(Given.Standard(Clauses.LayerAgreement), new Evidence(plan, [measurement], new TinyPoet.Blobs(files.ToImmutable()))).Findings);
    }
}

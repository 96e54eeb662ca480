namespace Adaptation.Models.Tests;

public sealed class ExpectedTensorsTests
{
    private static readonly DecoderShape Shape = GivenDecoder.Qwen;
    private static readonly MemoryWeights Weights = GivenDecoder.Weights(Shape);

    [Fact]
    public void Every_tensor_that_is_missing_is_named()
    {
        var error = Refused(Shape, Weights.Without("model.norm.weight").Without("model.layers.2.self_attn.k_proj.bias"));

        Assert.Contains("model.norm.weight [20] is missing", error.Message, StringComparison.Ordinal);
        Assert.Contains("model.layers.2.self_attn.k_proj.bias [20] is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_of_another_shape_is_refused_even_with_as_many_elements() =>
        Assert.Contains(
            "model.layers.0.mlp.down_proj.weight is [28,20], expected [20,28]",
            Refused(Shape, Weights.With("model.layers.0.mlp.down_proj.weight", new double[560], 28, 20)).Message, StringComparison.Ordinal);

    [Theory] // each would change what the model computes, and be passed over in silence
    [InlineData("model.layers.0.self_attn.o_proj.bias")]
    [InlineData("model.layers.0.self_attn.q_norm.weight")]
    [InlineData("model.layers.3.input_layernorm.weight")]
    public void A_tensor_that_the_reference_would_not_use_is_refused(string name) =>
        Assert.Contains(name, Refused(Shape, Weights.With(name, new double[20], 20)).Message, StringComparison.Ordinal);

    [Fact]
    public void Biases_in_a_llama_are_refused() =>
        Assert.Contains(
            "q_proj.bias is not part of a Llama decoder",
            Refused(Shape with { Architecture = DecoderArchitecture.Llama }, Weights).Message, StringComparison.Ordinal);

    [Fact]
    public void What_loaders_skip_is_skipped()
    {
        var more = Weights.With("lm_head.weight", new double[37 * 20], 37, 20).With("model.layers.0.self_attn.rotary_emb.inv_freq", new double[5], 5);

        Assert.Equal(GivenDecoder.Logits(Shape, Weights, 1, 2, 3), GivenDecoder.Logits(Shape, more, 1, 2, 3));
    }

    public static TheoryData<string> Broken => ["vocabulary", "layers", "heads", "odd head", "theta", "epsilon", "positions"];

    [Theory, MemberData(nameof(Broken))]
    public void A_shape_that_cannot_be_computed_is_refused(string what) =>
        Assert.Contains("cannot be computed", Refused(
            what switch
            {
                "vocabulary" => Shape with { VocabularySize = 0 },
                "layers" => Shape with { Layers = -1 },
                "heads" => Shape with { KeyValueHeads = 4 },
                "odd head" => Shape with { HeadSize = 9 },
                "theta" => Shape with { RopeTheta = double.NaN },
                "epsilon" => Shape with { NormEpsilon = double.NaN },
                _ => Shape with { MaxPositions = 0 },
            },
            Weights).Message, StringComparison.Ordinal);

    private static ModelException Refused(DecoderShape shape, IWeights weights) => Assert.Throws<ModelException>(() => new ExactDecoder(shape, weights));
}

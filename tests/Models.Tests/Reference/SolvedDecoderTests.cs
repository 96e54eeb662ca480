namespace Adaptation.Models.Tests;

/// <summary>Models of one layer that can be solved by hand.</summary>
/// <remarks>
/// Four tokens, embedded as the four unit vectors times 2; norms have weight 1 and no epsilon, so a normed unit vector is 2 again where it was not 0.
/// </remarks>
public sealed class SolvedDecoderTests
{
    private const int Size = 4;

    private static readonly DecoderShape Shape = new()
    {
        Architecture = DecoderArchitecture.Qwen2,
        VocabularySize = Size,
        HiddenSize = Size,
        IntermediateSize = 1,
        Layers = 1,
        AttentionHeads = 1,
        KeyValueHeads = 1,
        HeadSize = Size,
        NormEpsilon = 0,
        RopeTheta = 10_000,
        MaxPositions = 16,
        TiedEmbeddings = true,
    };

    private static readonly MemoryWeights Silent = GivenDecoder.Weights(Shape)
        .With("model.embed_tokens.weight", Diagonal(2))
        .With("model.norm.weight", [1, 1, 1, 1])
        .With("model.layers.0.input_layernorm.weight", [1, 1, 1, 1])
        .With("model.layers.0.post_attention_layernorm.weight", [1, 1, 1, 1])
        .With(Attention("q_proj.weight"), new double[16])
        .With(Attention("k_proj.weight"), new double[16])
        .With(Attention("v_proj.weight"), Diagonal(1))
        .With(Attention("q_proj.bias"), new double[Size])
        .With(Attention("k_proj.bias"), new double[Size])
        .With(Attention("v_proj.bias"), new double[Size])
        .With(Attention("o_proj.weight"), new double[16])
        .With("model.layers.0.mlp.gate_proj.weight", new double[Size])
        .With("model.layers.0.mlp.up_proj.weight", new double[Size])
        .With("model.layers.0.mlp.down_proj.weight", new double[Size]);

    [Fact]
    public void A_layer_that_adds_nothing_gives_each_token_itself()
    {
        var logits = GivenDecoder.Logits(Shape, Silent, 2, 0);

        Assert.Equal([0, 0, 4, 0, 4, 0, 0, 0], logits); // normed to 2, times the embedding's 2
    }

    [Fact]
    public void Attention_that_cannot_tell_positions_apart_averages_them()
    {
        var logits = GivenDecoder.Logits(Shape, Silent.With(Attention("o_proj.weight"), Diagonal(1)), 0, 1, 2);

        // Position 2: its own 2 at unit 2, plus the average 2/3 of units 0, 1, 2; normed, times 2.
        double[] state = [2.0 / 3, 2.0 / 3, 2 + (2.0 / 3), 0];
        Near(Normed(state).Select(value => 2 * value), logits[8..]);
    }

    [Fact]
    public void Keys_that_match_one_position_pick_its_value()
    {
        // Every key is its token's unit vector, every query asks for token 1 with a weight of 400; the slow pair of the rotation hardly turns.
        var weights = Silent
            .With(Attention("k_proj.weight"), Diagonal(1))
            .With(Attention("q_proj.bias"), [0, 400, 0, 0])
            .With(Attention("o_proj.weight"), Diagonal(1));

        var logits = GivenDecoder.Logits(Shape, weights, 2, 1, 0, 3);

        Near(Normed([0, 2, 0, 2]).Select(value => 2 * value), logits[12..]); // position 3: itself and token 1
        Near(Normed([0, 0, 4, 0]).Select(value => 2 * value), logits[..4]); // position 0: itself alone
    }

    [Fact]
    public void Attention_between_two_positions_turns_with_their_distance()
    {
        // Query and key both read unit 0, and are turned by 1 radian for each position between them: the score is 2 * 2 * cos(distance) / sqrt(4).
        var weights = Silent
            .With(Attention("q_proj.weight"), Row(0, 1, 1, 1, 1))
            .With(Attention("k_proj.weight"), Row(0, 1, 1, 1, 1))
            .With(Attention("o_proj.weight"), Diagonal(1));

        var logits = GivenDecoder.Logits(Shape, weights, 0, 1);

        var (self, other) = (Math.Exp(2), Math.Exp(2 * Math.Cos(1)));
        Near(Normed([2 * other / (self + other), 2 + (2 * self / (self + other)), 0, 0]).Select(value => 2 * value), logits[4..]);
    }

    [Fact]
    public void A_gated_unit_adds_its_share()
    {
        // One hidden unit: gate reads unit 0 times 0.5, up reads unit 0 times 3, down writes unit 3.
        var weights = Silent
            .With("model.layers.0.mlp.gate_proj.weight", [0.5, 0, 0, 0])
            .With("model.layers.0.mlp.up_proj.weight", [3, 0, 0, 0])
            .With("model.layers.0.mlp.down_proj.weight", [0, 0, 0, 1]);

        var logits = GivenDecoder.Logits(Shape, weights, 0);

        Near(Normed([2, 0, 0, 6 / (1 + Math.Exp(-1))]).Select(value => 2 * value), logits); // silu(1) * 6
    }

    [Fact]
    public void An_output_matrix_of_its_own_is_used()
    {
        var logits = GivenDecoder.Logits(
            Shape with { TiedEmbeddings = false }, Silent.With("lm_head.weight", Row(3, 0, 0, 5, 0), Size, Size), 2);

        Assert.Equal([0, 0, 0, 10], logits);
    }

    [Fact]
    public void Biases_are_added_to_values()
    {
        var weights = Silent.With(Attention("v_proj.bias"), [0, 0, 0, 6]).With(Attention("o_proj.weight"), Diagonal(0.5));

        Near(Normed([3, 0, 0, 3]).Select(value => 2 * value), GivenDecoder.Logits(Shape, weights, 0));
    }

    private static string Attention(string name) => $"model.layers.0.self_attn.{name}";

    private static double[] Diagonal(double value) => [.. Enumerable.Range(0, Size * Size).Select(i => i / Size == i % Size ? value : 0)];

    private static double[] Row(int row, params double[] values) => [.. Enumerable.Range(0, Size * Size).Select(i => i / Size == row ? values[i % Size] : 0)];

    private static IEnumerable<double> Normed(double[] state)
    {
        var root = Math.Sqrt(state.Sum(value => value * value) / state.Length);
        return state.Select(value => value / root);
    }

    private static void Near(IEnumerable<double> expected, IEnumerable<double> actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-13));
}

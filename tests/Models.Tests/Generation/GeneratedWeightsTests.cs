using System.Runtime.Intrinsics.X86;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

public sealed class GeneratedWeightsTests
{
    private const string Query = "model.layers.0.self_attn.q_proj.weight";

    [Fact]
    public void Every_kind_of_instruction_makes_the_same_bits() => Prop.ForAll<ulong, ulong, uint>((seed, stream, first) =>
    {
        float[] scalar = new float[300], vector256 = new float[300], vector512 = new float[300];
        var start = first * 1_000_003L;

        RandomWeights.Fill(seed, stream, start, 0.0031f, 1, scalar, Instructions.Scalar);
        RandomWeights.Fill(seed, stream, start, 0.0031f, 1, vector256, Avx2.IsSupported ? Instructions.Avx2 : Instructions.Scalar);
        RandomWeights.Fill(seed, stream, start, 0.0031f, 1, vector512, RandomWeights.Best);

        return scalar.AsSpan().SequenceEqual(vector256) && scalar.AsSpan().SequenceEqual(vector512);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_piece_is_part_of_the_whole() => Prop.ForAll<PositiveInt, PositiveInt>((from, length) =>
    {
        var weights = new GeneratedWeights(Shapes.Llama, 11);
        var whole = new float[64 * 64];
        weights.Read(Query, 0, whole);
        var first = from.Get * 37 % whole.Length;
        var piece = new float[length.Get * 53 % (whole.Length - first) + 1];
        if (first + piece.Length > whole.Length)
            return true;

        weights.Read(Query, first, piece);

        return whole.AsSpan(first, piece.Length).SequenceEqual(piece);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_element_depends_on_seed_name_and_index_alone()
    {
        var small = Read(Shapes.Llama, 5, Query, 4096);

        Assert.Equal(small, Read(Shapes.Llama with { Layers = 9, VocabularySize = 9999 }, 5, Query, 4096));
        Assert.NotEqual(small, Read(Shapes.Llama, 6, Query, 4096));
        Assert.NotEqual(small, Read(Shapes.Llama, 5, "model.layers.1.self_attn.q_proj.weight", 4096));
    }

    [Fact]
    public void These_are_the_first_values_of_seed_one()
    {
        // so that another implementation can be held against this one; the scale is 1 / sqrt(64 * 21845)
        var integers = Read(Shapes.Llama, 1, Query, 8).Select(value => Math.Round(value * Math.Sqrt(64 * 21845d)));

        Adaptation.Testing.Golden.Match("seed-1.txt", string.Join(' ', integers) + "\n");
    }

    [Theory]
    [InlineData(Query, 0.125, 0)]
    [InlineData("model.layers.1.mlp.down_proj.weight", 0.10206, 0)]
    [InlineData("model.embed_tokens.weight", 0.375, 0)]
    [InlineData("lm_head.weight", 0.375, 0)]
    public void A_matrix_has_the_deviation_that_keeps_activations_near_one(string name, double deviation, double mean)
    {
        var values = Read(Shapes.Llama, 2, name, 4096);

        var seen = Math.Sqrt(values.Average(value => (double)value * value));

        Assert.InRange(seen / deviation, 0.95, 1.05);
        Assert.InRange(values.Average() - mean, -0.07 * deviation, 0.07 * deviation); // four standard errors
    }

    [Fact]
    public void Norms_are_near_one_and_biases_are_small()
    {
        Assert.All(Read(Shapes.Qwen2, 2, "model.norm.weight", 64), value => Assert.InRange(value, 0.875, 1.125));
        Assert.All(Read(Shapes.Qwen2, 2, "model.layers.0.self_attn.k_proj.bias", 32), value => Assert.InRange(value, -0.5, 0.5));
    }

    [Fact]
    public void Float64_and_float32_are_the_same_values()
    {
        var (wide, narrow) = (new double[64 * 64], Read(Shapes.Llama, 4, Query, 4096));

        new GeneratedWeights(Shapes.Llama, 4).Read(Query, wide);

        Assert.Equal(narrow.Select(value => (double)value), wide);
    }

    [Fact]
    public void What_is_not_there_cannot_be_read()
    {
        var weights = new GeneratedWeights(Shapes.Llama, 4);

        Assert.Throws<KeyNotFoundException>(() => weights.Read("no.such", 0, new float[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => weights.Read(Query, 4095, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => weights.Read(Query, -1, new float[1]));
        Assert.Throws<ArgumentException>(() => weights.Read(Query, new double[4095]));
    }

    private static float[] Read(DecoderShape shape, ulong seed, string name, int count)
    {
        var values = new float[count];
        new GeneratedWeights(shape, seed).Read(name, 0, values);
        return values;
    }
}

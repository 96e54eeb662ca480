namespace Adaptation.Models.Tests;

public sealed class ScaleSearchTests
{
    [Theory]
    [InlineData(0.5f)]
    [InlineData(-0.5f)]
    public void What_a_block_can_hold_comes_back_as_it_was(float scale)
    {
        float[] values = [.. Enumerable.Range(0, 32).Select(at => scale * ((at % 16) - 8))];

        Assert.Equal(values.Select(value => (double)value), Decoded(values, ScaleSearch.Q4_0));
    }

    [Fact]
    public void No_block_comes_out_worse_than_by_the_formats_own_rule_and_most_come_out_better()
    {
        var (random, better) = (new Random(5), 0);
        const int Blocks = 2000;
        for (var block = 0; block < Blocks; block++)
        {
            var spread = Math.ScaleB(1, random.Next(-20, 10));
            float[] values = [.. Enumerable.Range(0, 32).Select(_ => (float)(spread * Normal(random)))];
            var (plain, searched) = (Distance(values, Decoded(values, Plain)), Distance(values, Decoded(values, ScaleSearch.Q4_0)));

            Assert.True(searched <= plain, $"block {block}: {searched} against {plain}");
            better += searched < 0.95 * plain ? 1 : 0;
        }

        Assert.InRange(better, Blocks / 2, Blocks);
    }

    [Fact]
    public void Over_many_blocks_no_scale_at_all_would_do_noticeably_better()
    {
        var (random, searched, best) = (new Random(6), 0.0, 0.0);
        for (var block = 0; block < 100; block++)
        {
            float[] values = [.. Enumerable.Range(0, 32).Select(_ => (float)Normal(random))];
            searched += Distance(values, Decoded(values, ScaleSearch.Q4_0));
            best += Errors(values).Min();
        }

        Assert.InRange(searched, best, 1.03 * best);
    }

    [Fact]
    public void Zeros_and_what_is_too_small_for_a_scale_are_as_the_format_writes_them()
    {
        foreach (var value in new[] { 0f, float.Epsilon, -1e-30f })
        {
            float[] values = [.. Enumerable.Repeat(value, 32)];
            byte[] plain = new byte[18], searched = new byte[18];

            Plain(values, plain);
            ScaleSearch.Q4_0(values, searched);

            Assert.Equal(plain, searched);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_not_finite_is_refused(float bad)
    {
        float[] values = [.. Enumerable.Repeat(1f, 40), bad, .. new float[23]];

        Assert.Throws<ModelException>(() => ScaleSearch.Q4_0(values, new byte[36]));
    }

    /// <summary>The error with each of many scales, each value at its nearest level.</summary>
    private static IEnumerable<double> Errors(float[] values)
    {
        double most = values.Max(Math.Abs);
        for (var at = -4000; at <= 4000; at++)
        {
            var scale = (double)(Half)(most * at / 4000 / 4);
            if (scale != 0)
                yield return values.Sum(value => Math.Pow(value - (scale * Math.Clamp(Math.Round(value / scale), -8, 7)), 2));
        }
    }

    private static void Plain(ReadOnlySpan<float> from, Span<byte> to) => BlockQuantization.Q4_0(from, to, vectorized: false);

    private static double[] Decoded(float[] values, EncodeElements encode)
    {
        var (block, decoded) = (new byte[18], new double[32]);
        encode(values, block);
        BlockQuantization.DecodeQ4_0(block, decoded);
        return decoded;
    }

    private static double Distance(float[] values, double[] decoded) => values.Zip(decoded, (value, near) => (value - near) * (value - near)).Sum();

    private static double Normal(Random random) => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
}

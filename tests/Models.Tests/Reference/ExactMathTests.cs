using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

public sealed class ExactMathTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(31)]
    [InlineData(64)]
    public void A_dot_product_of_integers_is_exact(int length)
    {
        var a = Enumerable.Range(0, length).Select(i => (double)(i - 5)).ToArray();
        var b = Enumerable.Range(0, length).Select(i => (double)((i * i) + 1)).ToArray();

        Assert.Equal(Enumerable.Range(0, length).Sum(i => (i - 5) * ((i * i) + 1)), ExactMath.Dot(a, b));
    }

    [Fact]
    public void A_dot_product_sums_in_the_order_that_is_stated()
    {
        var random = new Random(7);
        var a = Enumerable.Range(0, 21).Select(_ => random.NextDouble()).ToArray();
        var b = Enumerable.Range(0, 21).Select(_ => random.NextDouble()).ToArray();
        var lanes = new double[8];
        for (var i = 0; i < 16; i++)
            lanes[i % 8] = Math.FusedMultiplyAdd(a[i], b[i], lanes[i % 8]);
        var expected = lanes[0] + lanes[4] + (lanes[2] + lanes[6]) + (lanes[1] + lanes[5] + (lanes[3] + lanes[7]));
        for (var i = 16; i < 21; i++)
            expected = Math.FusedMultiplyAdd(a[i], b[i], expected);

        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(ExactMath.Dot(a, b)));
    }

    [Fact]
    public void Vectors_of_different_lengths_have_no_dot_product() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ExactMath.Dot(new double[3], new double[4]));

    [Fact]
    public void A_norm_of_a_known_vector_is_known()
    {
        var into = new double[2];

        ExactMath.RmsNorm([3, 4], [2, 10], epsilon: 0, into); // the mean square is 12.5

        Assert.Equal(6 / Math.Sqrt(12.5), into[0], 1e-15);
        Assert.Equal(40 / Math.Sqrt(12.5), into[1], 1e-14);
    }

    [Fact]
    public void Epsilon_is_added_under_the_root()
    {
        var into = new double[4];

        ExactMath.RmsNorm([0, 0, 0, 0], [1, 1, 1, 1], epsilon: 1e-6, into);
        Assert.Equal([0.0, 0, 0, 0], into);
        ExactMath.RmsNorm([1, 1, 1, 1], [1, 1, 1, 1], epsilon: 3, into);
        Assert.Equal([0.5, 0.5, 0.5, 0.5], into);
    }

    [Fact]
    public void A_norm_does_not_see_the_size_of_what_it_norms() =>
        Prop.ForAll<NonEmptyArray<int>, PositiveInt>((some, factor) =>
        {
            var x = some.Get.Select(value => (double)value + 0.5).ToArray();
            var (plain, scaled, ones) = (new double[x.Length], new double[x.Length], Enumerable.Repeat(1.0, x.Length).ToArray());

            ExactMath.RmsNorm(x, ones, 0, plain);
            ExactMath.RmsNorm(x.Select(value => value * factor.Get).ToArray(), ones, 0, scaled);

            return plain.Zip(scaled).All(pair => Math.Abs(pair.First - pair.Second) < 1e-13)
                && Math.Abs((plain.Sum(value => value * value) / x.Length) - 1) < 1e-13;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_head_turns_by_the_stated_angles()
    {
        double[] head = [1, 0, 0, 1]; // pairs (1, 0) and (0, 1)

        ExactMath.Rotate(head, position: 3, theta: 100);

        var (first, second) = (3.0, 3 / Math.Sqrt(100)); // 100^0 and 100^(-2/4)
        Assert.Equal(Math.Cos(first), head[0], 1e-15);
        Assert.Equal(-Math.Sin(second), head[1], 1e-15);
        Assert.Equal(Math.Sin(first), head[2], 1e-15);
        Assert.Equal(Math.Cos(second), head[3], 1e-15);
    }

    [Fact]
    public void A_rotation_keeps_norms_and_sees_only_how_far_apart_two_positions_are()
    {
        var random = new Random(3);
        double[] q = [.. Enumerable.Range(0, 12).Select(_ => random.NextDouble() - 0.5)], k = [.. q.Reverse().Select(value => value * 1.7)];

        var products = new[] { 0, 1, 40, 1000 }.Select(shift => ExactMath.Dot(Turned(q, shift + 9), Turned(k, shift + 2))).ToArray();

        Assert.All(products, product => Assert.Equal(products[0], product, 1e-12));
        Assert.NotEqual(products[0], ExactMath.Dot(Turned(q, 9), Turned(k, 3)), 1e-3);
        Assert.Equal(ExactMath.Dot(q, q), ExactMath.Dot(Turned(q, 77), Turned(q, 77)), 1e-13);
        Assert.Equal(q, Turned(q, 0));
    }

    [Fact]
    public void Shares_of_known_scores_are_known()
    {
        double[] scores = [Math.Log(1), Math.Log(2), Math.Log(5)];

        ExactMath.Softmax(scores);

        Assert.Equal(0.125, scores[0], 1e-15);
        Assert.Equal(0.25, scores[1], 1e-15);
        Assert.Equal(0.625, scores[2], 1e-15);
    }

    [Fact]
    public void Shares_do_not_see_a_shift_and_sum_to_one() =>
        Prop.ForAll<NonEmptyArray<short>, int>((some, shift) =>
        {
            var scores = some.Get.Select(value => value / 64.0).ToArray();
            var shifted = scores.Select(score => score + (shift % 1024)).ToArray(); // exact: both are multiples of 1/64

            ExactMath.Softmax(scores);
            ExactMath.Softmax(shifted);

            return scores.SequenceEqual(shifted) && Math.Abs(scores.Sum() - 1) < 1e-12;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Great_scores_do_not_overflow()
    {
        double[] scores = [1e308, 1e308, -1e308];

        ExactMath.Softmax(scores);

        Assert.Equal([0.5, 0.5, 0], scores);
    }

    [Fact]
    public void Shares_change_with_scores_as_their_derivative_says()
    {
        double[] at = [0.3, -1.1, 0.9];
        const double Step = 1e-6;
        var shares = Shares(at);

        for (var j = 0; j < at.Length; j++)
        {
            double[] up = [.. at], down = [.. at];
            (up[j], down[j]) = (at[j] + Step, at[j] - Step);
            for (var i = 0; i < at.Length; i++)
                Assert.Equal(shares[i] * ((i == j ? 1 : 0) - shares[j]), (Shares(up)[i] - Shares(down)[i]) / (2 * Step), 1e-9);
        }
    }

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(1.0, 0.7310585786300049)]
    [InlineData(-1.0, -0.2689414213699951)]
    [InlineData(800.0, 800.0)]
    [InlineData(-800.0, 0.0)]
    public void The_gate_of_a_known_value_is_known(double x, double expected) => Assert.Equal(expected, ExactMath.Silu(x), 1e-15);

    [Fact]
    public void The_gate_is_odd_but_for_its_argument_and_has_its_derivative() =>
        Prop.ForAll<int>(any =>
        {
            var (x, step) = (any % 1000 / 50.0, 1e-5);
            var sigmoid = 1 / (1 + Math.Exp(-x));
            var slope = (ExactMath.Silu(x + step) - ExactMath.Silu(x - step)) / (2 * step);

            return Math.Abs(ExactMath.Silu(x) - ExactMath.Silu(-x) - x) < 1e-13 // x s(x) + x s(-x) = x
                && Math.Abs(slope - (sigmoid * (1 + (x * (1 - sigmoid))))) < 1e-8;
        }).QuickCheckThrowOnFailure();

    private static double[] Shares(double[] scores)
    {
        double[] shares = [.. scores];
        ExactMath.Softmax(shares);
        return shares;
    }

    private static double[] Turned(double[] head, int position)
    {
        double[] turned = [.. head];
        ExactMath.Rotate(turned, position, theta: 10_000);
        return turned;
    }
}

using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

/// <summary>Golden answers against facts worked out by hand, and against laws.</summary>
public sealed class OperatorGoldenTests
{
    [Fact]
    public void Division_of_integers_goes_towards_zero_and_the_remainder_has_the_sign_of_the_divisor()
    {
        var (x, y) = (Whole([7, -7, 7, -7], 4), Whole([2, 2, -2, -2], 4));

        Assert.Equal([3, -3, -3, 3], Ask("Div", ElementType.Int64, "scalar", x, y).Whole);
        Assert.Equal([1, 1, -1, -1], Ask("Mod", ElementType.Int64, "scalar", x, y).Whole);
        Assert.Equal([1.5, -1.5], Ask("Mod", ElementType.FP32, "scalar", Real([5.5, -5.5], 2), Real([2, -2], 2)).Reals);
    }

    [Fact]
    public void Halves_go_to_the_even_neighbour()
    {
        Assert.Equal([-2, -2, 0, 0, 2, 2, 4], Ask("Round", ElementType.FP32, "scalar", Real([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5], 7)).Reals);
    }

    [Fact]
    public void A_cast_to_fewer_bits_wraps_and_towards_integers_cuts()
    {
        Assert.Equal([44, 1, 0, 255], Ask("Cast", ElementType.Int64, "to-uint8-17x31", Whole([300, 257, 1L << 40, -1], 4)).Whole);
        Assert.Equal([-56, -1], Ask("Cast", ElementType.Int64, "to-int8-17x31", Whole([200, (1L << 33) - 1], 2)).Whole);
        Assert.Equal([2, -2, 0], Ask("Cast", ElementType.FP32, "to-int32-17x31", Real([2.9, -2.9, -0.5], 3)).Whole);
    }

    [Fact]
    public void A_convolution_is_what_paper_says()
    {
        // 1 2 3 / 4 5 6 / 7 8 9 under a window of ones with a ring of zeros around: corners see four, edges six, the centre nine
        var image = Real([1, 2, 3, 4, 5, 6, 7, 8, 9], 1, 1, 3, 3);
        var ones = Real([1, 1, 1, 1, 1, 1, 1, 1, 1], 1, 1, 3, 3);

        var answer = Ask("Conv", ElementType.FP32, "one-pixel-1x1x1x1", image, ones);

        Assert.Equal([12, 21, 16, 27, 45, 33, 24, 39, 28], answer.Reals);
        Assert.Equal([1, 1, 3, 3], answer.Shape);
    }

    [Fact]
    public void Padding_counts_in_an_average_only_where_asked_and_never_wins_a_maximum()
    {
        var image = Real([.. Enumerable.Repeat(-9.0, 2 * 2 * 7 * 9)], 2, 2, 7, 9);

        Assert.All(Ask("AveragePool", ElementType.FP32, "pad-2x2x7x9", image).Reals, value => Assert.Equal(-9, value));
        Assert.Equal(-4, Ask("AveragePool", ElementType.FP32, "pad-counted-2x2x7x9", image).Reals[0]); // four of nine
        Assert.All(Ask("MaxPool", ElementType.FP32, "pad-2x2x7x9", image).Reals, value => Assert.Equal(-9, value));
    }

    [Fact]
    public void The_first_of_equals_is_the_greatest_unless_the_last_is_asked_for()
    {
        var x = Real([3, 9, 9, 1, 9], 5, 1);

        Assert.Equal([1], Ask("ArgMax", ElementType.FP32, "129-axis0", x.Shaped(5)).Whole);
        Assert.Equal([4], Ask("ArgMax", ElementType.FP32, "ties-5x65-axis0-last", x).Whole);
    }

    [Fact]
    public void Layer_normalization_takes_mean_and_deviation_away()
    {
        var answer = Ask("LayerNormalization", ElementType.FP32, "last-17x31", Real([1, 3], 1, 2), Real([1, 10], 2), Real([0, 5], 2));

        var scale = 1 / Math.Sqrt(1 + (1.0 / 1024)); // mean 2, variance 1
        Assert.Equal([-scale, (10 * scale) + 5], answer.Reals);
    }

    [Fact]
    public void A_running_sum_runs_both_ways_and_may_leave_itself_out()
    {
        var x = Whole([1, 2, 3, 4], 4);

        Assert.Equal([9, 7, 4, 0], Ask("CumSum", ElementType.Int64, "129-axis0-exclusive-reverse", x).Whole);
        Assert.Equal([1, 3, 6, 10], Ask("CumSum", ElementType.Int64, "17x31-axis1", x.Shaped(1, 4)).Whole);
    }

    [Fact]
    public void Reflection_leaves_the_edge_out_and_the_edge_repeats_itself()
    {
        var x = Real([.. Enumerable.Range(0, 2 * 7 * 9).Select(value => (double)value)], 2, 7, 9);

        var (reflected, repeated) = (Ask("Pad", ElementType.FP32, "reflect-2x7x9-to-2x10x20", x).Reals, Ask("Pad", ElementType.FP32, "edge-2x7x9-to-2x10x24", x).Reals);

        Assert.Equal([21, 20, 19, 18, 19], reflected[..5]); // row 2, which lies two above row 0
        Assert.Equal([0, 0, 0, 0, 1], repeated[..5]);
    }

    [Fact]
    public void Quantized_ties_go_to_even_and_what_is_too_great_saturates()
    {
        var answer = Ask("QuantizeLinear", ElementType.FP32, "to-int8-17x31", Real([0.125, 0.375, -0.125, 40, -40], 1, 5), Real([0.25]), new Values(ElementType.Int8));

        Assert.Equal([0, 2, 0, 127, -128], answer.Whole);
    }

    [Fact]
    public void A_zero_that_is_chosen_keeps_its_sign_and_a_wide_sum_its_last_bit()
    {
        var chosen = Ask("Where", ElementType.FP32, "zeros-17x31-17x31-17x31", Bits(1, 1, 0, 0), Real([-0.0, 0, 1, 1], 4), Real([1, 1, -0.0, 0], 4)).Reals;
        var sum = Ask("ReduceSum", ElementType.Int64, "wide-17x31", Whole([1L << 56, 1], 1, 2));

        Assert.Equal([true, false, true, false], chosen.Select(double.IsNegative));
        Assert.Equal([(1L << 56) + 1], sum.Whole);
    }

    [Fact]
    public void A_softmax_sums_to_one_and_its_logarithm_is_the_other() => Prop.ForAll<NonEmptyArray<NormalFloat>>(some =>
    {
        var x = Real([.. some.Get.Select(value => value.Get % 50)], 1, some.Get.Length);

        var (softmax, logarithm) = (Ask("Softmax", ElementType.FP64, "axis1-17x31", x).Reals, Ask("LogSoftmax", ElementType.FP64, "axis1-17x31", x).Reals);

        return Math.Abs(softmax.Sum() - 1) < 1e-12 && softmax.Zip(logarithm).All(pair => Math.Abs(Math.Exp(pair.Second) - pair.First) < 1e-14);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_product_with_the_identity_is_the_matrix_itself() => Prop.ForAll<NonEmptyArray<NormalFloat>>(some =>
    {
        var n = some.Get.Length;
        var x = Real([.. some.Get.Select(value => value.Get)], 1, n);
        var identity = Real([.. Enumerable.Range(0, n * n).Select(at => at / n == at % n ? 1.0 : 0)], n, n);

        return Ask("MatMul", ElementType.FP32, "17x31-by-31x13", x, identity).Reals.SequenceEqual(x.Reals);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_sum_of_two_joined_is_the_sum_of_both_sums() => Prop.ForAll<int[], int[]>((left, right) =>
    {
        var (x, y) = (Whole([.. left.Select(value => (long)value)], 1, left.Length), Whole([.. right.Select(value => (long)value)], 1, right.Length));
        Values Sum(Values of) => Ask("ReduceSum", ElementType.Int64, "last-17x31", of);

        return Sum(Ask("Concat", ElementType.Int64, "axis1-17x31-17x2", x, y)).Whole[0] == Sum(x).Whole[0] + Sum(y).Whole[0];
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Pieces_joined_are_the_whole_and_a_transpose_undoes_itself() => Prop.ForAll<PositiveInt, PositiveInt>((seed, rows) =>
    {
        var x = new Values(ElementType.Int64, (rows.Get % 20) + 1, 31);
        Fills.Anything(new((ulong)seed.Get, "test", "x"), x);
        var pieces = Draft("Split", ElementType.Int64, "17x31-axis1-30-1").Golden(Arithmetic.Exact, [x]);

        var joined = Draft("Concat", ElementType.Int64, "axis1-17x31-17x2").Golden(Arithmetic.Exact, pieces)[0];
        var twice = Ask("Transpose", ElementType.Int64, "17x31-by-10", Ask("Transpose", ElementType.Int64, "17x31-by-10", x));

        return joined.Whole.SequenceEqual(x.Whole) && twice.Whole.SequenceEqual(x.Whole) && twice.Shape.SequenceEqual(x.Shape);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_greatest_k_are_sorted_and_none_left_out_is_greater() => Prop.ForAll<PositiveInt>(seed =>
    {
        var x = new Values(ElementType.FP32, 5, 31);
        Fills.Shuffled(-40, 0.25)(new((ulong)seed.Get, "test", "x"), x);

        var answer = Draft("TopK", ElementType.FP32, "5x31-axis1-k4-largest").Golden(Arithmetic.Exact, [x]);

        return Enumerable.Range(0, 5).All(row =>
        {
            var (line, best) = (x.Reals[(row * 31)..((row + 1) * 31)], answer[0].Reals[(row * 4)..((row + 1) * 4)]);
            return line.OrderDescending().Take(4).SequenceEqual(best) && answer[1].Whole[(row * 4)..((row + 1) * 4)].Select(index => line[index]).SequenceEqual(best);
        });
    }).QuickCheckThrowOnFailure();

    private static Draft Draft(string name, ElementType type, string words)
    {
        var id = $"{name}-{type.Word()}-{words}".ToLowerInvariant();
        return OperatorCases.Drafts(name, 17).Single(draft => draft.Id == id);
    }

    private static Values Ask(string name, ElementType type, string words, params Values[] inputs) => Draft(name, type, words).Golden(Arithmetic.Exact, inputs)[0];

    private static Values Real(double[] values, params int[] shape)
    {
        var tensor = new Values(ElementType.FP32, shape);
        values.CopyTo(tensor.Reals, 0);
        return tensor;
    }

    private static Values Bits(params long[] values)
    {
        var tensor = new Values(ElementType.Bool, values.Length);
        values.CopyTo(tensor.Whole, 0);
        return tensor;
    }

    private static Values Whole(long[] values, params int[] shape)
    {
        var tensor = new Values(ElementType.Int64, shape);
        values.CopyTo(tensor.Whole, 0);
        return tensor;
    }
}

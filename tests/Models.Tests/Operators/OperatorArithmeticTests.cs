using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

public sealed class OperatorArithmeticTests
{
    [Theory]
    [InlineData(1.00390625, 1)] // halfway: to even
    [InlineData(1.01171875, 1.015625)]
    [InlineData(1.0039062500000002, 1.0078125)] // a bit above halfway, which float32 would lose
    [InlineData(3.3895313892515355e38, 3.3895313892515355e38)]
    [InlineData(3.3961775292304601e38, double.PositiveInfinity)] // halfway to what would be the next number
    [InlineData(9.183549615799121e-41, 9.183549615799121e-41)] // the least denormal, 2^-133
    [InlineData(4.591774807899561e-41, 0)]
    [InlineData(-4.6e-41, -9.183549615799121e-41)]
    [InlineData(-1e-300, -0.0)]
    public void Bfloat16_is_rounded_to_nearest_even_at_once(double value, double expected)
    {
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(Rounding.To(ElementType.BF16, value)));
    }

    [Fact]
    public void Bfloat16_of_a_float32_is_what_the_exporter_writes() => Prop.ForAll<uint>(bits =>
    {
        var value = BitConverter.UInt32BitsToSingle(unchecked(bits * 2654435761));

        var rounded = Rounding.To(ElementType.BF16, value);

        return float.IsNaN(value) ? double.IsNaN(rounded) : Narrowing.Bfloat16(value) == BitConverter.SingleToUInt32Bits((float)rounded) >> 16;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Limits_are_numbers_of_their_type_and_their_neighbours_are_none()
    {
        foreach (var type in ElementTypes.Reals)
        {
            var (least, mostDenormal, normal, most) = Rounding.Limits(type);

            Assert.All([least, mostDenormal, normal, most], value => Assert.Equal(value, Rounding.To(type, value)));
            Assert.Equal(normal, mostDenormal + least);
            Assert.Equal(0, Rounding.To(type, least / 2));
            Assert.True(double.IsInfinity(Rounding.To(type, most * (1 + Math.ScaleB(1, -8)) * (type == ElementType.FP64 ? 2 : 1))), type.Word());
        }
    }

    [Fact]
    public void An_exact_sum_loses_nothing()
    {
        double[] values = [1, 1e16, 1, -1e16, 1e-3], inOneLane = [1e16, .. new double[15], 1, .. new double[15], -1e16];

        Assert.Equal(2.001, Arithmetic.Exact.Sum(values));
        Assert.Equal((1, 0), (Arithmetic.Exact.Sum(inOneLane), Arithmetic.In(ElementType.FP64).Sum(inOneLane)));
    }

    [Fact]
    public void An_exact_dot_product_is_that_of_whole_numbers() => Prop.ForAll<NonEmptyArray<(long, long)>>(pairs =>
    {
        var (left, right) = (pairs.Get.Select(pair => pair.Item1 % (1L << 50)).ToArray(), pairs.Get.Select(pair => pair.Item2 % (1L << 50)).ToArray());

        var dot = Arithmetic.Exact.Dot([.. left.Select(value => (double)value)], [.. right.Select(value => (double)value)]);

        var expected = left.Zip(right, (x, y) => (BigInteger)x * y).Aggregate(BigInteger.Zero, (sum, product) => sum + product);
        return dot == (double)expected;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_float16_sum_is_accumulated_in_float32()
    {
        double[] ones = [.. Enumerable.Repeat(1.0, 5000)];

        Assert.Equal(5000, Arithmetic.In(ElementType.FP16).Round(Arithmetic.In(ElementType.FP16).Sum(ones))); // by itself it would stay at 2048
        Assert.Equal(16777216, Arithmetic.In(ElementType.BF16).Sum([16777216, .. Enumerable.Repeat(0.0, 15), 1])); // 2^24 + 1 in one lane
    }

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(1e-300, 1.1283791670955126e-300)]
    [InlineData(0.5, 0.5204998778130465)]
    [InlineData(1, 0.8427007929497149)]
    [InlineData(-2, -0.9953222650189527)]
    [InlineData(2.5, 0.9995930479825550)]
    [InlineData(3, 0.9999779095030014)]
    [InlineData(5, 0.9999999999984626)]
    [InlineData(40, 1)]
    public void The_error_function_has_its_known_values(double x, double expected)
    {
        Assert.Equal(expected, SpecialFunctions.Erf(x), Math.Abs(expected) * 4.5e-16);
    }

    [Fact]
    public void The_error_function_knows_infinity_and_nan()
    {
        Assert.Equal((1, -1), (SpecialFunctions.Erf(double.PositiveInfinity), SpecialFunctions.Erf(double.NegativeInfinity)));
        Assert.True(double.IsNaN(SpecialFunctions.Erf(double.NaN)));
        Assert.True(double.IsNegative(SpecialFunctions.Erf(-0.0)));
    }
}

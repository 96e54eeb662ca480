namespace Adaptation.Runner.Tests;

public sealed class TensorGapTests
{
    [Theory] // COR-01 for FP32: 2^-16 + 2^-10 |g| for 99 of 100 elements, 0.01 for any
    [InlineData(1f, 1f + 0.0009f, 100, true)]
    [InlineData(1f, 1f + 0.0011f, 100, false)]
    [InlineData(1f, 1f + 0.0011f, 1, true)] // one in a hundred may
    [InlineData(1f, 1f + 0.0011f, 2, false)]
    [InlineData(1f, 1f + 0.0098f, 1, true)]
    [InlineData(1f, 1f + 0.0102f, 1, false)]
    [InlineData(1000f, 1000.5f, 1, false)] // within 2^-10 of it, and beyond what any element may be off
    [InlineData(float.NaN, float.NaN, 100, true)]
    [InlineData(float.NaN, 0f, 1, false)]
    [InlineData(1f, float.NaN, 1, false)]
    [InlineData(float.PositiveInfinity, float.NegativeInfinity, 1, false)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity, 100, true)]
    [InlineData(1e-40f, 0f, 1, false)] // flushed to zero
    [InlineData(1e-40f, 2e-40f, 100, true)]
    public void The_band_is_that_of_the_standard(float expected, float seen, int elements, bool isWithin)
    {
        var right = GivenModels.Floats("y", [100], [.. Enumerable.Repeat(expected, 100)]);
        var answer = GivenModels.Floats("y", [100], [.. Enumerable.Repeat(seen, elements), .. Enumerable.Repeat(expected, 100 - elements)]);

        var gap = TensorGap.Between(GivenModels.Accuracy, right, answer);

        Assert.Equal(isWithin, gap.IsWithin);
        Assert.True(isWithin || (gap.Worst > 1 && gap.Outside > 0), $"{gap.Outside} outside, the worst {gap.Worst} times the tolerance");
    }

    [Fact]
    public void The_worst_element_is_named_with_what_was_seen_expected_and_allowed()
    {
        var gap = TensorGap.Between(GivenModels.Accuracy, GivenModels.Floats("y", [2, 3], 0, 1, 2, 3, 4, 5), GivenModels.Floats("y", [2, 3], 0, 1, 2, 3, 6, 5));

        Assert.Equal(("[1,1]", "6", "4", 1L, 6L), (gap.Where, gap.Seen, gap.Expected, gap.Outside, gap.Count));
        Assert.InRange(gap.Worst, 500, 512);
        Assert.Contains("3.922e-3 here for 99 %", gap.Tolerance, StringComparison.Ordinal);
    }

    [Fact]
    public void Integers_must_be_equal()
    {
        var gap = TensorGap.Between(GivenModels.Accuracy, GivenModels.Longs("s", [3], 1, -2, 3), GivenModels.Longs("s", [3], 1, -3, 3));

        Assert.Equal((false, "[1]", "-3", "-2"), (gap.IsWithin, gap.Where, gap.Seen, gap.Expected));
        Assert.True(TensorGap.Between(GivenModels.Accuracy, GivenModels.Longs("s", [1], 7), GivenModels.Longs("s", [1], 7)).IsWithin);
    }

    [Fact]
    public void Another_shape_or_type_is_never_within_and_no_elements_are()
    {
        Assert.False(TensorGap.Between(GivenModels.Accuracy, GivenModels.Floats("y", [0, 2]), GivenModels.Floats("y", [2, 0])).IsWithin);
        Assert.False(TensorGap.Between(GivenModels.Accuracy, GivenModels.Longs("y", [0]), GivenModels.Floats("y", [0])).IsWithin);
        Assert.True(TensorGap.Between(GivenModels.Accuracy, GivenModels.Floats("y", [0, 2]), GivenModels.Floats("y", [0, 2])).IsWithin);
    }
}

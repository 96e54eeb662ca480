namespace Adaptation.Runner.Tests;

public sealed class HumanNumberTests
{
    [Theory]
    [InlineData(1_500_000, "1.5", "J/token")]
    [InlineData(250, "0.25", "mJ/token")]
    public void Energy_is_shown_in_the_unit_that_suits_the_model(long milli, string value, string unit)
    {
        var shown = HumanNumber.Of(new("energy", "mJ/token", milli));

        Assert.Equal((value, unit), (shown.Value, shown.Unit));
    }

    [Theory]
    [InlineData("ns", 8_604_211_000, "8.604", "ms")]
    [InlineData("ns", 999, "0.999", "ns")]
    [InlineData("us", 1_500_000, "1.5", "ms")]
    [InlineData("s", 90_000, "90", "s")]
    [InlineData("bytes", 1_610_612_736_000, "1.5", "GiB")]
    [InlineData("ppm", 10_000_000, "1", "%")]
    [InlineData("count", 1_204_000, "1,204", "")]
    [InlineData("samples/s", 962_418, "962.4", "samples/s")]
    [InlineData("count", 0, "0", "")]
    [InlineData("ns", -8_604_211_000, "-8.604", "ms")]
    [InlineData("ns", long.MaxValue, "∞", "ns")]
    public void A_figure_is_read_in_a_unit_of_its_size(string unit, long milli, string value, string shownUnit)
    {
        var human = HumanNumber.Of(new("f", unit, milli));

        Assert.Equal((value, shownUnit), (human.Value, human.Unit));
    }

    [Fact]
    public void Rounding_never_makes_a_value_look_like_its_limit()
    {
        var human = HumanNumber.Of(new("latency", "ns", 100_000_400_000, 99_999_999_999, 100_000_400_001, 100_000_000_000));

        Assert.Equal(4, new[] { human.Value, human.Lower, human.Upper, human.Limit }.Distinct().Count());
        Assert.Equal("ms", human.Unit);
    }

    [Fact]
    public void All_numbers_of_a_figure_share_one_unit()
    {
        var human = HumanNumber.Of(new("start", "ns", 900_000_000_000, null, null, 1_100_000_000_000));

        Assert.Equal(("900", "1,100", "ms"), (human.Value, human.Limit, human.Unit));
    }
}

namespace Adaptation.Core.Tests;

public sealed class ChiSquareTests
{
    [Fact]
    public void A_die_that_shows_too_many_sixes() =>
        Assert.Equal((5 * 4 / 10.0) + (100 / 10.0), ChiSquare.Statistic([8, 8, 8, 8, 8, 20], [10, 10, 10, 10, 10, 10]));

    [Theory]
    [InlineData(0.05, 1, 3.841458820694124)]
    [InlineData(0.01, 5, 15.08627246938899)]
    [InlineData(0.001, 30, 59.70306430442994)]
    public void A_critical_value_is_that_of_the_table(double probability, int degreesOfFreedom, double value) =>
        Assert.Equal(value, ChiSquare.Critical(probability, degreesOfFreedom), 1e-6);

    [Fact]
    public void With_one_degree_of_freedom_power_is_that_of_the_normal_distribution() =>
        Assert.Equal(Math.Pow(1.959963984540054 + 1.2815515655446004, 2), ChiSquare.Noncentrality(0.05, 1, 0.9), 1e-3); // the far tail adds 1e-7

    [Theory] // Cohen, Statistical Power Analysis (1988), table of lambda at 0.05 and power 0.80
    [InlineData(3, 10.90)]
    [InlineData(10, 16.24)]
    public void Noncentrality_is_that_of_the_table(int degreesOfFreedom, double lambda) =>
        Assert.Equal(lambda, ChiSquare.Noncentrality(0.05, degreesOfFreedom, 0.8), 0.01);

    [Fact]
    public void With_nothing_to_find_power_is_the_significance() =>
        Assert.Equal(0.05, ChiSquare.Power(ChiSquare.Critical(0.05, 7), 7, 0), 1e-9);

    [Fact]
    public void Several_tests_are_adjusted_together()
    {
        var adjusted = ChiSquare.Holm([0.01, 0.04, 0.03, 0.005]);

        Assert.Equal([0.03, 0.06, 0.06, 0.02], adjusted.Select(p => Math.Round(p, 12)));
        Assert.Equal([1.0, 1, 1], ChiSquare.Holm([0.9, 0.5, 0.4]));
        Assert.Empty(ChiSquare.Holm([]));
    }

    [Fact]
    public void Probabilities_outside_their_range_are_a_bug()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ChiSquare.Critical(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChiSquare.Noncentrality(0.05, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChiSquare.PValue(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChiSquare.Statistic([1], [1, 2]));
    }
}

using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class GammaTests
{
    [Theory] // upper tails of chi-square tables: half the degrees of freedom, half the value
    [InlineData(1, 3.841458820694124, 0.05)]
    [InlineData(1, 6.634896601021213, 0.01)]
    [InlineData(2, 9.210340371976182, 0.01)]
    [InlineData(10, 18.307038053275146, 0.05)]
    [InlineData(10, 3.940299136, 0.95)]
    [InlineData(100, 124.34211340400407, 0.05)]
    [InlineData(1000, 1074.6794490, 0.05)]
    public void Tails_of_tables_are_met(int degreesOfFreedom, double statistic, double tail) =>
        Assert.Equal(tail, ChiSquare.PValue(statistic, degreesOfFreedom), 1e-8);

    [Fact]
    public void With_one_as_parameter_it_is_the_exponential() =>
        Assert.All(new[] { 0.01, 0.5, 1, 1.99, 2, 2.01, 40, 700 }, x => Assert.Equal(1, Gamma.Upper(1, x) / Math.Exp(-x), 1e-12));

    [Fact]
    public void It_follows_its_recurrence() =>
        Prop.ForAll<PositiveInt, PositiveInt>((any, other) =>
        {
            var (a, x) = ((any.Get % 400 / 4.0) + 0.25, (other.Get % 500 / 5.0) + 0.1);
            var step = Math.Exp((a * Math.Log(x)) - x - Beta.LogGamma(a + 1)); // x^a exp(-x) / Gamma(a + 1)

            return Math.Abs(Gamma.Upper(a + 1, x) - Gamma.Upper(a, x) - step) < 1e-12;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void It_falls_from_one_to_nothing()
    {
        Assert.Equal(1, Gamma.Upper(3, 0));
        Assert.Equal(1, Gamma.Upper(3, -1));
        Assert.Equal(0, Gamma.Upper(3, double.PositiveInfinity));
        Assert.Equal(0, Gamma.Upper(3, 1e6));
        Assert.True(Gamma.Upper(50, 40) > Gamma.Upper(50, 41));
    }
}

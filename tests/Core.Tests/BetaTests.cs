using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class BetaTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    [InlineData(40, 40)]
    [InlineData(400, 12)]
    public void Binomial_tails_are_the_sums_that_they_stand_for(int trials, int successes)
    {
        const double share = 0.3;
        var (term, sum) = (Math.Pow(1 - share, trials), 0.0);
        for (var i = 0; i <= successes; i++)
        {
            sum += term;
            term *= (double)(trials - i) / (i + 1) * share / (1 - share);
        }

        Assert.Equal(Math.Min(1, sum), Statistics.BinomialAtMost(successes, trials, share), sum * 1e-10);
    }

    [Theory] // at 40 digits
    [InlineData(0.5, 0.57236494292470009)]
    [InlineData(1, 0)]
    [InlineData(10.5, 13.940625219403763)]
    [InlineData(1e5, 1051287.7089736568)]
    [InlineData(123456.75, 1323901.5615730142)]
    public void The_logarithm_of_gamma_is_that_of_the_tables(double x, double expected) =>
        Assert.Equal(expected, Beta.LogGamma(x), Math.Max(1e-13, Math.Abs(expected) * 1e-13));

    [Fact]
    public void The_inverse_undoes_the_function() =>
        Prop.ForAll<PositiveInt, PositiveInt, PositiveInt>((a, b, p) =>
        {
            var probability = ((p.Get % 998) + 1) / 1000.0;

            var x = Beta.Inverse(probability, a.Get, b.Get);

            return Math.Abs(Beta.Regularised(x, a.Get, b.Get) - probability) < 1e-9;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Large_parameters_converge()
    {
        var half = Beta.Regularised(0.5, 1e7, 1e7);

        Assert.Equal(0.5, half, 1e-6);
    }
}

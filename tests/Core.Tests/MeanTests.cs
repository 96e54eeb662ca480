using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class MeanTests
{
    [Theory] // by quadrature of the density at 40 digits; they agree with the printed tables
    [InlineData(0.95, 1, 6.313751514675043)]
    [InlineData(0.975, 10, 2.228138851986275)]
    [InlineData(0.95, 19, 1.72913281152137)]
    [InlineData(0.95, 11, 1.795884818704044)]
    [InlineData(0.6, 3, 0.2766706623326899)]
    [InlineData(0.999, 2, 22.32712477011988)]
    [InlineData(0.05, 19, -1.72913281152137)]
    [InlineData(0.5, 4, 0)]
    public void Student_quantiles_are_those_of_the_tables(double probability, int degreesOfFreedom, double expected) =>
        Assert.Equal(expected, Statistics.StudentQuantile(probability, degreesOfFreedom), 1e-10);

    [Fact]
    public void Mean_deviation_and_variation_of_a_small_sample()
    {
        double[] samples = [2, 4, 4, 4, 5, 5, 7, 9];

        Assert.Equal(5, Statistics.Mean(samples));
        Assert.Equal(Math.Sqrt(32.0 / 7), Statistics.StandardDeviation(samples), 1e-12);
        Assert.Equal(Math.Sqrt(32.0 / 7) / 5, Statistics.CoefficientOfVariation(samples), 1e-12);
    }

    [Fact]
    public void What_never_moved_has_no_variation_that_could_pass() =>
        Assert.Equal(double.PositiveInfinity, Statistics.CoefficientOfVariation([0, 0, 0]));

    [Fact]
    public void One_sample_has_no_deviation() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.StandardDeviation([1]));

    [Fact]
    public void No_sample_has_no_mean() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.Mean([]));

    [Fact] // Student's own sleep data (1908): mean 1.58, deviation 1.2299..., n = 10; t(0.95, 9) = 1.833113
    public void A_mean_is_bounded_as_student_bounded_it()
    {
        double[] differences = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

        var (lower, upper) = Statistics.MeanBounds(differences, 0.95);

        Assert.Equal(0.8670, lower, 1e-4);
        Assert.Equal(2.2930, upper, 1e-4);
    }

    [Fact]
    public void A_mean_lies_within_its_bounds_and_they_widen_with_confidence() =>
        Prop.ForAll<NonEmptyArray<int>>(some =>
        {
            double[] samples = [.. some.Get.Select(x => (double)x), 1];

            var (lower, upper) = Statistics.MeanBounds(samples, 0.9);
            var (lowest, highest) = Statistics.MeanBounds(samples, 0.99);
            var mean = Statistics.Mean(samples);

            return lowest <= lower && lower <= mean && mean <= upper && upper <= highest;
        }).QuickCheckThrowOnFailure();

    [Fact] // a fifth off at either end leaves 3, 4, 6, 7, 8, 9; t(0.95, 5) = 2.015048
    public void A_trimmed_mean_is_bounded_as_tukey_and_mclaughlin_bounded_it()
    {
        double[] samples = [10, 1, 9, 2, 8, 3, 7, 4, 6, 1000];

        var (mean, lower, upper) = Statistics.TrimmedMeanBounds(samples, 0.95);

        var winsorised = Statistics.StandardDeviation([3, 3, 3, 4, 6, 7, 8, 9, 9, 9]);
        var reach = 2.015048373333024 * winsorised / (0.6 * Math.Sqrt(10));
        Assert.Equal(37.0 / 6, mean, 1e-12);
        Assert.Equal(mean - reach, lower, 1e-8);
        Assert.Equal(mean + reach, upper, 1e-8);
    }

    [Fact]
    public void A_fifth_of_the_samples_however_wild_moves_a_trimmed_mean_no_farther_than_its_neighbours() =>
        Prop.ForAll<PositiveInt>(any =>
        {
            double[] steady = [.. Enumerable.Range(0, 20).Select(i => 100.0 + (i % 5))];
            double[] stalled = [.. steady.Take(16), .. Enumerable.Repeat((double)-any.Get, 4)];

            var mean = Statistics.TrimmedMeanBounds(stalled, 0.95).Mean;

            return mean is >= 100 and <= 104;
        }).QuickCheckThrowOnFailure();
}

using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class StatisticsTests
{
    [Fact]
    public void A_percentile_is_the_smallest_sample_that_covers_the_share() =>
        Prop.ForAll<NonEmptyArray<int>, PositiveInt>((some, any) =>
        {
            var sorted = some.Get.Order().ToArray();
            var (n, perMille) = ((long)sorted.Length, (any.Get % 1000) + 1);

            var value = Statistics.Percentile<int>(sorted, perMille);

            return sorted.Count(x => x <= value) * 1000L >= n * perMille
                && sorted.Count(x => x < value) * 1000L < n * perMille;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(70, 7)]
    [InlineData(500, 50)]
    [InlineData(990, 99)]
    [InlineData(991, 100)]
    [InlineData(1000, 100)]
    [InlineData(1, 1)]
    public void A_percentile_of_one_to_a_hundred_is_its_own_rank(int perMille, int expected)
    {
        var value = Statistics.Percentile<int>(Enumerable.Range(1, 100).ToArray(), perMille);

        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    [InlineData(-1)]
    public void A_percentile_outside_its_range_is_a_bug_of_the_caller(int perMille) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.Percentile<int>([1], perMille));

    [Fact]
    public void A_percentile_of_nothing_is_a_bug_of_the_caller() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.Percentile<int>([], 500));

    [Theory] // ranks by direct summation of the binomial at 40 digits
    [InlineData(20, 500, 0.95, 6, 15)]
    [InlineData(100, 500, 0.99, 37, 64)]
    [InlineData(1000, 990, 0.99, 981, 998)]
    [InlineData(6, 500, 0.95, 1, 6)]
    public void A_quantile_lies_between_the_ranks_that_the_binomial_gives(int n, int perMille, double confidence, int lower, int upper)
    {
        var interval = Statistics.QuantileInterval<int>(Enumerable.Range(1, n).ToArray(), perMille, confidence);

        Assert.Equal((lower, upper), interval);
    }

    [Fact]
    public void Five_samples_do_not_bound_a_median_at_95_percent()
    {
        var interval = Statistics.QuantileInterval<int>([1, 2, 3, 4, 5], 500, 0.95);

        Assert.Equal((null, null), interval);
    }

    [Fact]
    public void A_p99_of_too_few_samples_has_a_lower_bound_only()
    {
        var (lower, upper) = Statistics.QuantileInterval<int>(Enumerable.Range(1, 459).ToArray(), 990, 0.99);

        Assert.NotNull(lower);
        Assert.Null(upper);
    }

    [Fact]
    public void A_quantile_lies_within_its_interval_and_the_interval_widens_with_confidence() =>
        Prop.ForAll<NonEmptyArray<int>, PositiveInt>((some, any) =>
        {
            var sorted = some.Get.Order().ToArray();
            var perMille = (any.Get % 999) + 1;

            var value = Statistics.Percentile<int>(sorted, perMille);
            var (lower, upper) = Statistics.QuantileInterval<int>(sorted, perMille, 0.9);
            var (lowest, highest) = Statistics.QuantileInterval<int>(sorted, perMille, 0.99);

            return (lower ?? value) <= value && value <= (upper ?? value)
                && (lowest ?? int.MinValue) <= (lower ?? int.MinValue) && (upper ?? int.MaxValue) <= (highest ?? int.MaxValue);
        }).QuickCheckThrowOnFailure();

    [Theory] // by direct summation of the binomial at 40 digits
    [InlineData(0, 10, 0.95, 0, 0.258865550893052)]
    [InlineData(3, 20, 0.975, 0.0320709371854637, 0.378926826545314)]
    [InlineData(285, 300, 0.95, 0.924051301700405, 0.968930050255145)]
    [InlineData(5, 1307, 0.99, 0.000979678415465624, 0.00999837046567583)]
    [InlineData(50, 100, 0.99, 0.380717466906952, 0.619282533093048)]
    [InlineData(120, 100_000, 0.99, 0.000960059941673832, 0.00148029292453713)]
    [InlineData(10, 10, 0.99, 0.630957344480193, 1)]
    public void A_share_is_bounded_as_clopper_and_pearson_bound_it(int misses, int trials, double confidence, double lower, double upper)
    {
        var bounds = Statistics.ShareBounds(misses, trials, confidence);

        Assert.Equal(lower, bounds.Lower, 1e-12);
        Assert.Equal(upper, bounds.Upper, 1e-12);
    }

    [Fact]
    public void A_share_lies_within_its_bounds_and_one_more_miss_raises_both() =>
        Prop.ForAll<PositiveInt, NonNegativeInt>((some, any) =>
        {
            var trials = (some.Get * 37 % 5000) + 2;
            var misses = any.Get % trials;

            var fewer = Statistics.ShareBounds(misses, trials, 0.99);
            var more = Statistics.ShareBounds(misses + 1, trials, 0.99);
            var share = (double)misses / trials;

            return fewer.Lower <= share && share <= fewer.Upper && fewer.Lower < more.Lower && fewer.Upper < more.Upper
                || (misses + 1 == trials && more.Upper == 1);
        }).QuickCheckThrowOnFailure();

    [Theory] // the table of the basis of the standard, 2.2
    [InlineData(0.1, new[] { 44, 64, 81, 97, 127, 197 })]
    [InlineData(0.05, new[] { 90, 130, 165, 198, 259, 398 })]
    [InlineData(0.01, new[] { 459, 662, 838, 1001, 1307, 2010 })]
    [InlineData(0.001, new[] { 4603, 6636, 8403, 10042, 13105, 20140 })]
    public void Trials_needed_are_those_of_the_basis(double share, int[] expected)
    {
        var needed = new[] { 0, 1, 2, 3, 5, 10 }.Select(misses => Statistics.TrialsNeeded(misses, share, 0.99));

        Assert.Equal(expected, needed);
    }

    [Fact]
    public void At_95_percent_p99_needs_299_trials() =>
        Assert.Equal([299, 473, 628], new[] { 0, 1, 2 }.Select(misses => Statistics.TrialsNeeded(misses, 0.01, 0.95)));

    [Fact]
    public void Trials_needed_are_the_first_at_which_the_upper_bound_keeps_to_the_share() =>
        Prop.ForAll<NonNegativeInt, PositiveInt>((some, any) =>
        {
            var (misses, share) = (some.Get % 40, ((any.Get % 300) + 1) / 1000.0);

            var needed = Statistics.TrialsNeeded(misses, share, 0.99);

            return Statistics.ShareBounds(misses, needed, 0.99).Upper <= share
                && (needed - 1 <= misses || Statistics.ShareBounds(misses, needed - 1, 0.99).Upper > share);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_share_of_nothing_or_all_needs_no_number_of_trials(double share) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.TrialsNeeded(0, share, 0.99));

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(11, 10)]
    [InlineData(0, 0)]
    public void More_misses_than_trials_are_a_bug_of_the_caller(int misses, int trials) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.ShareBounds(misses, trials, 0.99));
}

namespace Adaptation.Core.Tests;

public sealed class ClusterBootstrapTests
{
    [Fact]
    public void What_never_differs_has_no_spread()
    {
        var (mean, lower, upper) = ClusterBootstrap.MeanBounds([6, 2, 4], [3, 1, 2], 0.95, 100, seed: 1);

        Assert.Equal((2, 2, 2), (mean, lower, upper));
    }

    [Fact]
    public void Each_member_weighs_the_same_in_the_mean() =>
        Assert.Equal(4.0, ClusterBootstrap.MeanBounds([10, 30], [1, 9], 0.95, 100, seed: 1).Mean);

    [Fact]
    public void With_many_clusters_bounds_are_those_of_the_normal_distribution()
    {
        var random = new Random(11);
        double[] sums = [.. Enumerable.Range(0, 400).Select(_ => random.NextDouble())];
        var error = Statistics.StandardDeviation(sums) / 20;

        var (mean, lower, upper) = ClusterBootstrap.MeanBounds(sums, Enumerable.Repeat(1, 400).ToArray(), 0.95, 10_000, seed: 20_261_122);

        Assert.Equal(Statistics.Mean(sums), mean, 1e-12);
        Assert.InRange((mean - lower) / error, 1.645 * 0.93, 1.645 * 1.07);
        Assert.InRange((upper - mean) / error, 1.645 * 0.93, 1.645 * 1.07);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bounds_and_another_one_hardly_others()
    {
        var random = new Random(12);
        double[] sums = [.. Enumerable.Range(0, 30).Select(_ => random.NextDouble())];
        int[] counts = [.. Enumerable.Range(0, 30).Select(_ => random.Next(1, 4))];

        var (one, same, other) = (Bounds(1), Bounds(1), Bounds(2));

        Assert.Equal(one, same);
        Assert.NotEqual(one, other);
        Assert.Equal(one.Lower, other.Lower, 0.05);
        Assert.Equal(one.Upper, other.Upper, 0.05);
        (double Mean, double Lower, double Upper) Bounds(ulong seed) => ClusterBootstrap.MeanBounds(sums, counts, 0.95, 10_000, seed);
    }

    [Fact]
    public void What_cannot_be_bounded_is_a_bug()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ClusterBootstrap.MeanBounds([], [], 0.95, 10, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClusterBootstrap.MeanBounds([1], [1, 2], 0.95, 10, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClusterBootstrap.MeanBounds([1], [1], 1, 10, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClusterBootstrap.MeanBounds([1], [1], 0.95, 0, 1));
    }
}

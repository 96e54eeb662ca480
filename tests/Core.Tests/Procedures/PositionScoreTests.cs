using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class PositionScoreTests
{
    [Fact]
    public void Known_distributions_lie_at_their_known_distance()
    {
        var score = PositionScore.Of([Math.Log(3), 0], [0, 0], next: 1); // 3/4, 1/4 against halves

        Assert.Equal((0.75 * Math.Log(1.5)) + (0.25 * Math.Log(0.5)), score.Divergence, 1e-15);
        Assert.Equal(score.Divergence, score.FlatDivergence, 1e-15);
        Assert.Equal(Math.Log(4), score.ReferenceLoss, 1e-15);
        Assert.Equal(Math.Log(2), score.CandidateLoss, 1e-15);
        Assert.Equal(Math.Log(3), score.LargestDifference);
        Assert.True(score.SameTop); // the tie of the candidate goes to the lower id
    }

    [Fact]
    public void The_lowest_of_equal_ids_is_the_likeliest()
    {
        Assert.True(PositionScore.Of([1, 2, 2], [0, 5, 5], null).SameTop);
        Assert.False(PositionScore.Of([1, 2, 2], [0, 5, 5.1], null).SameTop);
    }

    [Fact]
    public void A_shift_of_all_logits_changes_no_distance() =>
        Prop.ForAll<NonEmptyArray<short>, short>((some, shift) =>
        {
            var reference = some.Get.Select(value => value / 4096.0).ToArray();
            var candidate = reference.Select(logit => logit + shift).ToArray();

            var score = PositionScore.Of(reference, candidate, next: 0);

            return score is { Divergence: < 1e-12, SameTop: true } && Math.Abs(score.ReferenceLoss - score.CandidateLoss) < 1e-12;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_distance_is_never_negative_and_finite_for_finite_logits() =>
        Prop.ForAll<NonEmptyArray<short>, int>((some, seed) =>
        {
            var random = new Random(seed);
            var reference = some.Get.Select(value => value * 10.0).ToArray();

            var score = PositionScore.Of(reference, [.. reference.Select(_ => (random.NextDouble() - 0.5) * 1e6)], next: 0);

            return score.Divergence >= 0 && double.IsFinite(score.Divergence) && double.IsFinite(score.CandidateLoss) && score.FlatDivergence >= 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_small_distance_is_half_the_variance_of_the_error()
    {
        double[] reference = [0.1, 0.7, -0.4, 1.3], error = [1e-4, -2e-4, 3e-4, 0.5e-4];
        var weights = reference.Select(Math.Exp).ToArray();
        var mean = error.Zip(weights, (e, w) => e * w).Sum() / weights.Sum();
        var variance = error.Zip(weights, (e, w) => (e - mean) * (e - mean) * w).Sum() / weights.Sum();

        var score = PositionScore.Of(reference, [.. reference.Zip(error, (r, e) => r + e)], null);

        Assert.Equal(1, score.Divergence / (variance / 2), 1e-3);
    }
}

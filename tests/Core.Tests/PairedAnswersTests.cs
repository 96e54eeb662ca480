using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class PairedAnswersTests
{
    [Theory] // sums of binomial coefficients over powers of 2, computed exactly
    [InlineData(12, 2, 0.012939453125)]
    [InlineData(2, 12, 0.012939453125)]
    [InlineData(15, 0, 6.103515625e-05)]
    [InlineData(5, 5, 1)]
    [InlineData(0, 0, 1)]
    [InlineData(86, 150, 3.715936139571442e-05)]
    public void McNemar_is_the_exact_binomial_tail_twice(int losses, int gains, double expected) =>
        Assert.Equal(expected, PairedAnswers.McNemar(losses, gains), expected * 1e-9);

    [Theory] // the score test inverted with the likelihood maximised by search, not by the closed form
    [InlineData(12, 2, 50, 0.975, 0.061112407, 0.344708748)]
    [InlineData(9, 5, 32, 0.975, -0.108819134, 0.345982947)]
    [InlineData(1, 0, 44, 0.975, -0.059393231, 0.118077097)]
    [InlineData(5, 3, 1000, 0.95, -0.003101542, 0.007595451)]
    [InlineData(20, 20, 4000, 0.95, -0.002685442, 0.002685442)]
    [InlineData(60, 0, 1200, 0.95, 0.040625851, 0.061398742)]
    [InlineData(0, 7, 300, 0.95, -0.042487848, -0.012699591)]
    [InlineData(0, 0, 1200, 0.95, -0.002249548, 0.002249548)] // z^2 / (n + z^2)
    public void Bounds_of_the_difference_invert_the_score_test(int losses, int gains, int items, double confidence, double lower, double upper)
    {
        var bounds = PairedAnswers.DifferenceBounds(losses, gains, items, confidence);

        Assert.Equal(lower, bounds.Lower, 1e-8);
        Assert.Equal(upper, bounds.Upper, 1e-8);
    }

    [Theory] // the basis of the standard, 2.3: 1 % of a score of 0.8
    [InlineData(0.05, 0.5, 2114)]
    [InlineData(0.02, 0.5, 846)]
    [InlineData(0.05, 0.9, 6691)]
    public void Items_for_a_margin_are_those_of_the_standards_basis(double discordance, double power, double items) =>
        Assert.Equal(items, Math.Ceiling(PairedAnswers.ItemsNeeded(discordance, 0.008, 0.95, power)));

    [Fact]
    public void Bounds_hold_the_share_seen_between_them_and_widen_with_confidence() =>
        Prop.ForAll<NonNegativeInt, NonNegativeInt, PositiveInt>((some, others, more) =>
        {
            var (losses, gains) = (some.Get % 50, others.Get % 50);
            var items = losses + gains + more.Get;
            var (narrow, wide) = (PairedAnswers.DifferenceBounds(losses, gains, items, 0.9), PairedAnswers.DifferenceBounds(losses, gains, items, 0.99));
            var seen = (double)(losses - gains) / items;
            return wide.Lower <= narrow.Lower && narrow.Lower <= seen + 1e-9 && seen <= narrow.Upper + 1e-9 && narrow.Upper <= wide.Upper;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Losing_and_gaining_exchanged_mirror_the_bounds() =>
        Assert.Equal(PairedAnswers.DifferenceBounds(7, 3, 90, 0.95).Upper, -PairedAnswers.DifferenceBounds(3, 7, 90, 0.95).Lower, 1e-12);

    [Fact]
    public void A_perfect_candidate_is_let_through_as_often_as_the_power_says_and_one_at_the_margin_hardly_ever()
    {
        // 5 % of answers differ; with the items for 90 % power a candidate that gains what it loses passes 9 times in 10, one at the margin 1 in 20
        var items = (int)PairedAnswers.ItemsNeeded(0.05, 0.02, 0.95, 0.9);
        var random = new Random(7);
        Assert.InRange(Passes(random, items, 0.025, 0.025), 0.86, 0.94);
        Assert.InRange(Passes(random, items, 0.035, 0.015), 0.02, 0.08);
    }

    [Fact]
    public void Nonsense_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PairedAnswers.McNemar(-1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairedAnswers.DifferenceBounds(3, 3, 5, 0.95));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairedAnswers.DifferenceBounds(0, 0, 0, 0.95));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairedAnswers.DifferenceBounds(0, 0, 5, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => PairedAnswers.ItemsNeeded(0.1, 0, 0.95, 0.9));
    }

    private static double Passes(Random random, int items, double lose, double gain)
    {
        const int Trials = 600;
        var passed = 0;
        for (var trial = 0; trial < Trials; trial++)
        {
            var (losses, gains) = (0, 0);
            for (var item = 0; item < items; item++)
            {
                var draw = random.NextDouble();
                losses += draw < lose ? 1 : 0;
                gains += draw >= lose && draw < lose + gain ? 1 : 0;
            }

            passed += PairedAnswers.DifferenceBounds(losses, gains, items, 0.95).Upper <= 0.02 ? 1 : 0;
        }

        return passed / (double)Trials;
    }
}

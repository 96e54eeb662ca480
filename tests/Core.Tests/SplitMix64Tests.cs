using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class SplitMix64Tests
{
    /// <summary>The first outputs for this seed that other implementations publish too (Rosetta Code, Pseudo-random numbers/Splitmix64).</summary>
    [Fact]
    public void It_gives_the_published_answers()
    {
        var state = 1234567UL;

        Assert.Equal(
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
            Enumerable.Range(0, 5).Select(_ => SplitMix64.Next(ref state)).ToArray());
    }

    [Fact]
    public void Any_place_can_be_had_without_those_before_it() => Prop.ForAll<ulong, byte>((seed, index) =>
    {
        var state = seed;
        for (var earlier = 0; earlier < index; earlier++)
            SplitMix64.Next(ref state);

        return SplitMix64.At(seed, index) == SplitMix64.Next(ref state);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_integer_is_drawn_about_as_often()
    {
        var (state, drawn) = (7UL, new int[7]);

        for (var i = 0; i < 70_000; i++)
            drawn[SplitMix64.Below(7, ref state)]++;

        Assert.All(drawn, count => Assert.InRange(count, 9_600, 10_400)); // four deviations are 370
    }

    [Theory]
    [InlineData(0, 0.035073676079351135)]
    [InlineData(1, 0.12218846198343797)]
    [InlineData(2, 0.6980861965618117)]
    public void The_schedule_of_a_load_is_the_one_that_evidence_was_taken_with(int index, double uniform) =>
        Assert.Equal(uniform, PoissonSchedule.Uniform(20_261_122, index)); // from a program of its own
}

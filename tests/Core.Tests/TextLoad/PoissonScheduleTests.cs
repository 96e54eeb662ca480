using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class PoissonScheduleTests
{
    [Fact]
    public void The_same_seed_gives_the_same_schedule_and_a_longer_one_begins_with_it() =>
        Prop.ForAll<NonNegativeInt, PositiveInt>((seed, rate) =>
            PoissonSchedule.Make(seed.Get, rate.Get, 50).SequenceEqual(PoissonSchedule.Make(seed.Get, rate.Get, 80)[..50])
            && !PoissonSchedule.Make(seed.Get, rate.Get, 50).SequenceEqual(PoissonSchedule.Make(seed.Get + 1L, rate.Get, 50))).QuickCheckThrowOnFailure();

    [Fact]
    public void It_ascends_from_above_the_start() =>
        Prop.ForAll<NonNegativeInt, PositiveInt>((seed, rate) =>
        {
            var due = PoissonSchedule.Make(seed.Get, rate.Get, 200);
            return due[0] >= 0 && due.Zip(due.Skip(1)).All(pair => pair.First <= pair.Second);
        }).QuickCheckThrowOnFailure();

    [Fact] // counts in 20,000 gaps of an exponential law: each within five standard deviations of the mean of its binomial
    public void Its_gaps_are_exponential()
    {
        const int count = 20_000;
        var due = PoissonSchedule.Make(seed: 42, rateMilli: 1_000_000, count);
        var gaps = due.Zip(due.Prepend(0)).Select(pair => (pair.First - pair.Second) / 1e6).ToArray();

        Assert.All(new[] { 0.1, 0.5, 1, 2, 4 }, limit =>
        {
            var share = 1 - Math.Exp(-limit);
            Assert.InRange(gaps.Count(gap => gap <= limit), (count * share) - (5 * Math.Sqrt(count * share * (1 - share))), (count * share) + (5 * Math.Sqrt(count * share * (1 - share))));
        });
    }

    [Fact]
    public void Its_logarithm_is_the_platforms_to_the_last_digits() =>
        Prop.ForAll<PositiveInt>(number =>
        {
            var value = PoissonSchedule.Uniform(number.Get, number.Get % 1000);
            return Math.Abs(PoissonSchedule.Log(value) - Math.Log(value)) <= 4e-16 * Math.Max(1, Math.Abs(Math.Log(value)));
        }).QuickCheckThrowOnFailure();

    [Fact] // worked out apart from this code, with another platform's logarithm; evidence of other machines is held against them
    public void Its_numbers_never_change() =>
        Assert.Equal(Golden, PoissonSchedule.Make(seed: 1, rateMilli: 2_000, 4).AsEnumerable());

    [Fact]
    public void As_many_as_come_due_within_a_time()
    {
        var within = PoissonSchedule.Make(5, 10_000, TimeSpan.FromSeconds(60));

        Assert.InRange(within.Length, 480, 720);
        Assert.True(within[^1] <= 60_000_000_000 && PoissonSchedule.Make(5, 10_000, within.Length + 1)[^1] > 60_000_000_000);
        Assert.Single(PoissonSchedule.Make(5, 1, TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void No_rate_is_no_schedule() => Assert.Throws<ArgumentOutOfRangeException>(() => PoissonSchedule.Make(1, 0, 5));

    private static readonly long[] Golden = [284_084_755, 430_745_891, 445_458_878, 851_019_876];
}

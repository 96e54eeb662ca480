using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class ThroughputTests
{
    [Fact]
    public void A_constant_rate_declared_at_its_true_rate_passes()
    {
        var finding = Judged.By(Clauses.Throughput, Load(Loads.Steady(100, 600), 600));

        Judged.Passes(finding);
        Assert.Equal(new Figure("throughput", "samples/s", 100_000, 100_000, 100_000, 95_000), finding.Figures[0]);
    }

    [Fact]
    public void A_declared_rate_of_1_2_times_the_true_one_fails()
    {
        var finding = Judged.By(Clauses.Throughput, Load(Loads.Noisy(100, 600, 20, 0.05, seed: 3), 600), Declaring(120_000));

        Assert.StartsWith("99.", Judged.Measured(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_stopped_after_60_s_decides_nothing_and_says_how_much_longer() =>
        Assert.Equal("the load lasted 60 s; 600 s are asked for, 540 s more", Judged.Reason(Judged.By(Clauses.Throughput, Load(Loads.Steady(100, 60), 60))));

    [Fact]
    public void A_run_a_nanosecond_too_short_decides_nothing()
    {
        var load = Load(Loads.Steady(100, 599), 600);

        Judged.Passes(Judged.By(Clauses.Throughput, load));
        Judged.Reason(Judged.By(Clauses.Throughput, load.WithFact("duration_ns", "599999999999")));
    }

    [Fact]
    public void A_wrong_answer_under_load_fails_and_is_called_so() =>
        Assert.Equal("3 of the answers that were looked at are wrong under load", Judged.Measured(Judged.By(Clauses.Throughput, Load(Loads.Steady(200, 600), 600).WithFact("failed", "4").WithFact("wrong", "3"))));

    [Fact]
    public void A_failed_request_fails_the_run_however_fast_and_however_short_it_was()
    {
        Assert.Equal("1 requests failed", Judged.Measured(Judged.By(Clauses.Throughput, Load(Loads.Steady(200, 600), 600).WithFact("failed", "1"))));
        Judged.Measured(Judged.By(Clauses.Throughput, Load(Loads.Steady(200, 6), 6).WithFact("failed", "1")));
    }

    [Theory] // 20 windows at 98 and 102: mean 100, deviation 2.052, t(0.95, 19) = 1.7291, so 99.2066 to 100.7934
    [InlineData(104_428, "pass")]
    [InlineData(104_429, "inconclusive")]
    [InlineData(106_098, "inconclusive")]
    [InlineData(106_099, "fail")]
    public void Both_bounds_of_the_rate_decide_at_the_sample(long declaredMilli, string word)
    {
        ImmutableArray<double> rates = [.. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? 98.0 : 102.0)];

        var finding = Judged.By(Clauses.Throughput, Load(Loads.Windows(rates, 600), 600), Declaring(declaredMilli));

        Assert.Equal(word, finding.Verdict.Word);
    }

    [Fact]
    public void A_rate_just_above_the_limit_says_how_long_a_run_would_do()
    {
        ImmutableArray<double> rates = [.. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? 98.0 : 102.0)];

        var finding = Judged.By(Clauses.Throughput, Load(Loads.Windows(rates, 600), 600), Declaring(104_842)); // 0.95 of it is 99.6: twice as near, four times as long

        Assert.Contains("2360 s", Judged.Reason(finding), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    public void A_profile_that_declares_no_rate_gets_none(long? declaredMilli) =>
        Assert.Contains("declares no throughput", Judged.Reason(Judged.By(Clauses.Throughput, Load(Loads.Steady(100, 600), 600), Declaring(declaredMilli))), StringComparison.Ordinal);

    [Fact]
    public void A_backend_that_answered_nothing_fails() =>
        Judged.Measured(Judged.By(Clauses.Throughput, Load([], 600)));

    [Fact]
    public void A_backend_that_stopped_half_way_does_not_pass() =>
        Assert.IsNotType<Verdict.Pass>(Judged.By(Clauses.Throughput, Load(Loads.Steady(100, 300), 600)).Verdict);

    [Fact]
    public void Evidence_that_cannot_be_believed_decides_nothing()
    {
        var good = Load(Loads.Steady(100, 600), 600);

        Assert.All(
            new[]
            {
                good.Without("completed"),
                good.WithoutFact("duration_ns"),
                good.WithoutFact("failed"),
                good.WithFact("failed", "-1"),
                good.WithFact("failed", "none"),
                good.WithFact("duration_ns", "0"),
                good.WithFact("duration_ns", "-600"),
                good.WithFact("duration_ns", "99999999999999999999"),
                good.WithSeries(Given.Nanos("completed", 5, 4)),
                good.WithSeries(Given.Nanos("completed", -1, 4)),
                good.WithSeries(Given.Nanos("completed", 4, (600 * Loads.Second) + 1)),
                good.WithSeries(Given.Counts("completed", 4, 5)),
            },
            measurement => Assert.StartsWith("invalid evidence", Judged.Reason(Judged.By(Clauses.Throughput, measurement)), StringComparison.Ordinal));
    }

    [Fact]
    public void An_answer_at_the_very_end_counts() =>
        Assert.Equal(1_667, Judged.Milli(Judged.By(Clauses.Throughput, Load([.. 1000.Times(600 * Loads.Second)], 600)), "throughput"));

    [Fact]
    public void Answers_left_out_never_help() =>
        Prop.ForAll<PositiveInt, PositiveInt>((seed, every) =>
        {
            var all = Loads.Noisy(9.8, 600, 20, 0.1, seed.Get);
            var fewer = all.Where((_, i) => i % (every.Get + 1) != 0).ToImmutableArray();

            return Judged.By(Clauses.Throughput, Load(fewer, 600), Declaring(10_000)).Verdict is not Verdict.Pass
                || Judged.By(Clauses.Throughput, Load(all, 600), Declaring(10_000)).Verdict is Verdict.Pass;
        }).QuickCheckThrowOnFailure();

    private static Plan Declaring(long? milli) => Given.Plan with { Declared = new(ThroughputMilli: milli) };

    private static Measurement Load(ImmutableArray<long> completed, long seconds) => Given.Measurement("PERF-05", Given.Nanos("completed", completed)) with
    {
        Facts = Given.Facts(("duration_ns", (seconds * Loads.Second).ToString(CultureInfo.InvariantCulture)), ("failed", "0")),
    };
}

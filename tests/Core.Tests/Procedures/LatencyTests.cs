using Adaptation.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class LatencyTests
{
    private const long Ms = 1_000_000;

    // The plan declares a p99 of 50 ms at 1 stream and of 200 ms at 10.
    private static readonly Measurement Fast = Given.Measurement("PERF-04",
        Given.Nanos("latency.1", 459.Times(40 * Ms)), Given.Nanos("latency.10", 459.Times(150 * Ms)),
        Given.Nanos("client_error.before.1", 100.Times(60_000)), Given.Nanos("client_error.after.1", 100.Times(70_000)),
        Given.Nanos("client_error.before.10", 100.Times(300_000)), Given.Nanos("client_error.after.10", 100.Times(310_000)));

    private static readonly Plan Undeclared = Given.Plan with { Declared = new() };

    [Fact]
    public void Latency_as_declared_passes_and_is_reported_to_the_nanosecond()
    {
        var finding = Judged.By(Clauses.Latency, Fast.WithSeries(Given.Nanos("latency.1", Enumerable.Range(1, 1000).Select(i => i * 40_001L).Shuffled(seed: 7))));

        Judged.Passes(finding);
        Assert.Equal(new Figure("latency p50, 1 stream", "us", 500 * 40_001, 459 * 40_001, 542 * 40_001), finding.Figures[0]);
        Assert.Equal(new Figure("latency p99, 1 stream", "us", 990 * 40_001, 981 * 40_001, 998 * 40_001, 50_000_000), finding.Figures[1]);
        Assert.Equal(60_000, Judged.Milli(finding, "client error p50 before, 1 stream"));
    }

    [Theory] // the table of the basis: so many late ones need so many requests
    [InlineData(0, 459)]
    [InlineData(1, 662)]
    [InlineData(5, 1307)]
    public void Enough_requests_pass_and_one_fewer_says_how_many_it_takes(int late, int enough)
    {
        Judged.Passes(Judged.By(Clauses.Latency, WithLate(late, enough)));
        Assert.Contains($"{enough} requests with no more late ones would do", Judged.Reason(Judged.By(Clauses.Latency, WithLate(late, enough - 1))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_at_the_declared_time_is_not_late_and_one_a_nanosecond_later_is()
    {
        Judged.Passes(Judged.By(Clauses.Latency, Fast.WithSeries(Given.Nanos("latency.1", 459.Times(50 * Ms)))));
        Judged.Measured(Judged.By(Clauses.Latency, Fast.WithSeries(Given.Nanos("latency.1", 459.Times((50 * Ms) + 1)))));
    }

    [Fact]
    public void Three_percent_late_fails() =>
        Assert.Contains("60 of 2000 requests at 10 streams", Judged.Measured(Judged.By(Clauses.Latency, WithLate(60, 2000))), StringComparison.Ordinal);

    [Fact]
    public void Both_sides_of_the_failing_bound()
    {
        var failing = Enumerable.Range(0, 100).First(late => Statistics.ShareBounds(late, 1000, 0.99).Lower > 0.01);

        Judged.Measured(Judged.By(Clauses.Latency, WithLate(failing, 1000)));
        Judged.Reason(Judged.By(Clauses.Latency, WithLate(failing - 1, 1000)));
    }

    [Fact]
    public void A_failed_request_fails_declared_or_not()
    {
        var one = Fast.WithSeries(Given.Nanos("latency.10", [.. 5000.Times(Ms), long.MaxValue]));

        Assert.Equal("1 of 5001 requests failed at 10 streams", Judged.Measured(Judged.By(Clauses.Latency, one)));
        Judged.Measured(Judged.By(Clauses.Latency, one, Undeclared));
    }

    [Fact]
    public void Undeclared_latency_is_reported_from_459_requests_on()
    {
        Judged.Passes(Judged.By(Clauses.Latency, Fast, Undeclared));
        Assert.Contains("458 requests at 1 streams", Judged.Reason(Judged.By(Clauses.Latency, Fast.WithSeries(Given.Nanos("latency.1", 458.Times(Ms))), Undeclared)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client_error.before.1")]
    [InlineData("client_error.after.10")]
    public void A_client_that_errs_voids_the_run_on_either_side_of_the_load(string series)
    {
        var atLimit = Fast.WithSeries(Given.Nanos(series, [.. 50.Times(2 * Ms), .. 50.Times(9 * Ms)]));
        var beyond = Fast.WithSeries(Given.Nanos(series, [.. 49.Times(2 * Ms), .. 51.Times((2 * Ms) + 1)]));

        Judged.Passes(Judged.By(Clauses.Latency, atLimit));
        Assert.StartsWith("void: the client erred", Judged.Reason(Judged.By(Clauses.Latency, beyond)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_echo_that_did_not_answer_voids_the_run() =>
        Assert.StartsWith("void: the echo", Judged.Reason(Judged.By(Clauses.Latency, Fast.WithSeries(Given.Nanos("client_error.after.1", 60_000, long.MaxValue)))), StringComparison.Ordinal);

    [Fact]
    public void A_report_without_the_10_parallel_column_is_invalid_evidence() =>
        Assert.Contains("latency.10 is missing", Judged.Reason(Judged.By(Clauses.Latency, Fast.Without("latency.10"), Undeclared)), StringComparison.Ordinal);

    [Fact]
    public void Evidence_that_cannot_be_believed_decides_nothing() =>
        Assert.All(
            new[]
            {
                Fast.Without("latency.1"),
                Fast.Without("client_error.before.1"),
                Fast.Without("client_error.after.10"),
                Fast.WithSeries(Given.Nanos("client_error.after.10")),
                Fast.WithSeries(Given.Nanos("latency.10")),
                Fast.WithSeries(Given.Nanos("latency.1", [.. 500.Times(Ms), -5])),
                Fast.WithSeries(Given.Counts("latency.1", 459.Times(Ms))),
            },
            measurement => Judged.Reason(Judged.By(Clauses.Latency, measurement)));

    [Fact]
    public void More_late_requests_never_help() =>
        Prop.ForAll<NonNegativeInt, PositiveInt, PositiveInt>((few, many, size) =>
        {
            var n = 100 + (size.Get * 53 % 3000);
            var late = few.Get % 80;
            var later = Math.Min(n, late + many.Get);

            return Rank(Judged.By(Clauses.Latency, WithLate(later, n)).Verdict) <= Rank(Judged.By(Clauses.Latency, WithLate(late, n)).Verdict);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void More_evidence_of_the_same_kind_never_turns_a_fail_into_a_pass() =>
        Prop.ForAll<NonNegativeInt, PositiveInt, PositiveInt>((few, size, times) =>
        {
            var n = 50 + (size.Get * 31 % 700);
            var (late, factor) = (few.Get % 30, (times.Get % 5) + 1);

            var first = Judged.By(Clauses.Latency, WithLate(late, n)).Verdict;
            var wider = Judged.By(Clauses.Latency, WithLate(late * factor, n * factor)).Verdict;

            return Math.Abs(Rank(first) - Rank(wider)) < 2;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void More_confidence_only_ever_withdraws_a_verdict() =>
        Prop.ForAll<NonNegativeInt, PositiveInt>((few, size) =>
        {
            var evidence = WithLate(few.Get % 40, 100 + (size.Get * 53 % 3000));
            var surer = Clauses.Latency with { Limits = Clauses.Latency.Limits.SetItem("confidence_ppm", 999_900) };

            var (at99, at9999) = (Judged.By(Clauses.Latency, evidence).Verdict, Judged.By(surer, evidence).Verdict);

            return at9999 is Verdict.Inconclusive || at9999.Word == at99.Word;
        }).QuickCheckThrowOnFailure();

    private static int Rank(Verdict verdict) => verdict switch { Verdict.Pass => 2, Verdict.Inconclusive => 1, _ => 0 };

    private static Measurement WithLate(int late, int n) =>
        Fast.WithSeries(Given.Nanos("latency.10", [.. late.Times(201 * Ms), .. (n - late).Times(150 * Ms)]));
}

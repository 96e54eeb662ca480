using Adaptation.Testing;
using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

/// <summary>PERF-05 to PERF-08 and PERF-12 for language models.</summary>
public sealed class TextThroughputTests
{
    private static readonly Plan Plan = TextClauses.Plan;

    // 10 slots, 10 tokens/s each: 100 tokens/s; 2,020 requests of 30 tokens last 606 s.
    private static readonly Answer Tenth = new(100 * Ms, 100 * Ms, 30);
    private static readonly Measurement Steady = Measured("PERF-05", Offline(10, 2020, Tenth));

    private static Finding Bulk(Measurement m, Plan? plan = null) => Judged.By(TextClauses.Throughput, m, plan ?? Plan);

    [Fact]
    public void A_constant_rate_declared_at_its_true_value_passes() => Judged.Passes(Bulk(Steady));

    [Fact]
    public void A_declaration_of_1_2_times_the_true_rate_fails() =>
        Assert.Contains("tokens/s", Judged.Measured(Bulk(Steady, Plan with { Declared = Plan.Declared with { OutputTokensMilliPerSecond = 120_000 } })), StringComparison.Ordinal);

    [Fact]
    public void A_run_stopped_after_60_s_decides_nothing() =>
        Assert.Contains("600 s are asked for", Judged.Reason(Bulk(Measured("PERF-05", Offline(10, 200, Tenth)))), StringComparison.Ordinal);

    [Fact]
    public void Nothing_declared_is_inconclusive_and_a_failed_or_short_answer_fails()
    {
        Judged.Reason(Bulk(Steady, Plan with { Declared = new(TextClass: "8b") }));
        var load = Offline(10, 2020, Tenth);
        Judged.Measured(Bulk(Measured("PERF-05", load with { Requests = load.Requests.SetItem(5, load.Requests[5] with { Status = 2 }) })));
        Judged.Measured(Bulk(Measured("PERF-05", load with { Terms = load.Terms with { LeastOutputTokens = 31 } })));
    }

    [Fact]
    public void A_closed_loop_is_no_offline_load() =>
        Assert.Contains("offline throughput", Judged.Reason(Bulk(Measured("PERF-05", Closed(10, 2020, _ => Tenth)))), StringComparison.Ordinal);

    // 2 requests/s for 1,300 requests is more than 600 s.
    private static Measurement Served(Func<int, Answer> answer, string check = "PERF-06") => Measured(check, Server(2_000, 1_300, answer));

    private static Finding Slo(Measurement m, Plan? plan = null) => Judged.By(TextClauses.Slo, m, plan ?? Plan);

    [Fact]
    public void A_server_that_keeps_every_limit_at_the_declared_rate_passes() => Judged.Passes(Slo(Served(_ => Good)));

    [Fact]
    public void Two_percent_of_slow_first_tokens_fail_or_stay_open_and_never_pass()
    {
        var finding = Slo(Served(i => i % 50 == 0 ? Good with { First = 5 * Second } : Good));

        Assert.Contains("26 of 1300 requests missed a TTFT", Judged.Measured(finding), StringComparison.Ordinal);
    }

    [Theory] // 5 misses need 1,307 requests
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void Each_limit_is_judged_apart_by_the_binomial_rule(int late, bool passes)
    {
        var first = Slo(Served(i => i < late ? Good with { First = 5 * Second } : Good));
        var pace = Slo(Served(i => i >= 1300 - late ? Good with { Gap = 101 * Ms } : Good));

        Assert.All([first, pace], finding => Assert.Equal(passes, finding.Verdict is Verdict.Pass));
    }

    [Fact]
    public void A_closed_loop_that_poses_as_poisson_arrivals_is_invalid()
    {
        var closed = Closed(2, 1300, _ => Good);
        var posing = closed with { Terms = closed.Terms with { Scenario = TextScenarios.Server, RateMilli = 2_000, Streams = 0 } };

        Assert.Contains("was this a closed loop", Judged.Reason(Slo(Measured("PERF-06", posing))), StringComparison.Ordinal);
        Assert.Contains("Poisson", Judged.Reason(Slo(Measured("PERF-06", closed))), StringComparison.Ordinal);
        Assert.Contains("Poisson schedule", Judged.Reason(Slo(Served(_ => Good).WithFact("seed", "8"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lower_rate_a_shorter_run_or_no_declaration_decide_nothing()
    {
        Judged.Reason(Slo(Served(_ => Good), Plan with { Declared = Plan.Declared with { RequestRateMilli = 2_200 } }));
        Judged.Reason(Slo(Served(_ => Good), Plan with { Declared = Plan.Declared with { RequestRateMilli = null } }));
        Assert.Contains("600 s are asked for", Judged.Reason(Slo(Measured("PERF-06", Server(2_000, 700, _ => Good)))), StringComparison.Ordinal);
    }

    private static Finding GoodputOf(Measurement m) => Judged.By(TextClauses.Goodput, m, Plan);

    [Fact]
    public void Goodput_of_a_server_that_meets_every_limit_passes_and_the_curve_is_reported()
    {
        var finding = GoodputOf(Served(_ => Good, "PERF-07").Add(Closed(1, 60, _ => Good), "c1.").Add(Closed(2, 60, i => i % 2 == 0 ? Good : Good with { Gap = 200 * Ms }), "c2."));

        Judged.Passes(finding);
        Assert.Equal(100_000, Judged.Milli(finding, "goodput, declared rate"));
        Assert.InRange(Judged.Milli(finding, "goodput, 2 streams"), 45_000, 55_000);
    }

    [Fact] // status 200 with a truncated body is no whole answer: throughput is what it was, goodput 95 %
    public void Five_percent_of_truncated_answers_fail()
    {
        var finding = GoodputOf(Served(i => i % 20 == 0 ? Good with { Status = 7 } : Good, "PERF-07"));

        Judged.Measured(finding);
        Assert.Equal(95_000, Judged.Milli(finding, "goodput, declared rate"));
    }

    [Fact]
    public void Goodput_below_the_declared_rate_says_nothing() =>
        Assert.Contains("declared rate", Judged.Reason(GoodputOf(Measured("PERF-07", Server(1_000, 1300, _ => Good)))), StringComparison.Ordinal);

    private static Finding Sweep(Measurement m) => Judged.By(TextClauses.Sweep, m, Plan);

    // Throughput doubles from 1 to 2 streams and stands still from there on: two slots.
    private static Measurement Point(Measurement m, int streams) =>
        m.Add(Closed(streams, 60 * streams, _ => new Answer(100 * Ms * Math.Max(1, streams / 2), 50 * Ms * Math.Max(1, streams / 2), 30)), $"c{streams}.");

    private static Measurement Points(params ReadOnlySpan<int> streams)
    {
        var m = new Measurement { Check = "PERF-08" };
        foreach (var count in streams)
            m = Point(m, count);
        return m;
    }

    [Fact]
    public void A_sweep_to_saturation_of_steady_points_passes()
    {
        var finding = Sweep(Points(1, 2, 4, 8));

        Judged.Passes(finding);
        Assert.InRange(Judged.Milli(finding, "output tokens per second, 4 streams"), 38_000, 40_000);
    }

    [Fact]
    public void A_sweep_that_still_rises_is_not_done() =>
        Assert.Contains("go on to 4", Judged.Reason(Sweep(Points(1, 2))), StringComparison.Ordinal);

    [Fact]
    public void A_sweep_with_a_gap_is_invalid()
    {
        Judged.Reason(Sweep(Points(1, 4, 8)));
        Judged.Reason(Sweep(Points(2, 4, 8)));
        Judged.Reason(Sweep(new Measurement { Check = "PERF-08" }));
    }

    [Fact]
    public void A_point_whose_longest_request_took_half_of_it_is_not_valid()
    {
        var m = Points(1, 2, 4).Add(Closed(8, 300, i => i == 100 ? new Answer(30 * Second, 0, 30) : new Answer(200 * Ms, 50 * Ms, 30)), "c8.");

        Assert.Contains("the point of 8 streams is not valid", Judged.Reason(Sweep(m)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_point_of_600_s_whose_longest_request_took_20_s_is_valid() =>
        Judged.Passes(Sweep(Points(1, 2, 4).Add(Closed(8, 1600, i => i == 100 ? new Answer(20 * Second, 0, 30) : new Answer(400 * Ms, 200 * Ms * 29 / 30, 30)), "c8.")));

    [Fact]
    public void A_failure_at_a_point_fails_and_a_short_point_decides_nothing()
    {
        Judged.Measured(Sweep(Points(1, 2, 4).Add(Closed(8, 480, i => i == 100 ? Good with { Status = 4 } : Good), "c8.")));
        Assert.Contains("10 s are asked for", Judged.Reason(Sweep(Points(1, 2, 4).Add(Closed(8, 40, _ => Good), "c8."))), StringComparison.Ordinal);
    }

    [Fact] // PERF-12 takes token arrivals as its completions
    public void Repeatability_of_text_is_judged_by_the_same_procedure()
    {
        Measurement Runs(params long[] gapMillis)
        {
            var m = new Measurement { Check = "PERF-12" };
            foreach (var (gap, i) in gapMillis.Select((gap, i) => (gap, i)))
            {
                var load = Closed(4, 40, _ => new Answer(gap * Ms, gap * Ms, 100));
                m = m.WithSeries(Given.Nanos($"run.{i + 1}", load.TokenArrivals()))
                    .WithFact($"run.{i + 1}.duration_ns", $"{load.Terms.DurationNanos}").WithFact($"run.{i + 1}.container", $"container-{i}");
            }

            return m;
        }

        var clause = Clauses.Repeatability with { AppliesTo = ["llm"] };

        Judged.Passes(Judged.By(clause, Runs(20, 20, 20), Plan));
        Judged.Measured(Judged.By(clause, Runs(20, 24, 20), Plan));
    }

    [Fact] // PERF-12: of text, a completion is a token
    public void Repeatability_of_text_is_told_in_tokens_and_of_tensors_in_samples()
    {
        static Measurement Runs(long third) => Enumerable.Range(1, 3).Aggregate(new Measurement { Check = "PERF-12" }, (m, i) =>
        {
            var load = Closed(4, 40, _ => new Answer((i == 3 ? third : 20) * Ms, (i == 3 ? third : 20) * Ms, 100));
            return m.WithSeries(Given.Nanos($"run.{i}", load.TokenArrivals()))
                .WithFact($"run.{i}.duration_ns", $"{load.Terms.DurationNanos}").WithFact($"run.{i}.container", $"container-{i}");
        });

        var (text, tensors) = (Judged.By(Clauses.Repeatability with { AppliesTo = ["llm"] }, Runs(30), Plan), Judged.By(Clauses.Repeatability, Runs(30)));

        Assert.Equal(3, text.Figures.Count(figure => figure.Unit == "tokens/s"));
        Assert.DoesNotContain(text.Figures, figure => figure.Unit == "samples/s");
        Assert.Contains("tokens/s", Judged.Measured(text), StringComparison.Ordinal);
        Assert.DoesNotContain("samples/s", Judged.Measured(text), StringComparison.Ordinal);
        Assert.Contains("samples/s", Judged.Measured(tensors), StringComparison.Ordinal);
    }
}

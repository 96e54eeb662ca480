using Adaptation.Testing;
using static Adaptation.Core.Tests.TextLoads;

namespace Adaptation.Core.Tests;

/// <summary>PERF-02, PERF-03 and PERF-04 for language models.</summary>
public sealed class TextLatencyTests
{
    private static readonly Plan Plan = TextClauses.Plan;

    private static Finding Ttft(Measurement m, Plan? plan = null) => Judged.By(TextClauses.FirstToken, m, plan ?? Plan);

    private static Finding Tpot(Measurement m, Plan? plan = null) => Judged.By(TextClauses.Pace, m, plan ?? Plan);

    private static Measurement First(int n, Func<int, Answer> answer) => Measured("PERF-02", Closed(4, n + 8, answer));

    private static Measurement Pace(int n, Func<int, Answer> answer) => Measured("PERF-03", Closed(4, n + 8, answer));

    [Fact]
    public void A_first_token_at_200_ms_passes_and_is_reported_as_such()
    {
        var finding = Ttft(First(700, _ => Good));

        Judged.Passes(finding);
        Assert.Equal(new Figure("TTFT p99", "us", 200 * Ms, LimitMilli: 2000 * Ms), finding.Figures.Single(figure => figure.Name == "TTFT p99"));
        Assert.Equal(50_000, Judged.Milli(finding, "client error p50 before"));
    }

    [Fact] // the role chunk has no content, so that it is no chunk here: content comes after 3 s
    public void A_first_token_after_3_s_fails_class_8b() =>
        Assert.Contains("requests missed a TTFT of 2000.00 ms", Judged.Measured(Ttft(First(700, _ => Good with { First = 3 * Second }))), StringComparison.Ordinal);

    [Fact]
    public void Answers_that_begin_in_time_with_nothing_are_called_so()
    {
        var late = First(700, _ => Good with { First = 3 * Second });
        var early = late.WithSeries(new Series("first_byte", "ns", late.Samples("sent")));

        Assert.EndsWith("of those answers began in time, with events that hold no content", Judged.Measured(Ttft(early)), StringComparison.Ordinal);
        Assert.DoesNotContain("no content", Judged.Measured(Ttft(late)), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_requests_say_how_many_it_takes() =>
        Assert.Contains("459 requests with no more misses would do", Judged.Reason(Ttft(First(400, _ => Good))), StringComparison.Ordinal);

    [Fact]
    public void A_failed_request_counts_as_late()
    {
        Judged.Passes(Ttft(First(700, i => i == 100 ? Good with { Status = 3 } : Good)));
        Judged.Reason(Ttft(First(700, i => i is 100 or 101 or 102 ? Good with { Status = 3 } : Good)));
        Judged.Measured(Ttft(First(700, i => i % 20 == 0 ? Good with { Status = 3 } : Good)));
    }

    [Fact]
    public void A_declared_limit_may_be_tighter_than_the_classs_and_never_looser()
    {
        Plan With(long micros) => Plan with { Declared = Plan.Declared with { TtftP99Micros = micros } };

        Judged.Passes(Ttft(First(700, _ => Good), With(200_000)));
        Judged.Measured(Ttft(First(700, _ => Good), With(199_999)));
        Judged.Passes(Ttft(First(700, _ => Good), With(2_000_000)));
        Assert.StartsWith("refused: the profile declares", Judged.Reason(Ttft(First(700, _ => Good), With(2_000_001))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_that_is_missing_or_unknown_decides_nothing_and_names_those_there_are()
    {
        Assert.Contains("8b, 8b_interactive", Judged.Reason(Ttft(First(700, _ => Good), Plan with { Declared = new() })), StringComparison.Ordinal);
        Assert.Contains("'9b'", Judged.Reason(Ttft(First(700, _ => Good), Plan with { Declared = new(TextClass: "9b") })), StringComparison.Ordinal);
    }

    [Fact]
    public void Twenty_milliseconds_a_token_pass()
    {
        var finding = Tpot(Pace(700, _ => Good));

        Judged.Passes(finding);
        Assert.Equal((20 * Ms, 20 * Ms), (Judged.Milli(finding, "TPOT p99"), Judged.Milli(finding, "ITL p99")));
    }

    [Fact]
    public void Eight_tokens_a_chunk_at_150_ms_a_token_fail_class_8b()
    {
        var finding = Tpot(Pace(700, _ => new Answer(200 * Ms, 150 * Ms, 296, PerChunk: 8)));

        Assert.Contains("missed a TPOT of 100.00 ms", Judged.Measured(finding), StringComparison.Ordinal);
        Assert.Equal(708 * 37 * 1000, Judged.Milli(finding, "chunks of several tokens"));
    }

    [Fact] // the claim is not in the evidence of a verdict: only whether it disagreed
    public void A_server_that_claims_twice_its_tokens_changes_no_figure_but_the_one_that_says_so()
    {
        var load = Closed(4, 708, _ => Good);
        var lied = load with { Terms = load.Terms with { CountDisagreements = 708 } };

        var (honest, lying) = (Tpot(Measured("PERF-03", load)), Tpot(Measured("PERF-03", lied)));

        Assert.Equal(honest.Verdict, lying.Verdict);
        Assert.Equal(["requests whose token counts disagree"], honest.Figures.Zip(lying.Figures).Where(pair => pair.First != pair.Second).Select(pair => pair.First.Name));
    }

    [Fact]
    public void An_answer_in_one_lump_or_cut_short_is_late()
    {
        Judged.Measured(Tpot(Pace(700, _ => new Answer(200 * Ms, 0, 30, PerChunk: 30))));
        Judged.Measured(Tpot(Pace(700, i => i % 10 == 0 ? Good with { Tokens = 29 } : Good)));
    }

    [Fact]
    public void Chunks_that_were_not_counted_are_no_tokens()
    {
        var load = Closed(4, 708, _ => Good);

        Assert.Contains("tokenizer", Judged.Reason(Tpot(Measured("PERF-03", load with { Terms = load.Terms with { CountedBy = "chunks" } }))), StringComparison.Ordinal);
    }

    [Fact]
    public void More_late_requests_never_help()
    {
        var ranks = new[] { 0, 1, 2, 5, 10, 20, 40, 80 }
            .Select(late => Ttft(First(700, i => i % 700 < late ? Good with { First = 3 * Second } : Good)).Verdict)
            .Select(verdict => verdict switch { Verdict.Pass => 2, Verdict.Inconclusive => 1, _ => 0 }).ToArray();

        Assert.Equal(ranks.OrderDescending(), ranks);
        Assert.Equal([2, 0], [ranks[0], ranks[^1]]);
    }

    [Theory]
    [InlineData("client_error.before", 100_001, 100, "p50")]
    [InlineData("client_error.after", 4_000_001, 2, "p99")] // 2 % of 200 ms are 4 ms, which is more than 2 ms
    [InlineData("client_error.after", long.MaxValue, 2, "unanswered")]
    public void A_client_that_errs_voids_the_run(string series, long error, int times, string named)
    {
        var m = First(700, _ => Good).WithSeries(Given.Nanos(series, [.. times.Times(error), .. (100 - times).Times(10_000)]));

        var reason = Judged.Reason(Ttft(m));

        Assert.StartsWith("void: ", reason, StringComparison.Ordinal);
        Assert.Contains(named, reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_at_its_limits_voids_nothing() =>
        Judged.Passes(Ttft(First(700, _ => Good).WithSeries(Given.Nanos("client_error.after", [.. 2.Times(4 * Ms), .. 98.Times(100_000)]))));

    [Fact]
    public void Without_a_calibration_on_both_sides_nothing_is_judged() =>
        Assert.All(new[] { "client_error.before", "client_error.after" }, series =>
        {
            Assert.Contains(series, Judged.Reason(Ttft(First(700, _ => Good).Without(series))), StringComparison.Ordinal);
            Assert.Contains(series, Judged.Reason(Ttft(First(700, _ => Good).WithSeries(Given.Nanos(series)))), StringComparison.Ordinal);
        });

    [Fact]
    public void A_dropped_request_voids_the_run() =>
        Assert.StartsWith("void: 1 requests", Judged.Reason(Ttft(First(700, _ => Good).WithFact("dropped", "1"))), StringComparison.Ordinal);

    [Fact]
    public void A_server_load_counts_from_the_due_time_and_a_late_client_voids_it()
    {
        Judged.Passes(Ttft(Measured("PERF-02", Server(20_000, 700, _ => Good, delay: 300_000))));
        Assert.Contains("after the due time", Judged.Reason(Ttft(Measured("PERF-02", Server(20_000, 700, _ => Good, delay: 300_001)))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_load_without_a_steady_stage_decides_nothing() =>
        Assert.Contains("steady stage", Judged.Reason(Ttft(Measured("PERF-02", Closed(4, 3, _ => Good)))), StringComparison.Ordinal);

    private static readonly Measurement Columns = new Measurement { Check = "PERF-04" }
        .Add(Closed(1, 60, _ => Good), "w1.c1.").Add(Closed(10, 80, _ => Good), "w1.c10.");

    private static Finding EndToEnd(Measurement m) => Judged.By(TextClauses.EndToEnd, m, Plan);

    [Fact]
    public void End_to_end_times_match_the_arithmetic()
    {
        var finding = EndToEnd(Columns);

        Judged.Passes(finding);
        Assert.Equal(((200 + (29 * 20)) * Ms), Judged.Milli(finding, "E2EL w1.c1 p50"));
        Assert.Equal(((200 + (29 * 20)) * Ms), Judged.Milli(finding, "E2EL w1.c10 p90"));
        Assert.DoesNotContain(finding.Figures, figure => figure.Name == "E2EL w1.c1 p99");
    }

    [Fact]
    public void A_report_without_the_10_parallel_column_is_invalid() =>
        Assert.Contains("w1.c10.due is missing", Judged.Reason(EndToEnd(Measured("PERF-04", Closed(1, 60, _ => Good), "w1.c1."))), StringComparison.Ordinal);

    [Fact]
    public void A_column_of_other_streams_is_invalid() =>
        Assert.StartsWith("invalid evidence: the load w1.c10", Judged.Reason(EndToEnd(Measured("PERF-04", Closed(1, 60, _ => Good), "w1.c1.").Add(Closed(5, 80, _ => Good), "w1.c10."))), StringComparison.Ordinal);

    [Fact]
    public void A_report_timed_to_the_first_token_is_invalid()
    {
        var firstOnly = Closed(10, 80, _ => Good with { Tokens = 1 });
        var claimed = firstOnly with { Requests = [.. firstOnly.Requests.Select(request => request with { OutputTokens = 30 })] };

        Assert.Contains("its chunks have 1", Judged.Reason(EndToEnd(Columns.Drop("w1.c10.").Add(claimed, "w1.c10."))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_workload_answered_with_half_the_tokens_is_invalid() =>
        Assert.Contains("are not of 100 tokens answered with 30", Judged.Reason(EndToEnd(Columns.Drop("w1.c10.").Add(Closed(10, 80, _ => Good with { Tokens = 15 }), "w1.c10."))), StringComparison.Ordinal);

    [Fact]
    public void A_failed_request_fails_and_too_few_decide_nothing()
    {
        Judged.Measured(EndToEnd(Columns.Drop("w1.c10.").Add(Closed(10, 80, i => i == 40 ? Good with { Status = 1 } : Good), "w1.c10.")));
        Assert.Contains("44 are asked for", Judged.Reason(EndToEnd(Columns.Drop("w1.c10.").Add(Closed(10, 40, _ => Good), "w1.c10."))), StringComparison.Ordinal);
    }
}

using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Adaptation.Core;
using static Adaptation.Runner.Tests.GivenLoad;

namespace Adaptation.Runner.Tests;

/// <summary>Whole sessions against servers in virtual time.</summary>
public sealed class SessionTests
{
    [Fact]
    public async Task A_constant_server_is_measured_to_the_nanosecond()
    {
        var result = await RunAsync(new SimulatedDriver(8, _ => Good), Request);

        var figures = LoadFigures.Of(result.Points.Single(), Request.Limits);
        LoadPercentiles Row(string key) => figures.Percentiles.Single(row => row.Key == key);
        Assert.Equal(LoadEnd.Valid, result.End);
        Assert.Equal((100 * Ms, 100 * Ms, (long?)null), (Row("ttft").P50, Row("ttft").P99, Row("ttft").P999));
        Assert.Equal(10 * Ms, Row("tpot").P99);
        Assert.Equal(200 * Ms, Row("e2el").P99);
        Assert.Equal(50_000, Row("client_error_before").P50);
        Assert.Equal(100_000, figures.Numbers.Single(number => number.Key == "goodput_share").ValueMilli);
        Assert.InRange(figures.Numbers.Single(number => number.Key == "output_rate").ValueMilli, 219_000, 221_000); // 4 streams of 11 tokens in 200 ms
    }

    [Fact]
    public async Task Limits_that_are_not_kept_are_said_to_be_missed()
    {
        var slow = await RunAsync(new SimulatedDriver(8, _ => Good with { Gap = 60 * Ms }), Request);
        var failing = await RunAsync(new SimulatedDriver(8, i => i > 10 && i % 10 == 0 ? Good with { Failure = TextFailure.Truncated } : Good), Request);

        Assert.Equal((LoadEnd.LimitsMissed, LoadEnd.LimitsMissed), (slow.End, failing.End));
    }

    [Fact] // every 40th request stalls until its limit
    public async Task A_stalling_server_misses_though_its_answers_are_fast()
    {
        var result = await RunAsync(new SimulatedDriver(8, i => i > 10 && i % 40 == 0 ? new Reply(60_000 * Ms, 0, Failure: TextFailure.Timeout, Status: 0) : Good), Request with { Extent = new LoadExtent(4000, null) });

        Assert.Equal(LoadEnd.LimitsMissed, result.End);
        Assert.Equal(100 * Ms, LoadFigures.Of(result.Points[0], Request.Limits).Percentiles[0].P99);
    }

    [Fact]
    public async Task Too_few_requests_are_no_verdict()
    {
        var result = await RunAsync(new SimulatedDriver(8, _ => Good), Request with { Extent = new LoadExtent(100, null) });

        Assert.Equal(LoadEnd.Void, result.End);
        Assert.Contains("459 requests", result.Reason.En, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000, LoadEnd.Valid)]
    [InlineData(100_001, LoadEnd.Void)]
    public async Task A_client_that_errs_voids_whatever_the_server_did(long error, LoadEnd end) =>
        Assert.Equal(end, (await RunAsync(new SimulatedDriver(8, _ => Good) { ClientError = error }, Request)).End);

    [Theory]
    [InlineData(300_000, LoadEnd.Valid)]
    [InlineData(300_001, LoadEnd.Void)]
    public async Task A_client_that_sends_late_voids_an_open_loop(long lateness, LoadEnd end) =>
        Assert.Equal(end, (await RunAsync(new SimulatedDriver(1000, _ => Good) { Lateness = lateness }, Request with { Scenario = "server", RateMilli = 20_000 })).End);

    [Fact] // left at 20.5 ms after the request by the server's own stamp, seen 70 us later: the server was late, not the client
    public void A_stamp_tells_the_servers_lateness_from_the_clients()
    {
        var spec = new PaceSpec(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(20), 1);
        TextLoadResult Result(string text, long started) => new(
            [new TextSample { Request = 0, Due = 0, Sent = 1000, Ended = 30 * Ms, Status = 200, Chunks = [new TextChunk(1000 + (20 * Ms) + 570_000, true, text, [])] }], 30 * Ms, null, 0)
        { Started = started };

        Assert.Equal([70_000], HonestyGate.Read(Result(string.Create(System.Globalization.CultureInfo.InvariantCulture, $" {(5000 * Ms) + 1000 + (20 * Ms) + 500_000:D17}"), 5000 * Ms), spec).FirstToken);
        Assert.Equal([570_000], HonestyGate.Read(Result(" w", 5000 * Ms), spec).FirstToken);
        Assert.Equal([long.MaxValue], HonestyGate.Read(new([new TextSample { Request = 0, Due = 0, Sent = 0, Ended = 1, Failure = TextFailure.Broken }], 1, null, 0), spec).FirstToken);
    }

    [Fact] // two slots: throughput doubles once and then stands still
    public async Task A_sweep_ends_where_throughput_stands_still()
    {
        var result = await RunAsync(new SimulatedDriver(2, _ => Good), Request with { Scenario = "sweep", Streams = 64, Extent = new LoadExtent(700, null) });

        Assert.Equal(["c1", "c2", "c4"], result.Points.Select(point => point.Name));
    }

    [Fact]
    public async Task A_claim_that_is_twice_the_count_is_flagged_and_changes_no_rate()
    {
        var honest = await RunAsync(new SimulatedDriver(8, _ => Good), Request, tokenizer: new ByteTokenizer());
        var lying = await RunAsync(new SimulatedDriver(8, _ => Good with { Claim = 22 }), Request, tokenizer: new ByteTokenizer());

        Assert.Equal(honest.Points[0].Load.Requests, lying.Points[0].Load.Requests.AsEnumerable());
        Assert.Contains("1000 requests", lying.Points[0].Warnings().Single().En, StringComparison.Ordinal);
    }

    [Fact] // twice the ids for the same text: the rate is the text's
    public async Task Ids_that_do_not_spell_the_text_change_no_rate_and_are_told()
    {
        var honest = await RunAsync(new SimulatedDriver(8, _ => Good), Request, tokenizer: new ByteTokenizer());
        var lying = await RunAsync(new SimulatedDriver(8, _ => Good with { Claim = 22 }) { IdsPerToken = 2 }, Request, tokenizer: new ByteTokenizer());

        Assert.Equal(("ids", "tokenizer"), (honest.Points[0].Load.Terms.CountedBy, lying.Points[0].Load.Terms.CountedBy));
        Assert.Equal(honest.Points[0].Load.ChunkTokens, lying.Points[0].Load.ChunkTokens.AsEnumerable());
        Assert.Contains("do not spell its text", lying.Points[0].Warnings()[0].En, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ids_that_no_tokenizer_looked_at_are_said_to_be_a_claim()
    {
        var result = await RunAsync(new SimulatedDriver(8, _ => Good), Request);

        Assert.Equal("claimed-ids", result.Points[0].Load.Terms.CountedBy);
        Assert.Contains("--tokenizer", result.Points[0].Warnings().Single().En, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_that_nobody_counted_are_said_to_be_chunks() =>
        Assert.Contains("--tokenizer", (await RunAsync(new SimulatedDriver(8, _ => Good) { GivesIds = false }, Request)).Points[0].Warnings()[0].En, StringComparison.Ordinal);

    [Fact] // the load that ran then included, which is void
    public async Task A_session_that_is_cut_off_keeps_what_it_has()
    {
        using var cancelling = new CancellationTokenSource();
        var loads = 0;
        var driver = new SimulatedDriver(1000, _ => Good)
        {
            Before = () =>
            {
                if (++loads == 5) // the probe, the warm-up, two points
                    cancelling.Cancel();
            },
        };

        var result = await RunAsync(driver, Request with { Scenario = "sweep", Streams = 64, Extent = new LoadExtent(100, null) }, cancelling.Token);

        Assert.Equal(LoadEnd.CutOff, result.End);
        Assert.Equal([("c1", 100), ("c2", 100), ("c4", SimulatedDriver.BeforeStop)], result.Points.Select(point => (point.Name, point.Samples.Length)));
        Assert.Empty(result.Points[1].Voids());
        Assert.Contains("broke off", result.Points[2].Voids()[0].En, StringComparison.Ordinal);
        Assert.StartsWith("interrupted", result.Reason.En, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TextFailure.Refused, 401, "bad key", "--api-key-file")]
    [InlineData(TextFailure.Refused, 404, "there is no model m", "has no model 'm'")]
    [InlineData(TextFailure.Refused, 404, "not found", "end in /v1")]
    [InlineData(TextFailure.Refused, 400, "unknown field ignore_eos", "--plain")]
    [InlineData(TextFailure.Protocol, 200, "not an event stream", "stream")]
    [InlineData(TextFailure.Refused, 500, "oops", "status 500")]
    public async Task What_can_never_work_is_said_before_anything_is_measured(TextFailure failure, int status, string said, string advice)
    {
        var driver = new SimulatedDriver(8, _ => Good with { Failure = failure, Status = status, Explanation = said });

        var bad = await Assert.ThrowsAsync<BadInputException>(() => RunAsync(driver, Request));

        Assert.Contains(advice, bad.Message, StringComparison.Ordinal);
        Assert.Contains(said, bad.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', bad.Message);
        Assert.Single(driver.Specs);
    }

    [Theory]
    [InlineData(TextFailure.NoConnection)]
    [InlineData(TextFailure.Timeout)]
    [InlineData(TextFailure.Broken)]
    public async Task A_server_that_cannot_be_reached_is_a_broken_environment(TextFailure failure)
    {
        var driver = new SimulatedDriver(8, _ => Good with { Failure = failure, Status = 0, Explanation = "connection refused" });

        var broken = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => RunAsync(driver, Request));

        Assert.Contains("unix:/server", broken.Message, StringComparison.Ordinal);
        Assert.Contains("connection refused", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_text_is_bad_input() =>
        Assert.Contains("without any text", (await Assert.ThrowsAsync<BadInputException>(() => RunAsync(new SimulatedDriver(8, _ => Good with { Tokens = 0 }), Request))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_summary_is_json_with_every_figure_and_samples_are_one_line_each()
    {
        var result = await RunAsync(new SimulatedDriver(8, i => i == 100 ? Good with { Failure = TextFailure.Broken, Explanation = "<gone>" } : Good), Request);

        using var summary = JsonDocument.Parse(LoadSummary.Write(result));
        var lines = LoadSummary.Lines(result.Points[0]).ToArray();

        var point = summary.RootElement.GetProperty("points")[0];
        Assert.Equal(100 * Ms, point.GetProperty("ttftNanos").GetProperty("p99").GetInt64());
        Assert.Equal(JsonValueKind.Null, point.GetProperty("ttftNanos").GetProperty("p999").ValueKind);
        Assert.Equal(1000, lines.Length);
        Assert.Single(lines, line => JsonDocument.Parse(line).RootElement.TryGetProperty("failure", out _));
        Assert.All(lines, line => Assert.DoesNotContain((byte)'\n', line));
    }

    [Theory]
    [InlineData("concurrency")]
    [InlineData("sweep")]
    [InlineData("server")]
    public async Task A_report_is_well_formed_and_runs_nothing(string scenario)
    {
        var hostile = Request with { Server = "http://<script>alert(1)</script>/v1", Scenario = scenario, RateMilli = 20_000 };
        var result = await RunAsync(new SimulatedDriver(4, i => i > 10 && i % 30 == 0 ? Good with { Failure = TextFailure.Broken } : Good), hostile);

        var html = Encoding.UTF8.GetString(LoadPage.Render(result));

        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains("TTFT", html, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        XDocument.Parse($"<svgs>{string.Concat(Svgs(html))}</svgs>");
        Assert.InRange(Svgs(html).Count(), 3, 40);
    }

    [Fact]
    public async Task A_session_is_kept_in_three_files()
    {
        using var parent = new TempFolder();
        var result = await RunAsync(new SimulatedDriver(8, _ => Good), Request);

        var folder = LoadFolder.Create(parent.Path, TimeProvider.System);
        LoadFolder.Write(folder, result);

        Assert.Equal(["report.html", "samples.jsonl", "summary.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(1000, File.ReadLines(Path.Combine(folder, "samples.jsonl")).Count());
    }

    private static IEnumerable<string> Svgs(string html)
    {
        for (var at = html.IndexOf("<svg", StringComparison.Ordinal); at >= 0; at = html.IndexOf("<svg", at + 1, StringComparison.Ordinal))
            yield return html[at..(html.IndexOf("</svg>", at, StringComparison.Ordinal) + 6)];
    }
}

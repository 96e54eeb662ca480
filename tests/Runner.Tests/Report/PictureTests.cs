using System.Collections.Immutable;
using Adaptation.Core;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public sealed class PictureTests
{
    [Fact] // 100 s before the load and 100 s of it, and nothing was read from 150 s to 160 s
    public void A_gap_in_the_power_is_a_gap_in_the_line_and_nothing_read_is_no_line()
    {
        const long second = 1_000_000_000;
        TelemetryLog Log(Func<long, bool> isRead) => new()
        {
            Sources = [new("mthreads-gmi", IsTool: true, "")],
            Readings = [.. Enumerable.Range(0, 202).Where(at => isRead(at)).Select(at => new TelemetryReading(0, at * second, at * second,
                $$"""{"GPU": [{"Index": "0", "Power Readings": {"Power Draw": "{{100 + at}}W"}, "Utilization": {"Gpu": "75%"} }]}""", null))],
            Phases = [new(TelemetryPhase.Idle, 0, 99 * second), new(TelemetryPhase.LoadOf("PERF-05"), 100 * second, 200 * second)],
        };
        string Page(TelemetryLog log) => System.Text.Encoding.UTF8.GetString(HtmlReport.Render(GivenReport.Certified with { Telemetry = [("PERF-05", log)] }));
        static int Pieces(string page) => page.Split("Power over time</title>")[1].Split("class=\"line\" d=\"")[1].Split('"')[0].Count(step => step == 'M');

        Assert.Equal(1, Pieces(Page(Log(_ => true))));
        Assert.Equal(2, Pieces(Page(Log(at => at is < 150 or > 160))));
        Assert.Contains("75 %", Page(Log(_ => true)), StringComparison.Ordinal);
        Assert.Contains("not measured", Page(Log(_ => false)), StringComparison.Ordinal);
        Assert.DoesNotContain("Power over time", Page(Log(_ => false)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_request_is_in_a_bin_or_counted_as_failed() =>
        Prop.ForAll<NonEmptyArray<long>>(samples =>
        {
            var picture = LatencyPicture.TryMake(new("s", "ns", [.. samples.Get, 5]), declared: null)!;

            return picture.Bins.Sum() + picture.Failed == picture.Count && picture.Count == samples.Get.Length + 1;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Failed_requests_are_the_slowest()
    {
        var picture = LatencyPicture.TryMake(new("s", "ns", [.. Enumerable.Repeat(10L, 98), long.MaxValue, long.MaxValue]), declared: null)!;

        Assert.Equal((2, 10L, long.MaxValue, 10L), (picture.Failed, picture.P50, picture.P99, picture.Slowest));
    }

    [Fact]
    public void The_axis_holds_the_declared_limit_on_either_side()
    {
        ImmutableArray<long> samples = [1_000_000, 1_100_000];

        Assert.All([10L, 1_050_000, 10_000_000_000], declared =>
            Assert.InRange(LatencyPicture.TryMake(new("s", "ns", samples), declared)!.Place(declared), 0, 1));
    }

    [Fact]
    public void Nothing_answered_gives_no_picture()
    {
        Assert.Null(LatencyPicture.TryMake(new("s", "ns", []), declared: 5));
        Assert.Null(LatencyPicture.TryMake(new("s", "ns", [long.MaxValue]), declared: 5));
    }

    [Fact]
    public void A_constant_rate_is_drawn_as_one_level()
    {
        var picture = RatePicture.Make(new("s", "ns", [.. Enumerable.Range(0, 6_000).Select(n => n * 1_000_000L + 500_000)]), durationNanos: null);

        Assert.All(picture.Rates, rate => Assert.InRange(rate, 980, 1_020));
        Assert.Equal(6_000, picture.Completed);
    }

    [Fact]
    public void A_backend_that_stops_before_the_end_of_the_load_is_drawn_so()
    {
        var picture = RatePicture.Make(new("s", "ns", [.. Enumerable.Range(0, 6_000).Select(n => n * 1_000_000L)]), durationNanos: 12_000_000_000);

        Assert.Equal(12.0, picture.Seconds);
        Assert.All(picture.Rates.Take(29), rate => Assert.InRange(rate, 980, 1_020));
        Assert.All(picture.Rates.Skip(31), rate => Assert.Equal(0, rate));
    }

    [Theory, InlineData(1.08, 2.2), InlineData(3, 7), InlineData(1, 1000), InlineData(1, 1e9), InlineData(1, 9e18), InlineData(5e6, 1.2e7)]
    public void An_axis_has_a_few_ticks_on_it(double from, double to)
    {
        var ticks = new LatencyPicture([1], from, to, 1, 0, 1, 1, 1).Ticks();

        Assert.InRange(ticks.Length, 1, 6);
        Assert.All(ticks, tick => Assert.InRange(tick, from, to));
    }

    [Fact]
    public void Counts_are_completions_in_each_second()
    {
        var picture = RatePicture.Make(new("s", "count", [10, 20, 30]), durationNanos: null);

        Assert.Equal([10, 20, 30], picture.Rates);
        Assert.Equal((3.0, 60L), (picture.Seconds, picture.Completed));
    }

    [Theory, InlineData("latency, 10 streams", 10), InlineData("e2e.1", 1), InlineData("8", 8), InlineData("latency", null), InlineData("99999999999", null)]
    public void The_number_of_streams_is_the_last_number_of_the_name(string name, int? streams) =>
        Assert.Equal(streams, ReportSeries.Streams(name));
}

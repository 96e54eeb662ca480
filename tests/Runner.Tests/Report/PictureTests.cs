using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public sealed class PictureTests
{
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
        var picture = RatePicture.Make(new("s", "ns", [.. Enumerable.Range(0, 6_000).Select(n => n * 1_000_000L + 500_000)]));

        Assert.All(picture.Rates, rate => Assert.InRange(rate, 980, 1_020));
        Assert.Equal(6_000, picture.Completed);
    }

    [Fact]
    public void Counts_are_completions_in_each_second()
    {
        var picture = RatePicture.Make(new("s", "count", [10, 20, 30]));

        Assert.Equal([10, 20, 30], picture.Rates);
        Assert.Equal((3.0, 60L), (picture.Seconds, picture.Completed));
    }

    [Theory, InlineData("latency, 10 streams", 10), InlineData("e2e.1", 1), InlineData("8", 8), InlineData("latency", null), InlineData("99999999999", null)]
    public void The_number_of_streams_is_the_last_number_of_the_name(string name, int? streams) =>
        Assert.Equal(streams, ReportSeries.Streams(name));
}

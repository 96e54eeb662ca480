using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

/// <summary>Laws of the parts: the clock's mapping, the event stream, the pattern that spares parsing.</summary>
public sealed class TextPartsTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void A_receive_stamp_moves_onto_the_monotonic_clock()
    {
        var clock = new ReceiveClock(() => 500_000_000_000);
        clock.Refresh(1_000 * Millisecond);

        var stamp = clock.Map(500_000_000_000 + 999 * Millisecond, 1_000 * Millisecond);

        Assert.Equal(new Stamp(999 * Millisecond, IsExact: true), stamp);
    }

    [Fact]
    public void A_step_of_the_wall_clock_is_noticed_and_its_stamps_are_not_used()
    {
        var offset = 500_000_000_000L;
        var clock = new ReceiveClock(() => offset);
        clock.Refresh(1_000 * Millisecond);
        offset -= 2_000 * Millisecond;

        clock.Refresh(1_002 * Millisecond);
        var within = clock.Map(offset + 1_001 * Millisecond, 1_002 * Millisecond);
        clock.Refresh(1_060 * Millisecond);
        var after = clock.Map(offset + 1_059 * Millisecond, 1_060 * Millisecond);

        Assert.Equal(1, clock.Steps);
        Assert.Equal(new Stamp(1_002 * Millisecond, IsExact: false), within);
        Assert.Equal(new Stamp(1_059 * Millisecond, IsExact: true), after);
    }

    [Fact]
    public void A_slew_within_what_the_kernel_does_is_no_step()
    {
        var offset = 500_000_000_000L;
        var clock = new ReceiveClock(() => offset);
        for (var now = 0L; now < 1_000 * Millisecond; now += 2 * Millisecond)
        {
            clock.Refresh(now);
            offset += 1_000; // 500 parts in a million
        }

        Assert.Equal(0, clock.Steps);
    }

    [Fact]
    public void A_stamp_from_the_future_is_not_believed()
    {
        var clock = new ReceiveClock(() => 0);
        clock.Refresh(0);

        Assert.Equal(new Stamp(5 * Millisecond, IsExact: false), clock.Map(9 * Millisecond, 5 * Millisecond));
    }

    [Theory]
    [InlineData("data: a\n\n", "a")]
    [InlineData("data:a\r\rdata:b\r\n\r\n", "a|b")]
    [InlineData("data: a\ndata: b\n\n", "a\nb")]
    [InlineData("data\n\ndata:\ndata:\n\n", "|\n")]
    [InlineData("event: x\nid: 1\n\n: note\n\ndata:  a\n\n", " a")]
    [InlineData("\uFEFFdata: a\n\ndata: dropped", "a")]
    [InlineData("database: x\n\nDATA: x\n\n", "")]
    public void Events_are_as_the_standard_reads_them(string body, string expected)
    {
        var events = new EventStream(Encoding.UTF8.GetBytes(body));
        var found = new List<string>();
        while (events.Next())
            found.Add(Encoding.UTF8.GetString(events.Data));

        Assert.Equal(expected, string.Join('|', found));
        Assert.Equal(body.EndsWith("dropped", StringComparison.Ordinal), events.IsCut);
    }

    [Fact]
    public void What_the_pattern_reads_is_what_the_parser_reads() =>
        Prop.ForAll<NonEmptyString, NonNegativeInt, NonNegativeInt>((any, id, noise) =>
        {
            var text = any.Get.Replace("\0", "", StringComparison.Ordinal);
            var (learned, json) = (Chunk("first", "[1]"), Chunk(text, $"[{id.Get},{id.Get / 2}]"));
            if (noise.Get % 3 == 0) // a byte that is another one, anywhere
                json[noise.Get % json.Length] = (byte)(noise.Get * 7 % 128);
            var pattern = Learned(learned);

            var isRead = pattern.TryRead(json, out var read, out var ids);

            if (!isRead)
                return true; // the parser's turn
            using var document = JsonDocument.Parse(json);
            var choice = document.RootElement.GetProperty("choices")[0];
            return choice.GetProperty("text").GetString() == read
                && choice.GetProperty("token_ids").EnumerateArray().Select(one => one.GetInt32()).SequenceEqual(ids)
                && choice.GetProperty("finish_reason").ValueKind == JsonValueKind.Null;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(" word", "[7]", true)]
    [InlineData("月", "[0,12]", true)]
    [InlineData("a\\nb", "[7]", false)]
    [InlineData("", "[7]", false)]
    [InlineData("a", "[]", false)]
    [InlineData("a", "[07]", false)]
    [InlineData("a", "[-7]", false)]
    [InlineData("a", "[7 ]", false)]
    [InlineData("a", "[12345678901]", false)]
    [InlineData("a\",\"text\":\"b", "[7]", false)]
    public void The_pattern_takes_plain_chunks_only(string rawText, string ids, bool isTaken)
    {
        var pattern = Learned(Chunk("first", "[1]"));
        var json = Encoding.UTF8.GetBytes($$"""{"id":"c","choices":[{"index":0,"text":"{{rawText}}","token_ids":{{ids}},"finish_reason":null}]}""");

        Assert.Equal(isTaken, pattern.TryRead(json, out _, out _));
    }

    private static byte[] Chunk(string text, string ids) => Encoding.UTF8.GetBytes(
        $$"""{"id":"c","choices":[{"index":0,"text":{{JsonSerializer.Serialize(text)}},"token_ids":{{ids}},"finish_reason":null}]}""");

    private static ChunkPattern Learned(byte[] json)
    {
        var pattern = new ChunkPattern();
        var text = json.AsSpan().IndexOf("\"first\""u8);
        var ids = json.AsSpan().IndexOf("[1]"u8);
        pattern.Learn(json, json.AsSpan(text, 7), json.AsSpan(ids, 3));
        return pattern;
    }
}

using System.Text;
using static Adaptation.Core.Tests.EnergyBench;

namespace Adaptation.Core.Tests;

public sealed class TelemetryFileTests
{
    private static TelemetryLog Small(TelemetryLog log) => log with { Readings = [.. log.Readings.Take(20)] };

    [Fact]
    public void What_is_written_is_read_again_and_equal_texts_stand_there_once()
    {
        var log = Small(Tool(_ => 65)).Without(3, 5, "did not end within 10 s");
        var bytes = TelemetryFile.Write(log);

        var read = TelemetryFile.TryRead(bytes, out var problem);

        Assert.Equal("", problem);
        Assert.Equal(bytes, TelemetryFile.Write(read!));
        Assert.Equal(log.Readings, read!.Readings);
        Assert.Single(Encoding.UTF8.GetString(bytes).Split("Power Draw")[1..]);
    }

    [Theory]
    [InlineData("\"schema\":\"adaptation.telemetry/v1\"", "\"schema\":\"other\"", "schema")]
    [InlineData("[0,1000000000,", "[0,0,", "at once")]
    [InlineData("[0,1000000000,", "[7,1000000000,", "source 7")]
    [InlineData("[0,1000000000,1020000000,1]", "[0,1000000000,900000000,1]", "before it began")]
    [InlineData("[0,1000000000,1020000000,1]", "[0,1000000000,1020000000,99]", "not there")]
    public void What_contradicts_itself_is_refused(string of, string to, string problem)
    {
        var text = Encoding.UTF8.GetString(TelemetryFile.Write(Small(Tool(Convert.ToDouble))));
        Assert.Contains(of, text, StringComparison.Ordinal);

        Assert.Null(TelemetryFile.TryRead(Encoding.UTF8.GetBytes(text.Replace(of, to, StringComparison.Ordinal)), out var said));
        Assert.Contains(problem, said, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_bytes_they_are_read_or_refused_and_nothing_else()
    {
        var (bytes, random) = (TelemetryFile.Write(Small(Rapl(Steps))), new Random(5));
        for (var round = 0; round < 3000; round++)
        {
            var changed = bytes.ToArray();
            for (var times = random.Next(1, 4); times > 0; times--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            var read = TelemetryFile.TryRead(changed.AsMemory(0, random.Next(2) == 0 ? changed.Length : random.Next(changed.Length)), out var problem);
            Assert.Equal(read is null, problem.Length > 0);
            if (read is not null)
                PowerMeters.Read(read, 2_000_000_000, 10);
        }
    }

    [Fact]
    public void A_text_is_taken_apart_once_however_many_readings_point_at_it()
    {
        var log = TelemetryFile.TryRead(TelemetryFile.Write(Small(Tool(_ => 65))), out _)!;

        Assert.False(PowerMeters.Devices(log, log.Readings[0]).IsEmpty);
        Assert.True(PowerMeters.Devices(log, log.Readings[0]) == PowerMeters.Devices(log, log.Readings[^1]));
        Assert.Same(log.Texts.Files(log.Readings[0].Text!), log.Texts.Files(log.Readings[^1].Text!));
    }

    public static TheoryData<string, TelemetryLog> TooMuch => new()
    {
        { "150001 readings", Many(TelemetryLimits.Readings + 1, _ => "a") },
        { "characters of readings", Many(1100, _ => new string('a', 62_000)) }, // 62 kB of a file that would be 68 MB to look at
        { "characters of texts", Many(600, at => $"{at}{new string('a', 60_000)}") },
        { "65537 characters of one text", Many(1, _ => new string('a', TelemetryLimits.OneText + 1)) },
        { "1001 phases", Many(1, _ => "a") with { Phases = [.. Enumerable.Repeat(new TelemetryPhase("load", 0, 1), 1001)] } },
        { "17 sources", Many(1, _ => "a") with { Sources = [.. Enumerable.Repeat(new TelemetrySource("kernel", false, ""), 17)] } },
    };

    [Theory, MemberData(nameof(TooMuch), DisableDiscoveryEnumeration = true)]
    public void More_than_a_verifier_takes_on_is_refused_and_the_bound_is_named(string problem, TelemetryLog log)
    {
        Assert.Null(TelemetryFile.TryRead(TelemetryFile.Write(log), out var said));
        Assert.Contains(problem, said, StringComparison.Ordinal);
        Assert.Contains("at most", said, StringComparison.Ordinal);
    }

    [Fact]
    public void As_much_as_a_step_keeps_is_read() =>
        Assert.NotNull(TelemetryFile.TryRead(TelemetryFile.Write(Many(500, at => $"{at % 250}{new string('a', 60_000)}")), out _));

    [Fact]
    public void A_file_that_is_too_long_is_not_even_parsed()
    {
        Assert.Null(TelemetryFile.TryRead(new byte[TelemetryLimits.Bytes + 1], out var said));
        Assert.Contains("bytes; at most", said, StringComparison.Ordinal);
    }

    private static TelemetryLog Many(int readings, Func<int, string> text) => new()
    {
        Sources = [new(TelemetrySource.Kernel, IsTool: false, "")],
        Readings = [.. Enumerable.Range(0, readings).Select(at => new TelemetryReading(0, at, at, text(at), null))],
    };
}

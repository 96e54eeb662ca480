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
}

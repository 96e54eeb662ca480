using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Outputs of vendors' management tools: what is read of published ones, and that nothing is ever made up.</summary>
public sealed partial class ToolFormatTests
{
    private const int Fuzzed = 100_000;
    private static readonly string Folder = Path.Combine(Golden.Root, "tests/Runner.Tests/Telemetry");
    private static readonly PropertyInfo[] Figures = [.. typeof(DeviceSample).GetProperties().Where(property => property.PropertyType == typeof(decimal?))];

    /// <summary>Named by tool, point, machine.</summary>
    public static TheoryData<string> Samples => [.. Directory.GetFiles(Path.Combine(Folder, "samples"), "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    /// <summary>Those whose rows show where they end; of a line with a key and a value nobody could say that it was cut, unless it is the last.</summary>
    public static TheoryData<string> Tables =>
        [.. Samples.Select(row => row.Data).Where(sample => sample.Split('.')[0] is "npu-smi" or "cnmon" or "hy-smi" or "xpu-smi" or "mthreads-gmi" or "mx-smi" or "ixsmi" or "efsmi"
            && !sample.Contains("query", StringComparison.Ordinal) && !sample.Contains("common", StringComparison.Ordinal))];

    [Fact]
    public void Published_outputs_are_read_as_the_golden_file_says()
    {
        var text = new StringBuilder();
        foreach (var sample in Samples.Select(row => row.Data))
            text.Append(CultureInfo.InvariantCulture, $"{sample}\n{Shown(Format(sample).Read(Text(sample)))}");

        Golden.Match("readings.txt", text.ToString());
    }

    [Fact]
    public void Every_tool_has_a_sample() =>
        Assert.Equal(ToolFormats.Names, Samples.Select(row => row.Data.Split('.')[0]).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Samples))]
    public void An_output_that_was_cut_anywhere_shows_values_of_the_whole_or_none(string sample)
    {
        var (format, text) = (Format(sample), Text(sample));
        var whole = format.Read(text);

        for (var length = 0; length < text.Length; length++)
            AssertPart(whole, format.Read(text[..length]), text[..length]);
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_line_that_was_cut_anywhere_shows_values_of_the_whole_or_none(string sample)
    {
        var (format, lines) = (Format(sample), Text(sample).Split('\n'));
        var whole = format.Read(Text(sample));

        for (var line = 0; line < lines.Length; line++)
        {
            for (var length = 0; length < lines[line].Length; length++)
            {
                var text = string.Join('\n', lines.Select((each, at) => at == line ? each[..length] : each));
                AssertPart(whole, format.Read(text), text);
            }
        }
    }

    [Theory]
    [InlineData("npu-smi.910b3", "Power(W)    Temp(C)  ", "Temp(C)     Power(W) ", "97.5        41", "41          97.5")]
    [InlineData("mx-smi.c500", "Temp        Pwr:Usage/Cap ", "Pwr:Usage/Cap        Temp ", "35C         54W / 350W", "54W / 350W         35C")]
    [InlineData("hy-smi.z100", "VRAM%      DCU% ", "DCU%      VRAM% ", "49.0C    25.0W", "49.0C    25.0W")]
    [InlineData("ixsmi.bi-v150", "GPU-Util  Compute M.", "Compute M.  GPU-Util", "0%        Default", "Default   0%")]
    public void Columns_that_change_places_are_followed_by_their_titles(string sample, string titles, string swapped, string values, string others)
    {
        var text = Text(sample);
        Assert.Contains(titles, text, StringComparison.Ordinal);

        var whole = Format(sample).Read(text);
        var moved = Format(sample).Read(text.Replace(titles, swapped, StringComparison.Ordinal).Replace(values, others, StringComparison.Ordinal));

        Assert.Equal(Shown(new([whole.Devices[0]], whole.Versions)), Shown(new([moved.Devices[0]], moved.Versions)));
    }

    [Theory]
    [InlineData("npu-smi.910b3")]
    [InlineData("cnmon.mlu370-x8")]
    [InlineData("xpu-smi.p800")]
    [InlineData("mx-smi.c500")]
    [InlineData("ixsmi.bi-v150")]
    [InlineData("efsmi.s60")]
    [InlineData("hy-smi.z100")]
    public void A_wider_table_is_read_alike(string sample)
    {
        var text = Text(sample);

        var wider = BlankRun().Replace(text, run => run.Value + "     ");

        Assert.Equal(Shown(Format(sample).Read(text)), Shown(Format(sample).Read(wider)));
    }

    [Fact]
    public void A_value_glued_to_its_slash_is_read()
    {
        var text = Text("npu-smi.910b3").Replace("3379 / 65536", "57784/ 65536", StringComparison.Ordinal);

        Assert.Equal(57784m, Format("npu-smi").Read(text).Devices[0].MemoryUsed);
    }

    [Fact]
    public void Two_devices_of_one_number_are_none()
    {
        var text = Text("hy-smi.z100").Replace("\n1  ", "\n0  ", StringComparison.Ordinal);

        Assert.Empty(Format("hy-smi").Read(text).Devices);
    }

    [Theory]
    [InlineData("NPU load:  Core0: 140%, Core1:  7%,\n", "0 ; 1 utilisation 7")]
    [InlineData("NPU load: 250%\n", "0 ")]
    public void A_load_beyond_100_percent_is_no_load(string text, string expected) =>
        Assert.Equal(expected, string.Join("; ", ToolFormats.Find("rknpu")!.Read(text).Devices.Select(device => $"{device.Id} {(device.Utilisation is { } load ? $"utilisation {load.ToString(CultureInfo.InvariantCulture)}" : "")}")));

    [Fact]
    public void The_key_of_the_power_of_Moore_Threads_ends_with_a_blank()
    {
        const string Json = """{"Driver Version":"5.1.0","GPU":[{"Index":"0","Product Name":"MTT S5000","FB Memory Usage":{"Total":"80GiB","Used":"512MiB"},"Utilization":{"Gpu":"7%"},"Temperature":{"GPU Current Temp":"48C"},"Power Readings":{"Power Draw ":"101.50W"}}]}""";

        var reading = Format("mthreads-gmi").Read(Json);

        Assert.Equal("device 0: Name=MTT S5000 Utilisation=7 Power=101.50 Temperature=48 MemoryUsed=512 MemoryTotal=81920\ndriver.version=5.1.0\n", Shown(reading));
    }

    [Fact]
    public void What_no_tool_prints_is_read_by_none_of_them()
    {
        string[] nonsense = ["", "\n", "|", new string('|', 5000), new string('0', 500_000), "{\"GPU\":", "{\"GPU\":[1]}", "{\"elem\":{}}", new string('[', 500), "NPU ID : 0\nTemperature(C) : -\n", "\u0000\uFFFD\n"];

        foreach (var format in ToolFormats.Names.Select(name => ToolFormats.Find(name)!))
            Assert.All(nonsense, text => Assert.All(format.Read(text).Devices, device => Assert.All(Figures, figure => Assert.Null(figure.GetValue(device)))));
    }

    /// <summary>Samples with bytes changed, lines lost, doubled, moved and mixed with those of others: no exception, and no figure that does not stand in the text.</summary>
    [Fact]
    public void A_hundred_thousand_damaged_outputs_make_no_figure_up()
    {
        string[] names = [.. Samples.Select(row => row.Data)], texts = [.. names.Select(Text)];
        var state = 20261122UL;

        for (var round = 0; round < Fuzzed; round++)
        {
            var at = SplitMix64.Below((uint)names.Length, ref state);
            var text = Damaged(texts, at, ref state);
            var reading = Format(names[at]).Read(text);
            AssertStandsThere(reading, text, $"round {round}, {names[at]}");
        }
    }

    private static string Damaged(string[] texts, int at, ref ulong state)
    {
        var lines = texts[at].Split('\n').ToList();
        for (var damage = SplitMix64.Below(4, ref state); damage < 5; damage++)
        {
            var line = SplitMix64.Below((uint)lines.Count, ref state);
            switch (SplitMix64.Below(6, ref state))
            {
                case 0 when lines.Count > 1:
                    lines.RemoveAt(line);
                    break;
                case 1:
                    lines.Insert(SplitMix64.Below((uint)lines.Count, ref state), lines[line]);
                    break;
                case 2:
                    var other = texts[SplitMix64.Below((uint)texts.Length, ref state)].Split('\n');
                    lines.Insert(line, other[SplitMix64.Below((uint)other.Length, ref state)]);
                    break;
                case 3:
                    (lines[line], lines[0]) = (lines[0], lines[line]);
                    break;
                default:
                    lines[line] = Scratched(lines[line], ref state);
                    break;
            }
        }

        return string.Join('\n', lines);
    }

    /// <summary>Up to two characters less, and another one in their place.</summary>
    private static string Scratched(string line, ref ulong state)
    {
        var place = SplitMix64.Below((uint)line.Length + 1, ref state);
        var after = Math.Min(line.Length, place + SplitMix64.Below(3, ref state));
        var letter = SplitMix64.Below(12, ref state) == 0 ? SplitMix64.Below(0x3000, ref state) : 32 + SplitMix64.Below(95, ref state);
        return line[..place] + (char)letter + line[after..];
    }

    private static void AssertStandsThere(ToolReading reading, string text, string where)
    {
        foreach (var device in reading.Devices)
        {
            foreach (var figure in Figures)
            {
                if (figure.GetValue(device) is decimal value)
                    Assert.True(Stands(value, text) || Stands(value / 1024, text), $"{where}: {figure.Name} of {device.Id} is {value.ToString(CultureInfo.InvariantCulture)}, which does not stand in\n{text}");
            }
        }
    }

    private static bool Stands(decimal value, string text) => text.Contains(value.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static void AssertPart(ToolReading whole, ToolReading part, string text)
    {
        foreach (var device in part.Devices)
        {
            // a card whose chip's line is not there has its number alone
            var same = whole.Devices.Where(each => each.Id == device.Id || each.Id.StartsWith($"{device.Id}.", StringComparison.Ordinal)).ToArray();
            Assert.True(same.Length > 0, $"device {device.Id} is not in the whole\n{text}");
            foreach (var figure in Figures)
            {
                if (figure.GetValue(device) is decimal value)
                    Assert.True(same.Any(each => Equals(figure.GetValue(each), value)), $"{figure.Name} of {device.Id} is {value.ToString(CultureInfo.InvariantCulture)}\n{text}");
            }
        }
    }

    private static string Shown(ToolReading reading)
    {
        var text = new StringBuilder();
        foreach (var device in reading.Devices)
        {
            text.Append(CultureInfo.InvariantCulture, $"device {device.Id}:");
            foreach (var property in typeof(DeviceSample).GetProperties().Where(property => property.Name != "Id"))
            {
                if (property.GetValue(device) is { } value)
                    text.Append(CultureInfo.InvariantCulture, $" {property.Name}={value}");
            }

            text.Append('\n');
        }

        foreach (var (key, version) in reading.Versions)
            text.Append(CultureInfo.InvariantCulture, $"{key}={version}\n");
        return text.ToString();
    }

    private static ToolFormat Format(string sample) => ToolFormats.Find(sample.Split('.')[0]) ?? throw new ArgumentException($"no tool for {sample}", nameof(sample));

    private static string Text(string sample) => File.ReadAllText(Path.Combine(Folder, "samples", $"{sample}.txt"));

    [GeneratedRegex(" {2,}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BlankRun();
}

using Adaptation.Core;

namespace Adaptation.Runner.Tests;

public class YamlTests
{
    public static TheoryData<string, string> Refused => new()
    {
        { "a: [", "" },
        { "- a", "a mapping" },
        { "", "a mapping" },
        { "a: 1\n---\nb: 2", "a mapping" },
        { "a: 1\na: 2", "second time" },
        { "a: &x 1\nb: *x", "anchors" },
        { "a: &a [*a]", "anchors" },
        { "a: &l [x, x]\nb: &m [*l, *l]\nc: [*m, *m]", "anchors" },
        { "!x a: 1\na: 2", "tags" },
        { new string('[', 100_000), "deeper than 16" },
        { $"a: {string.Concat(Enumerable.Repeat("{b: ", 17))}1{new string('}', 17)}", "deeper than 16" },
        { $"a: {new string('x', 5 << 20)}", "larger than 4 MiB" },
    };

    [Theory, MemberData(nameof(Refused))]
    public void What_is_no_plain_mapping_is_one_problem_and_never_a_crash(string text, string why)
    {
        var problem = Assert.Single(Read(GivenWire.Ascii(text)).Problems);
        Assert.Equal("shown.yaml", problem.File);
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_problem_of_syntax_names_its_line() => Assert.Equal(3, Assert.Single(Read("a: 1\nb: 2\nc: &x 3\n"u8.ToArray()).Problems).Line);

    [Fact]
    public void What_is_not_utf_8_is_refused() => Assert.Contains("UTF-8", Assert.Single(Read([0x61, 0x3A, 0x20, 0xC3, 0x28]).Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void A_folder_and_a_missing_file_are_problems()
    {
        using var folder = new TempFolder();
        var problems = new List<Problem>();
        Assert.Null(Yaml.TryRead(folder.Path, "a", problems, out _));
        Assert.Null(Yaml.TryRead(folder.At("none"), "b", problems, out _));
        Assert.Equal(["a", "b"], problems.Select(problem => problem.File));
    }

    [Fact]
    public void A_device_without_an_end_is_too_large_and_not_read_for_ever()
    {
        var problems = new List<Problem>();
        Assert.Null(Yaml.TryRead("/dev/zero", "zero", problems, out _));
        Assert.Contains("larger", Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("60s", 60_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("2min", 120_000)]
    [InlineData("250ms", 250)]
    [InlineData("1440min", 86_400_000)]
    public void A_duration_is_read_with_its_unit(string text, long millis) =>
        Assert.Equal(TimeSpan.FromMilliseconds(millis), Read(GivenWire.Ascii($"a: {text}")).Map!.TryDuration("a"));

    [Theory]
    [InlineData("60")]
    [InlineData("-1s")]
    [InlineData("1e3s")]
    [InlineData("0s")]
    [InlineData("1,5s")]
    [InlineData("1441min")]
    [InlineData("0.00000001s")]
    [InlineData("79228162514264337593543950335s")]
    [InlineData("[1s]")]
    public void A_duration_that_is_none_is_a_problem(string text)
    {
        var (map, problems) = Read(GivenWire.Ascii($"a: {text}"));
        map!.TryDuration("a");
        Assert.Equal(("a", 1), (problems[0].Key, problems[0].Line));
    }

    [Theory]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("0.5KiB", 512)]
    public void Bytes_are_read_with_their_unit(string text, long bytes) => Assert.Equal(bytes, Read(GivenWire.Ascii($"a: {text}")).Map!.TryBytes("a"));

    [Theory]
    [InlineData("0.0001KiB")]
    [InlineData("79228162514264337593543950335TiB")]
    [InlineData("2GB")]
    [InlineData("9007199254740992KiB")]
    public void Bytes_that_would_be_none_or_overflow_are_a_problem(string text)
    {
        var (map, problems) = Read(GivenWire.Ascii($"a: {text}"));
        map!.TryBytes("a");
        Assert.Single(problems);
    }

    [Fact]
    public void A_nul_in_a_text_is_a_problem()
    {
        var (map, problems) = Read(GivenWire.Ascii("""a: "x\0y" """));
        map!.Text("a");
        Assert.Single(problems);
    }

    [Theory]
    [InlineData("a/b-c.1", true)]
    [InlineData("..", false)]
    [InlineData("a/../b", false)]
    [InlineData("a//b", false)]
    [InlineData("/a", false)]
    [InlineData("A", false)]
    [InlineData("аscii", false)] // a Cyrillic а
    [InlineData("\"a\\n\"", false)]
    public void An_identifier_is_lowercase_and_no_way_out(string text, bool good)
    {
        var (map, problems) = Read(GivenWire.Ascii($"a: {text}"));
        map!.Identifier("a");
        Assert.Equal(good, problems.Count == 0);
    }

    private static (YamlMap? Map, List<Problem> Problems) Read(byte[] bytes)
    {
        using var folder = new TempFolder();
        var problems = new List<Problem>();
        return (Yaml.TryRead(folder.Write("x.yaml", bytes), "shown.yaml", problems, out _), problems);
    }
}

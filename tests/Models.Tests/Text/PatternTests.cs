namespace Adaptation.Models.Tests;

public sealed class PatternTests
{
    [Theory]
    [InlineData(@"\p{L}+", "ab1c", "ab|c")]
    [InlineData(@"\p{L}+", "𠀀𠀁1", "𠀀𠀁")]
    [InlineData(@"\p{N}{1,3}", "12345", "123|45")]
    [InlineData(@"\s+(?!\S)|\s+", "a   b  ", "  | |  ")]
    [InlineData(@"(?i:'s|'t)", "'S'T's'\u017F", "'S|'T|'s|'\u017F")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?\p{L}+", " ab\ncd", " ab|cd")]
    [InlineData(@"[\p{L}&&[^a-z]]+", "abCD中e", "CD中")]
    [InlineData(@"\p{Han}+", "中文カナ漢", "中文|漢")]
    [InlineData(@"[一-龥\x{20000}-\x{2A6DF}]+", "中𠀀a", "中𠀀")]
    [InlineData(@"a++b", "aab", "aab")]
    [InlineData(@"a++ab", "aab", "")]
    [InlineData(@"ab?c{2}", "accabcc", "acc|abcc")]
    [InlineData(@"(?:ab){1,2}c", "ababc abc", "ababc|abc")]
    [InlineData(@"\s+$", "a  b  ", "  ")]
    [InlineData(@"[\]\-a]+", "-]ab", "-]a")]
    [InlineData(@"\P{L}+", "a1,b", "1,")]
    [InlineData(@"x*", "axxb", "xx")]
    [InlineData(".", "a\n", "a")]
    public void Matches_are_found_from_left_to_right(string expression, string text, string matches) => Assert.Equal(matches, string.Join('|', Matches(expression, text)));

    [Theory]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("[b-a]")]
    [InlineData("a{3,1}")]
    [InlineData("a+?")]
    [InlineData("(a|b)+")]
    [InlineData("(?<=a)b")]
    [InlineData(@"\bword")]
    [InlineData(@"\p{Klingon}")]
    [InlineData(@"\x{110000000}")]
    [InlineData("*")]
    [InlineData("^a")]
    [InlineData("a\\")]
    [InlineData("")]
    public void What_is_malformed_or_not_supported_is_refused(string expression) => Assert.Throws<ModelException>(() => Pattern.Parse(expression, foldSpaces: false));

    [Fact]
    public void Spaces_beyond_ASCII_are_only_spaces_where_they_are_folded()
    {
        Assert.Equal(["\u3000"], Matches("[\u3000]", "a\u3000"));
        Assert.Empty(Matches("[\u3000]", "a\u3000", foldSpaces: true));
        Assert.Equal(["\u3000"], Matches(@"\s", "a\u3000", foldSpaces: true));
    }

    [Theory]
    [InlineData(0x1C89)] // a letter since Unicode 16
    [InlineData(0x105C0)]
    [InlineData(0x1FAE9)]
    public void What_is_newer_than_the_engines_tables_counts_as_unassigned(int point) => Assert.True(CodePointSet.Category("Cn")!(point));

    [Theory]
    [InlineData(0x2EBF0, "Lo")] // Unicode 15.1
    [InlineData(0x1E4D0, "Lo")] // Unicode 15
    [InlineData('a', "Ll")]
    [InlineData('_', "Pc")]
    public void Categories_are_those_of_Unicode_15_1(int point, string name) => Assert.True(CodePointSet.Category(name)!(point));

    private static IEnumerable<string> Matches(string expression, string text, bool foldSpaces = false)
    {
        var pattern = Pattern.Parse(expression, foldSpaces);
        for (var (start, end) = pattern.Find(text, 0); start >= 0; (start, end) = pattern.Find(text, end))
            yield return text[start..end];
    }
}

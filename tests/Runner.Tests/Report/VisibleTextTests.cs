using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;")]
    [InlineData("a\u202Eb\u2066c", "a⟨U+202E⟩b⟨U+2066⟩c")]
    [InlineData("a\u200Bb\uFEFF\u00AD", "a⟨U+200B⟩b⟨U+FEFF⟩⟨U+00AD⟩")]
    [InlineData("a\tb\u001B[31m", "a⟨U+0009⟩b⟨U+001B⟩[31m")]
    [InlineData("one\ntwo", "one↵ two")]
    [InlineData("a\u00A0b\u3164c", "a⟨U+00A0⟩b⟨U+3164⟩c")]
    [InlineData("\U000E0041", "⟨U+E0041⟩")]
    [InlineData("中文，２０２６　年", "中文，２０２６　年")]
    [InlineData("Việt e\u0302\u0301", "Việt e\u0302\u0301")]
    [InlineData("z\u0300\u0301\u0302", "z\u0300\u0301⟨U+0302⟩")]
    public void What_cannot_be_seen_is_spelt_out(string text, string shown) => Assert.Equal(shown, Show(text));

    [Fact]
    public void A_lone_surrogate_is_spelt_out() => Assert.Equal("a⟨U+D83D⟩b", Show("a\uD83Db"));

    [Fact]
    public void A_text_is_cut_behind_its_last_shown_character()
    {
        var whole = new string('a', VisibleText.MaxRunes);

        Assert.Equal(whole, Show(whole));
        Assert.Equal(whole + "… [截断，略去 1 字符 · cut, 1 more characters]", Show(whole + "b"));
    }

    [Fact]
    public void No_text_gives_markup_or_invisible_characters() =>
        Prop.ForAll<string>(text =>
            text is null || Show(text).All(letter => !char.IsControl(letter) && letter is not ('<' or '>' or '"' or '\'' or '\u202E'))).QuickCheckThrowOnFailure();

    private static string Show(string text)
    {
        var html = new StringBuilder();
        VisibleText.Append(html, text);
        return html.ToString();
    }
}

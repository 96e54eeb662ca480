namespace Adaptation.Models.Tests;

public sealed class UnicodeNormalizationTests
{
    // From NormalizationTest.txt's columns: source, NFC, NFD, NFKC, NFKD.
    [Theory]
    [InlineData("e\u0301", "\u00e9", "e\u0301", "\u00e9", "e\u0301")]
    [InlineData("\u1e0a\u0323", "\u1e0c\u0307", "D\u0323\u0307", "\u1e0c\u0307", "D\u0323\u0307")]
    [InlineData("\uac01", "\uac01", "\u1100\u1161\u11a8", "\uac01", "\u1100\u1161\u11a8")]
    [InlineData("\u1100\u1161\u11a8", "\uac01", "\u1100\u1161\u11a8", "\uac01", "\u1100\u1161\u11a8")]
    [InlineData("\ufb01\u2460", "\ufb01\u2460", "\ufb01\u2460", "fi1", "fi1")]
    [InlineData("\u0958", "\u0915\u093c", "\u0915\u093c", "\u0915\u093c", "\u0915\u093c")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("\uf900", "\u8c48", "\u8c48", "\u8c48", "\u8c48")]
    [InlineData("\U0002F800", "\u4e3d", "\u4e3d", "\u4e3d", "\u4e3d")]
    [InlineData("\u212b", "\u00c5", "A\u030a", "\u00c5", "A\u030a")]
    [InlineData("a\u0315\u0300\u05ae\u0300\u0062", "\u00e0\u05ae\u0300\u0315b", "a\u05ae\u0300\u0300\u0315b", "\u00e0\u05ae\u0300\u0315b", "a\u05ae\u0300\u0300\u0315b")]
    public void Forms_are_those_of_the_standard(string source, string nfc, string nfd, string nfkc, string nfkd)
    {
        Assert.Equal(nfc, UnicodeNormalization.Normalize(source, UnicodeForm.Nfc));
        Assert.Equal(nfd, UnicodeNormalization.Normalize(source, UnicodeForm.Nfd));
        Assert.Equal(nfkc, UnicodeNormalization.Normalize(source, UnicodeForm.Nfkc));
        Assert.Equal(nfkd, UnicodeNormalization.Normalize(source, UnicodeForm.Nfkd));
    }

    [Fact]
    public void Normalizing_twice_changes_nothing_more()
    {
        for (var point = 0x80; point < 0x30000; point++)
        {
            if (point is >= 0xD800 and < 0xE000)
                continue;
            var once = UnicodeNormalization.Normalize(char.ConvertFromUtf32(point), UnicodeForm.Nfc);
            if (once != UnicodeNormalization.Normalize(once, UnicodeForm.Nfc))
                Assert.Fail($"U+{point:X4} changes when it is normalized again");
        }
    }
}

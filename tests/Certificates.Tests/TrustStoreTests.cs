using System.Text;

namespace Adaptation.Certificates.Tests;

public sealed class TrustStoreTests
{
    private static string Good => Encoding.UTF8.GetString(Given.Trust.Write());

    private static void Refuses(string code, string old, string replacement)
    {
        Assert.Contains(old, Good, StringComparison.Ordinal);
        Given.Refuses(code, () => TrustStore.Read(Encoding.UTF8.GetBytes(Good.Replace(old, replacement, StringComparison.Ordinal))));
    }

    [Fact]
    public void It_reads_back_as_it_was_written() =>
        Assert.Equal(Good, Encoding.UTF8.GetString(TrustStore.Read(Encoding.UTF8.GetBytes(Good)).Write()));

    [Theory]
    [InlineData("\"role\":\"issuer\"", "\"role\":\"emperor\"", "KEY_ROLE")]
    [InlineData("\"duty\":\"certify\"", "\"duty\":\"anything\"", "KEY_ROLE")]
    [InlineData("\"environment\":\"test\"", "\"environment\":\"staging\"", "KEY_ENVIRONMENT")]
    [InlineData("\"algorithm\":\"sm2-sm3\"", "\"algorithm\":\"rsa\"", "KEY_ALGORITHM")]
    [InlineData("\"userId\":\"1234567812345678\"", "\"userId\":\"\"", "KEY_USER_ID")]
    [InlineData("\"keyid\":\"sha256:", "\"keyid\":\"sha256:0", "KEY_ID")]
    [InlineData("\"encoding\":\"der\"", "\"encoding\":\"p1363\"", "TRUST_MEMBER")]
    [InlineData("\"validFrom\":\"2026-11-21T08:00:00Z\",", "", "TRUST_MEMBER")]
    [InlineData("\"validFrom\":\"2026-11-21T08:00:00Z\"", "\"validFrom\":\"2026-11-21\"", "TRUST_TIME")]
    [InlineData("\"validTo\":\"2036", "\"validTo\":\"2016", "KEY_WINDOW")]
    [InlineData("\"spki\":\"MF", "\"spki\":\"NF", "KEY_ENCODING")]
    [InlineData("\"spki\":\"", "\"spki\":\"AAAA", "KEY_ENCODING")]
    [InlineData("\"spki\":\"", "\"spki\":\"*", "KEY_ENCODING")]
    [InlineData("{\"algorithm\"", "{\"note\":\"x\",\"algorithm\"", "TRUST_MEMBER")]
    [InlineData("adaptation.trust/v1", "adaptation.trust/v2", "TRUST_MEMBER")]
    [InlineData("{\"algorithm\"", "{\"algorithm\":\"sm2-sm3\",\"algorithm\"", "TRUST_DUP_KEY")]
    public void A_record_that_is_not_exactly_understood_is_refused(string old, string replacement, string code) => Refuses(code, old, replacement);

    [Fact]
    public void A_point_that_is_not_on_its_curve_verifies_nothing()
    {
        foreach (var signer in Given.Signers)
        {
            byte[] spki = [.. signer.Key.Spki];
            spki[^1] ^= 1;
            var off = signer.Key with { Spki = [.. spki], KeyId = Spki.KeyId(spki) };

            Assert.Equal("SIG_BAD", off.Refuse("m"u8, signer.Sign("m"u8)));
        }
    }
}

using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Certificates.Tests;

public sealed class KnownAnswerTests
{
    [Fact]
    public void The_official_vector_of_dsse_comes_out()
    {
        var pae = Dsse.Pae("http://example.com/HelloWorld", "hello world"u8);

        Assert.Equal("DSSEv1 29 http://example.com/HelloWorld 11 hello world", Encoding.ASCII.GetString(pae));
        Assert.Equal("217751fac2c4f14edb2c9297fbc34abcb016ba88e74757e875ec4ac16fb6b6a1", Convert.ToHexStringLower(SHA256.HashData(pae)));
    }

    [Fact]
    public void Lengths_in_the_signed_bytes_count_bytes_and_not_characters() =>
        Assert.StartsWith("DSSEv1 6 ", Encoding.UTF8.GetString(Dsse.Pae("类型", "x"u8)), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b")]
    [InlineData("abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")]
    [InlineData("abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd", "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732")]
    public void Sm3_gives_the_known_digests(string message, string expected) =>
        Assert.Equal(expected, Convert.ToHexStringLower(Sm3.Hash(Encoding.ASCII.GetBytes(message))));

    [Fact]
    public void Sm3_of_a_long_stream_is_that_of_its_bytes_and_that_of_a_stranger()
    {
        var content = new byte[3_000_001];
        new Random(1).NextBytes(content);

        var digests = Digests.Of(new MemoryStream(content));

        Assert.Equal(Digests.Of(content), digests);
        Assert.Equal(Convert.ToHexStringLower(Stranger.Sm3(content)), digests.Sm3);
    }

    [Fact]
    public void The_self_test_passes_here() => SelfTest.Run();

    [Fact]
    public void What_we_sign_with_sm2_a_stranger_verifies()
    {
        var message = "兼容性证书"u8.ToArray();

        for (var i = 0; i < 20; i++)
            Assert.True(Stranger.Verify([.. Given.Sm2Signer.Key.Spki], message, Given.Sm2Signer.Sign(message)));
    }

    [Fact]
    public void What_a_stranger_signs_with_sm2_we_verify_and_nothing_near_it()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var (stranger, message) = (new Stranger(seed), Encoding.UTF8.GetBytes($"message {seed}"));
            var signature = stranger.Sign(message);

            Assert.Null(stranger.Record().Refuse(message, signature));
            Assert.Equal("SIG_BAD", stranger.Record().Refuse([.. message, 1], signature));
            Assert.Equal("SIG_BAD", new Stranger(seed + 100).Record().Refuse(message, signature));
        }
    }
}

using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Cases A1 to A9 of the design: what an envelope may look like.</summary>
public sealed class EnvelopeTests
{
    private static string Good => Encoding.UTF8.GetString(Given.Issued());

    [Fact, MustRefuse("A1")]
    public void A1_an_altered_payload_is_refused() =>
        Given.Refuses("SIG_BAD", Given.Envelope(
            Encoding.UTF8.GetBytes(Given.Statement.Replace("HWC-2026-000042", "HWC-2026-000043", StringComparison.Ordinal)),
            CertificateFormat.PayloadType,
            [.. Given.Signers.Select(s => ((string?)s.Key.KeyId, s.Sign(Dsse.Pae(CertificateFormat.PayloadType, Encoding.UTF8.GetBytes(Given.Statement)))))]));

    [Theory, MustRefuse("A2", "A3a", "A3b", "A3c", "A4")]
    [InlineData("application/vnd.hwcert.status+json", "ENV_TYPE_NOT_ALLOWED")] // A2
    [InlineData("application/vnd.In-toto+json", "ENV_TYPE_VARIANT")] // A3
    [InlineData("application/vnd.in-toto+json ", "ENV_TYPE_VARIANT")]
    [InlineData("application/vnd.in-toto+json;charset=utf-8", "ENV_TYPE_VARIANT")]
    [InlineData("application/vnd.in-tоto+json", "ENV_TYPE_NON_ASCII")] // A4, with a Cyrillic o
    public void A2_A3_A4_another_payload_type_is_refused(string type, string code) =>
        Given.Refuses(code, Given.Seal(Given.Statement, type));

    [Theory, MustRefuse("A5a", "A5b", "A5c", "A5d", "A8c", "A8d")]
    [InlineData("{\"payload\":\"AAAA\",", "ENV_DUP_KEY")]
    [InlineData("{\"payloadType\":\"application/vnd.in-toto+json\",", "ENV_DUP_KEY")]
    [InlineData("{\"signatures\":[],", "ENV_DUP_KEY")]
    [InlineData("{\"p\\u0061yload\":\"AAAA\",", "ENV_DUP_KEY")]
    [InlineData("{\"Payload\":\"AAAA\",", "ENV_CASE_VARIANT")]
    [InlineData("{\"qayload\":\"AAAA\",", "ENV_CASE_VARIANT")]
    [InlineData("{\"ayload\":\"AAAA\",", "ENV_CASE_VARIANT")]
    [InlineData("{\"payloads\":\"AAAA\",", "ENV_CASE_VARIANT")]
    [InlineData("{\"x\":1e3,", "ENV_NUMBER")]
    [InlineData("{\"x\":\"\\ud800\",", "ENV_SURROGATE")] // A8
    [InlineData("{\"x\":\"a\\u0000b\",", "ENV_NUL")]
    [InlineData("{\"x\":\"a\0b\",", "ENV_NUL")]
    [InlineData("{\"x\":nul,", "ENV_JSON")]
    public void A5_A8_members_that_two_readers_could_read_differently_are_refused(string start, string code) =>
        Given.Refuses(code, Encoding.UTF8.GetBytes(start + Good[1..]));

    [Theory, MustRefuse("A6a", "A6c", "A6d")]
    [InlineData("aGVs bG8h")]
    [InlineData("aGVs\\nbG8h")]
    [InlineData("+_+_")]
    [InlineData("aGVsbG9=")]
    [InlineData("aGVsbG8")]
    [InlineData("aGVs=bG8=")]
    [InlineData("====")]
    [InlineData("aGVs====")]
    public void A6_base64_has_one_spelling(string payload) =>
        Given.Refuses("ENV_BASE64", Encoding.UTF8.GetBytes(
            $$"""{"payload":"{{payload}}","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}]}"""));

    [Fact, MustRefuse("A6b")]
    public void A6_one_envelope_does_not_mix_the_two_alphabets() =>
        Given.Refuses("ENV_BASE64", """{"payload":"++++","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"____"}]}"""u8.ToArray());

    [Fact, MustRefuse("A7a", "A7b", "A7c")]
    public void A7_an_envelope_has_1_to_64_signatures_that_are_not_empty()
    {
        const string head = """{"payload":"AAAA","payloadType":"application/vnd.in-toto+json","signatures":[""";

        Given.Refuses("ENV_NO_SIGNATURES", Encoding.UTF8.GetBytes(head + "]}"));
        Given.Refuses("ENV_EMPTY_SIG", Encoding.UTF8.GetBytes(head + """{"sig":""}]}"""));
        Given.Refuses("ENV_TOO_MANY_SIGS", Encoding.UTF8.GetBytes(head + string.Join(',', Enumerable.Repeat("""{"sig":"AAAA"}""", 65)) + "]}"));
    }

    [Theory]
    [InlineData("{}", "ENV_MEMBER")]
    [InlineData("[]", "ENV_MEMBER")]
    [InlineData("1", "ENV_MEMBER")]
    [InlineData("null", "ENV_MEMBER")]
    [InlineData("", "ENV_JSON")]
    [InlineData("{\"payload\":1,\"payloadType\":\"a\",\"signatures\":[{\"sig\":\"AAAA\"}]}", "ENV_MEMBER")]
    [InlineData("{\"payload\":\"AAAA\",\"payloadType\":\"a\",\"signatures\":{\"sig\":\"AAAA\"}}", "ENV_MEMBER")]
    [InlineData("{\"payload\":\"AAAA\",\"payloadType\":\"a\",\"signatures\":[1]}", "ENV_MEMBER")]
    [InlineData("{\"payload\":\"AAAA\",\"payloadType\":\"a\",\"signatures\":[{\"sig\":\"AAAA\",\"keyid\":7}]}", "ENV_MEMBER")]
    public void Anything_that_is_no_envelope_is_refused(string file, string code) => Given.Refuses(code, Encoding.UTF8.GetBytes(file));

    [Fact, MustRefuse("A7d", "A7e")]
    public void A7_size_and_depth_are_bounded()
    {
        static byte[] Nested(int depth) =>
            Encoding.UTF8.GetBytes("{\"x\":" + new string('[', depth - 1) + new string(']', depth - 1) + "," + Good[1..]);

        Given.Refuses("ENV_TOO_LARGE", Encoding.UTF8.GetBytes(Good + new string(' ', 1 << 20)));
        Given.Refuses("ENV_TOO_DEEP", Nested(33));
        Given.Refuses("ENV_TOO_DEEP", Nested(20_000));
        Given.Accepted(Nested(32));
    }

    [Fact, MustRefuse("A8a", "A8b", "A9")]
    public void A8_A9_bytes_that_are_not_plain_json_are_refused()
    {
        var good = Given.Issued();

        Given.Refuses("ENV_BOM", [0xEF, 0xBB, 0xBF, .. good]);
        Given.Refuses("ENV_UTF8", [.. good[..^1], .. ",\"x\":\""u8, 0xFF, .. "\"}"u8]);
        Given.Refuses("ENV_UTF8", [.. good[..^1], .. ",\"x\":\""u8, 0xED, 0xA0, 0x80, .. "\"}"u8]);
        Given.Refuses("ENV_TRAILING", [.. good, .. "{}"u8]);
        Given.Refuses("ENV_TRAILING", [.. good, (byte)'x']);
        Given.Accepted([.. good, .. " \r\n\t"u8]);
    }

    [Fact]
    public void What_is_written_has_no_byte_to_spare()
    {
        var good = Given.Issued();

        Assert.Equal((byte)'}', good[^1]);
        Assert.DoesNotContain(good, b => b is (byte)' ' or (byte)'\n' or (byte)'\t' or (byte)'\r');
    }

    [Fact]
    public void Control_both_base64_alphabets_and_unknown_members_are_read()
    {
        var urlSafe = Good.Replace('+', '-').Replace("application/vnd.in-toto-json", "application/vnd.in-toto+json", StringComparison.Ordinal);
        var payloadEnd = urlSafe.IndexOf("\",\"payloadType", StringComparison.Ordinal);
        var signatures = urlSafe.IndexOf("\"signatures", StringComparison.Ordinal);
        urlSafe = urlSafe[..payloadEnd].Replace('/', '_') + urlSafe[payloadEnd..signatures] + urlSafe[signatures..].Replace('/', '_');

        Given.Accepted(Encoding.UTF8.GetBytes(urlSafe));
        Given.Accepted(Encoding.UTF8.GetBytes("{\"note\":{\"result\":\"GOLD\"}," + Good[1..]));
    }
}

using System.Collections.Immutable;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>Cases C1 to C10, C14, D1 and D2 of the design: signed by a trusted key, and still refused.</summary>
public sealed class StatementTests
{
    private static byte[] With(string old, string replacement)
    {
        Assert.Contains(old, Given.Statement, StringComparison.Ordinal);
        var at = Given.Statement.IndexOf(old, StringComparison.Ordinal);
        return Given.Seal(string.Concat(Given.Statement.AsSpan(0, at), replacement, Given.Statement.AsSpan(at + old.Length)));
    }

    [Fact]
    public void Control_what_is_issued_reads_back_as_it_was()
    {
        var read = Given.Accepted(Given.Issued());

        Assert.Equal(Given.Statement, Encoding.UTF8.GetString(CertificateWriter.Write(read.Content)));
        Assert.Equal(Given.Statement, Encoding.UTF8.GetString(read.Payload.Span));
        Assert.Equal(2, read.Keys.Length);
    }

    [Fact]
    public void Control_an_unknown_member_that_is_not_critical_is_ignored() =>
        Assert.Equal("HWC-2026-000042", Given.Accepted(With("\"result\":", "\"note\":{\"a\":1},\"result\":")).Content.CertificateId);

    [Theory]
    [InlineData("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1", "STM_TYPE")]
    [InlineData("compatibility-certificate/v0.1", "compatibility-certificate/v1", "STM_PREDICATE_TYPE")]
    [InlineData("https://example.org/hwcert/compatibility-certificate/v0.1", "https://in-toto.io/attestation/test-result/v0.1", "STM_PREDICATE_TYPE")]
    [InlineData("\"schemaVersion\":\"0.1\"", "\"schemaVersion\":\"1.0\"", "STM_VERSION")]
    [InlineData("\"subject\":", "\"topics\":", "STM_SUBJECT_COUNT")]
    [InlineData("\"subject\":[", "\"subject\":[{\"name\":\"a\"},", "STM_SUBJECT_COUNT")]
    [InlineData("\"sha256\":\"1111", "\"sha256\":\"AAAA", "STM_DIGEST_FORMAT")]
    [InlineData("\"sha256\":\"1111", "\"sha256\":\"111", "STM_DIGEST_FORMAT")]
    [InlineData(",\"sm3\":", ",\"sha512\":", "STM_DIGEST_MISSING")]
    [InlineData("\"critical\":[", "\"critical\":[\"attempts\",", "STM_CRITICAL")]
    [InlineData("\"critical\":[\"caps\",", "\"critical\":[", "STM_CRITICAL")]
    [InlineData("\"critical\":[\"caps\",", "\"critical\":[\"caps\",\"caps\",", "STM_CRITICAL")]
    [InlineData("\"result\":", "\"result\":\"PASSED\",\"result\":", "STM_DUP_KEY")]
    [InlineData("\"result\":", "\"Result\":\"PASSED\",\"result\":", "STM_CASE_VARIANT")]
    [InlineData("\"result\":", "\"resuit\":\"PASSED\",\"result\":", "STM_CASE_VARIANT")]
    [InlineData("\"executed\":1", "\"executed\":1e0", "STM_NUMBER")]
    [InlineData("\"executed\":1", "\"executed\":-0", "STM_NUMBER")]
    [InlineData("\"executed\":1", "\"executed\":1.0", "STM_NUMBER")]
    [InlineData("\"executed\":1", "\"executed\":9007199254740993", "STM_NUMBER")]
    [InlineData("\"executed\":1", "\"executed\":NaN", "STM_JSON")]
    [InlineData("\"executed\":1", "\"executed\":01", "STM_JSON")]
    [InlineData("\"lines\":17", "\"lines\":-17", "STM_NUMBER")]
    [InlineData("\"inherits\":\"none\"", "\"inherits\":\"all\"", "STM_MEMBER")]
    [InlineData("\"level\":\"L1\"", "\"level\":\"L6\"", "STM_MEMBER")]
    [InlineData("\"level\":\"L1\",", "", "STM_MEMBER")]
    [InlineData("\"challenge\":\"b7", "\"challenge\":\"B7", "STM_MEMBER")]
    [InlineData("\"check\":\"COR-02\"", "\"check\":\"COR-01\"", "STM_MEMBER")]
    [InlineData("\"verdict\":\"pass\"", "\"verdict\":\"great\"", "STM_MEMBER")]
    [InlineData("tiny-poet", "tiny\u200b-poet", "STM_TEXT")]
    [InlineData("tiny-poet", "tiny-pоet", "STM_TEXT")]
    [InlineData("Ascend 910B3", "Ascend 910B3\u202e", "STM_TEXT")]
    [InlineData("昇腾 910B3", "Аscend", "STM_TEXT")]
    [InlineData("no text", "no\u202etext", "STM_TEXT")]
    public void A_statement_that_is_not_exactly_one_of_ours_is_refused(string old, string replacement, string code) =>
        Given.Refuses(code, With(old, replacement));

    [Theory]
    [InlineData("2026-11-21T08:00:00+00:00")]
    [InlineData("2026-11-21T16:00:00+08:00")]
    [InlineData("2026-12-31T23:59:60Z")]
    [InlineData("2026-11-21T08:00:00")]
    [InlineData("2026-11-21 08:00:00Z")]
    [InlineData("2026-11-21T08:00:00.0Z")]
    [InlineData("2026-02-30T08:00:00Z")]
    [InlineData("2026-11-21T08:00:00z")]
    [InlineData("２026-11-21T08:00:00Z")]
    public void C14_a_time_has_one_spelling(string time) =>
        Given.Refuses("STM_TIME", With("\"issuedAt\":\"2026-11-21T08:00:00Z\"", $"\"issuedAt\":\"{time}\""));

    [Fact]
    public void C14_times_are_in_order()
    {
        Given.Refuses("STM_TIME", With("\"notAfter\":\"2027", "\"notAfter\":\"2025"));
        Given.Refuses("STM_TIME", With("\"notBefore\":\"2026-11-21", "\"notBefore\":\"2026-11-20"));
    }

    [Theory]
    [InlineData("\"result\":\"PASSED\"", "\"result\":\"FAILED\"", "RESULT_NOT_PASSED")]
    [InlineData("\"result\":\"PASSED\"", "\"result\":\"WARNED\"", "WAIVER_RESULT")]
    [InlineData("\"waivers\":[]", "\"waivers\":[{\"id\":\"W-1\"}]", "WAIVER_MEMBER")]
    [InlineData("\"verdict\":\"pass\"", "\"verdict\":\"fail\",\"reason\":\"x\"", "RESULT_NOT_PASSED")]
    [InlineData("\"verdict\":\"pass\"", "\"verdict\":\"inconclusive\",\"reason\":\"x\"", "RESULT_NOT_PASSED")]
    [InlineData("\"verdict\":\"pass\"", "\"verdict\":\"not_applicable\",\"reason\":\"x\"", "RESULT_NOT_PASSED")]
    [InlineData("\"level\":\"L1\"", "\"level\":\"none\"", "RESULT_LEVEL")]
    [InlineData("\"level\":\"L1\"", "\"level\":\"L2\"", "RESULT_LEVEL")]
    [InlineData("\"executed\":1", "\"executed\":0", "SUITE_INCOMPLETE")]
    [InlineData("\"required\":1", "\"required\":2", "SUITE_INCOMPLETE")]
    [InlineData("\"fail\":1", "\"fail\":0", "SUITE_INCOMPLETE")]
    [InlineData("\"pass\":1", "\"pass\":4294967297", "SUITE_INCOMPLETE")]
    public void C7_C8_only_a_whole_pass_is_a_certificate(string old, string replacement, string code) =>
        Given.Refuses(code, With(old, replacement));

    [Fact]
    public void C8_a_standard_that_is_not_known_is_refused()
    {
        var known = ImmutableDictionary<string, string>.Empty.Add(Given.Standard.Sha256, "Test standard 1.0");

        var accepted = Assert.IsType<Verification.Accepted>(CertificateVerifier.Verify(Given.Issued(), Given.Trust, Given.Now, known, acceptWaivers: null));
        var refused = Assert.IsType<Verification.Refused>(CertificateVerifier.Verify(Given.Issued(), Given.Trust, Given.Now, known.Clear(), acceptWaivers: null));

        Assert.Equal("Test standard 1.0", accepted.Certificate.KnownSuite);
        Assert.Equal("SUITE_UNKNOWN", refused.Rejection.Code);
    }

    [Fact]
    public void D1_D2_the_window_is_closed_at_both_ends()
    {
        var file = Given.Issued();

        Given.Refuses("CERT_EXPIRED", file, now: Given.Certificate.NotAfter.AddSeconds(1));
        Given.Refuses("CERT_NOT_YET_VALID", CertificateIssuer.Issue(
            Given.Certificate with { NotBefore = Given.Now.AddDays(2) }, Given.Signers), now: Given.Now.AddDays(1));
        Assert.IsType<Verification.Accepted>(Given.Verify(file, now: Given.Certificate.NotAfter));
        Assert.IsType<Verification.Accepted>(Given.Verify(file, now: Given.Certificate.NotBefore));
    }

    [Fact]
    public void The_issuer_lets_nothing_out_that_a_verifier_refuses()
    {
        void Issuing(string code, Certificate content) => Given.Refuses(code, () => CertificateIssuer.Issue(content, Given.Signers));

        Issuing("RESULT_LEVEL", Given.Certificate with { Level = Level.L3 });
        Issuing("KEY_ENVIRONMENT", Given.Certificate with { Issuer = new Issuer("https://lab.example.cn", KeyEnvironment.Production) });
        Issuing("KEY_WINDOW", Given.Certificate with { NotAfter = Given.Now.AddYears(11) });
        Issuing("STM_TEXT", Given.Certificate with { ModelId = "模型" });
        Given.Refuses("SIG_ALG_MISSING", () => CertificateIssuer.Issue(Given.Certificate, [Given.P256Signer]));
    }
}

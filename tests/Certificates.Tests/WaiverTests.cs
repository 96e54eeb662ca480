using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>Cases W1 and W2 of the design, but for the ledger's: what no waiver, and no certificate with one, may be.</summary>
public sealed class WaiverTests
{
    [Fact]
    public void Control_a_failure_that_two_people_waive_is_a_warned_certificate_that_names_all_of_it()
    {
        var file = CertificateIssuer.Issue(Waived.Certificate with { Waivers = [Waived.Signed()] }, Given.Signers, Waived.Trust, Waived.Standard);

        var accepted = Assert.IsType<Verification.Accepted>(Waived.Verify(file)).Certificate;

        var waiver = Assert.Single(accepted.Waivers);
        Assert.Equal(Waived.Waiver, waiver.Content);
        Assert.Equal([("u-17", KeyDuty.Tester), ("u-09", KeyDuty.Reviewer)], waiver.Signers.Select(key => (key.Person, key.Duty)));
        Assert.Equal("WARNED", accepted.Content.Result);
        Assert.Contains("\"result\":\"WARNED\"", Encoding.UTF8.GetString(accepted.Payload.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_does_not_say_that_waivers_are_accepted_gets_a_refusal_that_names_the_check()
    {
        var refused = Assert.IsType<Verification.Refused>(Given.Verify(Waived.Sealed(Waived.Signed()), Waived.Trust));

        Assert.Equal("RESULT_WARNED", refused.Rejection.Code);
        Assert.Contains("PERF-12", refused.Rejection.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Accepting_waivers_changes_nothing_for_a_certificate_without_any() =>
        Assert.Empty(Assert.IsType<Verification.Accepted>(Waived.Verify(Given.Issued())).Certificate.Waivers);

    [Fact]
    public void W1a_one_signer_two_testers_or_one_person_with_two_keys_waive_nothing()
    {
        var payload = WaiverStatement.Write(Waived.Waiver);

        Waived.Refuses("WAIVER_SIG", Waived.Sealed(SignedWaiver.Sign(Waived.Waiver, Waived.Reviewer)));
        Waived.Refuses("WAIVER_SIG", Waived.Sealed(SignedWaiver.Sign(Waived.Waiver, Waived.Tester).SignAlso(Waived.SecondTester)));
        Waived.Refuses("WAIVER_SIG", Waived.Sealed(SignedWaiver.Sign(Waived.Waiver, Waived.Tester).SignAlso(Waived.TesterAsReviewer)));
        Waived.Refuses("WAIVER_SIG", Waived.Sealed(Waived.Forged(payload, Waived.Tester, Waived.Tester)));
        Waived.Refuses("WAIVER_SIG", Waived.Sealed(Waived.Forged(payload, Waived.Tester, Waived.Reviewer, Waived.SecondTester)));
    }

    [Fact]
    public void W1a_a_key_that_nobody_trusts_or_that_certifies_or_is_out_of_date_waives_nothing()
    {
        var payload = WaiverStatement.Write(Waived.Waiver);
        var expired = TrustStore.Of([.. Given.Trust.Keys, Waived.Tester.Key, Waived.Reviewer.Key with { ValidTo = Given.Now.AddHours(-1) }]);

        Waived.Refuses("WAIVER_SIG", Waived.Sealed(SignedWaiver.Sign(Waived.Waiver, Waived.Tester).SignAlso(Waived.Unknown)));
        Waived.Refuses("WAIVER_SIG", Waived.Sealed(Waived.Forged(payload, Waived.Tester, Given.P256Signer)));
        Waived.Refuses("WAIVER_SIG", Waived.Sealed(Waived.Signed()), trust: expired);
        Waived.Refuses("WAIVER_SIG", Waived.Sealed(Waived.Signed()), trust: Given.Trust);
    }

    [Fact]
    public void W1a_nobody_signs_twice_and_no_third_person_signs()
    {
        var once = SignedWaiver.Sign(Waived.Waiver, Waived.Tester);

        Given.Refuses("WAIVER_SIG", () => once.SignAlso(Waived.Tester));
        Given.Refuses("WAIVER_SIG", () => once.SignAlso(Given.P256Signer));
        Given.Refuses("WAIVER_SIG", () => Waived.Signed().SignAlso(Waived.SecondTester));
        Given.Refuses("WAIVER_SIG", () => SignedWaiver.Sign(Waived.Waiver, Given.Sm2Signer));
    }

    [Theory]
    [InlineData("厂商已确认", "厂商未确认")]
    [InlineData("4711", "4712")]
    [InlineData("measured 9 %", "measured 6 %")]
    [InlineData("PERF-12", "PERF-13")]
    [InlineData("2027-01-20", "2027-01-30")]
    [InlineData("\"sha256\":\"1111", "\"sha256\":\"0111")]
    public void A_waiver_that_was_changed_after_it_was_signed_is_none(string old, string replacement)
    {
        var text = Waived.Text(Waived.Waiver);
        Assert.Contains(old, text, StringComparison.Ordinal);
        var (envelope, payload) = (Waived.Signed().Envelope, Encoding.UTF8.GetBytes(text.Replace(old, replacement, StringComparison.Ordinal)));

        var forged = SignedWaiver.Read(Dsse.Write(envelope with { Payload = payload }));

        Given.Refuses("WAIVER_SIG", () => VerifiedWaiver.Check(forged, Waived.Trust, Given.Now));
        Assert.IsType<Verification.Refused>(Waived.Verify(Waived.Sealed(forged)));
    }

    [Fact]
    public void No_byte_of_a_waiver_can_be_changed()
    {
        var (good, accepted) = (Waived.Signed().ToBytes(), new List<int>());
        VerifiedWaiver.Check(SignedWaiver.Read(good), Waived.Trust, Given.Now);

        for (var at = 0; at < good.Length; at++)
        {
            var changed = good.ToArray();
            changed[at] ^= 0x01;
            try
            {
                VerifiedWaiver.Check(SignedWaiver.Read(changed), Waived.Trust, Given.Now);
                accepted.Add(at);
            }
            catch (RejectedException)
            {
                // what should happen, at every place
            }
        }

        Assert.Empty(accepted);
    }

    [Fact]
    public void W1b_a_waiver_that_expired_or_did_not_exist_yet_when_the_certificate_was_issued_is_refused()
    {
        var old = Waived.Waiver with { IssuedAt = Given.Now.AddDays(-9), ExpiresAt = Given.Now.AddDays(-2) };
        var young = Waived.Waiver with { IssuedAt = Given.Now.AddDays(1), ExpiresAt = Given.Now.AddDays(60) };

        Waived.Refuses("WAIVER_EXPIRED", Waived.Sealed(Waived.Signed(old)));
        Waived.Refuses("WAIVER_EXPIRED", Waived.Sealed(Waived.Signed(young)));
        Waived.Refuses("WAIVER_EXPIRED", Waived.Sealed(Waived.Signed()), now: Waived.Waiver.ExpiresAt.AddSeconds(1));
    }

    [Fact]
    public void W1c_more_waivers_than_the_level_allows_or_longer_than_the_standard_does_are_refused()
    {
        var two = Waived.Certificate with
        {
            Results = [.. Waived.Certificate.Results.Select(result => result.Check == "OPS-01" ? result with { Verdict = "fail", Reason = "measured 1; limit 0" } : result)],
            Waivers = [Waived.Signed(), Waived.Signed(Waived.Of("OPS-01", "measured 1; limit 0"))],
        };
        var generous = Waived.Standard with { Waivers = Waived.Standard.Waivers with { Caps = Waived.Standard.Waivers.Caps.SetItem(Level.L1, new(2, 3, 10_000)) } };
        var none = Waived.Standard with { Waivers = WaiverRules.None with { DaysMax = 90 } };
        var @long = Waived.Waiver with { ExpiresAt = Waived.Waiver.IssuedAt.AddDays(90).AddSeconds(1) };

        Waived.Refuses("WAIVER_CAP", Waived.Sealed(two));
        Assert.IsType<Verification.Accepted>(Waived.Verify(Waived.Sealed(two), generous));
        Waived.Refuses("WAIVER_CAP", Waived.Sealed(Waived.Signed()), none);
        Waived.Refuses("WAIVER_CAP", Waived.Sealed(Waived.Signed(@long)));
    }

    [Theory]
    [InlineData("SEC-05")]
    [InlineData("COR-01")]
    public void W1d_a_check_that_the_standard_does_not_mark_is_not_waived_whoever_signs(string check)
    {
        var content = Waived.Certificate with
        {
            Results = [.. Waived.Certificate.Results.Select(result => result.Check == "PERF-12" ? result with { Verdict = "pass", Reason = null }
                : result.Check == check ? result with { Verdict = "fail", Reason = Waived.Failure } : result)],
            Waivers = [Waived.Signed(Waived.Of(check, Waived.Failure))],
        };

        Waived.Refuses("WAIVER_FORBIDDEN", Waived.Sealed(content));
        Given.Refuses("WAIVER_FORBIDDEN", () => CertificateIssuer.Issue(content, Given.Signers, Waived.Trust, Waived.Standard));
    }

    [Fact]
    public void W1e_a_waiver_of_another_lock_run_evidence_suite_standard_or_failure_is_refused()
    {
        var suite = Waived.Waiver.Suite;
        foreach (var other in (ReadOnlySpan<Waiver>)
        [
            Waived.Waiver with { Lock = Waived.Waiver.Lock with { Sha256 = new string('9', 64) } },
            Waived.Waiver with { Lock = Waived.Waiver.Lock with { Sm3 = new string('9', 64) } },
            Waived.Waiver with { RunId = "run-18" },
            Waived.Waiver with { Evidence = Waived.Waiver.Evidence with { Sha256 = new string('9', 64) } },
            Waived.Waiver with { Suite = suite with { Name = "full" } },
            Waived.Waiver with { Suite = suite with { Version = "1.1" } },
            Waived.Waiver with { Suite = suite with { Sha256 = new string('9', 64) } },
            Waived.Waiver with { Measured = "measured 6 %; limit 5 %" },
        ])
            Waived.Refuses("WAIVER_SCOPE", Waived.Sealed(Waived.Signed(other)));
    }

    [Theory]
    [InlineData("COR-02")] // not applicable
    [InlineData("OPS-01")] // passed
    [InlineData("PERF-01")] // failed, and a should: it withholds nothing
    [InlineData("STAB-01")] // not there
    public void W1e_only_a_must_that_failed_is_waived(string check) =>
        Waived.Refuses("WAIVER_SCOPE", Waived.Sealed(Waived.Signed(), Waived.Signed(Waived.Of(check, Waived.Failure))));

    [Fact]
    public void W1e_a_must_that_did_not_run_is_not_waived_and_none_is_waived_twice()
    {
        var open = Waived.Certificate with
        {
            Results = [.. Waived.Certificate.Results.Select(result => result.Check == "PERF-12" ? result with { Verdict = "inconclusive" } : result)],
            Waivers = [Waived.Signed()],
        };

        Waived.Refuses("WAIVER_SCOPE", Waived.Sealed(open));
        Waived.Refuses("WAIVER_SCOPE", Waived.Sealed(Waived.Signed(), Waived.Signed(Waived.Waiver with { WaiverId = "W-2" })));
    }

    [Fact]
    public void W2c_a_certificate_does_not_outlive_its_waiver()
    {
        var content = Waived.Certificate with { Waivers = [Waived.Signed()], NotAfter = Waived.Waiver.ExpiresAt.AddSeconds(1) };

        Waived.Refuses("WAIVER_OUTLIVED", Waived.Sealed(content));
        Assert.IsType<Verification.Accepted>(Waived.Verify(Waived.Sealed(content with { NotAfter = Waived.Waiver.ExpiresAt })));
    }

    [Fact]
    public void W2d_result_and_waivers_agree()
    {
        var (warned, passed) = (Encoding.UTF8.GetString(CertificateWriter.Write(Waived.Certificate with { Waivers = [Waived.Signed()] })), Given.Statement);

        Waived.Refuses("WAIVER_RESULT", Given.Seal(warned.Replace("\"WARNED\"", "\"PASSED\"", StringComparison.Ordinal)));
        Waived.Refuses("WAIVER_RESULT", Given.Seal(passed.Replace("\"PASSED\"", "\"WARNED\"", StringComparison.Ordinal)));
        Waived.Refuses("RESULT_NOT_PASSED", Waived.Sealed(Waived.Certificate)); // the failure alone
        Waived.Refuses("RESULT_NOT_PASSED", Given.Seal(warned.Replace("\"WARNED\"", "\"FAILED\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_standard_that_is_not_the_one_named_decides_nothing() =>
        Waived.Refuses("SUITE_UNKNOWN", Waived.Sealed(Waived.Signed()), Waived.Standard with { Sha256 = new string('d', 64) });

    [Theory]
    [InlineData("\"reason\":\"", "\"reason\":\" \u202e", "WAIVER_TEXT")]
    [InlineData("https://bugs", "javascript:bugs", "WAIVER_TEXT")]
    [InlineData("https://bugs", "ftp://bugs", "WAIVER_TEXT")]
    [InlineData("\"check\":", "\"Check\":\"a\",\"check\":", "WAIVER_CASE_VARIANT")]
    [InlineData("\"check\":", "\"note\":\"a\",\"check\":", "WAIVER_MEMBER")]
    [InlineData("\"check\":\"PERF-12\",", "", "WAIVER_MEMBER")]
    [InlineData("hwcert/waiver/v0.1", "hwcert/approval/v1", "WAIVER_MEMBER")]
    [InlineData("\"schemaVersion\":\"0.1\"", "\"schemaVersion\":\"1.0\"", "WAIVER_MEMBER")]
    [InlineData("\"subject\":[", "\"subject\":[],\"subjects\":[", "WAIVER_CASE_VARIANT")]
    [InlineData("\"sm3\":\"2222", "\"sm3\":\"222", "WAIVER_DIGEST_FORMAT")]
    [InlineData("2027-01-20T08:00:00Z", "2026-01-20T08:00:00Z", "WAIVER_TIME")]
    [InlineData("2027-01-20T08:00:00Z", "2027-01-20", "WAIVER_TIME")]
    public void A_statement_that_is_not_exactly_a_waiver_is_refused(string old, string replacement, string code)
    {
        var text = Waived.Text(Waived.Waiver);
        Assert.Contains(old, text, StringComparison.Ordinal);

        Given.Refuses(code, () => Waived.Forged(Encoding.UTF8.GetBytes(text.Replace(old, replacement, StringComparison.Ordinal)), Waived.Tester, Waived.Reviewer));
    }

    [Fact]
    public void A_certificate_is_no_waiver_and_a_waiver_no_certificate()
    {
        Given.Refuses("WAIVER_MEMBER", () => SignedWaiver.Read(Given.Issued()));
        Given.Refuses("STM_PREDICATE_TYPE", Given.Seal(Waived.Text(Waived.Waiver)));
        Given.Refuses("SIG_ROLE", Waived.Signed().ToBytes(), Waived.Trust);
    }
}

using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Cases G5 and W3 of the design: two people approve, each with a key of their own.</summary>
public sealed class ApprovalTests
{
    private const string Id = "HWC-2026-000042";
    private static readonly DigestPair Evidence = Given.Certificate.Evidence.Digests;
    private static readonly SignedApproval ByTester = SignedApproval.Sign(Evidence, Id, Given.Now, Waived.Tester);
    private static readonly SignedApproval ByReviewer = SignedApproval.Sign(Evidence, Id, Given.Now, Waived.Reviewer);

    private static VerifiedApprovals Check(params SignedApproval[] approvals) => VerifiedApprovals.Check(approvals, Evidence, Id, Waived.Trust, Given.Now);

    private static void Refuses(string code, params SignedApproval[] approvals) => Given.Refuses(code, () => Check(approvals));

    [Fact]
    public void Control_a_tester_and_a_reviewer_approve_in_any_order()
    {
        var approvals = Check(SignedApproval.Read(ByReviewer.ToBytes()), SignedApproval.Read(ByTester.ToBytes()));

        Assert.Equal(["u-17", "u-09"], approvals.Signers.Select(key => key.Person));
        Assert.Equal(ByTester.Digests, approvals.Approvals[0].Digests);
    }

    [Fact, MustRefuse("G5a", "G5b")]
    public void G5_one_person_is_not_two()
    {
        // u-17 with a key as tester, and another as reviewer
        Refuses("APPROVAL_SAME_PERSON", ByTester, SignedApproval.Sign(Evidence, Id, Given.Now, Waived.TesterAsReviewer));
        var again = GivenKeys.Make(KeyDuty.Tester, person: "u-17");
        var trust = TrustStore.Of([.. Waived.Trust.Keys, again.Key]);
        Given.Refuses("APPROVAL_SAME_PERSON", () => VerifiedApprovals.Check([ByTester, SignedApproval.Sign(Evidence, Id, Given.Now, again)], Evidence, Id, trust, Given.Now));
    }

    [Fact, MustRefuse("W3a")]
    public void W3a_one_key_is_not_two() => Refuses("APPROVAL_SAME_KEY", ByTester, SignedApproval.Sign(Evidence, Id, Given.Now.AddSeconds(1), Waived.Tester));

    [Fact, MustRefuse("W3b")]
    public void W3b_both_roles_are_needed()
    {
        Refuses("APPROVAL_MISSING");
        Refuses("APPROVAL_MISSING", ByTester);
        Refuses("APPROVAL_MISSING", ByReviewer);
        Refuses("APPROVAL_MISSING", ByTester, SignedApproval.Sign(Evidence, Id, Given.Now, Waived.SecondTester));
    }

    [Fact, MustRefuse("W3c")]
    public void W3c_an_approval_of_other_evidence_or_another_certificate_is_refused()
    {
        Refuses("APPROVAL_SUBJECT", ByTester, SignedApproval.Sign(Evidence with { Sha256 = new string('0', 64) }, Id, Given.Now, Waived.Reviewer));
        Refuses("APPROVAL_SUBJECT", ByTester, SignedApproval.Sign(Evidence with { Sm3 = new string('0', 64) }, Id, Given.Now, Waived.Reviewer));
        Refuses("APPROVAL_SUBJECT", ByTester, SignedApproval.Sign(Evidence, "HWC-2026-000043", Given.Now, Waived.Reviewer));
    }

    [Fact]
    public void Nobody_approves_in_anothers_name_or_without_a_trusted_key_in_force()
    {
        Refuses("APPROVAL_SIG", ByTester, SignedApproval.Seal(ByReviewer.Content, Waived.SecondTester));
        Refuses("APPROVAL_SIG", ByTester, SignedApproval.Seal(ByReviewer.Content with { Person = "u-66" }, Waived.Reviewer));
        Refuses("SIG_UNTRUSTED", ByTester, SignedApproval.Sign(Evidence, Id, Given.Now, Waived.Unknown));
        Refuses("SIG_ROLE", ByTester, SignedApproval.Seal(ByReviewer.Content, Given.P256Signer));
        Refuses("KEY_WINDOW", ByTester, SignedApproval.Sign(Evidence, Id, GivenKeys.To.AddSeconds(1), Waived.Reviewer));
        // dated back, by a key that is revoked or expired by now
        var revoked = TrustStore.Of([.. Waived.Trust.Keys.Where(key => key.KeyId != Waived.Reviewer.Key.KeyId), Waived.Reviewer.Key with { RevokedAt = Given.Now.AddDays(1) }]);
        Given.Refuses("KEY_REVOKED", () => VerifiedApprovals.Check([ByTester, ByReviewer], Evidence, Id, revoked, Given.Now.AddDays(1)));
        Given.Refuses("KEY_WINDOW", () => VerifiedApprovals.Check([ByTester, ByReviewer], Evidence, Id, Waived.Trust, GivenKeys.To.AddSeconds(1)));
        Given.Refuses("APPROVAL_SIG", () => SignedApproval.Sign(Evidence, Id, Given.Now, Given.P256Signer));
    }

    [Theory]
    [InlineData("\"approve\"", "\"reject\"", "APPROVAL_MEMBER")]
    [InlineData("\"role\":\"tester\"", "\"role\":\"certify\"", "APPROVAL_ROLE")]
    [InlineData("evidence.manifest", "combination.lock", "APPROVAL_MEMBER")]
    [InlineData("approval/v1", "waiver/v0.1", "APPROVAL_MEMBER")]
    [InlineData("\"person\":\"u-17\"", "\"person\":\"u-17\",\"person\":\"u-9\"", "APPROVAL_DUP_KEY")]
    [InlineData("\"at\":\"2026-11-21T08:00:00Z\"", "\"at\":\"2026-11-21\"", "APPROVAL_TIME")]
    [InlineData("\"subject\":[", "\"subject\":[{\"digest\":{\"sha256\":\"1111111111111111111111111111111111111111111111111111111111111111\",\"sm3\":\"1111111111111111111111111111111111111111111111111111111111111111\"},\"name\":\"evidence.manifest\"},", "APPROVAL_SUBJECT")]
    public void A_statement_that_is_not_exactly_an_approval_is_refused(string old, string replacement, string code)
    {
        var text = Encoding.UTF8.GetString(ByTester.Envelope.Payload);
        Assert.Contains(old, text, StringComparison.Ordinal);

        Given.Refuses(code, () => SignedApproval.Read(Dsse.Write(ByTester.Envelope with { Payload = Encoding.UTF8.GetBytes(text.Replace(old, replacement, StringComparison.Ordinal)) })));
    }
}

using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>What one person says of one bundle of evidence: that a certificate of this id may be issued for it.</summary>
public sealed record Approval
{
    /// <summary>Of the bytes of <c>evidence.manifest</c>: the one subject.</summary>
    public required DigestPair Evidence { get; init; }

    public required string CertificateId { get; init; }

    /// <summary>Tester or reviewer.</summary>
    public required KeyDuty Role { get; init; }

    /// <summary>As in the record of the key that signs.</summary>
    public required string Person { get; init; }

    /// <summary>Whole seconds.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>An approval with a signature that nobody has checked yet. <see cref="VerifiedApprovals"/> is what to believe.</summary>
public sealed class SignedApproval
{
    private const string PredicateType = "https://example.org/hwcert/approval/v1";
    private const string Prefix = "APPROVAL";
    private const string Approve = "approve";

    private static readonly JsonShape Shape = new(
        ("_type", JsonShape.Free),
        ("subject", new JsonShape(("name", JsonShape.Free), ("digest", JsonShape.Of("sha256", "sm3")))),
        ("predicateType", JsonShape.Free),
        ("predicate", JsonShape.Of("at", "certificateId", "decision", "person", "role")));

    private SignedApproval(DsseEnvelope envelope, Approval content) => (Envelope, Content) = (envelope, content);

    /// <summary>As the signed bytes say it, whoever signed them.</summary>
    public Approval Content { get; }

    /// <summary>Of the pre-authentication encoding: how a certificate refers to it.</summary>
    public DigestPair Digests => Certificates.Digests.Of(Dsse.Pae(Envelope.PayloadType, Envelope.Payload));

    internal DsseEnvelope Envelope { get; }

    /// <summary>Approves in one's own name: role and person are those of the key.</summary>
    /// <exception cref="RejectedException">APPROVAL_SIG: the key is not a tester's or a reviewer's.</exception>
    public static SignedApproval Sign(DigestPair evidence, string certificateId, DateTimeOffset at, ISigner by)
    {
        SelfTest.Run();
        if (!by.Key.IsPersonal)
            throw Rejection.Because("APPROVAL_SIG", $"{by.Key.KeyId} has the role {by.Key.Role} and is nobody's own; a tester or a reviewer approves");
        var content = new Approval { Evidence = evidence, CertificateId = certificateId, Role = by.Key.Duty, Person = by.Key.Person!, At = at };
        return Seal(content, by);
    }

    /// <exception cref="RejectedException">With a code ENV_* or APPROVAL_*.</exception>
    public static SignedApproval Read(ReadOnlyMemory<byte> file)
    {
        var envelope = Dsse.Read(file, CertificateFormat.PayloadType, "ENV");
        return new SignedApproval(envelope, ReadStatement(envelope.Payload));
    }

    public byte[] ToBytes() => Dsse.Write(Envelope);

    /// <summary>Signs whatever it says: what a careless tool could put out.</summary>
    internal static SignedApproval Seal(Approval content, ISigner by)
    {
        var payload = Write(content);
        var message = Dsse.Pae(CertificateFormat.PayloadType, payload);
        var envelope = new DsseEnvelope(CertificateFormat.PayloadType, payload, [new DsseSignature(by.Key.KeyId, [.. by.Sign(message)])]);
        return new SignedApproval(envelope, ReadStatement(payload));
    }

    private static byte[] Write(Approval approval) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("_type", CertificateFormat.StatementType);
        writer.WriteStartObject("predicate");
        writer.WriteString("at", UtcText.Write(approval.At));
        writer.WriteString("certificateId", approval.CertificateId);
        writer.WriteString("decision", Approve);
        writer.WriteString("person", approval.Person);
        writer.WriteString("role", Words.Of(approval.Role));
        writer.WriteEndObject();
        writer.WriteString("predicateType", PredicateType);
        writer.WriteStartArray("subject");
        writer.WriteStartObject();
        writer.WriteStartObject("digest");
        writer.WriteString("sha256", approval.Evidence.Sha256);
        writer.WriteString("sm3", approval.Evidence.Sm3);
        writer.WriteEndObject();
        writer.WriteString("name", CertificateFormat.EvidenceName);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static Approval ReadStatement(ReadOnlyMemory<byte> payload)
    {
        using var document = JsonGate.Parse(payload, Prefix, Dsse.MaxBytes, Shape);
        var root = new JsonMembers(document.RootElement, Prefix, "");
        root.Expect("_type", CertificateFormat.StatementType);
        root.Expect("predicateType", PredicateType);
        if (root.Objects("subject", ReadSubject) is not [var evidence])
            throw root.Refuse("SUBJECT", "an approval has one subject, evidence.manifest");
        var predicate = root.Object("predicate");
        predicate.Expect("decision", Approve);
        var approval = new Approval
        {
            Evidence = evidence,
            CertificateId = predicate.Identity("certificateId"),
            Role = Words.TryDuty(predicate.Text("role")) is KeyDuty.Tester or KeyDuty.Reviewer ? Words.TryDuty(predicate.Text("role"))!.Value : throw root.Refuse("ROLE", "role is neither tester nor reviewer"),
            Person = predicate.Identity("person"),
            At = predicate.Time("at"),
        };
        predicate.RefuseOthers();
        root.RefuseOthers();
        return approval;
    }

    private static DigestPair ReadSubject(JsonMembers subject)
    {
        subject.Expect("name", CertificateFormat.EvidenceName);
        var digest = subject.Object("digest");
        var read = new DigestPair(digest.Digest("sha256"), digest.Digest("sm3"));
        digest.RefuseOthers();
        subject.RefuseOthers();
        return read;
    }
}

/// <summary>The approvals of a tester and a reviewer, two people with two keys that the verifier trusts, of one bundle of evidence. There is no other way to get them.</summary>
/// <remarks>Design, section 7.1. One key in hardware may sign the certificate; the approvals are still two.</remarks>
public sealed class VerifiedApprovals
{
    private VerifiedApprovals(ImmutableArray<SignedApproval> approvals, ImmutableArray<KeyRecord> signers) => (Approvals, Signers) = (approvals, signers);

    /// <summary>The tester's, then the reviewer's.</summary>
    public ImmutableArray<SignedApproval> Approvals { get; }

    /// <summary>In the same order.</summary>
    public ImmutableArray<KeyRecord> Signers { get; }

    /// <param name="approvals">In any order.</param>
    /// <param name="evidence">Of the manifest that the certificate is issued for.</param>
    /// <param name="proven">When the approvals are known to have been there, for the windows of the keys: what an approval says of its own time proves
    /// nothing. At issuing the present; later the time of the certificate's token.</param>
    /// <exception cref="RejectedException">
    /// APPROVAL_SAME_KEY, APPROVAL_SAME_PERSON, APPROVAL_MISSING, APPROVAL_SUBJECT, APPROVAL_SIG, KEY_WINDOW or KEY_REVOKED; SIG_* for a signature.
    /// </exception>
    public static VerifiedApprovals Check(IReadOnlyCollection<SignedApproval> approvals, DigestPair evidence, string certificateId, TrustStore trust, DateTimeOffset proven)
    {
        SelfTest.Run();
        var signed = approvals.Select(approval => (Approval: approval, Signer: SignerOf(approval, trust, proven))).OrderBy(pair => pair.Approval.Content.Role).ToList();
        if (signed.DistinctBy(pair => pair.Signer.KeyId, StringComparer.Ordinal).Count() != signed.Count)
            throw Rejection.Because("APPROVAL_SAME_KEY", "one key has signed two approvals; it takes two people with a key each");
        // names are compared as people read them: u-17 and U-17 are one person
        if (signed.DistinctBy(pair => pair.Signer.Person, StringComparer.OrdinalIgnoreCase).Count() != signed.Count)
            throw Rejection.Because("APPROVAL_SAME_PERSON", $"{signed[0].Signer.Person} approves twice; tester and reviewer are two people");
        if (signed.Select(pair => pair.Approval.Content.Role).ToArray() is not [KeyDuty.Tester, KeyDuty.Reviewer])
            throw Rejection.Because("APPROVAL_MISSING", $"there are approvals of {string.Join(", ", signed.Select(pair => Words.Of(pair.Approval.Content.Role)).DefaultIfEmpty("nobody"))}; it takes one tester's and one reviewer's");
        if (signed.FirstOrDefault(pair => pair.Approval.Content.Evidence != evidence || pair.Approval.Content.CertificateId != certificateId).Approval is { } other)
            throw Rejection.Because("APPROVAL_SUBJECT", $"the approval of {other.Content.Person} is of {other.Content.CertificateId} and evidence sha256:{other.Content.Evidence.Sha256}, not of {certificateId} and sha256:{evidence.Sha256}");
        return new VerifiedApprovals([.. signed.Select(pair => pair.Approval)], [.. signed.Select(pair => pair.Signer)]);
    }

    private static KeyRecord SignerOf(SignedApproval approval, TrustStore trust, DateTimeOffset proven)
    {
        var content = approval.Content;
        if (SignatureCheck.Signers(approval.Envelope, trust, "approvals", KeyDuty.Tester, KeyDuty.Reviewer) is not [var signer])
            throw Rejection.Because("APPROVAL_SIG", $"the approval of {content.Person} has several signatures; each person signs an own one");
        if (signer.Person != content.Person || signer.Duty != content.Role)
            throw Rejection.Because("APPROVAL_SIG", $"the approval says {Words.Of(content.Role)} {content.Person}; it is signed with the key of the {Words.Of(signer.Duty)} {signer.Person}");
        return (signer.RefuseAt(content.At) ?? signer.RefuseAt(proven)) is { } why ? throw new RejectedException(why) : signer;
    }
}

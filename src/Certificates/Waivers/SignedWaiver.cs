using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>A waiver with signatures that nobody has checked yet: what lies in a waiver's file, and in a certificate. <see cref="VerifiedWaiver"/> is what to believe.</summary>
public sealed class SignedWaiver
{
    private SignedWaiver(DsseEnvelope envelope, Waiver content) => (Envelope, Content) = (envelope, content);

    /// <summary>As the signed bytes say it, whoever signed them.</summary>
    public Waiver Content { get; }

    public int Signatures => Envelope.Signatures.Length;

    internal DsseEnvelope Envelope { get; }

    /// <summary>The first of two signatures. The content is read back as whoever checks it would.</summary>
    /// <exception cref="RejectedException">WAIVER_*: no waiver that anyone would read; WAIVER_SIG: the key is not a tester's or a reviewer's.</exception>
    public static SignedWaiver Sign(Waiver content, ISigner by)
    {
        SelfTest.Run();
        var payload = WaiverStatement.Write(content);
        return new SignedWaiver(new DsseEnvelope(CertificateFormat.PayloadType, payload, []), WaiverStatement.Read(payload)).SignAlso(by);
    }

    /// <summary>The same waiver with one more signature over the same bytes.</summary>
    /// <exception cref="RejectedException">WAIVER_SIG: this key has signed it, or it has both signatures, or the key is not a tester's or a reviewer's.</exception>
    public SignedWaiver SignAlso(ISigner by)
    {
        SelfTest.Run();
        if (!by.Key.IsPersonal)
            throw Rejection.Because("WAIVER_SIG", $"{by.Key.KeyId} has the duty {Words.Of(by.Key.Duty)}; a waiver is signed by a tester and a reviewer");
        if (Signatures >= VerifiedWaiver.SignaturesNeeded)
            throw Rejection.Because("WAIVER_SIG", $"{Content.WaiverId} has {Signatures} signatures; a tester's and a reviewer's are all it takes");
        var message = Dsse.Pae(Envelope.PayloadType, Envelope.Payload);
        if (Envelope.Signatures.Any(signature => by.Key.Refuse(message, signature.Value.AsSpan()) is null))
            throw Rejection.Because("WAIVER_SIG", $"{by.Key.KeyId} has signed {Content.WaiverId} already; the second signature is another person's");
        var signed = new DsseSignature(by.Key.KeyId, [.. by.Sign(message)]);
        return new SignedWaiver(Envelope with { Signatures = Envelope.Signatures.Add(signed) }, Content);
    }

    /// <exception cref="RejectedException">With a code WAIVER_*.</exception>
    public static SignedWaiver Read(ReadOnlyMemory<byte> file) =>
        Of(Dsse.Read(file, CertificateFormat.PayloadType, WaiverStatement.Prefix));

    /// <summary>Without a final line feed, so that every byte of the file matters.</summary>
    public byte[] ToBytes() => Dsse.Write(Envelope);

    internal static SignedWaiver Read(JsonMembers envelope) => Of(Dsse.Read(envelope, CertificateFormat.PayloadType));

    internal void WriteTo(Utf8JsonWriter writer) => Dsse.Write(writer, Envelope);

    private static SignedWaiver Of(DsseEnvelope envelope) => new(envelope, WaiverStatement.Read(envelope.Payload));
}

/// <summary>A waiver that a tester and a reviewer, two people with two keys that the verifier trusts, have signed. There is no other way to get one.</summary>
public sealed class VerifiedWaiver
{
    internal const int SignaturesNeeded = 2;

    private VerifiedWaiver(Waiver content, ImmutableArray<KeyRecord> signers) => (Content, Signers) = (content, signers);

    public Waiver Content { get; }

    /// <summary>The tester, then the reviewer, with the names that the verifier knows them by.</summary>
    public ImmutableArray<KeyRecord> Signers { get; }

    /// <param name="now">For the windows of the keys.</param>
    /// <exception cref="RejectedException">WAIVER_SIG.</exception>
    /// <exception cref="Core.BrokenEnvironmentException">This machine cannot check signatures: no verdict.</exception>
    public static VerifiedWaiver Check(SignedWaiver waiver, TrustStore trust, DateTimeOffset now)
    {
        SelfTest.Run();
        var content = waiver.Content;
        RejectedException Refused(string why) => Rejection.Because("WAIVER_SIG", $"the waiver {content.WaiverId} of {content.Check}: {why}");
        if (waiver.Signatures != SignaturesNeeded)
            throw Refused($"it has {waiver.Signatures} signature(s); it takes two people, a tester and a reviewer");
        ImmutableArray<KeyRecord> signers;
        try
        {
            signers = [.. SignatureCheck.Signers(waiver.Envelope, trust, "waivers", KeyDuty.Tester, KeyDuty.Reviewer).OrderBy(key => key.Duty)];
        }
        catch (RejectedException refused)
        {
            throw Refused(refused.Message);
        }
        if (signers is not [{ Duty: KeyDuty.Tester }, { Duty: KeyDuty.Reviewer }])
            throw Refused($"both keys are a {Words.Of(signers[0].Duty)}'s; one is a tester's and one a reviewer's");
        // names are compared as people read them: u-17 and U-17 are one person
        if (string.Equals(signers[0].Person, signers[1].Person, StringComparison.OrdinalIgnoreCase))
            throw Refused($"both keys are of {signers[0].Person}; it takes two people");
        // as for certificates: without a time stamp a key must be in force when it is said to have signed, and now
        if (signers.FirstOrDefault(key => !key.IsInForce(content.IssuedAt) || !key.IsInForce(now)) is { } expired)
            throw Refused($"{expired.KeyId} is valid from {UtcText.Write(expired.ValidFrom)} to {UtcText.Write(expired.ValidTo)}; "
                + $"the waiver was issued {UtcText.Write(content.IssuedAt)} and it is {UtcText.Write(now)}");
        return new VerifiedWaiver(content, signers);
    }
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Signs certificates. What it lets out has gone through the verifier first.</summary>
public static class CertificateIssuer
{
    /// <param name="content">Without waivers.</param>
    /// <param name="signers">One per algorithm: P-256 and SM2.</param>
    /// <returns>The bytes of the certificate file: one envelope with all signatures.</returns>
    /// <exception cref="RejectedException">A verifier would refuse this certificate; the code says why.</exception>
    /// <exception cref="BrokenEnvironmentException">Signing does not work on this machine.</exception>
    public static byte[] Issue(Certificate content, ImmutableArray<ISigner> signers) =>
        Issue(content, signers, TrustStore.Of([.. signers.Select(signer => signer.Key)]), acceptWaivers: null);

    /// <summary>Issues a certificate whose waivers hold by these keys of people and this standard.</summary>
    /// <param name="people">The keys of testers and reviewers; others in it count for nothing here.</param>
    /// <param name="standard">The one that the certificate names.</param>
    /// <inheritdoc cref="Issue(Certificate, ImmutableArray{ISigner})"/>
    public static byte[] Issue(Certificate content, ImmutableArray<ISigner> signers, TrustStore people, Standard standard)
    {
        var waiving = people.Keys.Where(key => key.IsPersonal);
        return Issue(content, signers, TrustStore.Of([.. signers.Select(signer => signer.Key), .. waiving]), _ => standard);
    }

    private static byte[] Issue(Certificate content, ImmutableArray<ISigner> signers, TrustStore trust, Func<string, Standard>? acceptWaivers)
    {
        SelfTest.Run();
        var payload = CertificateWriter.Write(content);
        var message = Dsse.Pae(CertificateFormat.PayloadType, payload);
        var signatures = signers.Select(signer => new DsseSignature(signer.Key.KeyId, [.. signer.Sign(message)]));
        var file = Dsse.Write(new DsseEnvelope(CertificateFormat.PayloadType, payload, [.. signatures]));

        var signed = VerifiedCertificate.Check(file, trust, content.NotBefore, knownSuites: null, acceptWaivers);
        if (content.NotAfter > signed.Keys.Concat(signed.Waivers.SelectMany(waiver => waiver.Signers)).Min(key => key.ValidTo))
            throw Rejection.Because("KEY_WINDOW", "the certificate would outlive a key that signs it; choose an earlier notAfter");
        return file;
    }
}

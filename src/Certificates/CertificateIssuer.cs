using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>Signs certificates. What it lets out has gone through the verifier first.</summary>
public static class CertificateIssuer
{
    /// <param name="signers">One per algorithm: P-256 and SM2.</param>
    /// <returns>The bytes of the certificate file: one envelope with all signatures.</returns>
    /// <exception cref="RejectedException">A verifier would refuse this certificate; the code says why.</exception>
    /// <exception cref="Core.BrokenEnvironmentException">Signing does not work on this machine.</exception>
    public static byte[] Issue(Certificate content, ImmutableArray<ISigner> signers)
    {
        SelfTest.Run();
        var payload = CertificateWriter.Write(content);
        var message = Dsse.Pae(CertificateFormat.PayloadType, payload);
        var signatures = signers.Select(signer => new DsseSignature(signer.Key.KeyId, [.. signer.Sign(message)]));
        var file = Dsse.Write(new DsseEnvelope(CertificateFormat.PayloadType, payload, [.. signatures]));

        var trust = TrustStore.Of([.. signers.Select(signer => signer.Key)]);
        var signed = VerifiedCertificate.Check(file, trust, content.NotBefore, knownSuites: null);
        if (content.NotAfter > signed.Keys.Min(key => key.ValidTo))
            throw Rejection.Because("KEY_WINDOW", "the certificate would outlive a key that signs it; choose an earlier notAfter");
        return file;
    }
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>What came of checking a certificate file.</summary>
public abstract record Verification
{
    private Verification()
    {
    }

    public sealed record Accepted(VerifiedCertificate Certificate) : Verification;

    public sealed record Refused(Rejection Rejection) : Verification;
}

/// <summary>Checks certificates offline: form, signatures, content, times. Nothing that stands outside the signed bytes is ever shown.</summary>
public static class CertificateVerifier
{
    /// <param name="envelope">The whole certificate file.</param>
    /// <param name="now">For the windows of certificate and keys, both closed.</param>
    /// <param name="knownSuites">Digest of a standard's file (64 lowercase hex digits) to what to call it; null: any is accepted here, and
    /// checking the evidence decides.</param>
    /// <param name="acceptWaivers">Null: a certificate with waivers is refused. Else whoever relies on it accepts them, and this gives the
    /// standard of a digest that is in <paramref name="knownSuites"/>, whose rules they are held to.</param>
    /// <exception cref="BrokenEnvironmentException">This machine cannot check signatures: no verdict.</exception>
    public static Verification Verify(
        ReadOnlyMemory<byte> envelope, TrustStore trust, DateTimeOffset now, ImmutableDictionary<string, string>? knownSuites, Func<string, Standard>? acceptWaivers)
    {
        SelfTest.Run();
        try
        {
            return new Verification.Accepted(VerifiedCertificate.Check(envelope, trust, now, knownSuites, acceptWaivers));
        }
        catch (RejectedException refused)
        {
            return new Verification.Refused(refused.Rejection);
        }
    }
}

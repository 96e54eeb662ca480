using System.Security.Cryptography;

namespace Adaptation.Certificates;

/// <summary>ECDSA on P-256 with SHA-256, signatures in DER.</summary>
internal static class P256
{
    /// <param name="spki">Has passed <see cref="Spki"/>.</param>
    /// <param name="signature">Has passed <see cref="EcSignature"/>.</param>
    public static bool Verify(ReadOnlySpan<byte> spki, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        Verify(spki, message, signature, DSASignatureFormat.Rfc3279DerSequence);

    /// <param name="format">Always stated: the platform's default is not DER.</param>
    internal static bool Verify(
        ReadOnlySpan<byte> spki, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, DSASignatureFormat format)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(spki, out _);
        }
        catch (CryptographicException) // documented: the point is not on the curve
        {
            return false;
        }
        return key.VerifyData(message, signature, HashAlgorithmName.SHA256, format);
    }
}

namespace Adaptation.Certificates;

/// <summary>The signature algorithms of a certificate; each key has exactly one, stated in its record.</summary>
public enum KeyAlgorithm
{
    /// <summary>ECDSA on P-256 with SHA-256: <c>ecdsa-p256-sha256</c>.</summary>
    EcdsaP256Sha256,

    /// <summary>SM2 with SM3 (GB/T 32918.2), user id <c>1234567812345678</c>: <c>sm2-sm3</c>.</summary>
    Sm2Sm3,
}

/// <summary>DER SubjectPublicKeyInfo as fixed bytes: one prefix per curve, then an uncompressed point.</summary>
/// <remarks>Comparing bytes settles object ids, compressed points, explicit parameters and trailing bytes at once.</remarks>
internal static class Spki
{
    public const int Length = 91;

    private static ReadOnlySpan<byte> P256Prefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    private static ReadOnlySpan<byte> Sm2Prefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00, 0x04,
    ];

    /// <summary>The algorithm that a key of these bytes is for, or null if they are no key that we read.</summary>
    public static KeyAlgorithm? AlgorithmOf(ReadOnlySpan<byte> spki) =>
        spki.Length != Length ? null
        : spki.StartsWith(P256Prefix) ? KeyAlgorithm.EcdsaP256Sha256
        : spki.StartsWith(Sm2Prefix) ? KeyAlgorithm.Sm2Sm3
        : null;

    /// <summary><c>sha256:</c> and the digest of the key's bytes.</summary>
    public static string KeyId(ReadOnlySpan<byte> spki) => "sha256:" + Digests.Sha256(spki);
}

namespace Adaptation.Certificates;

/// <summary>The signature algorithms of this format; each key has exactly one, stated in its record.</summary>
public enum KeyAlgorithm
{
    /// <summary>ECDSA on P-256 with SHA-256: <c>ecdsa-p256-sha256</c>.</summary>
    EcdsaP256Sha256,

    /// <summary>SM2 with SM3 (GB/T 32918.2), user id <c>1234567812345678</c>: <c>sm2-sm3</c>.</summary>
    Sm2Sm3,

    /// <summary>Ed25519 (RFC 8032): <c>ed25519</c>, for logs and witnesses.</summary>
    Ed25519,
}

/// <summary>DER SubjectPublicKeyInfo as fixed bytes: one prefix per curve, then an uncompressed point, or the 32 bytes of an Ed25519 key.</summary>
/// <remarks>Comparing bytes settles object ids, compressed points, explicit parameters and trailing bytes at once.</remarks>
internal static class Spki
{
    private const int PointLength = 64;

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

    private static ReadOnlySpan<byte> Ed25519Prefix => [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

    /// <summary>The algorithm that a key of these bytes is for, or null if they are no key that we read.</summary>
    public static KeyAlgorithm? AlgorithmOf(ReadOnlySpan<byte> spki) =>
        IsOf(spki, P256Prefix, PointLength) ? KeyAlgorithm.EcdsaP256Sha256
        : IsOf(spki, Sm2Prefix, PointLength) ? KeyAlgorithm.Sm2Sm3
        : IsOf(spki, Ed25519Prefix, Ed25519.KeyBytes) ? KeyAlgorithm.Ed25519
        : null;

    /// <summary>What follows the prefix: x and y, or the 32 bytes of an Ed25519 key.</summary>
    /// <param name="spki">Has an algorithm.</param>
    public static ReadOnlySpan<byte> Point(ReadOnlySpan<byte> spki) =>
        spki.Length == Ed25519Prefix.Length + Ed25519.KeyBytes ? spki[Ed25519Prefix.Length..] : spki[^PointLength..];

    /// <summary>The plain encoding of a P-256 or SM2 point.</summary>
    /// <param name="point">x and y, 64 bytes.</param>
    public static byte[] OfPoint(KeyAlgorithm algorithm, ReadOnlySpan<byte> point) =>
        [.. algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2Prefix : P256Prefix, .. point];

    /// <summary>The plain encoding of an Ed25519 key.</summary>
    /// <param name="key">32 bytes.</param>
    public static byte[] OfEd25519(ReadOnlySpan<byte> key) => [.. Ed25519Prefix, .. key];

    /// <summary><c>sha256:</c> and the digest of the key's bytes.</summary>
    public static string KeyId(ReadOnlySpan<byte> spki) => "sha256:" + Digests.Sha256(spki);

    private static bool IsOf(ReadOnlySpan<byte> spki, ReadOnlySpan<byte> prefix, int rest) =>
        spki.Length == prefix.Length + rest && spki.StartsWith(prefix);
}

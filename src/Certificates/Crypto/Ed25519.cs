using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Ed25519 (RFC 8032), by libcrypto: public keys of 32 bytes, signatures of 64. Logs and their witnesses sign with it, nobody else.</summary>
internal static unsafe class Ed25519
{
    public const int KeyBytes = 32;
    public const int SignatureBytes = 64;

    private const int Type = 1087; // EVP_PKEY_ED25519

    /// <summary>DER of a private key (RFC 8410): these 16 bytes and the seed of 32.</summary>
    private static ReadOnlySpan<byte> Pkcs8Prefix => [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

    /// <summary>L, the order of the base point, little-endian.</summary>
    private static ReadOnlySpan<byte> Order =>
    [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
    ];

    /// <summary>p, the prime of the field, little-endian.</summary>
    private static ReadOnlySpan<byte> Prime =>
    [
        0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ];

    /// <summary>The y of all points of order 1, 2, 4 and 8, hexadecimal, little-endian: 1, p-1, 0, and two of order 8.</summary>
    private static readonly string[] SmallOrder =
    [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];

    /// <summary>Whether a key is of small order, so that signatures of any message verify under it, or has a second spelling (y not below p).</summary>
    public static bool IsWeak(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> y = stackalloc byte[KeyBytes];
        publicKey.CopyTo(y);
        y[^1] &= 0x7f; // the sign of x
        return !IsBelow(y, Prime) || SmallOrder.Contains(Convert.ToHexStringLower(y), StringComparer.Ordinal);
    }

    /// <summary>Checks a signature.</summary>
    /// <returns>Null if it verifies; else SIG_ENCODING (not 64 bytes), SIG_RANGE (S not below L: a second signature made from a first) or SIG_BAD.</returns>
    public static string? Refuse(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureBytes || publicKey.Length != KeyBytes)
            return "SIG_ENCODING";
        if (!IsBelow(signature[32..], Order))
            return "SIG_RANGE";
        try
        {
            using var key = ImportPublic(publicKey);
            using var context = LibCrypto.EVP_MD_CTX_new();
            LibCrypto.Require(!context.IsInvalid, "EVP_MD_CTX_new");
            if (key.IsInvalid || LibCrypto.EVP_DigestVerifyInit(context, 0, 0, 0, key) != 1)
                return "SIG_BAD";
            fixed (byte* m = message, s = signature)
                return LibCrypto.EVP_DigestVerify(context, s, (nuint)signature.Length, m, (nuint)message.Length) == 1 ? null : "SIG_BAD";
        }
        finally
        {
            LibCrypto.ERR_clear_error();
        }
    }

    /// <summary>Signs; a signature that does not verify is not let out.</summary>
    public static byte[] Sign(LibCrypto.KeyHandle key, ReadOnlySpan<byte> message)
    {
        var signature = new byte[SignatureBytes];
        using (var context = LibCrypto.EVP_MD_CTX_new())
        {
            LibCrypto.Require(!context.IsInvalid && LibCrypto.EVP_DigestSignInit(context, 0, 0, 0, key) == 1, "EVP_DigestSignInit(Ed25519)");
            var length = (nuint)signature.Length;
            fixed (byte* m = message, s = signature)
                LibCrypto.Require(LibCrypto.EVP_DigestSign(context, s, &length, m, (nuint)message.Length) == 1 && length == SignatureBytes, "EVP_DigestSign(Ed25519)");
        }

        return Refuse(PublicKey(key), message, signature) is null
            ? signature
            : throw new BrokenEnvironmentException("The Ed25519 signature just made does not verify; this machine cannot be trusted to sign.");
    }

    /// <returns>The key, or null if these bytes are no Ed25519 key in PKCS#8.</returns>
    public static LibCrypto.KeyHandle? TryImport(ReadOnlySpan<byte> pkcs8)
    {
        if (pkcs8.Length != Pkcs8Prefix.Length + KeyBytes || !pkcs8.StartsWith(Pkcs8Prefix))
            return null;
        fixed (byte* seed = pkcs8[Pkcs8Prefix.Length..])
        {
            var key = LibCrypto.EVP_PKEY_new_raw_private_key(Type, 0, seed, KeyBytes);
            LibCrypto.Require(!key.IsInvalid, "EVP_PKEY_new_raw_private_key(Ed25519)");
            return key;
        }
    }

    public static byte[] PublicKey(LibCrypto.KeyHandle key)
    {
        var bytes = new byte[KeyBytes];
        var length = (nuint)bytes.Length;
        fixed (byte* target = bytes)
            LibCrypto.Require(LibCrypto.EVP_PKEY_get_raw_public_key(key, target, &length) == 1 && length == KeyBytes, "EVP_PKEY_get_raw_public_key(Ed25519)");
        return bytes;
    }

    private static LibCrypto.KeyHandle ImportPublic(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* key = bytes)
            return LibCrypto.EVP_PKEY_new_raw_public_key(Type, 0, key, (nuint)bytes.Length);
    }

    /// <summary>Whether one little-endian number of 32 bytes is below another.</summary>
    private static bool IsBelow(ReadOnlySpan<byte> number, ReadOnlySpan<byte> bound)
    {
        for (var at = KeyBytes - 1; at >= 0; at--)
            if (number[at] != bound[at])
                return number[at] < bound[at];
        return false;
    }
}

using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Adaptation.Certificates;

/// <summary>SM2 signatures with SM3 (GB/T 32918.2), in DER, by libcrypto. The user id is always stated: OpenSSL's default is not the standard's.</summary>
internal static unsafe class Sm2
{
    public const string UserId = "1234567812345678";

    private static ReadOnlySpan<byte> UserIdBytes => "1234567812345678"u8;

    /// <param name="spki">Has passed <see cref="Spki"/>.</param>
    /// <param name="signature">Has passed <see cref="EcSignature"/>.</param>
    public static bool Verify(ReadOnlySpan<byte> spki, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        try
        {
            using var key = ImportPublic(spki);
            if (key.IsInvalid || LibCrypto.EVP_PKEY_is_a(key, "SM2") != 1)
                return false;
            using var keyContext = WithUserId(key); // outlives the digest context that borrows it
            using var context = LibCrypto.EVP_MD_CTX_new();
            LibCrypto.Require(!context.IsInvalid, "EVP_MD_CTX_new");
            LibCrypto.EVP_MD_CTX_set_pkey_ctx(context, keyContext);
            if (LibCrypto.EVP_DigestVerifyInit(context, 0, LibCrypto.EVP_sm3(), 0, key) != 1)
                return false;
            fixed (byte* m = message, s = signature)
                return LibCrypto.EVP_DigestVerify(context, s, (nuint)signature.Length, m, (nuint)message.Length) == 1;
        }
        finally
        {
            LibCrypto.ERR_clear_error();
        }
    }

    /// <summary>Signs in constant time; verifying the result is the caller's part.</summary>
    public static byte[] Sign(LibCrypto.KeyHandle key, ReadOnlySpan<byte> message)
    {
        using var keyContext = WithUserId(key);
        using var context = LibCrypto.EVP_MD_CTX_new();
        LibCrypto.Require(!context.IsInvalid, "EVP_MD_CTX_new");
        LibCrypto.EVP_MD_CTX_set_pkey_ctx(context, keyContext);
        LibCrypto.Require(LibCrypto.EVP_DigestSignInit(context, 0, LibCrypto.EVP_sm3(), 0, key) == 1, "EVP_DigestSignInit(SM2)");
        Span<byte> signature = stackalloc byte[128];
        var length = (nuint)signature.Length;
        fixed (byte* m = message, s = signature)
            LibCrypto.Require(LibCrypto.EVP_DigestSign(context, s, &length, m, (nuint)message.Length) == 1, "EVP_DigestSign(SM2)");
        return signature[..(int)length].ToArray();
    }

    /// <summary>Draws a new key.</summary>
    public static LibCrypto.KeyHandle Generate()
    {
        using var context = LibCrypto.EVP_PKEY_CTX_new_from_name(0, "SM2", 0);
        nint key = 0;
        LibCrypto.Require(
            !context.IsInvalid && LibCrypto.EVP_PKEY_keygen_init(context) == 1 && LibCrypto.EVP_PKEY_keygen(context, &key) == 1,
            "EVP_PKEY_keygen(SM2)");
        return new LibCrypto.KeyHandle(key);
    }

    /// <summary>PKCS#8 in PEM. The DER copies are wiped; the text is the caller's.</summary>
    public static string ExportPem(LibCrypto.KeyHandle key)
    {
        var info = LibCrypto.EVP_PKEY2PKCS8(key);
        LibCrypto.Require(info != 0, "EVP_PKEY2PKCS8(SM2)");
        try
        {
            var der = new byte[LibCrypto.i2d_PKCS8_PRIV_KEY_INFO(info, null)];
            fixed (byte* target = der)
            {
                var end = target;
                LibCrypto.Require(LibCrypto.i2d_PKCS8_PRIV_KEY_INFO(info, &end) == der.Length, "i2d_PKCS8_PRIV_KEY_INFO");
            }
            var pem = PemEncoding.WriteString("PRIVATE KEY", der);
            CryptographicOperations.ZeroMemory(der);
            return pem;
        }
        finally
        {
            LibCrypto.PKCS8_PRIV_KEY_INFO_free(info);
        }
    }

    /// <returns>The key, or null if these bytes are no SM2 key in PKCS#8.</returns>
    public static LibCrypto.KeyHandle? TryImport(ReadOnlySpan<byte> pkcs8)
    {
        fixed (byte* start = pkcs8)
        {
            var end = start;
            var key = LibCrypto.d2i_AutoPrivateKey(0, &end, new CLong(pkcs8.Length));
            if (!key.IsInvalid && end == start + pkcs8.Length && LibCrypto.EVP_PKEY_is_a(key, "SM2") == 1)
                return key;
            key.Dispose();
            LibCrypto.ERR_clear_error();
            return null;
        }
    }

    public static byte[] PublicKey(LibCrypto.KeyHandle key)
    {
        var spki = new byte[LibCrypto.i2d_PUBKEY(key, null)];
        fixed (byte* target = spki)
        {
            var end = target;
            LibCrypto.Require(LibCrypto.i2d_PUBKEY(key, &end) == spki.Length, "i2d_PUBKEY(SM2)");
        }
        return spki;
    }

    private static LibCrypto.KeyHandle ImportPublic(ReadOnlySpan<byte> spki)
    {
        fixed (byte* start = spki)
        {
            var end = start;
            return LibCrypto.d2i_PUBKEY(0, &end, new CLong(spki.Length));
        }
    }

    private static LibCrypto.KeyContext WithUserId(LibCrypto.KeyHandle key)
    {
        var context = LibCrypto.EVP_PKEY_CTX_new(key, 0);
        LibCrypto.Require(!context.IsInvalid, "EVP_PKEY_CTX_new");
        fixed (byte* id = UserIdBytes)
            LibCrypto.Require(LibCrypto.EVP_PKEY_CTX_set1_id(context, id, UserIdBytes.Length) == 1, "EVP_PKEY_CTX_set1_id");
        return context;
    }
}

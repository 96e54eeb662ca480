using System.Runtime.InteropServices;

namespace Adaptation.Certificates;

/// <summary>Keys that libcrypto holds, because the base class library has no SM2 and no Ed25519.</summary>
internal static unsafe class NativeKey
{
    public const string Sm2 = "SM2";
    public const string Ed25519 = "ED25519";

    /// <summary>Draws a new key.</summary>
    /// <param name="kind">As libcrypto calls it.</param>
    public static LibCrypto.KeyHandle Generate(string kind)
    {
        using var context = LibCrypto.EVP_PKEY_CTX_new_from_name(0, kind, 0);
        nint key = 0;
        LibCrypto.Require(
            !context.IsInvalid && LibCrypto.EVP_PKEY_keygen_init(context) == 1 && LibCrypto.EVP_PKEY_keygen(context, &key) == 1,
            $"EVP_PKEY_keygen({kind})");
        return new LibCrypto.KeyHandle(key);
    }

    /// <returns>PKCS#8 in DER; the caller wipes it.</returns>
    public static byte[] Export(LibCrypto.KeyHandle key)
    {
        var info = LibCrypto.EVP_PKEY2PKCS8(key);
        LibCrypto.Require(info != 0, "EVP_PKEY2PKCS8");
        try
        {
            var der = new byte[LibCrypto.i2d_PKCS8_PRIV_KEY_INFO(info, null)];
            fixed (byte* target = der)
            {
                var end = target;
                LibCrypto.Require(LibCrypto.i2d_PKCS8_PRIV_KEY_INFO(info, &end) == der.Length, "i2d_PKCS8_PRIV_KEY_INFO");
            }
            return der;
        }
        finally
        {
            LibCrypto.PKCS8_PRIV_KEY_INFO_free(info);
        }
    }

    /// <returns>The key, or null if these bytes are no key of this kind in PKCS#8.</returns>
    public static LibCrypto.KeyHandle? TryImport(ReadOnlySpan<byte> pkcs8, string kind)
    {
        fixed (byte* start = pkcs8)
        {
            var end = start;
            var key = LibCrypto.d2i_AutoPrivateKey(0, &end, new CLong(pkcs8.Length));
            if (!key.IsInvalid && end == start + pkcs8.Length && LibCrypto.EVP_PKEY_is_a(key, kind) == 1)
                return key;
            key.Dispose();
            LibCrypto.ERR_clear_error();
            return null;
        }
    }

    /// <returns>DER SubjectPublicKeyInfo.</returns>
    public static byte[] PublicKey(LibCrypto.KeyHandle key)
    {
        var spki = new byte[LibCrypto.i2d_PUBKEY(key, null)];
        fixed (byte* target = spki)
        {
            var end = target;
            LibCrypto.Require(LibCrypto.i2d_PUBKEY(key, &end) == spki.Length, "i2d_PUBKEY");
        }
        return spki;
    }

    /// <param name="spki">Has passed <see cref="Spki"/>.</param>
    /// <returns>Invalid where the point is not on its curve.</returns>
    public static LibCrypto.KeyHandle ImportPublic(ReadOnlySpan<byte> spki)
    {
        fixed (byte* start = spki)
        {
            var end = start;
            return LibCrypto.d2i_PUBKEY(0, &end, new CLong(spki.Length));
        }
    }
}

namespace Adaptation.Certificates;

/// <summary>SM2 signatures with SM3 (GB/T 32918.2), in DER, by libcrypto. The user id is always stated: OpenSSL's default is not the standard's.</summary>
internal static unsafe class Sm2
{
    public const string UserId = "1234567812345678";

    /// <summary>a, b and the base point's x and y of GB/T 32918.5.</summary>
    private static readonly byte[] Curve = Convert.FromHexString(
        "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
        + "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0");

    private static ReadOnlySpan<byte> UserIdBytes => "1234567812345678"u8;

    /// <param name="spki">Has passed <see cref="Spki"/>.</param>
    /// <param name="signature">Has passed <see cref="EcSignature"/>.</param>
    public static bool Verify(ReadOnlySpan<byte> spki, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        try
        {
            using var key = NativeKey.ImportPublic(spki);
            if (key.IsInvalid || LibCrypto.EVP_PKEY_is_a(key, NativeKey.Sm2) != 1)
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

    /// <summary>What SM2 signs in place of the message: e = SM3(Z || M), with Z over user id, curve and key. For tokens that sign only digests.</summary>
    /// <param name="spki">Has passed <see cref="Spki"/>.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] Digest(ReadOnlySpan<byte> spki, ReadOnlySpan<byte> message)
    {
        byte[] z = Sm3.Hash([0, (byte)(UserIdBytes.Length * 8), .. UserIdBytes, .. Curve, .. Spki.Point(spki)]);
        using var hash = new Sm3();
        hash.Append(z);
        hash.Append(message);
        return hash.Finish();
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

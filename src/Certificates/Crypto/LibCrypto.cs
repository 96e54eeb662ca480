using System.Runtime.InteropServices;
using Adaptation.Core;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)] // the system's library, never one that lies beside the program

namespace Adaptation.Certificates;

/// <summary>The calls of OpenSSL 3 that we need for what the base class library lacks. Compare results with 1 only: errors are negative.</summary>
internal static unsafe partial class LibCrypto
{
    private const string Library = "libcrypto.so.3";

    [LibraryImport(Library)]
    public static partial nint EVP_sm3();

    [LibraryImport(Library)]
    public static partial DigestContext EVP_MD_CTX_new();

    [LibraryImport(Library)]
    private static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_DigestInit_ex(DigestContext context, nint digest, nint engine);

    [LibraryImport(Library)]
    public static partial int EVP_DigestUpdate(DigestContext context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestFinal_ex(DigestContext context, byte* digest, uint* length);

    [LibraryImport(Library)]
    public static partial KeyHandle d2i_PUBKEY(nint target, byte** input, CLong length);

    [LibraryImport(Library)]
    public static partial KeyHandle EVP_PKEY_new_raw_public_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial KeyHandle EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_get_raw_public_key(KeyHandle key, byte* target, nuint* length);

    [LibraryImport(Library)]
    public static partial int i2d_PUBKEY(KeyHandle key, byte** output);

    [LibraryImport(Library)]
    public static partial KeyHandle d2i_AutoPrivateKey(nint target, byte** input, CLong length);

    [LibraryImport(Library)]
    public static partial nint EVP_PKEY2PKCS8(KeyHandle key);

    [LibraryImport(Library)]
    public static partial int i2d_PKCS8_PRIV_KEY_INFO(nint info, byte** output);

    [LibraryImport(Library)]
    public static partial void PKCS8_PRIV_KEY_INFO_free(nint info);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int EVP_PKEY_is_a(KeyHandle key, string name);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    public static partial KeyContext EVP_PKEY_CTX_new(KeyHandle key, nint engine);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial KeyContext EVP_PKEY_CTX_new_from_name(nint library, string name, nint properties);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_CTX_set1_id(KeyContext context, byte* id, int length);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_keygen_init(KeyContext context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_keygen(KeyContext context, nint* key);

    [LibraryImport(Library)]
    public static partial void EVP_MD_CTX_set_pkey_ctx(DigestContext context, KeyContext keyContext);

    [LibraryImport(Library)]
    public static partial int EVP_DigestVerifyInit(DigestContext context, nint keyContext, nint digest, nint engine, KeyHandle key);

    [LibraryImport(Library)]
    public static partial int EVP_DigestVerify(DigestContext context, byte* signature, nuint signatureLength, byte* message, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestSignInit(DigestContext context, nint keyContext, nint digest, nint engine, KeyHandle key);

    [LibraryImport(Library)]
    public static partial int EVP_DigestSign(DigestContext context, byte* signature, nuint* signatureLength, byte* message, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_PBE_scrypt(
        byte* passphrase, nuint passphraseLength, byte* salt, nuint saltLength, ulong n, ulong r, ulong p, ulong maxMemory, byte* key, nuint keyLength);

    /// <summary>Empties this thread's queue of errors, so that none is reported by a later, unrelated call.</summary>
    [LibraryImport(Library)]
    public static partial void ERR_clear_error();

    /// <summary>A call that can only fail for want of memory or a broken library.</summary>
    public static void Require(bool succeeded, string call)
    {
        if (succeeded)
            return;
        ERR_clear_error();
        throw new BrokenEnvironmentException(
            $"{Library} failed in {call}. Expected OpenSSL 3 with SM2 and SM3; install Debian's libssl3 or openEuler's openssl-libs.");
    }

    internal sealed class DigestContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            EVP_MD_CTX_free(handle);
            return true;
        }
    }

    internal sealed class KeyContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            EVP_PKEY_CTX_free(handle);
            return true;
        }
    }

    internal sealed class KeyHandle : SafeHandle
    {
        public KeyHandle()
            : base(0, ownsHandle: true)
        {
        }

        public KeyHandle(nint key)
            : this() => SetHandle(key);

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            EVP_PKEY_free(handle);
            return true;
        }
    }
}

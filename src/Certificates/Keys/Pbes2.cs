using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace Adaptation.Certificates;

/// <summary>Private keys encrypted under a passphrase: PKCS#8 with PBES2, scrypt and AES-256-CBC, and nothing else. <c>openssl pkey</c> reads it.</summary>
/// <remarks>
/// Sources: RFC 8018 (PBES2), RFC 7914 (scrypt). N = 2^14, r = 8, p = 5 are one of OWASP's equivalent settings, and the one that stays within
/// the 32 MiB that the openssl command allows scrypt. There is no other check on the content: whoever opens a key compares it with its record.
/// </remarks>
internal static unsafe class Pbes2
{
    private const string Pbes2Oid = "1.2.840.113549.1.5.13";
    private const string ScryptOid = "1.3.6.1.4.1.11591.4.11";
    private const string Aes256CbcOid = "2.16.840.1.101.3.4.1.42";
    private const int Cost = 1 << 14;
    private const int MaxCost = 1 << 17;
    private const int BlockSize = 8;
    public const int Parallel = 5;
    private const int MaxParallel = 16;
    private const int SaltLength = 16;
    private const int KeyLength = 32;
    private const int IvLength = 16;

    /// <param name="pkcs8">DER, unencrypted; wiping it is the caller's part.</param>
    /// <param name="parallel">scrypt's p: how much it costs to try one passphrase.</param>
    /// <returns>EncryptedPrivateKeyInfo in DER.</returns>
    public static byte[] Encrypt(ReadOnlySpan<byte> pkcs8, Passphrase passphrase, int parallel)
    {
        var (salt, iv) = (RandomNumberGenerator.GetBytes(SaltLength), RandomNumberGenerator.GetBytes(IvLength));
        using var aes = Derive(passphrase, salt, Cost, parallel);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Pbes2Oid);
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(ScryptOid);
                        using (writer.PushSequence())
                        {
                            writer.WriteOctetString(salt);
                            writer.WriteInteger(Cost);
                            writer.WriteInteger(BlockSize);
                            writer.WriteInteger(parallel);
                        }
                    }
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(Aes256CbcOid);
                        writer.WriteOctetString(iv);
                    }
                }
            }
            writer.WriteOctetString(aes.EncryptCbc(pkcs8, iv));
        }
        return writer.Encode();
    }

    /// <returns>PKCS#8 in DER, which the caller wipes; null for another passphrase (or, once in some 256 such, garbage).</returns>
    /// <exception cref="AsnContentException">The file is not of this form, or its settings are outside what is read.</exception>
    public static byte[]? TryDecrypt(byte[] der, Passphrase passphrase)
    {
        var (salt, cost, parallel, iv, content) = Read(der);
        using var aes = Derive(passphrase, salt, cost, parallel);
        try
        {
            return aes.DecryptCbc(content, iv);
        }
        catch (CryptographicException) // documented: the padding is not what this key would have left
        {
            return null;
        }
    }

    private static (byte[] Salt, int Cost, int Parallel, byte[] Iv, byte[] Content) Read(byte[] der)
    {
        var file = new AsnReader(der, AsnEncodingRules.DER);
        var info = file.ReadSequence();
        file.ThrowIfNotEmpty();
        var algorithm = info.ReadSequence();
        var content = info.ReadOctetString();
        info.ThrowIfNotEmpty();
        Expect(algorithm, Pbes2Oid);
        var parameters = algorithm.ReadSequence();
        algorithm.ThrowIfNotEmpty();
        var (derivation, cipher) = (parameters.ReadSequence(), parameters.ReadSequence());
        parameters.ThrowIfNotEmpty();
        Expect(derivation, ScryptOid);
        var scrypt = derivation.ReadSequence();
        derivation.ThrowIfNotEmpty();
        Expect(cipher, Aes256CbcOid);
        var iv = cipher.ReadOctetString();
        cipher.ThrowIfNotEmpty();
        var salt = scrypt.ReadOctetString();
        var (cost, block, parallel) = (scrypt.ReadInteger(), scrypt.ReadInteger(), scrypt.ReadInteger());
        if (scrypt.HasData && scrypt.ReadInteger() != KeyLength)
            throw new AsnContentException("the key length is not 32");
        scrypt.ThrowIfNotEmpty();
        if (iv.Length != IvLength || salt.Length is < 8 or > 64 || cost < Cost || cost > MaxCost || !cost.IsPowerOfTwo
            || block != BlockSize || parallel < BigInteger.One || parallel > MaxParallel)
            throw new AsnContentException($"scrypt with N={cost} r={block} p={parallel}; read are N from {Cost} to {MaxCost}, r={BlockSize}, p to {MaxParallel}");
        return (salt, (int)cost, (int)parallel, iv, content);
    }

    private static void Expect(AsnReader reader, string oid)
    {
        if (reader.ReadObjectIdentifier() is var seen && seen != oid)
            throw new AsnContentException($"the algorithm {seen} is not {oid}: read is PBES2 with scrypt and AES-256-CBC only");
    }

    private static Aes Derive(Passphrase passphrase, byte[] salt, int cost, int parallel)
    {
        var key = new byte[KeyLength];
        fixed (byte* p = passphrase.Bytes, s = salt, k = key)
        {
            LibCrypto.Require(
                LibCrypto.EVP_PBE_scrypt(p, (nuint)passphrase.Bytes.Length, s, (nuint)salt.Length, (ulong)cost, BlockSize, (ulong)parallel, maxMemory: 1UL << 28, k, KeyLength) == 1,
                "EVP_PBE_scrypt");
        }
        var aes = Aes.Create();
        aes.Key = key;
        CryptographicOperations.ZeroMemory(key);
        return aes;
    }
}

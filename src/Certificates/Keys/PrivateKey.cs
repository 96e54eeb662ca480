using System.Diagnostics;
using System.Security.Cryptography;

namespace Adaptation.Certificates;

/// <summary>A private key in this process's memory, of one of the three algorithms.</summary>
internal sealed class PrivateKey : IDisposable
{
    private readonly ECDsa? _p256;
    private readonly LibCrypto.KeyHandle? _native;

    private PrivateKey(ECDsa key) => (_p256, Algorithm, Spki) = (key, KeyAlgorithm.EcdsaP256Sha256, key.ExportSubjectPublicKeyInfo());

    private PrivateKey(LibCrypto.KeyHandle key, KeyAlgorithm algorithm) => (_native, Algorithm, Spki) = (key, algorithm, NativeKey.PublicKey(key));

    public KeyAlgorithm Algorithm { get; }

    /// <summary>The public half, DER SubjectPublicKeyInfo.</summary>
    public byte[] Spki { get; }

    public static PrivateKey Generate(KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.EcdsaP256Sha256 => new PrivateKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        KeyAlgorithm.Sm2Sm3 => new PrivateKey(NativeKey.Generate(NativeKey.Sm2), algorithm),
        KeyAlgorithm.Ed25519 => new PrivateKey(NativeKey.Generate(NativeKey.Ed25519), algorithm),
        _ => throw new UnreachableException(),
    };

    /// <param name="pkcs8">DER; wiped before this returns.</param>
    /// <returns>The key, or null if it is of none of the three algorithms.</returns>
    public static PrivateKey? TryImport(byte[] pkcs8)
    {
        try
        {
            // SM2 first: the base class library takes such a key for one of ECDSA
            var key = NativeKey.TryImport(pkcs8, NativeKey.Sm2) is { } sm2 ? new PrivateKey(sm2, KeyAlgorithm.Sm2Sm3)
                : Ed25519.TryImport(pkcs8) is { } ed25519 ? new PrivateKey(ed25519, KeyAlgorithm.Ed25519)
                : TryP256(pkcs8);
            if (key is null || Certificates.Spki.AlgorithmOf(key.Spki) == key.Algorithm)
                return key;
            key.Dispose();
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Verifying the result is the caller's part.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message) =>
        _p256 is not null ? _p256.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
        : Algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2.Sign(_native!, message)
        : Ed25519.Sign(_native!, message);

    /// <returns>PKCS#8 in DER; the caller wipes it.</returns>
    public byte[] Export() => _p256?.ExportPkcs8PrivateKey() ?? NativeKey.Export(_native!);

    public void Dispose()
    {
        _p256?.Dispose();
        _native?.Dispose();
    }

    private static PrivateKey? TryP256(byte[] pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out var read);
            if (read == pkcs8.Length)
                return new PrivateKey(key);
        }
        catch (CryptographicException)
        {
            // no key that the platform knows: null, as for one on another curve
        }
        key.Dispose();
        return null;
    }
}

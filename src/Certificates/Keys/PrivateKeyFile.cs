using System.Security.Cryptography;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Private keys as plain PKCS#8 in PEM, mode 0600. Good enough to try everything, and no more.</summary>
internal static class PrivateKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    /// <summary>Writes a new file that nobody else can read, on the disk before it returns; the content is wiped.</summary>
    /// <exception cref="IOException">There is such a file already.</exception>
    public static void Write(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
        CryptographicOperations.ZeroMemory(content);
    }

    /// <param name="remedy">What to do about a file that is no key.</param>
    /// <returns>PKCS#8 in DER; the caller wipes it.</returns>
    /// <exception cref="BrokenEnvironmentException">Others may read the file, or it is no private key.</exception>
    public static byte[] Read(string path, string remedy)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & Others) != UnixFileMode.None)
        {
            throw new BrokenEnvironmentException(
                $"{path} holds a private key and others may use it (mode {Convert.ToString((int)mode, 8)}, expected 600). "
                + $"If nobody else had access, run: chmod 600 {path}; otherwise it is no secret any more. {remedy}");
        }
        var text = File.ReadAllText(path);
        return PemEncoding.TryFind(text, out var fields) && text[fields.Label] is "PRIVATE KEY"
            ? Convert.FromBase64String(text[fields.Base64Data])
            : throw Damaged(path, "PKCS#8", remedy);
    }

    /// <returns>A P-256 key.</returns>
    /// <exception cref="BrokenEnvironmentException">As <see cref="Read"/>, or it is a key of another kind.</exception>
    public static ECDsa OpenP256(string path, string remedy) => TryP256(Read(path, remedy)) ?? throw Damaged(path, "P-256", remedy);

    /// <returns>An SM2 key.</returns>
    /// <exception cref="BrokenEnvironmentException">As <see cref="Read"/>, or it is a key of another kind.</exception>
    public static LibCrypto.KeyHandle OpenSm2(string path, string remedy) => TrySm2(Read(path, remedy)) ?? throw Damaged(path, "SM2", remedy);

    /// <summary>Opens a key of either algorithm.</summary>
    /// <param name="recordOf">The record of a public key (DER SubjectPublicKeyInfo).</param>
    /// <exception cref="BrokenEnvironmentException">As <see cref="Read"/>, or it is a key of neither algorithm.</exception>
    public static ISigner Open(string path, string remedy, Func<byte[], KeyRecord> recordOf)
    {
        var der = Read(path, remedy);
        if (TrySm2(der.AsSpan().ToArray()) is { } sm2)
        {
            CryptographicOperations.ZeroMemory(der);
            return Or(sm2, () => new Sm2Signer(sm2, recordOf(Sm2.PublicKey(sm2))));
        }
        var p256 = TryP256(der) ?? throw Damaged(path, "P-256 or SM2", remedy);
        return Or(p256, () => new P256Signer(p256, recordOf(p256.ExportSubjectPublicKeyInfo())));
    }

    private static ISigner Or(IDisposable key, Func<ISigner> signer)
    {
        try
        {
            return signer();
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static ECDsa? TryP256(byte[] der)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(der, out _);
            if (Spki.AlgorithmOf(key.ExportSubjectPublicKeyInfo()) == KeyAlgorithm.EcdsaP256Sha256)
                return key;
        }
        catch (CryptographicException)
        {
            // no key that the platform knows: null, as for one on another curve
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
        key.Dispose();
        return null;
    }

    private static LibCrypto.KeyHandle? TrySm2(byte[] der)
    {
        var key = Sm2.TryImport(der);
        CryptographicOperations.ZeroMemory(der);
        if (key is null || Spki.AlgorithmOf(Sm2.PublicKey(key)) == KeyAlgorithm.Sm2Sm3)
            return key;
        key.Dispose();
        return null;
    }

    private static BrokenEnvironmentException Damaged(string path, string kind, string remedy) => new($"{path} is not a {kind} private key in PEM. {remedy}");
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>The keys of a developer's own machine: one P-256 and one SM2 key, made on first use, environment test. Certificates by them are capped at L1.</summary>
/// <remarks>
/// The private keys are plain PKCS#8 files of mode 0600: good enough to try everything, and no more. Every file is written aside and
/// then moved to its name without replacing what is there, so two first uses at once end with one set of keys, and a process killed
/// half-way leaves the rest to the next one.
/// </remarks>
public sealed class DevelopmentKeys : IDisposable
{
    private const string P256File = "issuer-p256.pem";
    private const string Sm2File = "issuer-sm2.pem";
    private const string TrustFile = "trust.json";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const int Years = 10;

    private DevelopmentKeys(TrustStore trust, ImmutableArray<ISigner> signers) => (Trust, Signers) = (trust, signers);

    public TrustStore Trust { get; }

    /// <summary>The P-256 and the SM2 signer, in this order; disposed with this object.</summary>
    public ImmutableArray<ISigner> Signers { get; }

    /// <param name="directory">Created with mode 0700 if it is not there.</param>
    /// <exception cref="BrokenEnvironmentException">A key file is open to others, damaged, or not the one that trust.json names.</exception>
    public static DevelopmentKeys OpenOrCreate(string directory, TimeProvider time)
    {
        SelfTest.Run();
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        if ((File.GetUnixFileMode(directory) & OthersWrite) != UnixFileMode.None)
            throw new BrokenEnvironmentException($"{directory} can be written by others, so they could put in keys of theirs. Run: chmod 700 {directory}");

        CreateIfMissing(directory, P256File, NewP256);
        CreateIfMissing(directory, Sm2File, NewSm2);
        var p256 = OpenP256(Path.Combine(directory, P256File));
        var sm2 = OpenSm2(Path.Combine(directory, Sm2File));
        try
        {
            var publicKeys = ImmutableArray.Create(p256.ExportSubjectPublicKeyInfo(), Sm2.PublicKey(sm2));
            CreateIfMissing(directory, TrustFile, () => NewTrust(publicKeys, time));
            RemoveLeftovers(directory);
            var trust = OpenTrust(Path.Combine(directory, TrustFile));
            var records = publicKeys.Select(spki => RecordOf(trust, spki, directory)).ToImmutableArray();
            return new DevelopmentKeys(trust, [new P256Signer(p256, records[0]), new Sm2Signer(sm2, records[1])]);
        }
        catch
        {
            p256.Dispose();
            sm2.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var signer in Signers)
            signer.Dispose();
    }

    private static string NewP256()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static string NewSm2()
    {
        using var key = Sm2.Generate();
        return Sm2.ExportPem(key);
    }

    private static string NewTrust(ImmutableArray<byte[]> publicKeys, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var from = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)); // files have whole seconds
        var records = publicKeys.Select(spki => KeyRecord.For(spki, KeyDuty.Certify, from, from.AddYears(Years), KeyEnvironment.Test));
        return Encoding.UTF8.GetString(TrustStore.Of([.. records]).Write());
    }

    private static void CreateIfMissing(string directory, string name, Func<string> content)
    {
        var path = Path.Combine(directory, name);
        if (File.Exists(path))
            return;
        var aside = Path.Combine(directory, $".{name}.{Guid.NewGuid():N}.tmp");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var file = new FileStream(aside, options))
        {
            file.Write(Encoding.UTF8.GetBytes(content()));
            file.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(aside, path, overwrite: false); // links to the new name, which fails if it is taken
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside); // another process was first, and its key is as good
        }
    }

    /// <summary>Removes what killed processes left aside. One that is alive and loses its file finds the final one in place.</summary>
    private static void RemoveLeftovers(string directory)
    {
        foreach (var leftover in Directory.EnumerateFiles(directory, ".*.tmp"))
            File.Delete(leftover);
    }

    private static ECDsa OpenP256(string path)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(ReadPrivate(path), out _);
            if (Spki.AlgorithmOf(key.ExportSubjectPublicKeyInfo()) == KeyAlgorithm.EcdsaP256Sha256)
                return key;
        }
        catch (CryptographicException)
        {
            // falls to the message below, as a key on another curve does
        }
        key.Dispose();
        throw Damaged(path, "P-256");
    }

    private static LibCrypto.KeyHandle OpenSm2(string path)
    {
        var der = ReadPrivate(path);
        var key = Sm2.TryImport(der);
        CryptographicOperations.ZeroMemory(der);
        if (key is not null && Spki.AlgorithmOf(Sm2.PublicKey(key)) == KeyAlgorithm.Sm2Sm3)
            return key;
        key?.Dispose();
        throw Damaged(path, "SM2");
    }

    private static byte[] ReadPrivate(string path)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & Others) != UnixFileMode.None)
        {
            throw new BrokenEnvironmentException(
                $"{path} holds a private key and others may use it (mode {Convert.ToString((int)mode, 8)}, expected 600). "
                + $"If nobody else had access, run: chmod 600 {path}; otherwise delete the folder's files to get new keys.");
        }
        var text = File.ReadAllText(path);
        return PemEncoding.TryFind(text, out var fields) && text[fields.Label] is "PRIVATE KEY"
            ? Convert.FromBase64String(text[fields.Base64Data])
            : throw Damaged(path, "PKCS#8");
    }

    private static TrustStore OpenTrust(string path)
    {
        try
        {
            return TrustStore.Read(File.ReadAllBytes(path));
        }
        catch (RejectedException refused)
        {
            throw new BrokenEnvironmentException($"{path} cannot be used: {refused.Message}. Delete it, and it is made anew from the keys beside it.");
        }
    }

    private static KeyRecord RecordOf(TrustStore trust, byte[] spki, string directory) =>
        trust.Keys.FirstOrDefault(key => key.KeyId == Spki.KeyId(spki) && key.Environment == KeyEnvironment.Test)
        ?? throw new BrokenEnvironmentException(
            $"{Path.Combine(directory, TrustFile)} has no test record of the key {Spki.KeyId(spki)} that lies beside it. "
            + "Delete trust.json, and it is made anew from the keys.");

    private static BrokenEnvironmentException Damaged(string path, string kind) =>
        new($"{path} is not a {kind} private key in PEM. Delete it together with trust.json to get a new one.");
}

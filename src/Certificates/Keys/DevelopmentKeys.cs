using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>The keys of a developer's own machine: one P-256 and one SM2 key, made on first use, environment test. Certificates by them are capped at L1.</summary>
/// <remarks>
/// The private keys are plain PKCS#8 files of mode 0600: good enough to try everything, and no more. The whole set is written aside
/// and then takes its place by one rename of a folder, which the system refuses if a set is there: two first uses at once end with
/// one set, and one that is killed leaves nothing but a folder that nobody reads.
/// </remarks>
public sealed class DevelopmentKeys : IDisposable
{
    private const string SetFolder = "issuer";
    private const string P256File = "p256.pem";
    private const string Sm2File = "sm2.pem";
    private const string TrustFile = "trust.json";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerOnly | UnixFileMode.UserExecute;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const int Years = 10;
    private const string Remedy = "Delete the folder it lies in to get new keys.";

    private DevelopmentKeys(string folder, TrustStore trust, ImmutableArray<ISigner> signers) =>
        (TrustPath, Trust, Signers) = (Path.Combine(folder, TrustFile), trust, signers);

    public TrustStore Trust { get; }

    /// <summary>The file that holds <see cref="Trust"/>: what to give to someone who is to verify.</summary>
    public string TrustPath { get; }

    /// <summary>The P-256 and the SM2 signer, in this order; disposed with this object.</summary>
    public ImmutableArray<ISigner> Signers { get; }

    /// <param name="directory">Created with mode 0700 if it is not there; the keys lie in its folder <c>issuer</c>.</param>
    /// <exception cref="BrokenEnvironmentException">A key file is open to others, missing, damaged, or not the one that trust.json names.</exception>
    public static DevelopmentKeys OpenOrCreate(string directory, TimeProvider time)
    {
        SelfTest.Run();
        Directory.CreateDirectory(directory, OwnerFolder);
        var folder = Path.Combine(directory, SetFolder);
        if (!Directory.Exists(folder))
            Create(folder, time);
        foreach (var path in (ReadOnlySpan<string>)[directory, folder])
            if ((File.GetUnixFileMode(path) & OthersWrite) != UnixFileMode.None)
                throw new BrokenEnvironmentException($"{path} can be written by others, so they could put in keys of theirs. Run: chmod 700 {path}");
        return Open(folder);
    }

    public void Dispose()
    {
        foreach (var signer in Signers)
            signer.Dispose();
    }

    private static void Create(string folder, TimeProvider time)
    {
        var aside = $"{folder}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(aside, OwnerFolder);
        using var p256 = PrivateKey.Generate(KeyAlgorithm.EcdsaP256Sha256);
        using var sm2 = PrivateKey.Generate(KeyAlgorithm.Sm2Sm3);
        PrivateKeyFile.Write(Path.Combine(aside, P256File), PrivateKeyFile.Pem(p256));
        PrivateKeyFile.Write(Path.Combine(aside, Sm2File), PrivateKeyFile.Pem(sm2));
        PrivateKeyFile.Write(Path.Combine(aside, TrustFile), NewTrust([p256.Spki, sm2.Spki], time));
        try
        {
            Directory.Move(aside, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            Directory.Delete(aside, recursive: true); // another process was first, and its keys are as good
        }
    }

    private static byte[] NewTrust(ImmutableArray<byte[]> publicKeys, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var from = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)); // files have whole seconds
        var records = publicKeys.Select(spki => KeyRecord.For(spki, KeyDuty.Certify, from, from.AddYears(Years), KeyEnvironment.Test, person: null));
        return TrustStore.Of([.. records]).Write();
    }

    private static DevelopmentKeys Open(string folder)
    {
        if (new[] { P256File, Sm2File, TrustFile }.FirstOrDefault(name => !File.Exists(Path.Combine(folder, name))) is { } missing)
            throw new BrokenEnvironmentException($"{Path.Combine(folder, missing)} is missing. Delete the folder {folder} to get new keys.");
        var p256 = PrivateKeyFile.OpenPlain(Path.Combine(folder, P256File), KeyAlgorithm.EcdsaP256Sha256, Remedy);
        PrivateKey? sm2 = null;
        try
        {
            sm2 = PrivateKeyFile.OpenPlain(Path.Combine(folder, Sm2File), KeyAlgorithm.Sm2Sm3, Remedy);
            var trust = OpenTrust(Path.Combine(folder, TrustFile));
            var first = RecordOf(trust, p256.Spki, folder);
            var second = RecordOf(trust, sm2.Spki, folder);
            return new DevelopmentKeys(folder, trust, [new MemorySigner(p256, first), new MemorySigner(sm2, second)]);
        }
        catch
        {
            p256.Dispose();
            sm2?.Dispose();
            throw;
        }
    }

    private static TrustStore OpenTrust(string path)
    {
        try
        {
            return TrustStore.Read(File.ReadAllBytes(path));
        }
        catch (RejectedException refused)
        {
            throw new BrokenEnvironmentException($"{path} cannot be used: {refused.Message}. Delete the folder it lies in to get new keys.");
        }
    }

    private static KeyRecord RecordOf(TrustStore trust, byte[] spki, string directory) =>
        trust.Keys.FirstOrDefault(key => key.KeyId == Spki.KeyId(spki) && key.Environment == KeyEnvironment.Test)
        ?? throw new BrokenEnvironmentException(
            $"{Path.Combine(directory, TrustFile)} has no test record of the key {Spki.KeyId(spki)} that lies beside it. "
            + $"Delete the folder {directory} to get new keys.");
}

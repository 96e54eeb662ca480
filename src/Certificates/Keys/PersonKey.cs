using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>The signing key of one tester or reviewer, with its public record beside it: <c>NAME.pem</c> and <c>NAME.trust.json</c>.</summary>
/// <remarks>Environment test, as all keys in plain files. The record is what people hand out; a verifier believes the copy that it got from them.</remarks>
public sealed class PersonKey : IDisposable
{
    private const int Years = 2;
    private const string Remedy = "Make a key with `adapt waiver key`.";

    private PersonKey(ISigner signer) => Signer = signer;

    public ISigner Signer { get; }

    /// <summary>Where the public record of a private key's file lies.</summary>
    public static string TrustPath(string keyPath) => Path.ChangeExtension(keyPath, ".trust.json");

    /// <summary>Makes a key and its record; the key last, so that there is never one without a record.</summary>
    /// <exception cref="RejectedException">KEY_PERSON: the name is not printable ASCII, or a certifying key was asked for.</exception>
    /// <exception cref="IOException">One of the two files is there already, or cannot be written.</exception>
    public static KeyRecord Create(string keyPath, string person, KeyDuty duty, KeyAlgorithm algorithm, TimeProvider time)
    {
        SelfTest.Run();
        if (File.Exists(keyPath))
            throw new IOException($"{keyPath} is there already; a key is never written over");
        var (pem, spki) = Draw(algorithm);
        var now = time.GetUtcNow();
        var from = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)); // files have whole seconds
        var record = KeyRecord.For(spki, duty, from, from.AddYears(Years), KeyEnvironment.Test, person);
        var trust = TrustStore.Of(record).Write();
        if (duty == KeyDuty.Certify)
            throw Rejection.Because("KEY_PERSON", "a person's key is a tester's or a reviewer's");
        using (var file = new FileStream(TrustPath(keyPath), FileMode.CreateNew, FileAccess.Write))
            file.Write(trust);
        PrivateKeyFile.Write(keyPath, pem);
        return record;
    }

    /// <exception cref="BadInputException">A file is missing, open to others, damaged, or the record is of another key.</exception>
    public static PersonKey Open(string keyPath)
    {
        var trustPath = TrustPath(keyPath);
        BadInputException Bad(string file, string why) => new([new Problem(file, 0, "--key", why)]);
        try
        {
            var trust = TrustStore.Read(File.ReadAllBytes(trustPath));
            return new PersonKey(PrivateKeyFile.Open(keyPath, Remedy, spki =>
                trust.Keys.FirstOrDefault(key => key.KeyId == Spki.KeyId(spki) && key.Person is not null)
                ?? throw Bad(trustPath, $"has no record of a tester or reviewer with the key {Spki.KeyId(spki)} of {keyPath}. {Remedy}")));
        }
        catch (RejectedException refused)
        {
            throw Bad(trustPath, refused.Message);
        }
        catch (BrokenEnvironmentException unusable)
        {
            throw Bad(keyPath, unusable.Message);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw Bad(keyPath, $"the key or the record beside it cannot be read: {unread.Message}. {Remedy}");
        }
    }

    public void Dispose() => Signer.Dispose();

    private static (byte[] Pem, byte[] Spki) Draw(KeyAlgorithm algorithm)
    {
        if (algorithm == KeyAlgorithm.Sm2Sm3)
        {
            using var sm2 = Sm2.Generate();
            return (Encoding.ASCII.GetBytes(Sm2.ExportPem(sm2)), Sm2.PublicKey(sm2));
        }
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (Encoding.ASCII.GetBytes(p256.ExportPkcs8PrivateKeyPem()), p256.ExportSubjectPublicKeyInfo());
    }
}

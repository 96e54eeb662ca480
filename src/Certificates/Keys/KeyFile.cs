using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>What a new key is to be for.</summary>
public sealed record KeySpec
{
    public required KeyAlgorithm Algorithm { get; init; }

    public required KeyDuty Duty { get; init; }

    /// <summary>Whose key it is; null but for testers and reviewers.</summary>
    public string? Person { get; init; }

    public required KeyEnvironment Environment { get; init; }

    /// <summary>From now on.</summary>
    public required TimeSpan Life { get; init; }

    /// <exception cref="RejectedException">KEY_*: no such key can be.</exception>
    internal KeyRecord Record(ReadOnlySpan<byte> spki, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var from = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)); // files have whole seconds
        var record = KeyRecord.For(spki, Duty, from, from + Life, Environment, Person);
        KeyRecordJson.Check(record);
        return record;
    }
}

/// <summary>
/// A key that signs, in a file: encrypted under a passphrase, or a reference to a key on a PKCS#11 token. Beside <c>NAME.key</c> lies
/// <c>NAME.trust.json</c>, its public record, which people hand out; a verifier believes the copy that it got from them.
/// </summary>
public static class KeyFile
{
    private const string Remedy = "Make a key with `adapt keys new`.";

    /// <summary>Where the public record of a key's file lies.</summary>
    public static string TrustPath(string keyPath) => Path.ChangeExtension(keyPath, ".trust.json");

    /// <summary>Draws a key and writes it, encrypted; the record first, so that there is never a key without one.</summary>
    /// <exception cref="RejectedException">KEY_*: no such key can be, or the passphrase is too short (KEY_PASSPHRASE).</exception>
    /// <exception cref="IOException">One of the two files is there already, or cannot be written.</exception>
    public static KeyRecord Create(string keyPath, KeySpec spec, PassphrasePrompt prompt, TimeProvider time) => Create(keyPath, spec, prompt, time, Pbes2.Parallel);

    /// <inheritdoc cref="Create(string, KeySpec, PassphrasePrompt, TimeProvider)"/>
    internal static KeyRecord Create(string keyPath, KeySpec spec, PassphrasePrompt prompt, TimeProvider time, int parallel)
    {
        SelfTest.Run();
        RefuseExisting(keyPath);
        using var key = PrivateKey.Generate(spec.Algorithm);
        var record = spec.Record(key.Spki, time);
        using var passphrase = prompt(keyPath, isNew: true);
        if (passphrase.Bytes.Length < Passphrase.MinBytes)
            throw Rejection.Because("KEY_PASSPHRASE", $"the passphrase has {passphrase.Bytes.Length} bytes; a key's has at least {Passphrase.MinBytes}");
        var der = key.Export();
        try
        {
            var pem = PemEncoding.WriteString(PrivateKeyFile.Encrypted, Pbes2.Encrypt(der, passphrase, parallel));
            Write(keyPath, record, Encoding.ASCII.GetBytes(pem + "\n"));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
        return record;
    }

    /// <summary>Makes a key on a token, or takes one that is there, and writes a reference to it once it has signed something.</summary>
    /// <param name="place">With an id: that key is taken; else a P-256 key is made.</param>
    /// <param name="prompt">For the token's PIN.</param>
    /// <exception cref="BrokenEnvironmentException">The token is not there, cannot do it, or another PIN is right.</exception>
    /// <inheritdoc cref="Create(string, KeySpec, PassphrasePrompt, TimeProvider)"/>
    public static KeyRecord CreateOnToken(string keyPath, KeySpec spec, TokenPlace place, PassphrasePrompt prompt, TimeProvider time)
    {
        SelfTest.Run();
        RefuseExisting(keyPath);
        using var pin = prompt($"PIN of the token {place.Token}", isNew: false);
        using var session = Pkcs11Session.Open(place, pin);
        var (id, spki) = place.Id is { } there
            ? (there, session.PublicKey(there, spec.Algorithm))
            : session.Generate(spec.Algorithm, Path.GetFileNameWithoutExtension(keyPath));
        var record = spec.Record(spki, time);
        Pkcs11Signer.Over(session, id, record).Sign("adaptation: a first signature"u8);
        Write(keyPath, record, (place with { Id = id }).ToBytes());
        return record;
    }

    /// <summary>The public record beside a key.</summary>
    /// <exception cref="BadInputException">It is missing, damaged, or not of one key.</exception>
    public static KeyRecord ReadRecord(string keyPath)
    {
        var path = TrustPath(keyPath);
        try
        {
            return TrustStore.Read(File.ReadAllBytes(path)).Keys is [var key] ? key : throw Bad(path, $"is to hold the record of one key. {Remedy}");
        }
        catch (RejectedException refused)
        {
            throw Bad(path, refused.Message);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw Bad(path, $"the public record of {keyPath} cannot be read: {unread.Message}. {Remedy}");
        }
    }

    /// <summary>Opens a key to sign with; the caller disposes it.</summary>
    /// <exception cref="BadInputException">A file is missing, open to others, not encrypted or damaged, the passphrase is another, or the record is of another key.</exception>
    /// <exception cref="BrokenEnvironmentException">The token is not there, or does not have the key any more.</exception>
    public static ISigner Open(string keyPath, PassphrasePrompt prompt)
    {
        SelfTest.Run();
        var record = ReadRecord(keyPath);
        var text = ReadText(keyPath);
        if (PrivateKeyFile.TryDer(text, PrivateKeyFile.Encrypted) is { } der)
            return OpenEncrypted(keyPath, der, record, prompt);
        if (text.StartsWith('{'))
            return OpenToken(keyPath, text, record, prompt);
        throw Bad(keyPath, text.Contains("PRIVATE KEY-----", StringComparison.Ordinal)
            ? "the private key is not encrypted, so that whoever sees the file can sign. If nobody did, encrypt it: "
                + $"openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc -in {keyPath} -out NEW.key"
            : $"is neither an encrypted private key in PEM nor a reference to a token. {Remedy}");
    }

    /// <summary>Shortens the life of a key in its record, for one that is being replaced. What counts is the next root, which has to say the same.</summary>
    /// <exception cref="BadInputException">The record cannot be read.</exception>
    public static KeyRecord EndAt(string keyPath, DateTimeOffset validTo)
    {
        var record = ReadRecord(keyPath);
        var ended = validTo < record.ValidTo ? record with { ValidTo = validTo } : record;
        WholeFile.Write(TrustPath(keyPath), TrustStore.Of(ended).Write());
        return ended;
    }

    private static MemorySigner OpenEncrypted(string keyPath, byte[] der, KeyRecord record, PassphrasePrompt prompt)
    {
        byte[]? plain;
        using (var passphrase = prompt(keyPath, isNew: false))
        {
            try
            {
                plain = Pbes2.TryDecrypt(der, passphrase);
            }
            catch (AsnContentException form)
            {
                throw Bad(keyPath, $"is not encrypted in a way that is read: {form.Message}. Try: openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc -in {keyPath} -out NEW.key");
            }
        }
        var key = plain is null ? null : PrivateKey.TryImport(plain);
        if (key is null)
            throw Bad(keyPath, "the passphrase is another one, or the file is damaged");
        if (Spki.KeyId(key.Spki) == record.KeyId)
            return new MemorySigner(key, record);
        var seen = Spki.KeyId(key.Spki);
        key.Dispose();
        throw Bad(TrustPath(keyPath), $"is the record of {record.KeyId}; {keyPath} holds {seen}");
    }

    private static Pkcs11Signer OpenToken(string keyPath, string text, KeyRecord record, PassphrasePrompt prompt)
    {
        TokenPlace place;
        try
        {
            place = TokenPlace.Read(Encoding.UTF8.GetBytes(text));
        }
        catch (RejectedException refused)
        {
            throw Bad(keyPath, refused.Message);
        }
        using var pin = prompt($"PIN of the token {place.Token}", isNew: false);
        var session = Pkcs11Session.Open(place, pin);
        try
        {
            return Pkcs11Signer.Over(session, place.Id!, record);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static string ReadText(string keyPath)
    {
        try
        {
            return PrivateKeyFile.Read(keyPath, Remedy);
        }
        catch (BrokenEnvironmentException unusable)
        {
            throw Bad(keyPath, unusable.Message);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw Bad(keyPath, $"the key cannot be read: {unread.Message}. {Remedy}");
        }
    }

    private static void RefuseExisting(string keyPath)
    {
        if (File.Exists(keyPath))
            throw new IOException($"{keyPath} is there already; a key is never written over");
    }

    private static void Write(string keyPath, KeyRecord record, byte[] key)
    {
        using (var file = new FileStream(TrustPath(keyPath), FileMode.CreateNew, FileAccess.Write))
            file.Write(TrustStore.Of(record).Write());
        PrivateKeyFile.Write(keyPath, key);
    }

    private static BadInputException Bad(string file, string why) => new([new Problem(file, 0, "--key", why)]);
}

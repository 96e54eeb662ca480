using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>Keys in files: encrypted, closed to others, with a record that fits, or not used.</summary>
public sealed class KeyFileTests : IDisposable
{
    private const string Words = "correct horse 电池";
    private readonly TempFolder _folder = new();

    private string Key => _folder["lab.key"];

    private static KeySpec Spec(KeyAlgorithm algorithm, KeyDuty duty = KeyDuty.Certify, string? person = null) =>
        new() { Algorithm = algorithm, Duty = duty, Person = person, Environment = KeyEnvironment.Test, Life = TimeSpan.FromDays(365) };

    private KeyRecord Create(KeySpec spec) => KeyFile.Create(Key, spec, GivenKeys.Says(Words), Given.Time, parallel: 1);

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256Sha256, KeyDuty.Certify)]
    [InlineData(KeyAlgorithm.Sm2Sm3, KeyDuty.Root)]
    [InlineData(KeyAlgorithm.Ed25519, KeyDuty.Log)]
    public void A_key_is_made_for_its_owner_alone_and_its_record_for_everybody(KeyAlgorithm algorithm, KeyDuty duty)
    {
        var record = Create(Spec(algorithm, duty));

        using var signer = KeyFile.Open(Key, GivenKeys.Says(Words));
        var trusted = Assert.Single(TrustStore.Read(File.ReadAllBytes(KeyFile.TrustPath(Key))).Keys);
        Assert.Equal((duty, algorithm, Given.Now, Given.Now.AddDays(365)), (trusted.Duty, trusted.Algorithm, trusted.ValidFrom, trusted.ValidTo));
        Assert.Equal((record.KeyId, record.KeyId), (trusted.KeyId, signer.Key.KeyId));
        Assert.Null(trusted.Refuse("message"u8, signer.Sign("message"u8)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Key));
        Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----", File.ReadAllText(Key), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256Sha256)]
    [InlineData(KeyAlgorithm.Sm2Sm3)]
    [InlineData(KeyAlgorithm.Ed25519)]
    public void The_openssl_command_reads_our_keys_and_we_read_its(KeyAlgorithm algorithm)
    {
        var record = Create(Spec(algorithm, algorithm == KeyAlgorithm.Ed25519 ? KeyDuty.Witness : KeyDuty.Status));
        File.WriteAllText(_folder["words"], Words + "\n");
        File.WriteAllText(_folder["words-again"], Words + "\n"); // of one file for both openssl reads two lines

        Assert.Equal(0, OpenSsl($"pkey -in {Key} -passin file:{_folder["words"]} -pubout -outform DER -out {_folder["pub.der"]}"));
        Assert.Equal(record.Spki, File.ReadAllBytes(_folder["pub.der"]));
        Assert.Equal(0, OpenSsl($"pkcs8 -topk8 -scrypt -v2 aes-256-cbc -in {Key} -passin file:{_folder["words"]} -out {_folder["theirs.key"]} -passout file:{_folder["words-again"]}"));
        File.Copy(KeyFile.TrustPath(Key), _folder["theirs.trust.json"]);
        File.SetUnixFileMode(_folder["theirs.key"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var signer = KeyFile.Open(_folder["theirs.key"], GivenKeys.Says(Words));
        Assert.Null(record.Refuse("message"u8, signer.Sign("message"u8)));
    }

    [Fact]
    public void A_wrong_passphrase_and_a_damaged_file_say_so()
    {
        Create(Spec(KeyAlgorithm.Sm2Sm3));
        var good = File.ReadAllText(Key);

        Refuses("passphrase is another", "correct horse");
        File.WriteAllText(Key, good.Replace(good[200..204], "AAAA", StringComparison.Ordinal));
        Refuses("", Words);
        File.WriteAllText(Key, "no key");
        Refuses("neither an encrypted private key", Words);
        File.WriteAllText(Key, new string('x', 70_000));
        Refuses("more than 65536 bytes", Words);
        File.Delete(Key);
        Refuses("cannot be read", Words);
    }

    [Fact]
    public void A_key_that_is_not_encrypted_or_weakly_so_is_refused_with_the_command_that_helps()
    {
        Create(Spec(KeyAlgorithm.EcdsaP256Sha256));
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        const string words = "correct horse";

        File.WriteAllText(Key, ecdsa.ExportPkcs8PrivateKeyPem());
        Refuses("openssl pkcs8 -topk8 -scrypt", words);
        File.WriteAllText(Key, ecdsa.ExportECPrivateKeyPem());
        Refuses("openssl pkcs8 -topk8 -scrypt", words);
        foreach (var weak in (PbeParameters[])[new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1), new(PbeEncryptionAlgorithm.TripleDes3KeyPkcs12, HashAlgorithmName.SHA1, 1000)])
        {
            File.WriteAllText(Key, ecdsa.ExportEncryptedPkcs8PrivateKeyPem(words, weak));
            Refuses("not encrypted in a way that is read", words);
        }
        File.WriteAllText(_folder["plain.pem"], ecdsa.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(_folder["words"], words);
        Assert.Equal(0, OpenSsl($"pkcs8 -topk8 -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 1 -v2 aes-256-cbc -in {_folder["plain.pem"]} -out {_folder["weak.key"]} -passout file:{_folder["words"]}"));
        File.WriteAllText(Key, File.ReadAllText(_folder["weak.key"]));
        Refuses("N=1024", words);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_key_that_others_can_use_is_refused(UnixFileMode more)
    {
        Create(Spec(KeyAlgorithm.EcdsaP256Sha256));
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);

        Refuses($"chmod 600 {Key}", Words);
    }

    [Fact]
    public void A_link_is_no_key()
    {
        Create(Spec(KeyAlgorithm.EcdsaP256Sha256));
        File.Move(Key, _folder["elsewhere"]);
        File.CreateSymbolicLink(Key, _folder["elsewhere"]);

        Refuses("is a link", Words);
    }

    [Fact]
    public void The_record_beside_a_key_is_of_that_key()
    {
        Create(Spec(KeyAlgorithm.EcdsaP256Sha256));
        KeyFile.Create(_folder["other.key"], Spec(KeyAlgorithm.EcdsaP256Sha256), GivenKeys.Says(Words), Given.Time, parallel: 1);
        File.Copy(_folder["other.trust.json"], KeyFile.TrustPath(Key), overwrite: true);
        Refuses("is the record of", Words);
        File.WriteAllText(KeyFile.TrustPath(Key), "{}");
        Refuses("TRUST_", Words);
        File.Delete(KeyFile.TrustPath(Key));
        Refuses("cannot be read", Words);
    }

    [Fact]
    public void A_key_is_never_written_over_and_nothing_is_left_of_one_that_cannot_be()
    {
        Create(Spec(KeyAlgorithm.EcdsaP256Sha256));
        var before = File.ReadAllBytes(Key);
        Assert.Throws<IOException>(() => Create(Spec(KeyAlgorithm.Sm2Sm3)));
        Assert.Equal(before, File.ReadAllBytes(Key));

        var other = _folder["b.key"];
        void Refused(string code, KeySpec spec, string words = Words) => Given.Refuses(code, () => KeyFile.Create(other, spec, GivenKeys.Says(words), Given.Time));
        Refused("KEY_PASSPHRASE", Spec(KeyAlgorithm.Sm2Sm3), "short");
        Refused("KEY_PERSON", Spec(KeyAlgorithm.Sm2Sm3, KeyDuty.Tester));
        Refused("KEY_PERSON", Spec(KeyAlgorithm.Sm2Sm3, KeyDuty.Tester, "张三"));
        Refused("KEY_PERSON", Spec(KeyAlgorithm.Sm2Sm3, KeyDuty.Reviewer, "u-17\u202e"));
        Refused("KEY_PERSON", Spec(KeyAlgorithm.Sm2Sm3, KeyDuty.Certify, "u-17"));
        Refused("KEY_ALGORITHM", Spec(KeyAlgorithm.Ed25519));
        Refused("KEY_ALGORITHM", Spec(KeyAlgorithm.Sm2Sm3, KeyDuty.Witness));
        Refused("KEY_ALGORITHM", Spec(KeyAlgorithm.Sm2Sm3, KeyDuty.TimeStamp));
        Assert.False(File.Exists(other) || File.Exists(KeyFile.TrustPath(other)));
    }

    [Fact]
    public void A_record_reads_back_with_every_role_and_member()
    {
        ISigner[] keys = [.. ((KeyDuty[])[KeyDuty.Root, KeyDuty.Certify, KeyDuty.Tester, KeyDuty.Reviewer, KeyDuty.Status, KeyDuty.Log, KeyDuty.Witness, KeyDuty.TimeStamp, KeyDuty.Runner])
            .Select(duty => GivenKeys.Make(duty, duty is KeyDuty.Log or KeyDuty.Witness ? KeyAlgorithm.Ed25519 : KeyAlgorithm.EcdsaP256Sha256, duty is KeyDuty.Tester or KeyDuty.Reviewer ? "u-17" : null))];
        var store = TrustStore.Of([.. keys.Select(key => key.Key with { RevokedAt = Given.Now })]);

        var read = TrustStore.Read(store.Write());

        Assert.Equal(Encoding.UTF8.GetString(store.Write()), Encoding.UTF8.GetString(read.Write()));
        Assert.Equal(keys.Select(key => key.Key.Duty), read.Keys.Select(key => key.Duty));
        Assert.All(read.Keys, key => Assert.Equal(Given.Now, key.RevokedAt));
    }

    [Fact]
    public void A_record_names_a_person_exactly_where_a_person_signs()
    {
        var text = Encoding.UTF8.GetString(TrustStore.Of(Waived.Tester.Key).Write());
        Assert.Contains("\"person\":\"u-17\"", text, StringComparison.Ordinal);

        Given.Refuses("KEY_PERSON", () => TrustStore.Read(Encoding.UTF8.GetBytes(text.Replace("\"person\":\"u-17\",", "", StringComparison.Ordinal))));
        Given.Refuses("KEY_PERSON", () => TrustStore.Read(Encoding.UTF8.GetBytes(text.Replace("\"tester\"", "\"certify\"", StringComparison.Ordinal))));
        Given.Refuses("KEY_ROLE", () => TrustStore.Read(Encoding.UTF8.GetBytes(text.Replace("\"issuer\"", "\"status\"", StringComparison.Ordinal))));
        Given.Refuses("KEY_PERSON", () => TrustStore.Of(Given.P256Signer.Key with { Person = "u-17" }));
    }

    public void Dispose() => _folder.Dispose();

    private void Refuses(string says, string words) =>
        Assert.Contains(says, Assert.Throws<BadInputException>(() => KeyFile.Open(Key, GivenKeys.Says(words))).Message, StringComparison.Ordinal);

    private static int OpenSsl(string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}

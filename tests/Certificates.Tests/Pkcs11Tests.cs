using System.Diagnostics;
using System.Runtime.InteropServices;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>A token in software (SoftHSM 2) that all tests of this class share, with a folder of its own.</summary>
public sealed partial class SoftToken : IDisposable
{
    public const string Module = "/usr/lib/softhsm/libsofthsm2.so";
    public const string Pin = "123456";
    private readonly TempFolder _folder = new();

    public SoftToken()
    {
        Directory.CreateDirectory(_folder["tokens"]);
        File.WriteAllText(_folder["softhsm2.conf"], $"directories.tokendir = {_folder["tokens"]}\nobjectstore.backend = file\nlog.level = ERROR\n");
        SetVariable("SOFTHSM2_CONF", _folder["softhsm2.conf"], 1); // the module reads the process's own, which the platform's copy is not
        Util($"--init-token --free --label lab --pin {Pin} --so-pin 87654321");
        Util($"--init-token --free --label twice --pin {Pin} --so-pin 87654321");
        Util($"--init-token --free --label twice --pin {Pin} --so-pin 87654321");
    }

    public string this[string name] => _folder[name];

    /// <summary>Puts a private key of the caller's making on the token.</summary>
    public void Import(string pem, string id) => Util($"--import {pem} --token lab --label imported --id {id} --pin {Pin}");

    /// <summary>The files in which the token keeps its objects.</summary>
    public string[] Objects() => Directory.GetFiles(_folder["tokens"], "*.object", SearchOption.AllDirectories).Where(file => !file.EndsWith("token.object", StringComparison.Ordinal)).ToArray();

    public void Dispose() => _folder.Dispose();

    private void Util(string arguments)
    {
        var start = new ProcessStartInfo("softhsm2-util", arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment["SOFTHSM2_CONF"] = _folder["softhsm2.conf"];
        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}

/// <summary>Keys that stay on a token. SM2 by a vendor's mechanism was never tried: there is no such token here.</summary>
public sealed class Pkcs11Tests(SoftToken token) : IClassFixture<SoftToken>, IDisposable
{
    private readonly TempFolder _folder = new();

    private string Key => _folder["lab.key"];

    private static TokenPlace Place(string label = "lab", string? id = null) => new() { Module = SoftToken.Module, Token = label, Id = id };

    private static KeySpec Spec(KeyAlgorithm algorithm = KeyAlgorithm.EcdsaP256Sha256) =>
        new() { Algorithm = algorithm, Duty = KeyDuty.Certify, Environment = KeyEnvironment.Test, Life = TimeSpan.FromDays(365) };

    private KeyRecord Create(TokenPlace place, KeySpec? spec = null) => KeyFile.CreateOnToken(Key, spec ?? Spec(), place, GivenKeys.Says(SoftToken.Pin), Given.Time);

    private ISigner Open() => KeyFile.Open(Key, GivenKeys.Says(SoftToken.Pin));

    [Fact]
    public void A_key_that_is_made_on_a_token_signs_and_never_leaves_it()
    {
        var record = Create(Place());

        using var signer = Open();
        using var second = Open();
        for (var i = 0; i < 40; i++) // r and s of any length, so also shorter ones
            Assert.Null(record.Refuse([(byte)i], signer.Sign([(byte)i])));
        Assert.Null(record.Refuse("m"u8, second.Sign("m"u8)));
        Assert.StartsWith("{\"id\":", File.ReadAllText(Key), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Key));
    }

    [Fact]
    public void A_key_that_is_there_can_be_taken()
    {
        var pem = Pem("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        token.Import(pem, "a1b2");

        var record = Create(Place(id: "a1b2"));

        using var signer = Open();
        Assert.Null(record.Refuse("m"u8, signer.Sign("m"u8)));
    }

    [Fact]
    public void A_key_on_another_curve_is_named_for_what_it_is()
    {
        token.Import(Pem("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384"), "a384");

        var refused = Assert.Throws<BrokenEnvironmentException>(() => Create(Place(id: "a384")));

        Assert.Contains("not on P-256", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Key));
    }

    [Fact]
    public void A_wrong_pin_is_tried_once()
    {
        Create(Place());
        var asked = 0;

        var refused = Assert.Throws<BadInputException>(() => KeyFile.Open(Key, (_, _) =>
        {
            asked++;
            return new Passphrase("000000"u8);
        }));

        Assert.Contains("does not take this PIN", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, asked);
        Open().Dispose();
    }

    [Theory]
    [InlineData("gone", "0 tokens")]
    [InlineData("twice", "2 tokens")]
    public void A_token_that_is_not_there_or_not_the_only_one_is_refused_with_what_is_there(string label, string says)
    {
        var refused = Assert.Throws<BrokenEnvironmentException>(() => Create(Place(label)));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.Contains("\"lab\"", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_was_removed_is_missed_before_and_while_signing()
    {
        var before = token.Objects();
        Create(Place());
        using var signer = Open();
        foreach (var file in token.Objects().Except(before, StringComparer.Ordinal))
            File.Delete(file);

        Assert.Contains("has no private key", Assert.Throws<BrokenEnvironmentException>(Open).Message, StringComparison.Ordinal);
        Assert.Throws<BrokenEnvironmentException>(() => signer.Sign("m"u8));
        Assert.Contains("has no public key", Assert.Throws<BrokenEnvironmentException>(() => KeyFile.CreateOnToken(_folder["b.key"], Spec(), Place(id: "0bad"), GivenKeys.Says(SoftToken.Pin), Given.Time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_of_another_key_is_refused()
    {
        Create(Place());
        using var other = GivenKeys.Make(KeyDuty.Certify);
        File.WriteAllBytes(KeyFile.TrustPath(Key), TrustStore.Of(other.Key).Write());

        Assert.Contains(other.Key.KeyId, Assert.Throws<BrokenEnvironmentException>(Open).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KeyAlgorithm.Sm2Sm3)]
    [InlineData(KeyAlgorithm.Ed25519)]
    public void An_algorithm_that_the_token_does_not_offer_is_refused(KeyAlgorithm algorithm)
    {
        Assert.Throws<BrokenEnvironmentException>(() => Create(Place(), Spec(algorithm) with { Duty = algorithm == KeyAlgorithm.Ed25519 ? KeyDuty.Log : KeyDuty.Certify }));
        Assert.False(File.Exists(Key));
    }

    [Fact]
    public void What_is_no_module_is_not_loaded()
    {
        void Refused(string module, string says) =>
            Assert.Contains(says, Assert.Throws<BrokenEnvironmentException>(() => Create(Place() with { Module = module })).Message, StringComparison.Ordinal);

        Refused("libsofthsm2.so", "absolute path");
        Refused("/nowhere/lib.so", "absolute path");
        Refused("/bin/true", "no PKCS#11 module");
        File.Copy(SoftToken.Module, _folder["lib.so"]);
        File.SetUnixFileMode(_folder["lib.so"], UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        Refused(_folder["lib.so"], "chmod go-w");
    }

    [Theory]
    [InlineData("\"id\":\"", "\"id\":\"X")]
    [InlineData("\"token\"", "\"tokens\"")]
    [InlineData("/v1", "/v2")]
    public void A_reference_that_is_not_exactly_understood_is_refused(string old, string replacement)
    {
        Create(Place());
        File.WriteAllText(Key, File.ReadAllText(Key).Replace(old, replacement, StringComparison.Ordinal));

        Assert.Contains("TOKEN_", Assert.Throws<BadInputException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_sm2_token_would_sign_is_the_digest_that_the_standard_gives()
    {
        var point = Convert.FromHexString("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13");
        var spki = Spki.OfPoint(KeyAlgorithm.Sm2Sm3, point);

        Assert.Equal("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640", Convert.ToHexStringLower(Sm2.Digest(spki, "message digest"u8)));
        Assert.Null(Sm2Mechanism.For("SoftHSM project"));
    }

    public void Dispose() => _folder.Dispose();

    private string Pem(string how)
    {
        var path = _folder["imported.pem"];
        using var process = Process.Start(new ProcessStartInfo("openssl", $"{how} -out {path}") { UseShellExecute = false, RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return path;
    }
}

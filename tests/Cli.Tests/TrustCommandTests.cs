using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

/// <summary>Keys, roots and packs as custodians make them and verifiers come to believe them: files, exit codes and words.</summary>
public sealed class TrustCommandTests : IDisposable
{
    private const string Secret = "correct horse battery";
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-trust-").FullName;

    [Fact]
    public async Task A_key_is_made_once_listed_and_its_public_part_exported()
    {
        var made = await AdaptAsync(Secret, "keys", "new", "t.key", "--role", "issuer", "--duty", "tester", "--person", "u-17", "--algorithm", "sm2-sm3", "--passphrase-fd", "0");
        Assert.True(made.Exit == 0, made.Error);
        Assert.All(["t.trust.json", "issuer/tester u-17", "sm2-sm3"], words => Assert.Contains(words, made.Output, StringComparison.Ordinal));
        Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----", File.ReadAllText(At("t.key")), StringComparison.Ordinal);
        Assert.Equal(3, (await AdaptAsync(Secret, "keys", "new", "t.key", "--role", "status", "--passphrase-fd", "0")).Exit);

        using var list = JsonDocument.Parse((await AdaptAsync("", "keys", "list", "--json")).Output);
        var key = Assert.Single(list.RootElement.GetProperty("keys").EnumerateArray());
        Assert.Equal(("t.trust.json", "tester", true), (key.GetProperty("file").GetString(), key.GetProperty("duty").GetString(), key.GetProperty("inForce").GetBoolean()));
        var exported = await AdaptAsync("", "keys", "export", "t.key");
        Assert.StartsWith("-----BEGIN PUBLIC KEY-----", exported.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(At("t.trust.json")), (await AdaptAsync("", "keys", "export", "t.key", "--record")).Output);
    }

    [Theory]
    [InlineData("keys new x.key --role root", "--passphrase-fd")] // no terminal here
    [InlineData("keys new x.key --role root --passphrase-fd 97", "file descriptor 97")]
    [InlineData("keys new x.key --role issuer --duty tester --passphrase-fd 0", "KEY_PERSON")]
    [InlineData("keys new x.key --role status --duty tester --passphrase-fd 0", "only an issuer's key")]
    [InlineData("keys new x.key --role log --passphrase-fd 0", "'log' not recognized")] // a log's key is made with its log
    [InlineData("keys new x.key --role status --token lab --passphrase-fd 0", "--pkcs11")]
    [InlineData("keys export none.key", "none.trust.json")]
    [InlineData("trust root init 2.root.dsse.json --add none.trust.json --expires 2030-01-01", "none.trust.json")]
    [InlineData("trust pack check none.tar", "cannot be read")]
    [InlineData("trust pack create nowhere --key x.key --version-number 1", "no such folder")]
    public async Task What_cannot_be_used_is_exit_code_3_and_named(string arguments, string named)
    {
        var (exit, _, error) = await AdaptAsync(Secret, arguments.Split(' '));

        Assert.True(exit == 3, error);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_short_passphrase_makes_no_key()
    {
        var (exit, _, error) = await AdaptAsync("short", "keys", "new", "x.key", "--role", "root", "--passphrase-fd", "0");

        Assert.Equal(3, exit);
        Assert.Contains("at least 12", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task From_a_ceremony_to_a_verifier_that_believes_the_pack_and_the_next_root_and_nothing_older()
    {
        foreach (var (name, duty) in new[] { ("a", KeyDuty.Root), ("b", KeyDuty.Root), ("c", KeyDuty.Root), ("status", KeyDuty.Status) })
            Make(name, duty);
        var drafted = await AdaptAsync("", "trust", "root", "init", "1.root.dsse.json", "--add", "a.trust.json", "--add", "b.trust.json", "--add", "status.trust.json", "--expires", "2099-01-01");
        Assert.True(drafted.Exit == 0, drafted.Error);
        Assert.Contains("0 of the 2", drafted.Output, StringComparison.Ordinal);
        await SignAsync("1.root.dsse.json", "a", "1 of the 2");
        await SignAsync("1.root.dsse.json", "b", "2 of the 2");
        Assert.Equal(3, (await TrySignAsync("1.root.dsse.json", "b", DigestOf("1.root.dsse.json"), "")).Exit);

        var digest = SignedRoot.Read(File.ReadAllBytes(At("1.root.dsse.json"))).Digests.Sha256;
        Assert.Equal(3, (await AdaptAsync("", "trust", "pin", "1.root.dsse.json", "--sha256", new string('0', 64))).Exit);
        Assert.Equal(3, (await AdaptAsync("", "trust", "pin", "1.root.dsse.json", "--sha256", digest, "--environment", "production")).Exit);
        await PackAsync(1, "old.tar", "1.root.dsse.json");
        Assert.Equal(3, (await AdaptAsync("", "trust", "pack", "check", "old.tar")).Exit); // nothing is pinned
        Assert.Equal(0, (await AdaptAsync("", "trust", "pin", "1.root.dsse.json", "--sha256", digest)).Exit);
        Assert.Contains("VALID", (await AdaptAsync("", "trust", "pack", "check", "old.tar")).Output, StringComparison.Ordinal);

        var rotated = await AdaptAsync("", "trust", "root", "rotate", "1.root.dsse.json", "--remove", KeyFile.ReadRecord(At("b.key")).KeyId, "--add", "c.trust.json", "--expires", "2099-01-01");
        Assert.True(rotated.Exit == 0, rotated.Error);
        await SignAsync("2.root.dsse.json", "a", "1 of the 2");
        await SignAsync("2.root.dsse.json", "c", "of version 1: 1 of the 2");
        Directory.CreateDirectory(At("early/root"));
        foreach (var root in (string[])["1.root.dsse.json", "2.root.dsse.json"])
            File.Copy(At(root), At("early/root/" + root));
        var early = await AdaptAsync(Secret, "trust", "pack", "create", "early", "--key", "status.key", "--version-number", "2", "--passphrase-fd", "0");
        Assert.Equal(3, early.Exit);
        Assert.Contains("ROOT_THRESHOLD", early.Error, StringComparison.Ordinal);
        await SignAsync("2.root.dsse.json", "b", "of version 1: 2 of the 2");
        await PackAsync(2, "new.tar", "2.root.dsse.json");

        Assert.Equal(0, (await AdaptAsync("", "trust", "pack", "check", "new.tar")).Exit);
        var old = await AdaptAsync("", "trust", "pack", "check", "old.tar");
        Assert.Equal(1, old.Exit);
        Assert.Contains("ROOT_VERSION", old.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_custodian_signs_what_they_have_read_and_sees_what_is_taken_from_whom()
    {
        foreach (var name in (string[])["a", "b"])
            Make(name, KeyDuty.Root);
        await AdaptAsync("", "trust", "root", "init", "1.root.dsse.json", "--add", "a.trust.json", "--add", "b.trust.json", "--expires", "2099-01-01");
        var signed = await Task.WhenAll(new[] { "a", "b" }.Select(key => TrySignAsync("1.root.dsse.json", key, DigestOf("1.root.dsse.json"), "")));
        Assert.All(signed, one => Assert.True(one.Exit == 0, one.Error));
        Assert.Equal(2, SignedRoot.Read(File.ReadAllBytes(At("1.root.dsse.json"))).VerifiedBy(previous: null).Length); // at once, and none was lost
        var b = KeyFile.ReadRecord(At("b.key")).KeyId;
        var drafted = await AdaptAsync("", "trust", "root", "rotate", "1.root.dsse.json", "--remove", b, "--threshold", "root=1", "--expires", "2099-01-01");
        Assert.True(drafted.Exit == 0, drafted.Error);

        var (first, second, unsigned) = (DigestOf("1.root.dsse.json"), DigestOf("2.root.dsse.json"), File.ReadAllBytes(At("2.root.dsse.json")));
        Assert.Contains("you have read", (await TrySignAsync("2.root.dsse.json", "a", first, first)).Error, StringComparison.Ordinal);
        Assert.Contains("pinned is version 1", (await TrySignAsync("2.root.dsse.json", "a", second, second)).Error, StringComparison.Ordinal);
        var blind = await AdaptAsync(Secret, "trust", "root", "sign", "2.root.dsse.json", "--key", "a.key", "--sha256", second, "--passphrase-fd", "0");
        Assert.Equal(3, blind.Exit);
        Assert.Contains("--previous-sha256", blind.Error, StringComparison.Ordinal);
        Assert.Equal(unsigned, File.ReadAllBytes(At("2.root.dsse.json")));
        var done = await TrySignAsync("2.root.dsse.json", "a", second, first);
        Assert.True(done.Exit == 0, done.Error);
        Assert.All(["LOWERED 门限降低  root: 2 of 2 -> 1 of 1", $"REMOVED 移除  root {b}"], words => Assert.InRange(done.Output.IndexOf(words, StringComparison.Ordinal), 0, done.Output.IndexOf("signed 已签 by", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Rotation_makes_a_key_of_the_same_kind_and_ends_the_old_one()
    {
        Make("old", KeyDuty.Status);

        var rotated = await AdaptAsync(Secret, "keys", "rotate", "old.key", "new.key", "--overlap-days", "7", "--passphrase-fd", "0");

        Assert.True(rotated.Exit == 0, rotated.Error);
        var (old, @new) = (KeyFile.ReadRecord(At("old.key")), KeyFile.ReadRecord(At("new.key")));
        Assert.Equal((KeyDuty.Status, old.Algorithm, old.Environment), (@new.Duty, @new.Algorithm, @new.Environment));
        Assert.NotEqual(old.KeyId, @new.KeyId);
        Assert.InRange(old.ValidTo, @new.ValidFrom.AddDays(7).AddMinutes(-1), @new.ValidFrom.AddDays(7).AddMinutes(10));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    private Task<(int Exit, string Output, string Error)> AdaptAsync(string input, params string[] arguments) => AdaptProgram.RunAsync(_folder, Golden.Root, input + "\n", arguments);

    private void Make(string name, KeyDuty duty) => KeyFile.Create(
        At(name + ".key"),
        new KeySpec { Duty = duty, Algorithm = KeyAlgorithm.EcdsaP256Sha256, Environment = KeyEnvironment.Test, Life = TimeSpan.FromDays(80 * 365) },
        (_, _) => new Passphrase(System.Text.Encoding.UTF8.GetBytes(Secret)), TimeProvider.System);

    private async Task SignAsync(string root, string key, string says)
    {
        var (exit, output, error) = await TrySignAsync(root, key, DigestOf(root), DigestOf("1.root.dsse.json"));
        Assert.True(exit == 0, error);
        Assert.Contains(says, output, StringComparison.Ordinal);
    }

    private Task<(int Exit, string Output, string Error)> TrySignAsync(string root, string key, string sha256, string previous) =>
        AdaptAsync(Secret, "trust", "root", "sign", root, "--key", key + ".key", "--sha256", sha256, "--previous-sha256", previous, "--passphrase-fd", "0");

    private string DigestOf(string root) => SignedRoot.ReadDraft(File.ReadAllBytes(At(root))).Digests.Sha256;

    private async Task PackAsync(long version, string name, string root)
    {
        Directory.CreateDirectory(At("pack/root"));
        File.Copy(At(root), At("pack/root/" + root));
        var (exit, _, error) = await AdaptAsync(Secret, "trust", "pack", "create", "pack", "--key", "status.key", "--version-number", $"{version}", "--out", name, "--passphrase-fd", "0");
        Assert.True(exit == 0, error);
    }
}

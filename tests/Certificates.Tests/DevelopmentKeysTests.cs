using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

public sealed class DevelopmentKeysTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public void First_use_makes_two_test_keys_that_only_the_owner_can_read()
    {
        using var folder = new TempFolder();

        using var keys = DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time);

        Assert.Equal([KeyAlgorithm.EcdsaP256Sha256, KeyAlgorithm.Sm2Sm3], keys.Signers.Select(signer => signer.Key.Algorithm));
        Assert.All(keys.Trust.Keys, key => Assert.Equal((KeyEnvironment.Test, KeyDuty.Certify), (key.Environment, key.Duty)));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(folder["keys"]));
        Assert.All(Directory.GetFiles(folder["keys/issuer"]), path => Assert.Equal(OwnerOnly, File.GetUnixFileMode(path)));
    }

    [Fact]
    public void Later_use_finds_the_same_keys()
    {
        using var folder = new TempFolder();
        using var first = DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time);

        using var second = DevelopmentKeys.OpenOrCreate(folder["keys"], new FixedTime(Given.Now.AddDays(1)));

        Assert.Equal(first.Trust.Write(), second.Trust.Write());
        Assert.Null(first.Trust.Keys[1].Refuse("m"u8, second.Signers[1].Sign("m"u8)));
        Assert.Null(first.Trust.Keys[0].Refuse("m"u8, second.Signers[0].Sign("m"u8)));
    }

    [Fact]
    public async Task Many_first_uses_at_once_end_with_one_set_of_keys()
    {
        for (var round = 0; round < 10; round++)
        {
            using var folder = new TempFolder();
            var opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
                () =>
                {
                    using var keys = DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time);
                    return Convert.ToHexString(keys.Trust.Write());
                },
                TestContext.Current.CancellationToken)));

            Assert.Single(opened.Distinct(StringComparer.Ordinal));
            Assert.Equal([folder["keys/issuer"]], Directory.GetFileSystemEntries(folder["keys"]));
        }
    }

    [Fact]
    public void What_a_killed_first_use_left_aside_is_not_read()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["keys/issuer.0123.tmp"]);
        File.WriteAllText(folder["keys/issuer.0123.tmp/p256.pem"], "half a ke");

        using var keys = DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time);

        Assert.Equal(2, keys.Trust.Keys.Length);
    }

    [Theory]
    [InlineData("p256.pem")]
    [InlineData("sm2.pem")]
    [InlineData("trust.json")]
    public void A_missing_file_is_named_and_never_silently_replaced(string missing)
    {
        using var folder = new TempFolder();
        DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time).Dispose();
        var path = Path.Combine(folder["keys/issuer"], missing);
        File.Delete(path);

        var refused = Assert.Throws<BrokenEnvironmentException>(() => DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time));

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("p256.pem", UnixFileMode.GroupRead)]
    [InlineData("sm2.pem", UnixFileMode.OtherRead)]
    [InlineData("sm2.pem", UnixFileMode.GroupWrite)]
    public void A_key_that_others_can_use_is_refused_with_the_command_that_helps(string name, UnixFileMode more)
    {
        using var folder = new TempFolder();
        DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time).Dispose();
        var path = Path.Combine(folder["keys/issuer"], name);
        File.SetUnixFileMode(path, OwnerOnly | more);

        var refused = Assert.Throws<BrokenEnvironmentException>(() => DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time));

        Assert.Contains($"chmod 600 {path}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_others_can_write_is_refused()
    {
        using var folder = new TempFolder();
        DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time).Dispose();
        File.SetUnixFileMode(folder["keys"], OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);

        Assert.Throws<BrokenEnvironmentException>(() => DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time));
    }

    [Theory]
    [InlineData("p256.pem", "sm2.pem")]
    [InlineData("sm2.pem", "p256.pem")]
    public void A_key_of_the_other_algorithm_or_no_key_at_all_is_refused(string target, string source)
    {
        using var folder = new TempFolder();
        DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time).Dispose();
        var path = Path.Combine(folder["keys/issuer"], target);

        foreach (var content in (ReadOnlySpan<string>)[File.ReadAllText(Path.Combine(folder["keys/issuer"], source)), "", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
        {
            File.WriteAllText(path, content);
            Assert.Throws<BrokenEnvironmentException>(() => DevelopmentKeys.OpenOrCreate(folder["keys"], Given.Time));
        }
    }

    [Fact]
    public void Keys_that_trust_json_does_not_name_are_refused()
    {
        using var folder = new TempFolder();
        DevelopmentKeys.OpenOrCreate(folder["a"], Given.Time).Dispose();
        DevelopmentKeys.OpenOrCreate(folder["b"], Given.Time).Dispose();
        File.Copy(folder["a/issuer/trust.json"], folder["b/issuer/trust.json"], overwrite: true);

        Assert.Throws<BrokenEnvironmentException>(() => DevelopmentKeys.OpenOrCreate(folder["b"], Given.Time));
    }
}

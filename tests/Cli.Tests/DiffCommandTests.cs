using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

/// <summary><c>adapt diff</c> as a user calls it: locks, folders, certificates, and what is none of them.</summary>
public sealed class DiffCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-diff-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_board_of_another_subsystem_device_inherits_and_another_driver_does_not()
    {
        Write("a.lock", Lock("25.2.0", "4000", "1"));
        Write("b.lock", Lock("25.2.0", "4001", "1"));
        Write("c.lock", Lock("25.2.1", "4001", "2"));

        var inherited = await DiffAsync("a.lock", "b.lock");
        Assert.Equal((0, ""), (inherited.Exit, inherited.Error));
        Golden.Match("diff-inherited.txt", inherited.Output);
        var none = await DiffAsync("a.lock", "c.lock");
        Assert.Equal((1, ""), (none.Exit, none.Error));
        Golden.Match("diff-none.txt", none.Output);
        using var json = JsonDocument.Parse((await DiffAsync("a.lock", "c.lock", "--json")).Output);
        Assert.Equal(("none", false, "driver.version"), (json.RootElement.GetProperty("coverage").GetString(), json.RootElement.GetProperty("covered").GetBoolean(), json.RootElement.GetProperty("deciding")[0].GetString()));
    }

    [Fact]
    public void A_run_and_its_evidence_are_the_same_as_their_lock_and_one_that_changed_under_its_run_is_no_answer()
    {
        Write("run/evidence/combination.lock", Lock("25.2.0", "4000", "1"));
        Write("run/evidence/lock-after.json", Lock("25.2.0", "4000", "1"));
        var whole = Read("run/evidence/combination.lock");
        Assert.All([Read("run"), Read("run/evidence")], same => Assert.Equal(
            (Coverage.Exact, 0), LockComparison.Of(same.Combination, whole.Combination, same.Scope) is var found ? (found.Coverage, found.Differences.Length) : default));

        Write("run/evidence/lock-after.json", Lock("25.2.1", "4000", "1"));
        Assert.Contains("the stack changed during that run", Refused("run"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "LOCK_JSON")]
    [InlineData("garbage", "LOCK_JSON")]
    [InlineData("""{"combination":{"a":"1","a":"2"},"detail":{},"schema":"hwcert.lock/v1"}""", "LOCK_DUP_KEY")]
    [InlineData("""{"combination":{},"detail":{},"schema":"hwcert.lock/v2"}""", "hwcert.lock/v1")]
    [InlineData("""{"combination":{},"detail":{},"schema":"hwcert.lock/v1"}""", "LOCK_FORMAT")]
    [InlineData("""{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}""", "--trust")]
    public void What_is_no_lock_is_bad_input_with_its_reason(string text, string named)
    {
        Write("bad.lock", System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Contains(named, Refused("bad.lock"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_are_missing_endless_or_folders_without_a_lock_are_bad_input()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "empty"));
        Assert.Contains("has more than", Refused("/dev/zero"), StringComparison.Ordinal);
        Assert.Contains("has no combination.lock", Refused("empty"), StringComparison.Ordinal);
        var (exit, output, error) = await DiffAsync("none.lock", "none.lock");
        Assert.Equal((3, ""), (exit, output));
        Assert.Contains("none.lock", error, StringComparison.Ordinal);
    }

    /// <summary>Only a trusted signature makes a certificate's combination worth comparing, and its own scope holds.</summary>
    [Fact]
    public void A_certificate_is_compared_by_its_own_scope_and_only_if_it_is_trusted()
    {
        using var keys = DevelopmentKeys.OpenOrCreate(Path.Combine(_folder, "keys"), TimeProvider.System);
        var trust = Path.Combine(_folder, "keys/issuer/trust.json");
        File.WriteAllText(Path.Combine(_folder, "forged.json"), """{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"","sig":"AAAA"}]}""");

        Assert.Contains("`adapt verify` refuses", Refused("forged.json", trust), StringComparison.Ordinal);
    }

    private LockInput Read(string name, params string[] trust) =>
        LockInput.Read(Path.Combine(_folder, name), new Machine { Root = Golden.Root, DataFolder = _folder, HostFile = "" }, trust is [] ? [Path.Combine(_folder, "no-trust.json")] : trust);

    private string Refused(string name, params string[] trust) => string.Join('\n', Assert.Throws<Core.BadInputException>(() => Read(name, trust)).Problems.Select(problem => problem.ToString()));

    private Task<(int Exit, string Output, string Error)> DiffAsync(params string[] arguments) => AdaptProgram.RunAsync(_folder, Golden.Root, ["diff", .. arguments]);

    private void Write(string path, byte[] bytes)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }

    private static byte[] Lock(string driver, string subsystem, string serial) => new CombinationLock(
        CanonicalValue.Object.Of(
            ("accelerator", CanonicalValue.Object.Of(("count", "2"), ("model", "Ascend 910B3"), ("pciId", $"19e5:d802:19e5:{subsystem}"), ("vendor", "huawei"))),
            ("driver", CanonicalValue.Object.Of(("name", "devdrv"), ("version", driver)))),
        CanonicalValue.Object.Of(("devices", CanonicalValue.Of([CanonicalValue.Object.Of(("address", "0000:c1:00.0"), ("serialSha256", new string(serial[0], 64)))])))).ToBytes();
}

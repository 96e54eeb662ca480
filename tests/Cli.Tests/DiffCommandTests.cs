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
    public async Task A_run_and_its_evidence_are_the_same_as_their_lock_and_one_that_changed_under_its_run_is_no_answer()
    {
        Write("run/evidence/combination.lock", Lock("25.2.0", "4000", "1"));
        Write("run/evidence/lock-after.json", Lock("25.2.0", "4000", "1"));
        Assert.All([await DiffAsync("run", "run/evidence"), await DiffAsync("run", "run/evidence/combination.lock")], same =>
        {
            Assert.Equal((0, ""), (same.Exit, same.Error));
            Assert.StartsWith("EXACT", same.Output, StringComparison.Ordinal);
        });

        Write("run/evidence/lock-after.json", Lock("25.2.1", "4000", "1"));
        var changed = await DiffAsync("run", "run");
        Assert.Equal((3, ""), (changed.Exit, changed.Output));
        Assert.Contains("the stack changed during that run", changed.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "LOCK_JSON")]
    [InlineData("garbage", "LOCK_JSON")]
    [InlineData("""{"combination":{"a":"1","a":"2"},"detail":{},"schema":"hwcert.lock/v1"}""", "LOCK_DUP_KEY")]
    [InlineData("""{"combination":{},"detail":{},"schema":"hwcert.lock/v2"}""", "hwcert.lock/v1")]
    [InlineData("""{"combination":{},"detail":{},"schema":"hwcert.lock/v1"}""", "LOCK_FORMAT")]
    [InlineData("""{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}""", "trust")]
    public async Task What_is_no_lock_is_bad_input_with_its_reason(string text, string named)
    {
        Write("good.lock", Lock("1", "4000", "1"));
        Write("bad.lock", System.Text.Encoding.UTF8.GetBytes(text));
        var (exit, output, error) = await DiffAsync("good.lock", "bad.lock");

        Assert.Equal((3, ""), (exit, output));
        Assert.Contains("bad.lock", error, StringComparison.Ordinal);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_are_missing_endless_or_folders_without_a_lock_are_bad_input()
    {
        Write("good.lock", Lock("1", "4000", "1"));
        Directory.CreateDirectory(Path.Combine(_folder, "empty"));
        foreach (var bad in (string[])["none.lock", "/dev/zero", "empty"])
        {
            var (exit, output, error) = await DiffAsync(bad, "good.lock");
            Assert.Equal((3, ""), (exit, output));
            Assert.Contains(bad, error, StringComparison.Ordinal);
        }
    }

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

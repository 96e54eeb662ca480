using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Adaptation.Certificates;
using Adaptation.Certificates.Tests;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

/// <summary>The log as people type it: screens, exit codes, and a process that is killed while it writes.</summary>
public sealed class LogCommandTests : IDisposable
{
    private const string Secret = "correct horse battery";
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-log-").FullName;

    [Fact]
    public async Task A_log_is_made_written_proved_audited_and_mirrored()
    {
        Assert.Contains("log1.policy", Ok(await SignAsync("log", "new", "log", "--origin", "hwcert.example.org/log1", "--key", "log1.key")), StringComparison.Ordinal);
        var files = Enumerable.Range(0, 3).Select(at => Write($"{at}.json", Envelope(at))).ToArray();

        Assert.StartsWith("0  ", Ok(await SignAsync(["log", "append", "log", "--key", "log1.key", .. files[..2]])), StringComparison.Ordinal);
        File.Copy(Path.Combine(_folder, "log/checkpoint"), Path.Combine(_folder, "seen"));
        Ok(await SignAsync("log", "append", "log", "--key", "log1.key", files[2]));
        Ok(await AdaptAsync("log", "prove", "log", files[1], "--policy", "log1.policy", "--out", "1.tlog-proof"));
        Assert.Contains("已入日志，签名未核验  index 序号 1", Ok(await AdaptAsync("log", "check", files[1], "1.tlog-proof", "--policy", "log1.policy")), StringComparison.Ordinal);
        Assert.Contains("历史未改", Ok(await AdaptAsync("log", "audit", "log", "--policy", "log1.policy", "--since", "seen")), StringComparison.Ordinal);
        Ok(await AdaptAsync("log", "mirror", "log", "mirror", "--policy", "log1.policy"));

        Refused("LOG_OTHER_LEAF", await AdaptAsync("log", "check", files[2], "1.tlog-proof", "--policy", "log1.policy"));
        File.Copy(Path.Combine(_folder, "seen"), Path.Combine(_folder, "log/checkpoint"), overwrite: true);
        Refused("LOG_ROLLBACK", await AdaptAsync("log", "mirror", "log", "mirror", "--policy", "log1.policy"));
        Assert.Equal(3, (await AdaptAsync("log", "audit", "log", "--policy", files[0])).Exit);
    }

    /// <summary>Any static web server will do, and none is believed.</summary>
    [Fact]
    public async Task A_log_is_mirrored_from_a_web_server()
    {
        Ok(await SignAsync("log", "new", "log", "--origin", "hwcert.example.org/log1", "--key", "log1.key"));
        Ok(await SignAsync("log", "append", "log", "--key", "log1.key", Write("0.json", Envelope(0)), Write("1.json", Envelope(1))));
        using var server = new StaticServer(Path.Combine(_folder, "log"));

        Ok(await AdaptAsync("log", "mirror", server.Address, "mirror", "--policy", "log1.policy"));

        Assert.Equal(Files("log"), Files("mirror"));
        File.WriteAllBytes(Path.Combine(_folder, "log/tile/entries/000.p/2"), [0, 1, 0, 0, 0]);
        Refused("LOG_TILE", await AdaptAsync("log", "audit", server.Address, "--policy", "log1.policy"));
        Refused("LOG_CHECKPOINT", await AdaptAsync("log", "audit", server.Address + "nothing", "--policy", "log1.policy"));
        Assert.Equal(4, (await AdaptAsync("log", "audit", "http://127.0.0.1:1/", "--policy", "log1.policy")).Exit);
    }

    /// <summary>A signature that a known key did not make, and a folder brought back from a copy.</summary>
    [Fact]
    public async Task What_is_wrong_is_not_logged_and_an_older_copy_is_not_written_on()
    {
        Ok(await SignAsync("log", "new", "log", "--origin", "hwcert.example.org/log1", "--key", "log1.key"));
        var file = Write("0.json", Envelope(0));
        Refused("ENV_JSON", await SignAsync("log", "append", "log", "--key", "log1.key", Write("bad.json", "{")));
        Directory.Move(Path.Combine(_folder, "log"), Path.Combine(_folder, "old"));
        Directory.CreateDirectory(Path.Combine(_folder, "log"));
        Ok(await SignAsync("log", "append", "log", "--key", "log1.key", file));

        Refused("LOG_ROLLBACK", await SignAsync("log", "append", "old", "--key", "log1.key", file));
        Assert.Equal(4, (await WhileWritingAsync(() => SignAsync("log", "append", "log", "--key", "log1.key", file))).Exit);
    }

    /// <summary>A machine was lost; of the log, its key and its record are brought back, and a mirror has the rest.</summary>
    [Fact]
    public async Task A_key_that_is_brought_back_goes_on_from_what_others_have_seen_and_begins_nothing()
    {
        Ok(await SignAsync("log", "new", "log", "--origin", "hwcert.example.org/log1", "--key", "log1.key"));
        Ok(await SignAsync("log", "append", "log", "--key", "log1.key", Write("0.json", Envelope(0))));
        Ok(await AdaptAsync("log", "mirror", "log", "mirror", "--policy", "log1.policy"));
        Directory.Delete(Path.Combine(_folder, "log"), recursive: true);
        foreach (var lost in (ReadOnlySpan<string>)["memory", "lock"])
            File.Delete(Path.Combine(_folder, "log1." + lost));
        File.Move(Path.Combine(_folder, "log1.policy"), Path.Combine(_folder, "theirs.policy"));

        foreach (var origin in new[] { "log1", "log2" })
        {
            var made = await SignAsync("log", "new", "fresh", "--origin", "hwcert.example.org/" + origin, "--key", "log1.key");
            Assert.Equal(3, made.Exit);
            Assert.Contains("may have signed", made.Error, StringComparison.Ordinal);
        }

        var appended = await SignAsync("log", "append", "mirror", "--key", "log1.key", "0.json");
        Assert.Equal(3, appended.Exit);
        Assert.DoesNotContain("log new", appended.Error, StringComparison.Ordinal);
        Assert.Contains("two histories", Ok(await AdaptAsync("log", "resume", "--key", "log1.key", "--policy", "theirs.policy", "--continue-from", "mirror/checkpoint")), StringComparison.Ordinal);
        Assert.StartsWith("1  ", Ok(await SignAsync("log", "append", "mirror", "--key", "log1.key", Write("1.json", Envelope(1)))), StringComparison.Ordinal);
        Assert.Equal(3, (await AdaptAsync("log", "resume", "--key", "log1.key", "--policy", "theirs.policy", "--continue-from", "mirror/checkpoint")).Exit);
    }

    /// <summary>What would be logged has to be what was sent: nothing is decoded, mended or split but at line feeds.</summary>
    [Fact]
    public async Task Lines_are_the_bytes_that_were_sent()
    {
        Ok(await SignAsync("log", "new", "log", "--origin", "hwcert.example.org/log1", "--key", "log1.key"));
        byte[] envelope = Encoding.UTF8.GetBytes(Envelope(0)), end = "\n"u8.ToArray();

        Assert.Equal(2, (await AppendAsync([.. envelope, .. end, .. end, .. Encoding.UTF8.GetBytes(Envelope(1))])).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("ENV_BOM", await AppendAsync([0xef, 0xbb, 0xbf, .. envelope, .. end]), StringComparison.Ordinal);
        Assert.Contains("ENV_", await AppendAsync([0xff, 0xfe, .. Encoding.Unicode.GetBytes(Envelope(2) + "\n")]), StringComparison.Ordinal);
        Assert.Contains("ENV_", await AppendAsync([.. envelope[..^1], .. ",\"x\":\""u8, 0xff, .. "\"}"u8, .. end]), StringComparison.Ordinal);
        Assert.Contains("line 1 is not logged", await AppendAsync([.. envelope, (byte)'\r', .. envelope, .. end]), StringComparison.Ordinal);
        Assert.Contains("ENV_TOO_LARGE", await AppendAsync([.. Enumerable.Repeat((byte)' ', 3 << 20), .. envelope, .. end]), StringComparison.Ordinal);
        Assert.StartsWith("2 ", await AppendAsync([.. envelope, .. end]), StringComparison.Ordinal); // and nothing of those in between
    }

    [Fact]
    public async Task A_verifier_remembers_and_refuses_a_log_that_goes_back()
    {
        var root = new RootReference(1, new string('a', 64));
        File.WriteAllBytes(Path.Combine(_folder, "state"), new VerifierState { Pinned = root, Root = root, Environment = KeyEnvironment.Test }.ToBytes());
        string[] known = ["--policy", "log1.policy", "--state", "state"];
        Ok(await SignAsync("log", "new", "log", "--origin", "hwcert.example.org/log1", "--key", "log1.key"));
        Ok(await SignAsync("log", "append", "log", "--key", "log1.key", Write("0.json", Envelope(0))));
        Ok(await AdaptAsync("log", "prove", "log", "0.json", "--policy", "log1.policy", "--out", "0.tlog-proof"));
        Ok(await AdaptAsync("log", "mirror", "log", "old", "--policy", "log1.policy"));
        Ok(await AdaptAsync(["log", "audit", "log", .. known]));
        Ok(await SignAsync("log", "append", "log", "--key", "log1.key", Write("1.json", Envelope(1))));
        Ok(await AdaptAsync("log", "prove", "log", "1.json", "--policy", "log1.policy", "--out", "1.tlog-proof"));

        Refused("LOG_CONSISTENCY", await AdaptAsync(["log", "check", "1.json", "1.tlog-proof", .. known]));
        Assert.Contains("SIGNATURES NOT CHECKED", Ok(await AdaptAsync(["log", "check", "1.json", "1.tlog-proof", .. known, "--log", "log"])), StringComparison.Ordinal);
        Refused("LOG_ROLLBACK", await AdaptAsync(["log", "audit", "old", .. known]));
        Refused("LOG_ROLLBACK", await AdaptAsync(["log", "check", "0.json", "0.tlog-proof", .. known]));
        Ok(await AdaptAsync(["log", "check", "0.json", "0.tlog-proof", .. known, "--log", "log"]));
        Assert.Equal(2, VerifierState.Read(File.ReadAllBytes(Path.Combine(_folder, "state"))).Logs["hwcert.example.org/log1"].Size);
    }

    [Fact]
    public Task Twelve_kills_under_load_lose_no_promise_and_make_no_fork() => KillAsync(12);

    /// <summary>For people: -explicit only.</summary>
    [Fact(Explicit = true)]
    public Task Two_hundred_kills_under_load_lose_no_promise_and_make_no_fork() => KillAsync(200);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task KillAsync(int kills)
    {
        Ok(await SignAsync("log", "new", "log", "--origin", "hwcert.example.org/log1", "--key", "log1.key"));
        var (random, promised, heads, next, recovered) = (new Random(20261122), new Dictionary<int, string>(), new Dictionary<int, string>(), 0, 0);
        for (var kill = 0; kill < kills; kill++)
        {
            using var process = Start();
            using var ended = new CancellationTokenSource();
            var (count, first) = (0, next);
            var feeding = Task.Run(() => Feed(process, first, ended.Token), CancellationToken.None);
            var wanted = random.Next(10) == 0 ? 0 : random.Next(1, 4000); // some die before their first promise
            if (wanted == 0)
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200)), TimeProvider.System, TestContext.Current.CancellationToken);
            while (count < wanted && await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
                count += Remember(line, promised);
            if (wanted > 0)
                await Task.Delay(TimeSpan.FromMicroseconds(random.Next(20_000)), TimeProvider.System, TestContext.Current.CancellationToken);
            process.Kill(); // SIGKILL
            while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
                Remember(line, promised); // was printed before it died: a promise
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            await ended.CancelAsync();
            next = await feeding;
            recovered += (await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)).Contains("interrupted", StringComparison.Ordinal) ? 1 : 0;
            if (Head() is var (size, root))
                Assert.Equal(root, heads.TryAdd(size, root) ? root : heads[size]);
        }

        Assert.NotEmpty(promised);
        var leaves = ReadLeaves(heads.Keys.Max());
        Assert.All(promised, promise => Assert.Equal(promise.Value, Convert.ToHexStringLower(leaves[promise.Key])));
        var tree = new RfcTree(leaves);
        Assert.All(heads, head => Assert.Equal(head.Value, Convert.ToBase64String(tree.Root(head.Key))));
        Ok(await AdaptAsync("log", "audit", "log", "--policy", "log1.policy"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills, {promised.Count} promises of {leaves.Length} entries, {heads.Count} checkpoints seen, {recovered} recoveries between memory and checkpoint");
    }

    /// <returns>The number of the next object: none is fed twice.</returns>
    private static int Feed(Process process, int next, CancellationToken ended)
    {
        try
        {
            while (!ended.IsCancellationRequested)
                process.StandardInput.WriteLine(Envelope(next++));
        }
        catch (IOException)
        {
            // the process is gone
        }

        return next;
    }

    private static int Remember(string line, Dictionary<int, string> promised)
    {
        if (line.Split(' ') is not [var index, { Length: 64 } hash])
            return 0; // cut off by the kill: no promise
        promised.Add(int.Parse(index, CultureInfo.InvariantCulture), hash);
        return 1;
    }

    private (int Size, string Root)? Head() => File.ReadAllLines(Path.Combine(_folder, "log/checkpoint")) is [_, var size, var root, ..] ? (int.Parse(size, CultureInfo.InvariantCulture), root) : null;

    /// <summary>The hashes of all entries, read from the bundles by the letter of the specification.</summary>
    private byte[][] ReadLeaves(int size)
    {
        var leaves = new List<byte[]>();
        for (var bundle = 0; leaves.Count < size; bundle++)
        {
            var name = Path.Combine(_folder, "log/tile/entries", bundle < 1000 ? $"{bundle:000}" : $"x{bundle / 1000:000}/{bundle % 1000:000}");
            var bytes = File.ReadAllBytes(File.Exists(name) ? name : $"{name}.p/{size % 256}");
            for (var at = 0; at < bytes.Length; at += 2 + (bytes[at] << 8 | bytes[at + 1]))
                leaves.Add(RfcTree.LeafHash(bytes[(at + 2)..(at + 2 + (bytes[at] << 8 | bytes[at + 1]))]));
        }

        return [.. leaves];
    }

    private async Task<string> AppendAsync(byte[] input)
    {
        using var process = Start();
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, TestContext.Current.CancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // it has refused what came before
        }

        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }

    private async Task<(int Exit, string Output, string Error)> WhileWritingAsync(Func<Task<(int Exit, string Output, string Error)>> act)
    {
        using var process = Start();
        await process.StandardInput.WriteLineAsync(Envelope(77));
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)); // it holds the log now
        var seen = await act();
        process.Kill();
        return seen;
    }

    private Process Start()
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(dotnet, [Path.Combine(AppContext.BaseDirectory, "adapt.dll"), "log", "append", "log", "--key", "log1.key", "--passphrase-fd", "0", "-"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        start.Environment["ADAPTATION_ROOT"] = Golden.Root;
        start.Environment["XDG_DATA_HOME"] = Path.Combine(_folder, "data");
        var process = Process.Start(start)!;
        process.StandardInput.WriteLine(Secret);
        return process;
    }

    /// <summary>A failed run, signed by a key that nobody here knows.</summary>
    private static string Envelope(int number)
    {
        var payload = Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"run":{{number}},"result":"FAILED"}"""));
        return $$"""{"payload":"{{payload}}","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"sha256:{{new string('a', 64)}}","sig":"c2ln"}]}""";
    }

    private string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(Path.Combine(_folder, folder), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{Path.GetRelativePath(Path.Combine(_folder, folder), file)} {Convert.ToBase64String(File.ReadAllBytes(file))}")];

    private string Write(string name, string content)
    {
        File.WriteAllText(Path.Combine(_folder, name), content);
        return name;
    }

    private Task<(int Exit, string Output, string Error)> AdaptAsync(params string[] arguments) => AdaptProgram.RunAsync(_folder, Golden.Root, arguments);

    private Task<(int Exit, string Output, string Error)> SignAsync(params string[] arguments) => AdaptProgram.RunAsync(_folder, Golden.Root, Secret + "\n", [.. arguments, "--passphrase-fd", "0"]);

    private static string Ok((int Exit, string Output, string Error) run)
    {
        Assert.True(run.Exit == 0, run.Output + run.Error);
        return run.Output;
    }

    private static void Refused(string code, (int Exit, string Output, string Error) run)
    {
        Assert.Equal(1, run.Exit);
        Assert.Contains($"REFUSED 拒绝  {code}", run.Output, StringComparison.Ordinal);
    }
}

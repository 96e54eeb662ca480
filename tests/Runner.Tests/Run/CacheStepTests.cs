using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>COR-19 from the profile to the verdict: a server with a cache, started with it empty, warm and damaged.</summary>
public sealed class CacheStepTests
{
    private const string Target = "/var/cache/engine";

    private static readonly string Profile = GivenRun.Profile.Replace("ready_within: 5s", $"ready_within: 1s\n  cache: {Target}", StringComparison.Ordinal);

    private readonly HashSet<string> _damaged = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_whose_cache_changes_nothing_passes_with_starts_and_a_folder_of_their_own()
    {
        using var run = Given(_ => { });

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Equal(new Verdict.Pass(), judgement.Finding("COR-19").Verdict);
        Assert.Equal(Outcome.Certified, judgement.Outcome);
        Assert.IsType<Certificates.EvidenceVerification.Accepted>(run.Verify(run.Only()));
        var servers = run.Engine.All.Where(container => !container.IsEcho).ToArray();
        Assert.Equal([1, 6], servers.CountBy(Folder).Select(count => count.Value)); // the run's own measurements, then these
        Assert.Equal(4, _damaged.Count);
        Assert.All(run.Engine.All.Except(servers), echo => Assert.DoesNotContain(echo.Spec.Mounts, mount => mount.Target == Target));
        Assert.Equal(2, Directory.GetFiles(run.Only().InEvidence("outputs/caches")).Length); // two golden lines; equal answers are one file
        Assert.Contains("\"cache\":\"/var/cache/engine\"", File.ReadAllText(run.Only().Plan), StringComparison.Ordinal);
        Assert.DoesNotContain(servers, server => Directory.Exists(Folder(server))); // nothing is left behind
    }

    [Fact]
    public async Task One_byte_of_one_answer_that_differs_with_a_damaged_cache_is_rejected_and_the_damage_named()
    {
        using var run = Given(_ => { }, (given, container, request) =>
        {
            var answer = GivenRun.Right(given, container, request);
            if (_damaged.Contains(container.Id))
                answer[^4] ^= 1;
            return answer;
        });

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Contains(
            "once the cache is damaged (file one.bin, one bit flipped)", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-19").Verdict).Measured, StringComparison.Ordinal);
        Assert.Equal((new Verdict.Pass(), Outcome.Rejected), (judgement.Finding("COR-18").Verdict, judgement.Outcome));
    }

    [Fact]
    public async Task A_server_that_ends_on_a_damaged_cache_passes_and_the_run_says_so()
    {
        using var run = Given(container => container.Die(3));

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Equal((new Verdict.Pass(), Outcome.Certified), (judgement.Finding("COR-19").Verdict, judgement.Outcome));
        Assert.Contains("cut to half", judgement.Finding("COR-19").Note!.En, StringComparison.Ordinal);
        var said = run.Told.OfType<RunEvent.Judged>().Single(one => one.Finding.Check == "COR-19").Finding.Note;
        Assert.Equal(judgement.Finding("COR-19").Note, said);
        Assert.Contains("不应答", File.ReadAllText(run.Only().Report), StringComparison.Ordinal);
        Assert.Contains("exit code 3", File.ReadAllText(run.Only().InEvidence("measurements/COR-19.json")), StringComparison.Ordinal);
        Assert.IsType<Certificates.EvidenceVerification.Accepted>(run.Verify(run.Only())); // the note is part of what is judged again
    }

    [Fact]
    public async Task A_server_that_answers_errors_with_a_damaged_cache_refuses_and_one_that_does_not_listen_hangs()
    {
        using var refusing = Given(_ => { }, (given, container, request) => _damaged.Contains(container.Id)
            ? GivenWire.Ascii("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n") : GivenRun.Right(given, container, request));
        using var loading = Given(_ => { }, (given, container, request) => _damaged.Contains(container.Id)
            ? GivenWire.Ascii("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") : GivenRun.Right(given, container, request));
        using var hanging = Given(container => container.Listens = false);

        var refused = await refusing.Conductor().StartAsync(refusing.Prepared, refusing.Runs, Token);
        var never = await loading.Conductor().StartAsync(loading.Prepared, loading.Runs, Token);
        var hung = await hanging.Conductor().StartAsync(hanging.Prepared, hanging.Runs, Token);

        Assert.Equal(new Verdict.Pass(), refused.Finding("COR-19").Verdict);
        Assert.Contains("emptied", refused.Finding("COR-19").Note!.En, StringComparison.Ordinal);
        Assert.IsType<Verdict.Fail>(never.Finding("COR-19").Verdict); // not ready yet, for ever, is no refusal
        var fail = Assert.IsType<Verdict.Fail>(hung.Finding("COR-19").Verdict);
        Assert.Contains("with a damaged cache (file one.bin, one bit flipped): did not give a good answer within 1 s", fail.Measured, StringComparison.Ordinal);
        Assert.Equal(4, hanging.Engine.All.Count(container => !container.IsEcho)); // the measurements', cold, warm, and the one that hung
    }

    [Fact]
    public async Task A_server_that_refuses_at_first_and_then_answers_nothing_hangs()
    {
        using var run = Given(_ => { }, (given, container, request) => !_damaged.Contains(container.Id) ? GivenRun.Right(given, container, request)
            : container.Served < 3 ? GivenWire.Ascii("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n") : null);

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Contains("did not give a good answer within 1 s", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-19").Verdict).Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_start_with_its_own_cache_fails_and_the_run_goes_on()
    {
        using var run = Given(_ => { });
        run.Engine.Starting = container => Start(container, damaged => { }, warm => warm.Die(1));

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.StartsWith(
            "with the cache that a cold start wrote: the server ended with exit code 1", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-19").Verdict).Measured, StringComparison.Ordinal);
        Assert.Equal(new Verdict.Pass(), judgement.Finding("OPS-01").Verdict);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_gone_through_decides_nothing()
    {
        using var run = Given(_ => { });
        run.Engine.Starting = container =>
        {
            if (!container.IsEcho)
                Directory.CreateDirectory(Path.Combine(Folder(container), string.Join('/', Enumerable.Repeat("d", CacheFolder.MostDepth + 1))));
        };

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Contains("deeper than", Assert.IsType<Verdict.Inconclusive>(judgement.Finding("COR-19").Verdict).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cold_starts_that_are_timed_find_no_cache_and_the_warm_ones_behind_them_do()
    {
        using var run = new GivenRun("starts", profile: Profile);
        var found = new List<(string Folder, bool IsWarm)>();
        run.Engine.Starting = container =>
        {
            found.Add((Folder(container), File.Exists(Path.Combine(Folder(container), "one.bin"))));
            Start(container, _ => { }, _ => { });
        };

        await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Equal([false, true], found.Select(start => start.IsWarm));
        Assert.Single(found.Select(start => start.Folder).Distinct());
    }

    [Fact] // a folder that lasts is a memory: what was answered could be kept there and said again
    public async Task Starts_that_are_asked_the_same_have_an_empty_cache_each()
    {
        using var run = new GivenRun("again", profile: Profile);
        var found = new List<(string Folder, bool IsEmpty)>();
        run.Engine.Starting = container =>
        {
            found.Add((Folder(container), Directory.GetFileSystemEntries(Folder(container)) is []));
            Start(container, _ => { }, _ => { });
        };

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Equal(new Verdict.Pass(), judgement.Finding("COR-12").Verdict);
        Assert.Equal([true, true], found.Select(start => start.IsEmpty));
        Assert.Equal(2, found.Select(start => start.Folder).Distinct().Count());
    }

    private GivenRun Given(Action<FakeContainer> onDamage, Func<GivenRun, FakeContainer, byte[], byte[]?>? answer = null)
    {
        var run = new GivenRun("caches", answer, Profile);
        run.Engine.Starting = container => Start(container, onDamage, _ => { });
        return run;
    }

    private static string Folder(FakeContainer container) => container.Spec.Mounts.Single(mount => mount is { Target: Target, ReadOnly: false }).Source;

    /// <summary>What an engine does when it starts: writes its cache where there is none.</summary>
    private void Start(FakeContainer container, Action<FakeContainer> onDamage, Action<FakeContainer> onWarm)
    {
        if (container.IsEcho)
            return;
        var (one, two) = (Path.Combine(Folder(container), "one.bin"), Path.Combine(Folder(container), "deep", "two.bin"));
        if (!File.Exists(one))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(two)!);
            File.WriteAllText(one, "what it compiled first");
            File.WriteAllText(two, "and second");
        }
        else if (File.ReadAllText(one) == "what it compiled first" && File.ReadAllText(two) == "and second")
        {
            onWarm(container);
        }
        else
        {
            _damaged.Add(container.Id);
            onDamage(container);
        }
    }
}

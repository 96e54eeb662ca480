using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Adaptation.Certificates;
using Adaptation.Runner;
using Adaptation.Runner.Docker;

[assembly: CollectionBehavior(DisableTestParallelization = true)] // figures are measured
[assembly: AssemblyFixture(typeof(Adaptation.Integration.Bench))]

namespace Adaptation.Integration;

/// <summary>A machine made ready once: engine pack, model, base image and the tool's own container engine, held for as long as the suite runs.</summary>
/// <remarks>Where none of it can be had the tests fail, and the exception says why.</remarks>
public sealed class Bench : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string Case, Ended Ended)> _done = new();
    private DockerDaemon? _daemon;
    private DockerEngine? _engine;
    private Ended? _good;
    private int _written;

    internal Place Place { get; } = new();

    public async ValueTask InitializeAsync()
    {
        var machine = new DockerMachine { StateFolder = Path.Combine(Place.Data, "adaptation"), Announce = _ => { }, Time = TimeProvider.System };
        _daemon = await DockerDaemon.FindAsync(new DockerDaemonSpec(), machine, CancellationToken.None);
        _engine = await DockerEngine.ConnectAsync(_daemon.Endpoint, TimeProvider.System, CancellationToken.None);
        var prepared = await RunAsync("prepare", ["prepare"], CancellationToken.None);
        Assert.True(prepared.ExitCode == 0, $"{prepared}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (what, ended) in _done)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {ended.Took.TotalSeconds,6:0.0} s  exit {ended.ExitCode,3}  {what}"));
        if (_engine is not null)
            await _engine.DisposeAsync();
        if (_daemon is not null)
            await _daemon.DisposeAsync();
        Place.Dispose();
    }

    /// <summary>Runs the command line to its end, then sees to it that nothing is left of it.</summary>
    internal Task<Ended> RunAsync(string what, IEnumerable<string> arguments, CancellationToken cancellationToken) => RunAsync(what, [], arguments, cancellationToken);

    /// <param name="inside">A command that starts the one that follows it.</param>
    internal async Task<Ended> RunAsync(string what, string[] inside, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = AdaptProcess.Start(Place, Place.Data, inside, arguments);
        var ended = await process.EndAsync(cancellationToken);
        _done.Enqueue((what, ended));
        await NothingIsLeftAsync(cancellationToken);
        return ended;
    }

    /// <summary>Runs the command line on another machine, with a container engine of its own there, whose images last for the suite.</summary>
    internal async Task<Ended> OnAsync(OtherMachine machine, IEnumerable<string> arguments, CancellationToken cancellationToken, [CallerMemberName] string what = "")
    {
        var data = Path.Combine(Place.Data, "other");
        if (!Directory.Exists(data))
        {
            Directory.CreateDirectory(Path.Combine(data, "adaptation"), (UnixFileMode)0b111_000_000);
            Directory.CreateSymbolicLink(Path.Combine(data, "adaptation", "packages"), Path.Combine(Place.Data, "adaptation", "packages"));
        }

        using var process = AdaptProcess.Start(Place, data, machine.Inside, arguments);
        var ended = await process.EndAsync(cancellationToken);
        _done.Enqueue(($"{what} {machine.Shipped.Id}", ended));
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc").Select(CommandLine), line => line.Contains(data, StringComparison.Ordinal));
        return ended;
    }

    /// <summary>A run that must end with a certificate.</summary>
    internal async Task<Ended> CertifiedAsync(string what, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        const int Attempts = 3;
        var ended = await RunAsync(what, arguments, cancellationToken);
        for (var attempt = 2; attempt <= Attempts && IsBlurred(ended); attempt++)
            ended = await RunAsync($"{what}, again", arguments, cancellationToken);
        Assert.True(ended.ExitCode == 0, $"{ended}");
        return ended;
    }

    internal Task<Ended> CertifiedAsync(Stand stand, string suite, CancellationToken cancellationToken, [CallerMemberName] string what = "") =>
        CertifiedAsync(what, Certify(stand, suite), cancellationToken);

    /// <summary>Whether a busy machine left measurements of time undecided, and nothing else was wrong.</summary>
    internal static bool IsBlurred(Ended ended)
    {
        var open = ended.Events("judged").Where(judged => judged.GetProperty("verdict").GetString() is "inconclusive" or "fail").Select(judged => judged.GetProperty("check").GetString()!).ToArray();
        return ended.ExitCode == 2 && open.Length > 0 && open.All(check =>
            check.StartsWith("PERF-", StringComparison.Ordinal) && ended.Verdict(check) == "inconclusive" && !ended.Reason(check).StartsWith("not measured", StringComparison.Ordinal)
            && !ended.Reason(check).StartsWith("invalid evidence", StringComparison.Ordinal));
    }

    internal Task<Ended> CertifyAsync(Stand stand, string suite, CancellationToken cancellationToken, [CallerMemberName] string what = "") =>
        RunAsync(what, Certify(stand, suite), cancellationToken);

    /// <summary>The arguments of <c>adapt certify</c> for a profile that is written for it.</summary>
    internal IEnumerable<string> Certify(Stand stand, string suite) =>
        ["certify", "--json", "--runs", Place.Runs, "--suite", suite, "--profile", Profile(stand.ToYaml())];

    internal string Profile(string yaml) => Place.Write($"{Interlocked.Increment(ref _written)}/profile.yaml", yaml);

    /// <summary>A run of every check by the known-good control; carried out once.</summary>
    internal async Task<Ended> GoodAsync(CancellationToken cancellationToken) =>
        _good ??= await CertifiedAsync(Stand.Good, "quick", cancellationToken, "known good");

    /// <summary>A run whose server is slower, by 15 %, in the second of the three runs of PERF-12; the suite measures PERF-05 first.</summary>
    internal async Task<Ended> ThrottledAsync(string suite, CancellationToken cancellationToken, [CallerMemberName] string what = "")
    {
        var throttle = Path.Combine(Path.GetDirectoryName(Place.ModelFile)!, "throttled");
        using var process = AdaptProcess.Start(Place, Certify(Stand.With("--throttle-file", "/model/throttled") with { Throughput = "4/s" }, suite));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await process.UntilAsync("step-started", "throughput", cancellationToken);
            await UntilContainersAsync(seen, 2, cancellationToken);
            await File.WriteAllTextAsync(throttle, "", cancellationToken);
            await UntilContainersAsync(seen, 3, cancellationToken);
        }
        finally
        {
            File.Delete(throttle);
        }

        var ended = await process.EndAsync(cancellationToken);
        _done.Enqueue((what, ended));
        return ended;
    }

    /// <summary>Records what a case that drives its process itself took.</summary>
    internal void Done(string what, Ended ended) => _done.Enqueue((what, ended));

    /// <summary>No container, no network, no scratch folder and no process of ours is left.</summary>
    internal async Task NothingIsLeftAsync(CancellationToken cancellationToken)
    {
        Assert.Empty(await LeftAsync(cancellationToken));
        Assert.Empty(Directory.EnumerateDirectories(Place.Scratch, "adaptation-*"));
        var ours = Directory.EnumerateDirectories("/proc").Select(CommandLine)
            .Where(line => line.Contains(Place.Data, StringComparison.Ordinal) && line.Contains("adaptation-host", StringComparison.Ordinal));
        Assert.Empty(ours);
    }

    internal async Task<IReadOnlyList<Leftover>> LeftAsync(CancellationToken cancellationToken) => await _engine!.FindAsync(runId: null, cancellationToken);

    /// <summary>A run that is rejected leaves report, verdicts and a whole journal, and no certificate.</summary>
    internal static void AssertRejected(Ended ended)
    {
        Assert.True(ended.ExitCode == 1, $"{ended}");
        Assert.Null(ended.Certificate);
        var run = new RunDirectory(ended.Directory!);
        Assert.False(File.Exists(run.Certificate));
        Assert.True(File.Exists(run.Report));
        AssertJournalIsWhole(run);
    }

    internal static void AssertJournalIsWhole(RunDirectory run)
    {
        var journal = JournalReader.Read(File.ReadAllBytes(run.Journal), SessionFile.Read(File.ReadAllBytes(run.Session)).Challenge);
        Assert.Equal(0, journal.TornBytes);
        Assert.Equal("run-started", journal.Entries[0].Kind);
        Assert.Equal("judged", journal.Entries[^1].Kind);
    }

    private async Task UntilContainersAsync(HashSet<string> seen, int number, CancellationToken cancellationToken)
    {
        while (seen.Count < number)
        {
            seen.UnionWith((await LeftAsync(cancellationToken)).Select(left => left.Id));
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
    }

    internal static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

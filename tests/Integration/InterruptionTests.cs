using System.Globalization;
using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>A run that is cancelled or killed loses nothing that it had written down, and can be gone on with.</summary>
public sealed class InterruptionTests(Bench bench)
{
    private const int Seed = 20261121;
    private const int Cancelled = 130;
    private static readonly TimeSpan Polite = TimeSpan.FromSeconds(5);

    private static Stand Steady { get; } = Stand.Good with { Throughput = "0.1/s" }; // a second of load says little, and these cases ask for little

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>From ADAPTATION_KILLS, for a longer look by hand.</summary>
    public static TheoryData<int> Kills => [.. Enumerable.Range(0, int.Parse(Environment.GetEnvironmentVariable("ADAPTATION_KILLS") ?? "3", CultureInfo.InvariantCulture))];

    [Fact]
    public async Task Ctrl_C_while_preparing_ends_at_once_with_nothing_to_go_on_with()
    {
        using var untouched = new Place(); // where nothing was fetched yet, so that preparing takes its time
        using var process = AdaptProcess.Start(untouched, bench.Certify(Steady, "brief"));
        await process.UntilAsync("preparing", "fetching", Token);

        var ended = await InterruptAsync(process, "Ctrl-C while preparing");

        Assert.True(ended.ExitCode == Cancelled, $"{ended}");
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc").Select(Bench.CommandLine), line => line.Contains(untouched.Data, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("start-up")]
    [InlineData("serve")]
    [InlineData("throughput")]
    public async Task Ctrl_C_in_a_step_ends_it_and_the_run_can_be_gone_on_with(string step)
    {
        using var process = AdaptProcess.Start(bench.Place, bench.Certify(Steady, "brief"));
        await process.UntilAsync("step-started", step, Token);
        await Task.Delay(TimeSpan.FromMilliseconds(700), TimeProvider.System, Token); // into the step: a container is there

        var ended = await InterruptAsync(process, $"Ctrl-C in {step}");

        Assert.True(ended.ExitCode == Cancelled, $"{ended}");
        await bench.NothingIsLeftAsync(Token);
        await GoOnAsync(ended, $"resumed after Ctrl-C in {step}");
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public async Task Killed_at_any_moment_a_run_can_be_gone_on_with(int number)
    {
        var random = new Random(Seed);
        var after = TimeSpan.Zero;
        for (var i = 0; i <= number; i++) // not Last(), which would draw but once
            after = TimeSpan.FromSeconds(random.NextDouble() * 12);
        using var process = AdaptProcess.Start(bench.Place, bench.Certify(Steady, "brief"));
        await process.UntilAsync("started", "", Token);
        await Task.Delay(after, TimeProvider.System, Token);
        process.Signal(AdaptProcess.Kill);
        var ended = await process.EndAsync(Token);
        bench.Done($"kill -9 {after.TotalSeconds:0.0} s into a run", ended);
        Assert.True(ended.ExitCode == 128 + AdaptProcess.Kill, $"{ended}");

        if (number == 0)
        {
            _ = await bench.CertifiedAsync(Stand.Good, "start", Token, "the next run removes what a killed one left"); // and sees to it that nothing is left
        }

        await GoOnAsync(ended, $"resumed after kill -9 at {after.TotalSeconds:0.0} s");
    }

    private async Task<Ended> InterruptAsync(AdaptProcess process, string what)
    {
        var asked = TimeProvider.System.GetTimestamp();
        process.Signal(AdaptProcess.Interrupt);
        var ended = await process.EndAsync(Token);
        bench.Done(what, ended);
        Assert.InRange(TimeProvider.System.GetElapsedTime(asked), TimeSpan.Zero, Polite);
        return ended;
    }

    private async Task GoOnAsync(Ended interrupted, string what)
    {
        var run = new RunDirectory(interrupted.Directory!);
        var before = await File.ReadAllBytesAsync(run.Journal, Token);
        var whole = before.AsMemory(0, before.AsSpan().LastIndexOf((byte)'\n') + 1); // a line cut short by the kill was never said

        var ended = await bench.RunAsync(what, ["resume", run.Path, "--json"], Token);

        Assert.True(ended.ExitCode == 0 || Bench.IsBlurred(ended), $"{ended}");
        Assert.True((await File.ReadAllBytesAsync(run.Journal, Token)).AsSpan().StartsWith(whole.Span), "the journal lost what it had said");
        Bench.AssertJournalIsWhole(run);
        if (ended.ExitCode != 0)
            return; // a busy machine: every step was carried out, and there is no certificate to verify
        Assert.NotNull(ended.Certificate);
        var verified = await bench.RunAsync($"verify: {what}", ["verify", run.Certificate, "--evidence", run.Evidence], Token);
        Assert.True(verified.ExitCode == 0, $"{verified}");
    }
}

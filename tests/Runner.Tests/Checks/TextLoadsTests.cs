using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Testing;
using static Adaptation.Runner.Tests.GivenLoad;

namespace Adaptation.Runner.Tests;

/// <summary>The loads of a certification in virtual time, judged by the catalogue's own clauses: limits as they are, durations shortened.</summary>
public sealed class TextLoadsTests
{
    private static readonly Declaration Declared = new(TextClass: "8b", OutputTokensMilliPerSecond: 100_000, RequestRateMilli: 5_000);

    [Fact]
    public async Task A_good_server_passes_every_clause()
    {
        var findings = await JudgeAsync(new SimulatedDriver(8, _ => Good));

        Assert.All(findings, finding => Assert.IsType<Verdict.Pass>(finding.Verdict));
        Assert.Equal(["PERF-02", "PERF-03", "PERF-04-TEXT", "PERF-05-TEXT", "PERF-08", "PERF-06", "PERF-07"], findings.Select(finding => finding.Check));
    }

    [Fact]
    public async Task A_slow_first_token_fails_what_is_judged_by_it()
    {
        var findings = await JudgeAsync(new SimulatedDriver(32, _ => Good with { First = 3000 * Ms }));

        Assert.Equal(["PERF-02", "PERF-06", "PERF-07"], Failed(findings));
    }

    [Fact]
    public async Task A_slow_pace_fails_what_is_judged_by_it()
    {
        var findings = await JudgeAsync(new SimulatedDriver(32, _ => Good with { Gap = 150 * Ms }));

        Assert.Equal(["PERF-03", "PERF-06", "PERF-07"], Failed(findings));
    }

    [Fact]
    public async Task A_client_that_errs_says_nothing_of_the_server()
    {
        var findings = await JudgeAsync(new SimulatedDriver(8, _ => Good with { First = 3000 * Ms }) { ClientError = 70 * Ms });

        Assert.All(findings, finding => Assert.StartsWith("void: the client erred", Assert.IsType<Verdict.Inconclusive>(finding.Verdict).Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_offline_load_is_made_long_enough_however_fast_the_server_is()
    {
        var driver = new SimulatedDriver(8, _ => new Reply(10 * Ms, Ms));

        Assert.IsType<Verdict.Pass>((await JudgeAsync(driver, "PERF-05-TEXT")).Single().Verdict);
    }

    [Fact]
    public async Task No_two_requests_to_a_server_have_the_same_prompt()
    {
        var driver = new SimulatedDriver(8, _ => Good);

        await JudgeAsync(driver, "PERF-04-TEXT");

        Assert.Equal(driver.Bodies.Count, driver.Bodies.Distinct(StringComparer.Ordinal).Count());
    }

    [Theory] // a load that prepares others is kept nowhere: what it lacks would be seen by nobody
    [InlineData(0, true, null)]
    [InlineData(1, true, "left 1 of 12 requests unanswered")]
    [InlineData(1, false, null)]
    [InlineData(12, true, "answered none of 12 requests")]
    [InlineData(12, false, "answered none of 12 requests")]
    public async Task A_partly_refused_probe_stops_the_step_and_a_measured_load_is_judged(int refused, bool isProbe, string? said)
    {
        var driver = new SimulatedDriver(8, i => i < refused ? Good with { Failure = TextFailure.Refused, Status = 429, Explanation = "status 429: queue full." } : Good);
        var outcome = await Bench(driver).RunAsync(new TextScenario.FixedConcurrency(4), new LoadExtent(12, null), TestContext.Current.CancellationToken);

        var found = TextServer.Refused(outcome, isProbe);

        Assert.Equal(said, found is var (what, _) ? what[..said!.Length] : null);
        if (found is not var (_, wanted))
            return;
        Assert.Contains("an answer to each was expected", wanted, StringComparison.Ordinal);
        Assert.Contains("status 429: queue full.", wanted, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warm_ups_and_the_trial_of_an_offline_load_are_probes()
    {
        var (driver, probes) = (new SimulatedDriver(8, _ => new Reply(10 * Ms, Ms)), new List<bool>());
        var setting = new TextSetting(driver, driver, new ByteTokenizer(), "m", 4, TimeSpan.FromMinutes(10), Declared);
        var stand = new TextStand(setting, SimulatedDriver.Server, (_, isProbe, _) =>
        {
            probes.Add(isProbe);
            return Task.CompletedTask;
        });

        await TextLoads.OfflineAsync(stand, Catalogue().Clause("PERF-05-TEXT"), TestContext.Current.CancellationToken);

        Assert.Equal([true, true, false], probes.Take(3));
        Assert.DoesNotContain(true, probes.Skip(3));
    }

    private static IEnumerable<string> Failed(IEnumerable<Finding> findings) => findings.Where(finding => finding.Verdict is Verdict.Fail).Select(finding => finding.Check);

    private static async Task<ImmutableArray<Finding>> JudgeAsync(SimulatedDriver driver, params string[] only)
    {
        var (standard, measured) = (Catalogue(), ImmutableArray.CreateBuilder<Measurement>());
        var setting = new TextSetting(driver, driver, new ByteTokenizer(), "m", 4, TimeSpan.FromMinutes(10), Declared);
        TextStand Stand() => new(setting, SimulatedDriver.Server, (_, _, _) => Task.CompletedTask);
        var cancel = TestContext.Current.CancellationToken;
        bool Wanted(string check) => only.Length == 0 || only.Contains(check);
        if (Wanted("PERF-02"))
            measured.AddRange(await TextLoads.StreamsAsync(Stand(), [standard.Clause("PERF-02"), standard.Clause("PERF-03")], cancel));
        if (Wanted("PERF-04-TEXT"))
            measured.Add(await TextLoads.EndToEndAsync(Stand(), standard.Clause("PERF-04-TEXT"), cancel));
        if (Wanted("PERF-05-TEXT"))
            measured.Add(await TextLoads.OfflineAsync(Stand(), standard.Clause("PERF-05-TEXT"), cancel));
        if (new[] { "PERF-06", "PERF-07", "PERF-08" }.Where(Wanted).Select(standard.Clause).ToImmutableArray() is { IsEmpty: false } rates)
            measured.AddRange(await TextLoads.RatesAsync(Stand(), rates, cancel));

        var plan = Given.Plan with { ModelKind = "llm", Declared = Declared };
        var clauses = measured.Select(measurement => standard.Clause(measurement.Check)).ToImmutableArray();
        return Judge.Run(Given.Standard(clauses), new Evidence(plan, measured.ToImmutable(), InMemoryFiles.Empty)).Findings;
    }

    private static Standard Catalogue()
    {
        var problems = new List<Problem>();
        var file = Path.Combine(Testing.Golden.Root, "standard/0.1/catalogue.yaml");
        var standard = StandardReader.TryRead(file, file, problems);
        Assert.Empty(problems);
        return standard! with { Clauses = [.. standard!.Clauses.Select(Shorter)] };
    }

    private static Clause Shorter(Clause clause) => clause with
    {
        Limits = clause.Limits.SetItems(new Dictionary<string, long>
        {
            ["min_seconds"] = 20,
            ["point_seconds"] = 5,
            ["prompt_tokens"] = 40,
            ["output_tokens"] = 11,
            ["output_tokens_1"] = 11,
            ["output_tokens_2"] = 22,
            ["prompt_tokens_2"] = 120,
        }.Where(change => clause.Limits.ContainsKey(change.Key))),
    };
}

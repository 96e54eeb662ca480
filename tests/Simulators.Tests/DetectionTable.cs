using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Simulators.Tests;

/// <summary>The simulated chip's rows of docs/detection.md: the product certifies it, with each fault and again and again without. By hand only: <c>benchmarks/Detection/run</c>.</summary>
public class DetectionTable
{
    private const string Zoo = "chip", Sound = "simulated chip without a fault";
    private const int SoundRuns = 100, AtATime = 2;

    [Fact(Explicit = true)]
    public async Task The_rows_of_the_simulated_chip_are_kept()
    {
        using var stand = new ChipStand();
        var kept = Observations.Read().Where(each => each.Zoo == Zoo).ToImmutableArray();
        foreach (var fault in ChipFault.All.Where(fault => !kept.Any(each => each.Simulator == fault.Name)))
            Keep(fault, await ObserveAsync(stand, fault, ChipStand.Seed));
        foreach (var (fault, title, cause) in CacheTests.Faults.Where(fault => !kept.Any(each => each.Simulator == fault.Fault)))
            Keep(fault, title, "COR-19", cause, await ObserveCacheAsync(stand, fault));
        // each with inputs of its own, by chance, so that those of a table that was interrupted are not asked again; nothing is timed in them
        var runs = Enumerable.Range(0, Math.Max(0, SoundRuns - kept.Count(each => each.IsSound)));
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, async (_, _) =>
        {
            var seen = await ObserveAsync(stand, null, BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))));
            lock (stand)
                Keep(null, seen);
        });
    }

    private static async Task<(ImmutableArray<Observed> Checks, bool IsRejected, double Seconds)> ObserveAsync(ChipStand stand, ChipFault? fault, ulong seed)
    {
        var began = TimeProvider.System.GetTimestamp();
        var judged = await stand.CertifyAsync("operators", fault?.Name ?? "", seed, TestContext.Current.CancellationToken);
        ImmutableArray<Finding> findings = judged.Findings;
        if (fault?.Audit == Audit.Load)
        {
            judged = await stand.CertifyAsync("loaded", fault.Name, seed, TestContext.Current.CancellationToken);
            findings = [.. findings, judged.Finding("PERF-05")];
        }

        return ([.. findings.Select(Seen)], judged.Outcome == Outcome.Rejected, TimeProvider.System.GetElapsedTime(began).TotalSeconds);
    }

    private static async Task<(ImmutableArray<Observed> Checks, bool IsRejected, double Seconds)> ObserveCacheAsync(ChipStand stand, string fault)
    {
        var began = TimeProvider.System.GetTimestamp();
        var judged = await stand.CertifyAsync("caches", fault, ChipStand.Seed, ChipCache.Kept, TestContext.Current.CancellationToken);
        return ([.. judged.Findings.Select(Seen)], judged.Outcome == Outcome.Rejected, TimeProvider.System.GetElapsedTime(began).TotalSeconds);
    }

    private static Observed Seen(Finding finding) => new(finding.Check, finding.Verdict.Word, finding.Verdict switch
    {
        Verdict.Fail fail => $"{fail.Measured}; limit {fail.Limit}",
        Verdict.Inconclusive open => open.Reason,
        Verdict.NotApplicable other => other.Reason,
        _ => "",
    });

    private static void Keep(ChipFault? fault, (ImmutableArray<Observed> Checks, bool IsRejected, double Seconds) seen)
    {
        var (_, clause, cause) = fault is null ? ("", "", "") : ProductTests.Causes.Select(row => row.Data).First(data => data.Item1 == fault.Name);
        Keep(fault?.Name ?? "", fault?.Title ?? Sound, clause, cause, seen);
    }

    private static void Keep(string fault, string title, string clause, string cause, (ImmutableArray<Observed> Checks, bool IsRejected, double Seconds) seen) =>
        Observations.Add($"{(fault.Length == 0 ? 2 : 1)}-{Zoo}", new(Zoo, fault, title, clause, cause, seen.IsRejected, seen.Seconds, seen.Checks));
}

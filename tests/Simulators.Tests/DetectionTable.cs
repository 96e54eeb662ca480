using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Simulators.Tests;

/// <summary>The simulated chip's rows of docs/detection.md. By hand only: <c>benchmarks/Detection/run</c>.</summary>
public class DetectionTable
{
    private const string Zoo = "chip", Sound = "simulated chip without a fault";
    private const int SoundRuns = 100;
    private static readonly string[] Clauses = ["COR-01", "COR-02", "COR-03", "COR-04", "COR-18"];
    private static readonly Bench Operators = Benches.Operators();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public void The_rows_of_the_simulated_chip_are_kept()
    {
        if (Observations.Read().Any(each => each.Zoo == Zoo))
            return;
        foreach (var fault in ChipFault.All)
            Keep(fault.Name, fault.Title, fault, Timed(() => Observe(fault)));
        using var chip = SimulatedChip.Start(Operators.Model);
        for (var run = 0; run < SoundRuns; run++)
            Keep("", Sound, null, Timed(() => Judged(Clauses, Judging.Of(chip.Ask(Operators, Cancelled)))));
    }

    private static ImmutableArray<Observed> Observe(ChipFault fault) => fault.Audit switch
    {
        Audit.Operators => AskOperators(fault),
        Audit.Repeats => Repeat(fault),
        Audit.Load => Together(fault),
        Audit.Placement => Refused(fault),
        _ => Named(fault),
    };

    private static ImmutableArray<Observed> AskOperators(ChipFault fault)
    {
        using var chip = SimulatedChip.Start(Operators.Model, fault.Flag);
        return Judged(Clauses, Judging.Of(chip.Ask(Operators, Cancelled)));
    }

    private static ImmutableArray<Observed> Repeat(ChipFault fault)
    {
        var bench = fault.Name == "bit-flip" ? Benches.Large() : Benches.Question(1);
        using var chip = SimulatedChip.Start(bench.Model, fault.Flag);
        var runs = Enumerable.Range(0, 10).Select(_ => chip.AskRaw(bench, Cancelled)[0]).ToArray();
        return Judged(["COR-12"], Repetition.Judge(runs) is { } rejection ? [rejection] : []);
    }

    private static ImmutableArray<Observed> Together(ChipFault fault)
    {
        var questions = Enumerable.Range(1, 8).Select(Benches.Question).ToArray();
        using var chip = SimulatedChip.Start(questions[0].Model, fault.Flag);
        var alone = questions.SelectMany(question => Judging.Of(chip.Ask(question, Cancelled))).DistinctBy(rejection => rejection.Clause).ToArray();
        return [.. Judged(Clauses, alone), .. Judged(["PERF-11"], UnderLoad.Judge(chip.AskTogether(questions)) is { } rejection ? [rejection] : [])];
    }

    private static ImmutableArray<Observed> Refused(ChipFault fault)
    {
        using var chip = SimulatedChip.TryStart(Operators.Model, [fault.Flag], variable: "", mayFallBack: false, out var words);
        return Judged([fault.Clause], chip is null ? [new(fault.Clause, words)] : []);
    }

    private static ImmutableArray<Observed> Named(ChipFault fault)
    {
        const string Declared = "SimulatedChipEP of Simulated Vendor";
        using var chip = SimulatedChip.TryStart(Benches.Question(1).Model, [], variable: fault.Name, mayFallBack: false, out var words);
        return Judged([fault.Clause], words.Contains(Declared, StringComparison.Ordinal) ? [] : [new(fault.Clause, $"the profile says {Declared}; {words}")]);
    }

    private static ImmutableArray<Observed> Judged(string[] clauses, IReadOnlyList<Rejection> rejections) =>
    [
        .. clauses.Select(clause => rejections.FirstOrDefault(each => each.Clause == clause) is { } rejection
            ? new Observed(clause, Observed.Fail, rejection.Reason) : new Observed(clause, Observed.Pass, "")),
    ];

    private static (ImmutableArray<Observed> Checks, double Seconds) Timed(Func<ImmutableArray<Observed>> observe)
    {
        var began = TimeProvider.System.GetTimestamp();
        var checks = observe();
        return (checks, TimeProvider.System.GetElapsedTime(began).TotalSeconds);
    }

    private static void Keep(string name, string title, ChipFault? fault, (ImmutableArray<Observed> Checks, double Seconds) seen) => Observations.Add(
        $"{(fault is null ? 2 : 1)}-{Zoo}",
        new(Zoo, name, title, fault?.Clause ?? "", fault?.Cause ?? "", seen.Checks.Any(check => check.Verdict == Observed.Fail), seen.Seconds, seen.Checks, fault?.Note ?? ""));
}

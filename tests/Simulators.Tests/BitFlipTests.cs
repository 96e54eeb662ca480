using System.Globalization;

namespace Adaptation.Simulators.Tests;

/// <summary>One bit in one of a million elements: how much must be looked at to find it.</summary>
public class BitFlipTests
{
    private const double Rate = 1e-6;
    private static readonly ChipFault Fault = ChipFault.All.Single(each => each.Name == "bit-flip");
    private static readonly Bench Large = Benches.Large();

    [Fact]
    public void Ten_runs_of_a_million_elements_find_it_and_name_it()
    {
        using var chip = SimulatedChip.Start(Large.Model, Fault.Flag, "seed=3");

        var runs = Enumerable.Range(0, 10).Select(_ => chip.AskRaw(Large, TestContext.Current.CancellationToken)[0]).ToArray();

        var rejection = Assert.IsType<Rejection>(Repetition.Judge(runs));
        Assert.Equal(Fault.Clause, rejection.Clause);
        Assert.Contains(Fault.Cause, rejection.Reason, StringComparison.Ordinal);
        var beyond = runs.Sum(run => Judging.Beyond(new(Large.Probes[0], SimulatedChip.Decode("FP32", run))));
        Assert.InRange(beyond, 1, 12); // COR-01 sees those bits that are worth more than 0.01
    }

    [Fact]
    public void The_table_says_how_many_elements_detect_it_with_95_percent()
    {
        var elements = Math.Ceiling(Math.Log(0.05) / Math.Log(1 - Rate));

        Assert.Contains(elements.ToString("N0", CultureInfo.InvariantCulture), Fault.Note, StringComparison.Ordinal);
        Assert.True(10.0 * Large.Probes[0].Output.Exact.Length > elements);
    }
}

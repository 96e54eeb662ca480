namespace Adaptation.Simulators.Tests;

/// <summary>The chip without a fault: what the clauses must let pass.</summary>
public class KnownGoodTests
{
    [Fact]
    public void A_sound_chip_passes_a_hundred_runs_without_one_false_alarm()
    {
        var cancelled = TestContext.Current.CancellationToken;
        var benches = Benches.Operators();
        using var chip = SimulatedChip.Start(benches.Model);

        var runs = Enumerable.Range(0, 100).Select(_ => chip.Ask(benches, cancelled)).ToArray();

        Assert.Empty(runs.SelectMany(Judging.Of));
        Assert.Empty(Judging.Common(runs[0]));
        Assert.All(runs, run => Assert.All(run.Zip(runs[0]), pair => Assert.Equal(pair.Second.Values, pair.First.Values)));
    }

    [Fact]
    public void A_sound_chip_answers_the_same_alone_and_beside_others()
    {
        var questions = Enumerable.Range(1, 8).Select(Benches.Question).ToArray();
        using var chip = SimulatedChip.Start(questions[0].Model);

        Assert.Null(UnderLoad.Judge(chip.AskTogether(questions)));
    }

    [Fact]
    public void A_sound_chip_flips_no_bit()
    {
        var large = Benches.Large();
        using var chip = SimulatedChip.Start(large.Model);

        var runs = Enumerable.Range(0, 3).Select(_ => chip.AskRaw(large, TestContext.Current.CancellationToken)[0]).ToArray();

        Assert.Null(Repetition.Judge(runs));
    }
}

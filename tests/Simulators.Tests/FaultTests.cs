namespace Adaptation.Simulators.Tests;

/// <summary>Every fault of the simulated chip, over the wire: rejected by the clause that must, for the cause that it has.</summary>
public class FaultTests
{
    private static readonly Bench Operators = Benches.Operators();

    public static TheoryData<string> Audited(string audit) => [.. ChipFault.All.Where(fault => fault.Audit.ToString() == audit).Select(fault => fault.Name)];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Audited), nameof(Audit.Operators))]
    public void Wrong_arithmetic_is_rejected_by_its_clause_and_for_its_cause(string name)
    {
        var fault = Row(name);
        using var chip = SimulatedChip.Start(Operators.Model, fault.Flag);

        var rejections = Judging.Of(chip.Ask(Operators, Cancelled));

        var rejection = Assert.Single(rejections, each => each.Clause == fault.Clause);
        Assert.Contains(fault.Cause, rejection.Reason, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', rejections.Select(each => $"{each.Clause}: {each.Reason}")));
    }

    [Fact]
    public void An_answer_that_is_wrong_on_the_second_run_only_is_found_by_ten_runs()
    {
        var fault = Row("second-run");
        var bench = Benches.Question(1);
        using var chip = SimulatedChip.Start(bench.Model, fault.Flag);

        var runs = Enumerable.Range(0, 10).Select(_ => chip.AskRaw(bench, Cancelled)[0]).ToArray();

        var rejection = Assert.IsType<Rejection>(Repetition.Judge(runs));
        Assert.Equal(fault.Clause, rejection.Clause);
        Assert.Contains(fault.Cause, rejection.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_to_another_request_is_found_by_asking_at_the_same_time()
    {
        var fault = Row("stale-under-load");
        var questions = Enumerable.Range(1, 8).Select(Benches.Question).ToArray();
        using var chip = SimulatedChip.Start(questions[0].Model, fault.Flag);

        var alone = questions.SelectMany(question => Judging.Of(chip.Ask(question, Cancelled))).ToArray();
        var together = chip.AskTogether(questions);

        Assert.Empty(alone);
        var rejection = Assert.IsType<Rejection>(UnderLoad.Judge(together));
        Assert.Equal(fault.Clause, rejection.Clause);
        Assert.Contains(fault.Cause, rejection.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_provider_that_takes_nothing_answers_rightly_and_is_found_by_refusing_the_CPU()
    {
        var fault = Row("cpu-fallback");
        using var silent = SimulatedChip.TryStart(Operators.Model, [fault.Flag], variable: "", mayFallBack: true, out _);

        Assert.NotNull(silent);
        // COR-03 holds sums against one rounding here, which a CPU that adds in FP32 cannot meet; all else it must
        Assert.DoesNotContain(Judging.Of(silent.Ask(Operators, Cancelled)), rejection => rejection.Clause != "COR-03");
        using var refusing = SimulatedChip.TryStart(Operators.Model, [fault.Flag], variable: "", mayFallBack: false, out var words);
        Assert.Null(refusing);
        Assert.Contains(fault.Cause, words, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_vendor_s_name_is_found_by_comparing_it_with_the_profile_s()
    {
        const string Declared = "SimulatedChipEP of Simulated Vendor";
        var fault = Row("wrong-device");
        var bench = Benches.Question(1);
        using var honest = SimulatedChip.Start(bench.Model);
        using var lying = SimulatedChip.TryStart(bench.Model, [], variable: fault.Name, mayFallBack: false, out var words);

        Assert.Contains(Declared, honest.Ready, StringComparison.Ordinal);
        Assert.NotNull(lying);
        Assert.DoesNotContain(Declared, words, StringComparison.Ordinal);
        Assert.Contains(fault.Cause, words, StringComparison.Ordinal);
        Assert.Empty(Judging.Of(lying.Ask(bench, Cancelled)));
    }

    [Fact]
    public void The_environment_chooses_the_fault_where_no_option_does()
    {
        var bench = Benches.Question(1);
        using var chip = SimulatedChip.TryStart(bench.Model, [], variable: "scaled-1-percent", mayFallBack: false, out var words);

        Assert.True(chip is not null, words);
        Assert.Contains(Judging.Of(chip.Ask(bench, Cancelled)), rejection => rejection.Clause == "COR-01");
    }

    [Fact]
    public void A_fault_that_there_is_not_is_answered_with_those_there_are()
    {
        using var chip = SimulatedChip.TryStart(Benches.Question(1).Model, ["fault=rust"], variable: "", mayFallBack: false, out var words);

        Assert.Null(chip);
        Assert.Contains("rust", words, StringComparison.Ordinal);
        Assert.All(ChipFault.All, fault => Assert.Contains($" {fault.Name}", words, StringComparison.Ordinal));
    }

    private static ChipFault Row(string name) => ChipFault.All.Single(fault => fault.Name == name);
}

using Adaptation.Testing;

namespace Adaptation.Simulators.Tests;

public class DetectionPageTests
{
    private static readonly Observation Caught = new("text", "liar", "lies", "PERF-11", "the cause", IsRejected: true, 12, [new("PERF-11", Observed.Fail, "TEST01: first; TEST04: it is the cause. More words"), new("MET-02", Observed.Pass, "")]);

    [Fact]
    public void A_simulator_that_its_check_rejects_for_its_cause_is_caught_and_the_sentence_with_the_cause_is_told()
    {
        var page = Page(Caught);

        Assert.Contains("| liar | lies | yes | PERF-11 | TEST04: it is the cause. | 12 |", page, StringComparison.Ordinal);
        Assert.Contains("1 of 1 caught", page, StringComparison.Ordinal);
        Assert.Contains("| liar | . | **F** |", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rejection_for_another_cause_or_by_another_check_is_not_caught()
    {
        Assert.Contains("| **for another cause** |", Page(Caught with { Cause = "something else" }), StringComparison.Ordinal);
        Assert.Contains("| **for another cause** |", Page(Caught with { Clause = "MET-02" }), StringComparison.Ordinal);
        Assert.Contains("0 of 1 caught", Page(Caught with { Clause = "COR-07" }), StringComparison.Ordinal);
    }

    [Fact]
    public void What_got_its_certificate_is_not_caught_whatever_its_checks_say() =>
        Assert.Contains("| **no** |", Page(Caught with { IsRejected = false }), StringComparison.Ordinal);

    [Fact]
    public void False_alarms_are_counted_with_their_bound_and_what_was_not_decided_is_no_alarm()
    {
        var sound = Caught with { Simulator = "", Title = "sound", Checks = [new("COR-07", Observed.Pass, "")] };
        Observation[] runs =
        [
            .. Enumerable.Repeat(sound, 8), sound with { Checks = [new("COR-07", Observed.Inconclusive, "too busy")] }, sound with { Checks = [new("COR-07", Observed.Fail, "wrong")] },
        ];

        var page = Page(runs);

        Assert.Contains("| sound | COR-07 | 10 | 1 | 39.4 % | 1 | too busy; wrong |", page, StringComparison.Ordinal); // 1 of 10: 39.416 % by Clopper and Pearson
        Assert.Contains("0 of 0 caught", page, StringComparison.Ordinal);
    }

    private static string Page(params Observation[] observations) => DetectionPage.Write([.. observations], "made by hand");
}

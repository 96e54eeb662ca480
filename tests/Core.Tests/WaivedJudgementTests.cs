using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>What a waiver changes of a judgement: as little as there can be, and nothing that the standard does not mark.</summary>
public sealed class WaivedJudgementTests
{
    private static readonly ImmutableArray<Clause> Ladder =
        [Rung("A-1", Level.L1), Rung("A-2", Level.L1) with { Waivable = true }, Rung("B-1", Level.L2), Rung("C-1", Level.L3), Rung("C-2", Level.L3) with { Waivable = true }];

    private static readonly WaiverRules Rules = new(90, Enumerable.Range(1, 5).ToImmutableSortedDictionary(level => (Level)level, level => new WaiverCap(level < 3 ? 1 : 0, 3, 10_000)));

    private static readonly ImmutableArray<Measurement> OneFailure = [Good("A-1"), Bad("A-2"), Good("B-1"), Good("C-1"), Good("C-2")];

    [Fact]
    public void A_waived_failure_withholds_nothing_and_stays_a_failure()
    {
        var judgement = Run(OneFailure, "A-2");

        Assert.Equal((Outcome.Certified, Level.L2), (judgement.Outcome, judgement.Level));
        Assert.IsType<Verdict.Fail>(judgement.Finding("A-2").Verdict);
        Assert.Equal(["A-2"], judgement.Waived);
    }

    [Fact]
    public void A_level_that_allows_fewer_waivers_is_not_reached_with_more_and_the_certificate_says_why() =>
        Assert.Equal(["waivers (1): L2"], Run(OneFailure, "A-2").Caps);

    [Fact]
    public void Without_a_waiver_the_same_evidence_is_rejected() => Assert.Equal(Outcome.Rejected, Run(OneFailure).Outcome);

    [Fact]
    public void A_waiver_of_another_check_changes_nothing()
    {
        foreach (var check in (ReadOnlySpan<string>)["A-1", "C-2", "Z-9", "a-2", ""])
        {
            var judgement = Run(OneFailure, check);
            Assert.Equal((Outcome.Rejected, Level.None), (judgement.Outcome, judgement.Level));
            Assert.Empty(judgement.Waived);
        }
    }

    [Fact]
    public void A_check_that_the_standard_does_not_mark_is_not_waived()
    {
        var judgement = Run([Good("A-1"), Good("A-2"), Bad("B-1"), Good("C-1"), Good("C-2")], "B-1");

        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        Assert.Empty(judgement.Waived);
    }

    [Fact]
    public void What_did_not_run_is_not_waived()
    {
        var judgement = Run([Good("A-1"), Good("B-1"), Good("C-1"), Good("C-2")], "A-2");

        Assert.Equal(Outcome.Incomplete, judgement.Outcome);
        Assert.Empty(judgement.Waived);
    }

    [Fact]
    public void A_backend_that_broke_off_is_not_waived()
    {
        var judgement = Run(OneFailure.SetItem(1, Bad("A-2") with { BrokenOff = "exited with code 139" }), "A-2");

        Assert.Equal(Outcome.Rejected, judgement.Outcome);
        Assert.Empty(judgement.Waived);
    }

    [Fact]
    public void A_recommended_check_has_nothing_to_be_waived()
    {
        var clauses = Ladder.SetItem(1, Ladder[1] with { Requirement = Requirement.Should });

        Assert.Empty(Judge.Run(Standard(clauses, Rules), Evidence(OneFailure), ["A-2"]).Waived);
    }

    [Fact]
    public void A_waived_failure_is_not_the_pass_that_a_level_needs()
    {
        var clauses = Ladder.RemoveAt(0);

        Assert.Equal(Level.None, Judge.Run(Standard(clauses, Rules), Evidence(OneFailure.RemoveAt(0)), ["A-2"]).Level);
    }

    [Fact]
    public void More_waivers_than_any_level_allows_reject_the_run()
    {
        var judgement = Run([Good("A-1"), Bad("A-2"), Good("B-1"), Good("C-1"), Bad("C-2")], "A-2", "C-2");

        Assert.Equal((Outcome.Rejected, Level.None), (judgement.Outcome, judgement.Level));
    }

    [Fact]
    public void A_standard_without_rules_for_waivers_allows_none()
    {
        var judgement = Judge.Run(Standard(Ladder, WaiverRules.None), Evidence(OneFailure), ["A-2"]);

        Assert.Equal((Outcome.Rejected, Level.None), (judgement.Outcome, judgement.Level));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(15, 1)]
    [InlineData(199, 1)]
    [InlineData(200, 2)]
    [InlineData(300, 3)]
    [InlineData(100_000, 3)]
    public void The_cap_is_a_share_between_two_numbers(int required, int allowed) => Assert.Equal(allowed, new WaiverCap(1, 3, 10_000).Of(required));

    [Fact]
    public void A_cap_of_none_is_none_whatever_the_share() => Assert.Equal(0, new WaiverCap(0, 0, 1_000_000).Of(500));

    private static Judgement Run(ImmutableArray<Measurement> measurements, params ImmutableArray<string> waived) =>
        Judge.Run(Standard(Ladder, Rules), Evidence(measurements), waived);

    private static Standard Standard(ImmutableArray<Clause> clauses, WaiverRules rules) => Given.Standard(clauses) with { Waivers = rules };

    private static Evidence Evidence(ImmutableArray<Measurement> measurements) => new(Given.Plan, measurements, InMemoryFiles.Empty);

    private static Clause Rung(string id, Level level) => Given.Clause(id, "deploy-remove", level, ("residue_max", 0), ("manual_steps_max", 0));

    private static Measurement Good(string check) => Given.Measurement(check, Given.Counts("residue", 0), Given.Counts("manual_steps", 0));

    private static Measurement Bad(string check) => Given.Measurement(check, Given.Counts("residue", 2), Given.Counts("manual_steps", 0));
}

using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class JudgeTests
{
    private static readonly ImmutableArray<Clause> Ladder = [Rung("A-1", Level.L1), Rung("B-1", Level.L2), Rung("C-1", Level.L3)];

    [Fact]
    public void A_run_whose_musts_all_pass_is_certified_at_the_highest_level_that_it_tested()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1"), Good("C-1")]);

        Assert.Equal((Outcome.Certified, Level.L3), (judgement.Outcome, judgement.Level));
        Assert.Empty(judgement.Caps);
    }

    [Fact]
    public void One_failed_must_rejects_the_run_whatever_else_is_open()
    {
        var judgement = Run(Ladder, [Good("A-1"), Bad("B-1")]);

        Assert.Equal((Outcome.Rejected, Level.None), (judgement.Outcome, judgement.Level));
    }

    [Fact]
    public void One_inconclusive_must_withholds_the_certificate()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1")]);

        Assert.Equal((Outcome.Incomplete, Level.None), (judgement.Outcome, judgement.Level));
        Assert.Contains("not measured", Judged.Reason(judgement.Finding("C-1")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_recommended_check_withholds_nothing()
    {
        var judgement = Run(Ladder.SetItem(1, Ladder[1] with { Requirement = Requirement.Should }).RemoveAt(2), [Good("A-1"), Bad("B-1")]);

        Assert.Equal((Outcome.Certified, Level.L1), (judgement.Outcome, judgement.Level));
        Assert.IsType<Verdict.Fail>(judgement.Finding("B-1").Verdict);
    }

    [Fact]
    public void A_recommended_check_certifies_nothing()
    {
        var judgement = Run([Ladder[0] with { Requirement = Requirement.Should }], [Good("A-1")]);

        Assert.Equal((Outcome.Incomplete, Level.None), (judgement.Outcome, judgement.Level));
    }

    [Fact]
    public void A_suite_without_checks_certifies_nothing() =>
        Assert.Equal((Outcome.Incomplete, Level.None), Run([], []) is var judgement ? (judgement.Outcome, judgement.Level) : default);

    [Fact]
    public void A_level_without_a_must_is_not_reached_nor_is_any_above_it()
    {
        var judgement = Run([Ladder[0], Ladder[2]], [Good("A-1"), Good("C-1")]);

        Assert.Equal((Outcome.Certified, Level.L1), (judgement.Outcome, judgement.Level));
    }

    [Fact]
    public void A_level_of_which_nothing_applies_is_not_reached_nor_is_any_above_it()
    {
        var judgement = Run(Ladder.SetItem(1, Ladder[1] with { AppliesTo = ["llm"] }), [Good("A-1"), Good("C-1")]);

        Assert.Equal((Outcome.Certified, Level.L1), (judgement.Outcome, judgement.Level));
        Assert.IsType<Verdict.NotApplicable>(judgement.Finding("B-1").Verdict);
    }

    [Fact]
    public void A_must_that_does_not_apply_holds_its_level_back_from_nothing()
    {
        var plan = Given.Plan with { NotApplicable = Given.Facts(("B-2", "the profile has one device")) };

        var judgement = Run([.. Ladder, Rung("B-2", Level.L2)], [Good("A-1"), Good("B-1"), Good("C-1")], plan);

        Assert.Equal((Outcome.Certified, Level.L3), (judgement.Outcome, judgement.Level));
        Assert.Equal(new Verdict.NotApplicable("the profile has one device"), judgement.Finding("B-2").Verdict);
    }

    [Fact]
    public void A_run_to_which_nothing_applies_is_not_certified()
    {
        var judgement = Run(Ladder, [], Given.Plan with { ModelKind = "endpoint" });

        Assert.Equal((Outcome.Incomplete, Level.None), (judgement.Outcome, judgement.Level));
    }

    [Fact]
    public void What_does_not_apply_for_no_reason_is_inconclusive()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1"), Good("C-1")], Given.Plan with { NotApplicable = Given.Facts(("B-1", " ")) });

        Assert.Equal(Outcome.Incomplete, judgement.Outcome);
    }

    [Fact]
    public void A_quick_suite_caps_the_level_and_says_so()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1"), Good("C-1")], Given.Plan with { Suite = "quick" });

        Assert.Equal((Outcome.Certified, Level.L1), (judgement.Outcome, judgement.Level));
        Assert.Equal(["suite quick: L1"], judgement.Caps);
    }

    [Fact]
    public void A_development_key_caps_the_level_at_L1_and_says_so()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1"), Good("C-1")], Given.Plan with { Caps = ["development key: L1"] });

        Assert.Equal((Outcome.Certified, Level.L1), (judgement.Outcome, judgement.Level));
        Assert.Equal(["development key: L1"], judgement.Caps);
    }

    [Fact]
    public void What_reaches_no_level_is_incomplete_since_there_is_nothing_to_certify()
    {
        var judgement = Run([Ladder[1]], [Good("B-1")]);

        Assert.Equal((Outcome.Incomplete, Level.None), (judgement.Outcome, judgement.Level));
    }

    [Fact]
    public void A_cap_raises_nothing()
    {
        var judgement = Run([Ladder[1]], [Good("B-1")], Given.Plan with { Caps = ["no container: L1"] });

        Assert.Equal(Level.None, judgement.Level);
    }

    [Fact]
    public void A_backend_that_broke_off_fails_whatever_was_measured()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1") with { BrokenOff = "exited with code 139 after 12 answers" }, Good("C-1")]);

        Assert.Equal(new Verdict.Fail("exited with code 139 after 12 answers", "an answer to every request"), judgement.Finding("B-1").Verdict);
        Assert.Equal(Outcome.Rejected, judgement.Outcome);
    }

    [Fact]
    public void A_check_measured_twice_passes_neither_time()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1"), Good("B-1"), Good("C-1")]);

        Assert.Contains("2 times", Judged.Reason(judgement.Finding("B-1")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_break_cannot_be_hidden_behind_a_second_measurement()
    {
        var judgement = Run(Ladder, [Good("A-1"), Good("B-1"), Good("B-1") with { BrokenOff = "hung" }, Good("C-1")]);

        Assert.Equal("hung", Judged.Measured(judgement.Finding("B-1")));
    }

    [Fact]
    public void A_series_that_is_there_twice_is_invalid_evidence()
    {
        var twice = Good("A-1") with { Series = [.. Good("A-1").Series, Given.Counts("residue", 0)] };

        Assert.Contains("residue is there twice", Judged.Reason(Judged.By(Ladder[0], twice)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_series_without_a_list_is_invalid_evidence()
    {
        var hollow = Given.Measurement("A-1", new("residue", "count", default), Given.Counts("manual_steps", 0));

        Assert.Contains("residue has no list", Judged.Reason(Judged.By(Ladder[0], hollow)), StringComparison.Ordinal);
    }

    [Fact]
    public void Measurements_of_checks_outside_the_suite_change_nothing()
    {
        var judgement = Run([Ladder[0]], [Good("A-1"), Bad("Z-9")]);

        Assert.Equal((Outcome.Certified, 1), (judgement.Outcome, judgement.Findings.Length));
    }

    [Fact]
    public void A_suite_judges_by_its_own_limits()
    {
        var overrides = ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, long>>.Empty
            .Add("A-1", ImmutableSortedDictionary<string, long>.Empty.Add("residue_max", 3));
        var standard = Given.Standard(Ladder[0]);
        standard = standard with { Suites = [standard.Suites[0] with { Overrides = overrides }] };

        var judgement = Judge.Run(standard, new(Given.Plan, [Bad("A-1")], InMemoryFiles.Empty));

        Assert.Equal(Outcome.Certified, judgement.Outcome);
    }

    [Fact]
    public void A_procedure_that_nobody_wrote_is_a_bug_even_where_it_does_not_apply() =>
        Assert.Throws<ArgumentException>(() => Run([Ladder[0] with { Procedure = "magic", AppliesTo = [] }], [Good("A-1")]));

    [Fact]
    public void A_suite_that_the_standard_lacks_is_a_bug() =>
        Assert.Throws<ArgumentException>(() => Run(Ladder, [], Given.Plan with { Suite = "none" }));

    [Fact]
    public void A_limit_that_the_standard_lacks_is_a_bug() =>
        Assert.Throws<KeyNotFoundException>(() => Run([Ladder[0] with { Limits = ImmutableSortedDictionary<string, long>.Empty }], [Good("A-1")]));

    [Fact]
    public void Every_procedure_names_the_limits_that_the_standard_states()
    {
        Clause[] clauses =
        [
            Clauses.TensorAgreement, Clauses.StartUp, Clauses.Latency, Clauses.Throughput, Clauses.Repeatability,
            Clauses.DeployRemove, Clauses.VersionCapture, Clauses.Hardening, Clauses.Egress, Clauses.ModelIntegrity,
            Clauses.LayerAgreement, Clauses.LogitAgreement, Clauses.QuantisedLogitAgreement, Clauses.Perplexity, Clauses.TaskAccuracy, Clauses.AnswerFlips, Clauses.Determinism, Clauses.CacheEquivalence, Clauses.BatchInvariance, Clauses.Sampling, Clauses.LongContext,
            Clauses.TokenFidelity, Clauses.ToolCalls, Clauses.PromptTokens, Clauses.CompletionTokens, Clauses.StreamUsage, Clauses.UsageConsistency, Audits.Clause,
            EnergyBench.PerToken, EnergyClaimTests.Idle, EnergyClaimTests.Facility, EnergyClaimTests.Carbon, EnergyClaimTests.Quality,
        ];
        Clause[] text =
        [
            TextClauses.FirstToken, TextClauses.Pace, TextClauses.EndToEnd, TextClauses.Throughput, TextClauses.Slo, TextClauses.Goodput, TextClauses.Sweep,
        ];
        Clause[] operators = [OperatorBench.Accuracy, OperatorBench.Exactness, OperatorBench.Ratios, OperatorBench.Specials, OperatorBench.Coverage];

        Assert.Equal(Judge.Procedures.Keys, clauses.Concat(text).Concat(operators).Select(clause => clause.Procedure).Order(StringComparer.Ordinal));
        Assert.All(text, clause => Assert.Empty(Judge.Procedures[clause.Procedure].Except(clause.Limits.Keys))); // and those of each class besides
        Assert.All(clauses.Concat(operators), clause => Assert.Equal(clause.Limits.Keys, Judge.Procedures[clause.Procedure].Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void An_empty_measurement_passes_no_procedure() =>
        Assert.All(Judge.Procedures.Keys, procedure =>
        {
            var clause = Given.Clause("X-1", procedure, Level.L1) with { Limits = Judge.Procedures[procedure].ToImmutableSortedDictionary(key => key, _ => 5L) };

            Assert.IsNotType<Verdict.Pass>(Judged.By(clause, Given.Measurement("X-1")).Verdict);
        });

    private static Judgement Run(ImmutableArray<Clause> clauses, ImmutableArray<Measurement> measurements, Plan? plan = null) =>
        Judge.Run(Given.Standard(clauses), new(plan ?? Given.Plan, measurements, InMemoryFiles.Empty));

    private static Clause Rung(string id, Level level) => Given.Clause(id, "deploy-remove", level, ("residue_max", 0), ("manual_steps_max", 0));

    private static Measurement Good(string check) => Given.Measurement(check, Given.Counts("residue", 0), Given.Counts("manual_steps", 0));

    private static Measurement Bad(string check) => Given.Measurement(check, Given.Counts("residue", 1), Given.Counts("manual_steps", 0));
}

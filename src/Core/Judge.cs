using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Derives verdicts: a pure function of evidence and standard.</summary>
/// <remarks>
/// Only a <see cref="Verdict.Pass"/> counts. Evidence that is missing, doubled or contradicts itself never passes and never throws.
/// </remarks>
public static class Judge
{
    private static readonly ImmutableSortedDictionary<string, Procedure> All = new Dictionary<string, Procedure>
    {
        ["answer-flips"] = new(AnswerFlips.Limits, AnswerFlips.Judge),
        ["batch-invariance"] = new(BatchInvariance.Limits, BatchInvariance.Judge),
        ["benchmark-integrity"] = new(BenchmarkIntegrity.Limits, BenchmarkIntegrity.Judge),
        ["cache-equivalence"] = new(CacheEquivalence.Limits, CacheEquivalence.Judge),
        ["carbon-intensity"] = new(CarbonIntensity.Limits, CarbonIntensity.Judge),
        ["completion-tokens"] = new(CompletionTokens.Limits, CompletionTokens.Judge),
        ["deploy-remove"] = new(DeployRemove.Limits, DeployRemove.Judge),
        ["determinism"] = new(Determinism.Limits, Determinism.Judge),
        ["egress"] = new(Egress.Limits, Egress.Judge),
        ["energy-per-token"] = new(EnergyPerToken.Limits, EnergyPerToken.Judge),
        ["facility-energy"] = new(FacilityEnergy.Limits, FacilityEnergy.Judge),
        ["goodput"] = new(GoodputShare.Limits, GoodputShare.Judge),
        ["hardening"] = new(Hardening.Limits, Hardening.Judge),
        ["idle-power"] = new(IdlePower.Limits, IdlePower.Judge),
        ["latency"] = new(Latency.Limits, Latency.Judge),
        ["layer-agreement"] = new(LayerAgreement.Limits, LayerAgreement.Judge),
        ["logit-agreement"] = new(LogitAgreement.Limits, LogitAgreement.Judge),
        ["logit-agreement-quantised"] = new(LogitAgreement.QuantisedLimits, LogitAgreement.JudgeQuantised),
        ["long-context"] = new(LongContext.Limits, LongContext.Judge),
        ["meter-quality"] = new(MeterQuality.Limits, MeterQuality.Judge),
        ["model-integrity"] = new(ModelIntegrity.Limits, ModelIntegrity.Judge),
        ["operator-accuracy"] = new(OperatorAccuracy.Limits, OperatorAccuracy.Judge),
        ["operator-coverage"] = new(OperatorCoverage.Limits, OperatorCoverage.Judge),
        ["operator-error-ratios"] = new(OperatorErrorRatios.Limits, OperatorErrorRatios.Judge),
        ["operator-exactness"] = new(OperatorExactness.Limits, OperatorExactness.Judge),
        ["operator-specials"] = new(OperatorSpecials.Limits, OperatorSpecials.Judge),
        ["perplexity"] = new(Perplexity.Limits, Perplexity.Judge),
        ["prompt-tokens"] = new(PromptTokens.Limits, PromptTokens.Judge),
        ["repeatability"] = new(Repeatability.Limits, Repeatability.Judge),
        ["sampling"] = new(Sampling.Limits, Sampling.Judge),
        ["slo-throughput"] = new(SloThroughput.Limits, SloThroughput.Judge),
        ["start-up"] = new(StartUp.Limits, StartUp.Judge),
        ["stream-usage"] = new(StreamUsage.Limits, StreamUsage.Judge),
        ["sweep"] = new(ConcurrencySweep.Limits, ConcurrencySweep.Judge),
        ["task-accuracy"] = new(TaskAccuracy.Limits, TaskAccuracy.Judge),
        ["tensor-agreement"] = new(TensorAgreement.Limits, TensorAgreement.Judge),
        ["text-e2e"] = new(TextEndToEnd.Limits, TextEndToEnd.Judge),
        ["text-throughput"] = new(TextThroughput.Limits, TextThroughput.Judge),
        ["throughput"] = new(Throughput.Limits, Throughput.Judge),
        ["token-fidelity"] = new(TokenFidelity.Limits, TokenFidelity.Judge),
        ["tool-calls"] = new(ToolCalls.Limits, ToolCalls.Judge),
        ["tpot"] = new(TokenPace.Limits, TokenPace.Judge),
        ["ttft"] = new(FirstTokenTime.Limits, FirstTokenTime.Judge),
        ["usage-consistency"] = new(UsageConsistency.Limits, UsageConsistency.Judge),
        ["version-capture"] = new(VersionCapture.Limits, VersionCapture.Judge),
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Name of each procedure to the limit keys that a clause of it states: what a reader of the catalogue insists on.</summary>
    public static ImmutableSortedDictionary<string, ImmutableArray<string>> Procedures { get; } =
        All.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value.Limits, StringComparer.Ordinal);

    /// <summary>Judges every check of the plan's suite, and the run as a whole.</summary>
    /// <exception cref="ArgumentException">
    /// The standard has no such suite, or a clause names a procedure that is not in <see cref="Procedures"/>.
    /// </exception>
    /// <exception cref="KeyNotFoundException">The standard lacks a clause of the suite, or a limit that a procedure needs.</exception>
    public static Judgement Run(Standard standard, Evidence evidence) => Run(standard, evidence, waived: []);

    /// <summary>The same where failures of these checks were waived.</summary>
    /// <param name="waived">
    /// Check ids; whoever asks has checked that each was waived for this very evidence. One that cannot be waived (not marked so, not
    /// a must, not a failure, or one of a backend that broke off) changes nothing and is not in <see cref="Judgement.Waived"/>.
    /// </param>
    /// <inheritdoc cref="Run(Standard, Evidence)"/>
    public static Judgement Run(Standard standard, Evidence evidence, ImmutableArray<string> waived)
    {
        var suite = standard.TryFindSuite(evidence.Plan.Suite)
            ?? throw new ArgumentException($"{standard.Name} {standard.Version} has no suite {evidence.Plan.Suite}", nameof(evidence));
        var clauses = suite.Checks.Select(check => suite.Apply(standard.Clause(check))).ToImmutableArray();
        var findings = clauses.Select(clause => Check(clause, evidence)).ToImmutableArray();
        var required = clauses.Zip(findings).Where(pair => pair.First.Requirement == Requirement.Must).ToImmutableArray();
        var granted = required.Where(must => waived.Contains(must.First.Id) && CanBeWaived(must.First, must.Second, evidence))
            .Select(must => must.First.Id).ToImmutableArray();
        // a waived failure stands in the way of nothing, and is not the pass that a level needs: it counts like what does not apply
        var musts = required
            .Select(must => (must.First.Level, granted.Contains(must.First.Id) ? new Verdict.NotApplicable("waived") : must.Second.Verdict))
            .ToImmutableArray();

        var outcome = Decide([.. musts.Select(must => must.Item2)]);
        var level = outcome == Outcome.Certified ? Reached(musts) : Level.None;
        if (level == Level.None && outcome == Outcome.Certified)
            outcome = Outcome.Incomplete; // all that was asked holds, and it is not enough for any level
        var cap = evidence.Plan.Caps.IsDefaultOrEmpty || suite.Cap < Level.L1 ? suite.Cap : Level.L1;
        var judgement = new Judgement(outcome, level < cap ? level : cap, Caps(suite, evidence.Plan), findings) { Waived = granted };
        return granted.IsEmpty ? judgement : Capped(judgement, standard.Waivers, required.Count(must => must.Second.Verdict is not Verdict.NotApplicable));
    }

    /// <summary>Whether a failure is one that people may answer for. A backend that broke off was not measured to the end, whatever was asked of it.</summary>
    public static bool CanBeWaived(Clause clause, Finding finding, Evidence evidence) =>
        clause is { Waivable: true, Requirement: Requirement.Must } && finding.Verdict is Verdict.Fail
        && !evidence.Measurements.Any(measurement => measurement.Check == clause.Id && measurement.BrokenOff is not null);

    /// <summary>A level has no more waivers than the standard allows it: more of them mean a lower level, or none.</summary>
    private static Judgement Capped(Judgement judgement, WaiverRules rules, int required)
    {
        var level = rules.Lowered(judgement.Level, judgement.Waived.Length, required);
        return level == judgement.Level && level > Level.None ? judgement
            : level == Level.None ? judgement with { Outcome = judgement.Outcome == Outcome.Certified ? Outcome.Rejected : judgement.Outcome, Level = level }
            : judgement with { Level = level, Caps = [.. judgement.Caps, $"waivers ({judgement.Waived.Length}): {level}"] };
    }

    private static Outcome Decide(ImmutableArray<Verdict> musts) =>
        musts.Any(verdict => verdict is Verdict.Fail) ? Outcome.Rejected
        : musts.Any(verdict => verdict is Verdict.Inconclusive) || !musts.Any(verdict => verdict is Verdict.Pass) ? Outcome.Incomplete
        : Outcome.Certified;

    // A level is reached if one of its own musts passes and the others pass or do not apply: a level of which nothing was
    // tested (no must in the suite, or none that applies to this model) says nothing, and those above it build on it.
    private static Level Reached(ImmutableArray<(Level Level, Verdict Verdict)> musts)
    {
        var reached = Level.None;
        for (var level = Level.L1; level <= Level.L5; level++)
        {
            var here = musts.Where(must => must.Level == level).Select(must => must.Verdict).ToImmutableArray();
            var open = here.Any(verdict => verdict is not (Verdict.Pass or Verdict.NotApplicable));
            if (open || !here.Any(verdict => verdict is Verdict.Pass))
                break;
            reached = level;
        }

        return reached;
    }

    private static ImmutableArray<string> Caps(Suite suite, Plan plan) =>
    [
        .. suite.Cap < Level.L5 ? [$"suite {suite.Name}: {suite.Cap}"] : ImmutableArray<string>.Empty,
        .. plan.Caps.IsDefault ? [] : plan.Caps,
    ];

    private static Finding Check(Clause clause, Evidence evidence)
    {
        if (!All.TryGetValue(clause.Procedure, out var procedure))
            throw new ArgumentException(
                $"{clause.Id} names the procedure {clause.Procedure}, which is none of {string.Join(", ", All.Keys)}", nameof(clause));

        var plan = evidence.Plan;
        if (!clause.AppliesTo.Contains(plan.ModelKind))
            return clause.Found(new Verdict.NotApplicable(
                $"{clause.Id} applies to {string.Join(", ", clause.AppliesTo)}; this model is of kind {plan.ModelKind}"));
        if (plan.NotApplicable.TryGetValue(clause.Id, out var reason))
            return clause.Found(string.IsNullOrWhiteSpace(reason)
                ? new Verdict.Inconclusive($"the plan calls {clause.Id} not applicable and gives no reason")
                : new Verdict.NotApplicable(reason));

        var measurements = evidence.Measurements.Where(measurement => measurement.Check == clause.Id).ToImmutableArray();
        if (measurements.FirstOrDefault(measurement => measurement.BrokenOff is not null) is { BrokenOff: { } broken })
            return clause.Found(new Verdict.Fail(broken, "an answer to every request"));
        return measurements switch
        {
            [] => clause.Found(new Verdict.Inconclusive(
                $"not measured: the evidence holds no measurement of {clause.Id}; the run left it out, or the backend's interface does not show what it is taken from (a chat server shows no logits)")),
            [var one] when one.Malformed() is { } problem => clause.Found(new Verdict.Inconclusive($"invalid evidence: {problem}")),
            [var one] => procedure.Judge(clause, evidence, one),
            _ => clause.Found(new Verdict.Inconclusive(
                $"invalid evidence: {clause.Id} was measured {measurements.Length} times; which one counts is not for anyone to choose")),
        };
    }

    private sealed record Procedure(ImmutableArray<string> Limits, Func<Clause, Evidence, Measurement, Finding> Judge)
    {
        /// <summary>One that needs no measurement but its own.</summary>
        public Procedure(ImmutableArray<string> limits, Func<Clause, Plan, Measurement, IBlobs, Finding> judge)
            : this(limits, (clause, evidence, own) => judge(clause, evidence.Plan, own, evidence.Files))
        {
        }
    }
}

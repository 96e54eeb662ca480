using Adaptation.Core;

namespace Adaptation.Testing;

/// <summary>The clauses of standard 0.1 with its limits, for tests that must not read YAML.</summary>
public static class Clauses
{
    public static Clause TensorAgreement { get; } = Given.Clause("COR-18", "tensor-agreement", Level.L2,
        ("rtol_ppb", 1_000_000), ("atol_ceiling_ppb", 10_000), ("violations_max", 0), ("text_share_ppm", 990_000));

    public static Clause StartUp { get; } = Given.Clause("PERF-01", "start-up", Level.L3,
        ("repeats", 3), ("declared_factor_ppm", 1_100_000)) with
    { Requirement = Requirement.Should };

    public static Clause Latency { get; } = Given.Clause("PERF-04", "latency", Level.L3,
        ("confidence_ppm", 990_000), ("late_share_ppm", 10_000), ("client_error_p50_max_micros", 2_000), ("streams_low", 1), ("streams_high", 10));

    public static Clause Throughput { get; } = Given.Clause("PERF-05", "throughput", Level.L3,
        ("min_seconds", 600), ("declared_share_ppm", 950_000), ("confidence_ppm", 950_000), ("windows", 20));

    public static Clause Repeatability { get; } = Given.Clause("PERF-12", "repeatability", Level.L3,
        ("runs", 3), ("run_seconds", 15), ("cv_max_ppm", 50_000), ("windows", 20), ("confidence_ppm", 950_000), ("elsewhere_max_ppm", 50_000));

    public static Clause DeployRemove { get; } = Given.Clause("OPS-01", "deploy-remove", Level.L1,
        ("residue_max", 0), ("manual_steps_max", 0));

    public static Clause VersionCapture { get; } = Given.Clause("OPS-02", "version-capture", Level.L1,
        ("captured_share_ppm", 1_000_000));

    public static Clause Hardening { get; } = Given.Clause("SEC-01", "hardening", Level.L4,
        ("violations_max", 0));

    public static Clause Egress { get; } = Given.Clause("SEC-03", "egress", Level.L4,
        ("packets_max", 0), ("attempts_max", 0));

    public static Clause ModelIntegrity { get; } = Given.Clause("SEC-05", "model-integrity", Level.L4,
        ("mismatches_max", 0), ("tampered_loaded_max", 0));

    public static Clause LayerAgreement { get; } = Given.Clause("COR-06", "layer-agreement", Level.L2,
        ("cosine_min_ppm", 990_000), ("positions_min", 256), ("documents_min", 2), ("tensors_min", 12)) with
    { AppliesTo = ["llm", "tensor"] };

    public static Clause LogitAgreement { get; } = Text("COR-07", "logit-agreement",
        ("mean_kld_ppb", 500_000), ("p999_kld_ppb", 20_000_000), ("same_top_ppm", 990_000), ("noise_mean_factor", 10), ("noise_p999_factor", 25),
        ("positions_min", 4_000), ("documents_min", 50), ("confidence_ppm", 950_000), ("resamples", 10_000), ("bootstrap_seed", 20_261_122));

    public static Clause QuantisedLogitAgreement { get; } = Text("COR-08", "logit-agreement-quantised",
        ("mean_kld_8bit_ppb", 10_000_000), ("same_top_8bit_ppm", 960_000), ("mean_kld_4bit_ppb", 50_000_000), ("same_top_4bit_ppm", 900_000),
        ("positions_min", 4_000), ("documents_min", 50), ("confidence_ppm", 950_000), ("resamples", 10_000), ("bootstrap_seed", 20_261_122));

    public static Clause Perplexity { get; } = Text("COR-09", "perplexity",
        ("ln_ratio_16bit_ppm", 2_000), ("ln_ratio_8bit_ppm", 10_000), ("ln_ratio_4bit_ppm", 50_000),
        ("positions_min", 4_000), ("documents_min", 50), ("confidence_ppm", 950_000), ("resamples", 10_000), ("bootstrap_seed", 20_261_122));

    public static Clause TaskAccuracy { get; } = Text("COR-10", "task-accuracy",
        ("score_share_ppm", 990_000), ("length_min_ppm", 900_000), ("length_max_ppm", 1_100_000), ("items_first", 1_000), ("looks", 3), ("power_ppm", 900_000),
        ("answers_min", 20), ("confidence_ppm", 950_000), ("resamples", 10_000), ("bootstrap_seed", 20_261_122));

    public static Clause AnswerFlips { get; } = Text("COR-11", "answer-flips",
        ("flips_max_ppm", 20_000), ("items_first", 1_000), ("looks", 3), ("confidence_ppm", 950_000)) with
    { Requirement = Requirement.Should };

    public static Clause Determinism { get; } = Given.Clause("COR-12", "determinism", Level.L2,
        ("starts", 2), ("repeats", 10), ("distinct_max", 1)) with
    { AppliesTo = ["llm", "tensor"] };

    public static Clause CacheEquivalence { get; } = Given.Clause("COR-19", "cache-equivalence", Level.L2,
        ("differing_max", 0), ("rtol_ppb", 1_000_000), ("atol_ceiling_ppb", 10_000), ("mean_kld_ppb", 500_000)) with
    { AppliesTo = ["llm", "tensor"] };

    public static Clause BatchInvariance { get; } = Text("COR-13", "batch-invariance",
        ("targets", 8), ("size", 8), ("tokens", 48), ("same_top_ppm", 990_000), ("confidence_ppm", 950_000)) with
    { Requirement = Requirement.Should };

    public static Clause LongContext { get; } = Text("COR-15", "long-context",
        ("quarter_factor", 2), ("mean_kld_ppb", 500_000), ("noise_mean_factor", 10), ("mean_kld_8bit_ppb", 10_000_000), ("mean_kld_4bit_ppb", 50_000_000),
        ("retrieval_share_ppm", 990_000), ("retrieval_reference_min_ppm", 500_000),
        ("positions_min", 4_000), ("documents_min", 8), ("confidence_ppm", 950_000), ("resamples", 10_000), ("bootstrap_seed", 20_261_122));

    public static Clause Sampling { get; } = Text("COR-14", "sampling",
        ("draws_min", 10_000), ("p_min_ppm", 10_000), ("expected_min", 5), ("serial_groups", 4), ("tie_micronats", 10_000), ("edge_share_ppm", 500),
        ("power_ppm", 900_000), ("prompt_kld_max_ppb", 100_000_000));

    public static Clause ToolCalls { get; } = Text("COR-17", "tool-calls",
        ("schema_ppm", 990_000), ("f1_margin_ppm", 30_000), ("items_min", 1_000), ("decided_min", 500), ("confidence_ppm", 950_000), ("resamples", 10_000), ("bootstrap_seed", 20_261_122));

    private static Clause Text(string id, string procedure, params ReadOnlySpan<(string Key, long Value)> limits) =>
        Given.Clause(id, procedure, Level.L2, limits) with { AppliesTo = ["llm"] };

    public static Clause TokenFidelity { get; } = Given.Clause("COR-16", "token-fidelity", Level.L2,
        ("mismatches_max", 0), ("cases_min", 3));

    public static Clause PromptTokens { get; } = Given.Clause("MET-01", "prompt-tokens", Level.L3,
        ("difference_max", 0), ("prompts_min", 1_000));

    public static Clause CompletionTokens { get; } = Given.Clause("MET-02", "completion-tokens", Level.L3,
        ("difference_max", 0), ("answers_min", 100));

    public static Clause StreamUsage { get; } = Given.Clause("MET-03", "stream-usage", Level.L3,
        ("usage_chunks", 1), ("events_after_max", 0), ("choices_max", 0), ("difference_max", 0), ("streams_min", 10));

    public static Clause UsageConsistency { get; } = Given.Clause("MET-04", "usage-consistency", Level.L3,
        ("violations_max", 0), ("answers_min", 1));
}

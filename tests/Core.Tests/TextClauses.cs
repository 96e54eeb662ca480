using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>The clauses on language models with the limits that the catalogue gives them.</summary>
internal static class TextClauses
{
    public static Clause FirstToken { get; } = Clause("PERF-02", "ttft",
        ("percentile_permille", 990), ("ttft_millis_8b", 2000), ("ttft_millis_8b_interactive", 500));

    public static Clause Pace { get; } = Clause("PERF-03", "tpot",
        ("percentile_permille", 990), ("tpot_millis_8b", 100), ("tpot_millis_8b_interactive", 30));

    public static Clause EndToEnd { get; } = Clause("PERF-04", "text-e2e",
        ("workloads", 1), ("prompt_tokens_1", 100), ("output_tokens_1", 30), ("streams_low", 1), ("streams_high", 10), ("length_tolerance_ppm", 100_000), ("min_requests", 44));

    public static Clause Throughput { get; } = Clause("PERF-05", "text-throughput",
        ("min_seconds", 600), ("declared_share_ppm", 950_000), ("windows", 20));

    public static Clause Slo { get; } = Clause("PERF-06", "slo-throughput",
        ("percentile_permille", 990), ("min_seconds", 600), ("declared_share_ppm", 950_000), ("ttft_millis_8b", 2000), ("tpot_millis_8b", 100));

    public static Clause Goodput { get; } = Clause("PERF-07", "goodput",
        ("share_permille", 990), ("declared_share_ppm", 950_000), ("ttft_millis_8b", 2000), ("tpot_millis_8b", 100));

    public static Clause Sweep { get; } = Clause("PERF-08", "sweep",
        ("longest_share_ppm", 333_333), ("point_seconds", 10), ("saturation_gain_ppm", 50_000), ("streams_max", 4096));

    public static Plan Plan { get; } = Given.Plan with
    {
        ModelKind = "llm",
        Declared = new(TextClass: "8b", OutputTokensMilliPerSecond: 100_000, RequestRateMilli: 2_000),
    };

    private static Clause Clause(string id, string procedure, params ReadOnlySpan<(string Key, long Value)> limits) =>
        Given.Clause(id, procedure, Level.L3,
        [
            ("confidence_ppm", 990_000), ("client_error_p50_max_micros", 100), ("client_error_p99_max_micros", 2_000),
            ("client_error_p99_max_ppm", 20_000), ("lateness_p99_max_micros", 300), ("skew_max_ppm", 50_000), .. limits,
        ]) with
        { AppliesTo = ["llm", "endpoint"] };
}

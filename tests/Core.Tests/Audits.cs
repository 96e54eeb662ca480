using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>An audit of a stand-in that answers token 10, 11, 12 and so on to every prompt, as its exact reference does, at a constant rate.</summary>
internal sealed record Audits
{
    public const int Length = 20;
    public const int End = 99;
    private const long Second = 1_000_000_000;

    public static Clause Clause { get; } = Given.Clause("PERF-11", "benchmark-integrity", Level.L3,
        ("output_tokens", Length), ("load_seconds", 60), ("windows", 18), ("samples", 30), ("pairs", 20), ("long_prompts", 5), ("long_prompt_tokens", 100),
        ("shared_prefix_tokens", 4), ("near_tie_16bit_micro", 50_000), ("near_tie_8bit_micro", 500_000), ("near_tie_4bit_micro", 3_000_000), ("misses_max_ppm", 50_000),
        ("same_top_ppm", 990_000), ("same_top_8bit_ppm", 960_000), ("same_top_4bit_ppm", 900_000), ("speedup_max_ppm", 100_000), ("length_tolerance_ppm", 100_000),
        ("slowdown_max_ppm", 100_000), ("tokens_per_event_max_milli", 4_000), ("confidence_ppm", 990_000)) with
    { AppliesTo = ["llm"] };

    public static Plan Plan { get; } = Given.Plan with
    {
        ModelKind = "llm",
        Text = new TextGolden { Precision = PrecisionClass.Bits16, VocabularySize = 100, Documents = [] },
    };

    /// <summary>Done to each answer under load, which has its place.</summary>
    public Func<AuditedAnswer, AuditedAnswer> Load { get; init; } = answer => answer;

    public Func<AuditedAnswer, AuditedAnswer> Quiet { get; init; } = answer => answer;

    public Func<AuditedAnswer, AuditedAnswer> Long { get; init; } = answer => answer;

    /// <summary>Milliseconds that a prompt takes which was asked before.</summary>
    public long Again { get; init; } = 100;

    public long Published { get; init; } = 100;

    /// <summary>Tokens per second from half of the load on.</summary>
    public int LateRate { get; init; } = 100;

    public Measurement Measured()
    {
        ImmutableArray<ImmutableArray<int>> prompts = [.. Enumerable.Range(0, 40).Select(at => ImmutableArray.Create(50 + (at % 40), 7, 8, 9, 5))];
        var measured = new Measurement
        {
            Check = "PERF-11",
            Facts = Given.Facts(("seed", "1"), ("deployment", "3"), ("output_tokens", $"{Length}"), ("end_tokens", $"{End}"), ("load.duration_ns", $"{60 * Second}")),
            Series =
            [
                Given.Nanos("load.token_arrivals", [.. Enumerable.Range(0, 3000).Select(at => at * Second / 100), .. Enumerable.Range(0, 30 * LateRate).Select(at => (30 * Second) + (at * Second / LateRate))]),
                .. Times("fresh", 100), .. Times("again", Again), .. Times("changed", 100), .. Times("published", Published),
            ],
        };
        return measured.WithPrompts(prompts)
            .WithAnswers("load.", [.. Enumerable.Range(0, 30).Select(at => Load(Answer(at)))])
            .WithAnswers("quiet.", [.. Enumerable.Range(0, 30).Select(at => Quiet(Answer(at)))])
            .WithAnswers("long.", [.. Enumerable.Range(30, 5).Select(at => Long(Answer(at)))]);
    }

    public Finding Judged() => Core.Tests.Judged.By(Clause, Measured(), Plan);

    /// <summary>Right in every way, and as long as it may be.</summary>
    public static AuditedAnswer Answer(int prompt) => new()
    {
        Prompt = prompt,
        Status = 0,
        End = AnswerEnd.Length,
        Ids = [.. Enumerable.Range(10, Length)],
        Chunks = Length,
        Reported = Length,
        Behind = [.. Enumerable.Repeat(0L, Length), 9_000_000_000],
        Likeliest = [.. Enumerable.Range(10, Length + 1)],
    };

    /// <summary>The first so many tokens of it, said to have ended so.</summary>
    public static AuditedAnswer Cut(AuditedAnswer answer, int tokens, AnswerEnd end) => answer with
    {
        Ids = answer.Ids[..tokens],
        Chunks = tokens,
        Reported = tokens,
        End = end,
        Behind = [.. answer.Behind[..tokens], 9_000_000_000],
        Likeliest = answer.Likeliest[..(tokens + 1)],
    };

    /// <summary>With tokens that the reference finds so far behind (1e-9 logit), one of every so many.</summary>
    public static AuditedAnswer Wrong(AuditedAnswer answer, long behind, int oneOf) => answer with
    {
        Behind = [.. answer.Behind.Select((by, at) => at < Length && at % oneOf == 1 ? behind : by)],
    };

    // A little noise, the same each time.
    private static Series[] Times(string name, long millis) =>
    [
        Given.Nanos(name, Enumerable.Range(0, 20).Select(at => (millis * 1_000_000) + (at * 7919 % 13 * millis * 1000))), Given.Counts($"{name}_tokens", 20.Times(Length)),
    ];
}

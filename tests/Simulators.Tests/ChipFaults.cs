namespace Adaptation.Simulators.Tests;

/// <summary>How a fault is brought to light.</summary>
internal enum Audit
{
    /// <summary>Every operator asked once, each answer held against float64.</summary>
    Operators,

    /// <summary>The same question ten times.</summary>
    Repeats,

    /// <summary>Different questions at the same time.</summary>
    Load,

    /// <summary>A start that refuses the CPU as fallback.</summary>
    Placement,

    /// <summary>What the server says of its device, against what the profile says.</summary>
    Identity,
}

/// <summary>A fault that the simulated chip can have, and what finds it by a comparison of the tests' own; what the product says of it: <see cref="ProductTests.Causes"/>.</summary>
/// <param name="Name">As the provider's option <c>fault</c> spells it.</param>
/// <param name="Clause">Must reject it.</param>
/// <param name="Cause">What the reason of the rejection must say.</param>
/// <param name="Note">What else is known of finding it.</param>
internal sealed record ChipFault(string Name, string Title, Audit Audit, string Clause, string Cause, string Note = "")
{
    /// <summary>Argument of the host that switches it on.</summary>
    public string Flag => $"fault={Name}";

    public static IReadOnlyList<ChipFault> All { get; } =
    [
        new("scaled-1-percent", "results scaled by 1 %", Audit.Operators, "COR-01", "1.01 times what it should be"),
        new("scaled-1-permille", "results scaled by 0.1 %", Audit.Operators, "COR-01", "1.001 times what it should be",
            "COR-01 allows 2^-16 + 2^-10 |g|, of which 0.1 % is more only where |g| > 0.65: it rejects operators with larger results and passes those with smaller ones, such as Softmax. The bias of COR-03 rejects every operator that has elements enough."),
        new("bf16", "bfloat16 arithmetic passed off as FP32", Audit.Operators, "COR-01", "8 significant bits"),
        new("fp8", "FP8 E4M3 arithmetic passed off as FP32", Audit.Operators, "COR-01", "4 significant bits"),
        new("flush-to-zero", "denormals flushed to zero", Audit.Operators, "COR-04", "flushed to zero",
            "COR-01 sees it only where a flushed operand is multiplied by something large: its absolute tolerance is 2^-16."),
        new("truncate", "truncation instead of rounding, in results and sums", Audit.Operators, "COR-01", "towards zero",
            "One truncated result is within COR-01; sums of 100,003 terms are not. COR-03's bias rejects every operator that rounds."),
        new("nan-to-zero", "NaN replaced by 0", Audit.Operators, "COR-04", "is 0, and NaN"),
        new("fp16-sums", "sums accumulated one after the other in binary16", Audit.Operators, "COR-01", "11 significant bits"),
        new("wrong-tile", "one tile of 16 x 16 of a product is zero", Audit.Operators, "COR-01", "[16..31,16..31]"),
        new("padding-off-by-one", "windows of Conv and pooling off by one where they are padded", Audit.Operators, "COR-01", "shifted by one place"),
        new("batch", "wrong for batches larger than 1", Audit.Operators, "COR-01", "every item but the first"),
        new("long", "wrong beyond 1,024 of a dimension", Audit.Operators, "COR-01", "[0..1,1024..2047]", "Only inputs with a dimension above the bound show it."),
        new("second-run", "wrong on the second run only", Audit.Repeats, "COR-12", "run 2 of 10 differs",
            "COR-01 rejects it too where it asks every question twice, claim of determinism or not."),
        new("bit-flip", "one bit of 10^6 elements flipped", Audit.Repeats, "COR-12", "in one bit each",
            "95 % detection takes 2,995,731 elements that are compared bit for bit. COR-01 sees only flips worth more than 0.01: of values between 0.5 and 8 about half of the 32 bits, so that it takes twice as many."),
        new("stale-under-load", "the previous answer where more than one request is in hand", Audit.Load, "PERF-11", "the answer to another request",
            "No clause asked one request at a time sees it: the accuracy has to be sampled under load (TEST07)."),
        new("cpu-fallback", "takes nothing, so that the CPU computes all", Audit.Placement, "COR-05", "CPU EP",
            "No comparison of answers sees it, for they are right: the server must be told to refuse the CPU."),
        new("wrong-device", "another vendor's name", Audit.Identity, "OPS-02", "Renowned Accelerators",
            "Its answers are right. Found only where what the server says is compared with what the profile says."),
    ];
}

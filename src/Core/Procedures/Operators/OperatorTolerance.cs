using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What COR-01 allows an answer of one type.</summary>
/// <param name="MatchedShare">Least share of elements with |a - g| at most atol + rtol |g|.</param>
/// <param name="Floor">No error up to this, or to so many units in the last place, is too large.</param>
public sealed record OperatorTolerance(FloatFormat Format, double Rtol, double Atol, double Floor, double Ulps, double MatchedShare)
{
    public static ImmutableArray<string> Limits { get; } =
    [
        "matched_min_ppm", "ulp_max",
        "rtol_bits_fp16", "atol_bits_fp16", "floor_milli_fp16", "rtol_bits_bf16", "atol_bits_bf16", "floor_milli_bf16", "rtol_bits_fp32", "atol_bits_fp32", "floor_milli_fp32",
    ];

    /// <summary>The table has no row for FP64, which no accelerator is bought for: it is held to FP32's.</summary>
    /// <returns>Null for a type that is no floating-point number.</returns>
    public static OperatorTolerance? TryOf(Clause clause, string dataType)
    {
        if (FloatFormat.TryFind(dataType) is not { } format)
            return null;
        var row = dataType switch { "FP16" => "fp16", "BF16" => "bf16", _ => "fp32" };
        return new(
            format, Math.ScaleB(1, -clause.Count($"rtol_bits_{row}")), Math.ScaleB(1, -clause.Count($"atol_bits_{row}")), clause.Limit($"floor_milli_{row}") / 1e3,
            clause.Limit("ulp_max"), clause.Share("matched_min_ppm"));
    }

    /// <summary>Holds one answer of the right form against the exact values, where both type and arithmetic give a finite number.</summary>
    public OperatorError Compare(ExpectedOutput output, ReadOnlyMemory<byte> answer)
    {
        var (count, matched, beyond, largest) = (0L, 0L, 0L, 0.0);
        var exact = output.Exact.Span;
        var same = output.Same.Span;
        var seen = answer.Span;
        for (var at = 0; at < same.Length / Format.Size; at++)
        {
            double golden = BitConverter.ToDouble(exact[(at * sizeof(double))..]), value = Format.Read(seen, at);
            if (!double.IsFinite(golden) || !double.IsFinite(Format.Read(same, at)))
                continue; // which elements are infinite or no number is COR-04's question
            count++;
            var error = Math.Abs(value - golden);
            if (error <= Near(golden))
                matched++;
            if (!(error <= Most(golden))) // a NaN is never below
                beyond++;
            largest = error > largest ? error : largest;
        }

        return new(count, matched, beyond, largest);
    }

    /// <summary>An error up to this is a match.</summary>
    /// <param name="golden">Finite.</param>
    public double Near(double golden) => Atol + (Rtol * Math.Abs(golden));

    /// <summary>No element may be further off than this.</summary>
    /// <param name="golden">Finite.</param>
    public double Most(double golden) => Math.Max(Floor, Ulps * Format.Ulp(golden));

    public bool Allows(OperatorError error) => error.Beyond == 0 && error.Matched >= MatchedShare * error.Count;
}

/// <param name="Count">Elements that are finite in exact and in same-precision arithmetic.</param>
/// <param name="Beyond">Elements whose error is larger than any element's may be.</param>
/// <param name="Largest">Absolute error; of an answer that is no number, of the others.</param>
public sealed record OperatorError(long Count, long Matched, long Beyond, double Largest)
{
    public double Share => Count == 0 ? 1 : (double)Matched / Count;
}

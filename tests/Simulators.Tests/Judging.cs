using System.Runtime.InteropServices;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Simulators.Tests;

/// <summary>An answer to a probe, as float64: every FP32 and FP16 is one exactly.</summary>
internal sealed record Answered(Probe Probe, double[] Values);

/// <param name="Clause">That is not met.</param>
internal sealed record Rejection(string Clause, string Reason);

/// <summary>Holds answers against float64 by the limits of the standard's COR-01 to COR-04 and COR-18.</summary>
/// <remarks>Limits as in the catalogue: COR-01 by the CANN mixed tolerance, COR-03 at level L0 (10/2/2) with a bias of half a rounding.</remarks>
internal static class Judging
{
    private const double MatchedShare = 0.99, Ulps = 32, MaxRatio = 10, MeanRatio = 2, RmsRatio = 2, BiasLimit = 0.5;
    private const int FewestElements = 100;

    private sealed record Tolerance(double Rtol, double Atol, double Floor, int Digits, int Lowest)
    {
        public double Roundoff => Math.ScaleB(1, -Digits);

        public double Ulp(double value) => Math.ScaleB(1, Math.Max(value == 0 ? Lowest : Math.ILogB(value), Lowest) - Digits + 1);

        public bool Matches(double exact, double value) => Math.Abs(value - exact) <= Atol + (Rtol * Math.Abs(exact));

        public bool IsBeyond(double exact, double value) => !(Math.Abs(value - exact) <= Math.Max(Floor, Ulps * Ulp(exact)));

        public bool IsSubnormal(double value) => value != 0 && Math.Abs(value) < Math.ScaleB(1, Lowest);
    }

    private static readonly Tolerance Single = new(Math.ScaleB(1, -10), Math.ScaleB(1, -16), 0.01, 24, -126), Half = new(Math.ScaleB(1, -9), Math.ScaleB(1, -9), 0.1, 11, -14);

    /// <summary>What is wrong, by clause. Each reason ends with what the errors have in common, where they have something.</summary>
    public static IReadOnlyList<Rejection> Of(IReadOnlyList<Answered> answers)
    {
        var floating = answers.Where(answer => answer.Probe.Kind != CaseKind.Exact).ToArray();
        (string Clause, string[] Reasons)[] found =
        [
            ("COR-01", [.. floating.Select(Inaccuracy).OfType<string>()]),
            ("COR-02", [.. answers.Where(answer => answer.Probe.Kind == CaseKind.Exact && !Same(answer).SequenceEqual(answer.Values)).Select(answer => $"{answer.Probe.Id} is not exact")]),
            ("COR-03", [.. floating.Where(answer => answer.Probe.Kind == CaseKind.Rounded).GroupBy(answer => (answer.Probe.Operator, answer.Probe.Output.DataType))
                .Select(group => Ratios($"{group.Key.Operator} {group.Key.DataType}", [.. group])).OfType<string>()]),
            ("COR-04", [.. floating.Select(Masks).OfType<string>()]),
            ("COR-18", [.. floating.Where(answer => answer.Probe.Operator == "network").Select(Disagreement).OfType<string>()]),
        ];
        var common = string.Concat(Common(answers).Select(finding => $"; {finding}"));
        return [.. found.Where(one => one.Reasons.Length > 0).Select(one => new Rejection(one.Clause, $"{one.Reasons.Length} operators: {string.Join("; ", one.Reasons.Take(4))}{common}"))];
    }

    /// <summary>What FP32 answers have in common, in the product's words; the limits here are the tests' own.</summary>
    public static IEnumerable<string> Common(IReadOnlyList<Answered> answers) =>
        OperatorDiagnosis.Of(answers.Where(answer => answer.Probe.Kind == CaseKind.Rounded && answer.Probe.Output.DataType == "FP32").Select(Diagnosed));

    /// <summary>Elements further from the exact value than COR-01 allows any to be.</summary>
    public static int Beyond(Answered answer) => Finite(answer).Count(pair => Of(answer.Probe).IsBeyond(pair.Exact, pair.Value));

    public static bool Matches(Probe probe, double exact, double value) => Of(probe).Matches(exact, value);

    /// <summary>The exact values rounded to the type.</summary>
    public static double[] Same(Answered answer) => SimulatedChip.Decode(answer.Probe.Output.DataType, answer.Probe.Output.Same.Span);

    private static DiagnosedAnswer Diagnosed(Answered answer) => new(
        answer.Probe.Id, Inaccuracy(answer) is not null, new(FloatFormat.TryFind("FP32")!, Single.Rtol, Single.Atol, Single.Floor, Ulps, MatchedShare),
        new("", "FP32", [.. answer.Probe.Shape.Select(size => (long)size)], MemoryMarshal.AsBytes(answer.Probe.Output.Exact.Span).ToArray(), answer.Probe.Output.Same, []),
        MemoryMarshal.AsBytes<float>(Array.ConvertAll(answer.Values, value => (float)value)).ToArray());

    private static Tolerance Of(Probe probe) => probe.Output.DataType == "FP16" ? Half : Single;

    /// <summary>Elements that are finite in exact and in rounded arithmetic.</summary>
    private static IEnumerable<(double Exact, double Value)> Finite(Answered answer)
    {
        var (exact, same) = (answer.Probe.Output.Exact.ToArray(), Same(answer));
        return Enumerable.Range(0, exact.Length).Where(at => double.IsFinite(exact[at]) && double.IsFinite(same[at])).Select(at => (exact[at], answer.Values[at]));
    }

    private static string? Inaccuracy(Answered answer)
    {
        var pairs = Finite(answer).ToArray();
        var share = pairs.Length == 0 ? 1 : pairs.Count(pair => Of(answer.Probe).Matches(pair.Exact, pair.Value)) / (double)pairs.Length;
        var beyond = Beyond(answer);
        return share >= MatchedShare && beyond == 0 ? null : FormattableString.Invariant($"{answer.Probe.Id}: {100 * share:0.##} % of {pairs.Length} match, {beyond} beyond any element's limit");
    }

    private static string? Disagreement(Answered answer)
    {
        var off = Finite(answer).Count(pair => Math.Abs(pair.Value - pair.Exact) > 1e-7 + (1e-3 * Math.Abs(pair.Exact)));
        return off == 0 ? null : $"{answer.Probe.Id}: {off} of {answer.Values.Length} elements";
    }

    private static string? Masks(Answered answer)
    {
        var (same, wrong, flushed, first) = (Same(answer), 0, 0, "");
        for (var at = 0; at < same.Length; at++)
        {
            var (right, value) = (same[at], answer.Values[at]);
            var isWrong = double.IsNaN(right) ? !double.IsNaN(value) : double.IsInfinity(right) ? !value.Equals(right) : !double.IsFinite(value);
            var isFlushed = value == 0 && Of(answer.Probe).IsSubnormal(right);
            (wrong, flushed) = (wrong + (isWrong ? 1 : 0), flushed + (isFlushed ? 1 : 0));
            if (first.Length == 0 && (isWrong || isFlushed))
                first = FormattableString.Invariant($"element {at} is {value}, and {right} in same-precision arithmetic");
        }
        string[] said = [.. wrong > 0 ? [$"{wrong} elements whose infinity or NaN differs"] : Array.Empty<string>(), .. flushed > 0 ? [$"{flushed} subnormal ones flushed to zero"] : Array.Empty<string>()];
        return said.Length == 0 ? null : $"{answer.Probe.Id}: {string.Join(", ", said)}; {first}";
    }

    /// <summary>Errors over those of a CPU that rounds every result once, and the mean signed error in roundings, less what chance may show.</summary>
    private static string? Ratios(string name, Answered[] group)
    {
        var tolerance = Of(group[0].Probe);
        var pairs = group.SelectMany(Finite).Where(pair => pair.Exact != 0 && !tolerance.IsSubnormal(pair.Exact)).ToArray();
        if (pairs.Length < FewestElements)
            return null;
        var errors = Array.ConvertAll(pairs, pair => (pair.Value - pair.Exact) / pair.Exact / tolerance.Roundoff);
        var (max, mean, bias) = (errors.Max(Math.Abs), errors.Average(Math.Abs), errors.Average());
        var rms = Math.Sqrt(pairs.Sum(pair => Math.Pow(pair.Value - pair.Exact, 2)) / pairs.Sum(pair => Math.Pow(pair.Exact * tolerance.Roundoff, 2)));
        var chance = 3 * Math.Sqrt(errors.Sum(error => Math.Pow(error - bias, 2)) / errors.Length / errors.Length);
        var beyondChance = Math.Max(0, Math.Abs(bias) - chance);
        return max <= MaxRatio && mean <= MeanRatio && rms <= RmsRatio && beyondChance <= BiasLimit
            ? null
            : FormattableString.Invariant($"{name}: {max:0.##} / {mean:0.##} / {rms:0.##} roundings, bias {bias:0.##}");
    }
}

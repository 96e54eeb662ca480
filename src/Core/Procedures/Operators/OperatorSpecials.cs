using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges which elements a backend makes infinite, no number, or 0 where they are only small (COR-04).</summary>
/// <remarks>
/// Reads <see cref="OperatorIndex"/>. The masks are those of a CPU that computes in the type itself, and the sign of an infinity belongs to them. They are
/// compared before any value is, on every case of floating-point arithmetic and not only on those made for it: a backend that clears NaN must
/// not profit from a comparison that skips it.
/// </remarks>
internal static class OperatorSpecials
{
    public static ImmutableArray<string> Limits { get; } = ["mask_mismatches_max", "flushed_max", "cases_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (OperatorIndex.TryRead(m, files, out var problem) is not { } all)
            return clause.Invalid(problem);
        var cases = all.Where(one => one.Kind != OperatorKind.Exact && one.State == OperatorState.Answered).ToImmutableArray();
        var special = cases.Count(one => one.Kind == OperatorKind.Special);
        var seen = cases.Select(one => (one.Id, Masks: Masks(one))).Where(one => one.Masks.Wrong + one.Masks.Flushed > 0).ToImmutableArray();
        var (wrong, flushed) = (seen.Sum(one => one.Masks.Wrong), seen.Sum(one => one.Masks.Flushed));
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("cases with special values", special),
            Reading.Counted("elements whose infinity or NaN differs", wrong, clause.Limit("mask_mismatches_max")),
            Reading.Counted("subnormal elements flushed to zero", flushed, clause.Limit("flushed_max")),
        ];
        if (wrong > clause.Limit("mask_mismatches_max") || flushed > clause.Limit("flushed_max"))
            return clause.Fails(
                $"{wrong} elements whose infinity or NaN differs and {flushed} flushed to zero: {string.Join("; ", seen.Take(3).Select(one => $"{one.Id}: {one.Masks.First}"))}",
                $"{clause.Limit("mask_mismatches_max")} and {clause.Limit("flushed_max")}", figures);
        return special >= clause.Limit("cases_min")
            ? clause.Found(new Verdict.Pass(), figures)
            : clause.Found(new Verdict.Inconclusive($"{special} cases with special values were answered; {clause.Limit("cases_min")} are asked for"), figures);
    }

    /// <summary>Elements of another kind than they should be, over all outputs and answers.</summary>
    /// <returns>First: the first of them in words.</returns>
    public static (long Wrong, long Flushed, string First) Masks(OperatorAnswers one)
    {
        var (wrong, flushed, first) = (0L, 0L, "");
        foreach (var output in one.Outputs.Where(output => output.WrongForm() is null))
        {
            if (FloatFormat.TryFind(output.DataType) is not { } format)
                continue;
            foreach (var answer in output.Answers)
            {
                for (var at = 0; at < output.Same.Length / format.Size; at++)
                {
                    double right = format.Read(output.Same.Span, at), value = format.Read(answer.Data.Span, at);
                    var (isWrong, isFlushed) = (!SameKind(right, value), value == 0 && format.IsSubnormal(right));
                    wrong += isWrong ? 1 : 0;
                    flushed += isFlushed ? 1 : 0;
                    if (first.Length == 0 && (isWrong || isFlushed))
                        first = FormattableString.Invariant($"element {at} of {output.Name} is {value}, and {right} in same-precision arithmetic");
                }
            }
        }

        return (wrong, flushed, first);
    }

    private static bool SameKind(double right, double value) =>
        double.IsNaN(right) ? double.IsNaN(value) : double.IsInfinity(right) ? value.Equals(right) : double.IsFinite(value);
}

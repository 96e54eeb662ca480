using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges the backend's answers to the golden inputs, element by element and as text (COR-18).</summary>
/// <remarks>
/// Reads one tensor per golden line, named after it: every output of every input is a line of its own, so that none can hide behind another. An
/// element of floating point agrees if |a - e| &lt;= atol + rtol * |e|, in double precision; a NaN agrees with a NaN and an infinity with its
/// like, and with nothing else. Source: ONNX backend tests (numpy's allclose). Whole numbers and booleans agree if they are the same.
/// Tolerances are the plan's, and never wider than the standard's.
/// </remarks>
internal static class TensorAgreement
{
    public static ImmutableArray<string> Limits { get; } = ["rtol_ppb", "atol_ceiling_ppb", "violations_max", "text_share_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (Unfit(clause, plan.Golden, m) is { } problem)
            return clause.Found(new Verdict.Inconclusive(problem));
        if (Charset.TryRead(plan.Golden.Charset, files, out var charset) is { } unreadable)
            return clause.Invalid(unreadable);

        var total = new Comparison(plan.Golden.RtolPpb / 1e9, plan.Golden.AtolPpb / 1e9);
        var (worstLine, worst) = ("", 0L);
        var (misread, wrong) = (new List<string>(), new List<string>());
        foreach (var line in plan.Golden.Lines)
        {
            var answer = m.Tensors.First(tensor => tensor.Name == line.Id);
            if (files.TryRead(answer.Path) is not { } actual)
                return clause.Invalid($"the evidence lacks {answer.Path}, the answer to {line.Id}");
            if (Malformed(line, answer, actual.Length) is { } malformed)
            {
                wrong.Add(malformed);
                continue;
            }

            if (GoldenTensor.TryRead(line, actual.Length, files, out var expected) is { } damaged)
                return clause.Invalid(damaged);
            var before = total.Outside;
            total.Add(line, actual.Span, expected.Span);
            if (total.Outside - before > worst)
                (worstLine, worst) = (line.Id, total.Outside - before);
            if (charset is null)
                continue;
            if (charset.Unfit(line) is { } unfit)
                return clause.Invalid(unfit);
            var text = charset.Decode(actual.Span);
            if (text != line.Text)
                misread.Add($"{line.Id} reads '{text}', expected '{line.Text}'");
        }

        var seen = new Tally(plan.Golden.Lines.Length, charset is not null, wrong, misread, worstLine, worst);
        return clause.Found(Decide(clause, total, seen), [.. Figures(clause, total, seen)]);
    }

    private static Verdict Decide(Clause clause, Comparison total, Tally seen)
    {
        if (seen.Wrong.Count > 0)
            return new Verdict.Fail(string.Join("; ", seen.Wrong), "tensors of the expected type and shape");
        if (total.Outside > clause.Limit("violations_max"))
            return new Verdict.Fail(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{total.Outside} of {total.Count} elements outside the tolerance ({total.WorstRatio:0.###} times it at most), "
                    + $"{seen.WorstCount} of them in {seen.WorstLine}"),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{clause.Limit("violations_max")} outside {total.Atol:0.###e+0} + {total.Rtol:0.###e+0} x |expected|"));
        return seen.HasText && seen.Right * 1_000_000L < clause.Limit("text_share_ppm") * seen.Lines
            ? new Verdict.Fail(
                $"{seen.Right} of {seen.Lines} texts right; {string.Join("; ", seen.Misread.Take(3))}",
                $"{Reading.Percent(clause.Share("text_share_ppm"))} of the texts")
            : new Verdict.Pass();
    }

    private static IEnumerable<Figure> Figures(Clause clause, Comparison total, Tally seen)
    {
        yield return Reading.Counted("elements outside the tolerance", total.Outside, clause.Limit("violations_max"));
        yield return Reading.Counted("elements compared", total.Count);
        yield return new("largest absolute difference", "1e-9", Reading.Milli(total.LargestDifference * 1e9));
        yield return new("largest difference over tolerance", "1", Reading.Milli(total.WorstRatio), LimitMilli: 1000);
        if (seen.HasText)
            yield return new("texts right", "%", Reading.Milli(100.0 * seen.Right / seen.Lines), LimitMilli: clause.Limit("text_share_ppm") / 10);
    }

    private static string? Unfit(Clause clause, GoldenPack golden, Measurement m)
    {
        if (golden.RtolPpb < 0 || golden.RtolPpb > clause.Limit("rtol_ppb"))
            return $"the golden pack's relative tolerance is {golden.RtolPpb}e-9; the standard allows {clause.Limit("rtol_ppb")}e-9";
        if (golden.AtolPpb < 0 || golden.AtolPpb > clause.Limit("atol_ceiling_ppb"))
            return $"the golden pack's absolute tolerance is {golden.AtolPpb}e-9; the standard allows {clause.Limit("atol_ceiling_ppb")}e-9";
        if (golden.Lines.IsDefaultOrEmpty)
            return "the golden pack has no line; nothing can be compared";
        if (golden.Lines.FirstOrDefault(line => line.AtolPpb is { } own && (own < 0 || own > clause.Limit("atol_ceiling_ppb"))) is { } wide)
            return $"the golden line {wide.Id} has the absolute tolerance {wide.AtolPpb}e-9; the standard allows {clause.Limit("atol_ceiling_ppb")}e-9";
        if (golden.Lines.FirstOrDefault(line => GoldenTensor.SizeOf(line.DataType) is null) is { } strange)
            return $"the golden line {strange.Id} is {strange.DataType}, which cannot be compared element by element";
        if (Reading.Twice(golden.Lines.Select(line => line.Id)) is { } twice)
            return $"the golden pack has the line {twice} twice";
        if (golden.Lines.FirstOrDefault(line => line.Shape.IsDefault) is { } shapeless)
            return $"the golden line {shapeless.Id} has no shape";
        if (golden.Lines.GroupBy(line => line.Id.Contains('/', StringComparison.Ordinal) ? line.Id[(line.Id.IndexOf('/', StringComparison.Ordinal) + 1)..] : "", StringComparer.Ordinal)
            .FirstOrDefault(output => output.All(line => line.Shape.Contains(0))) is { } empty)
            return $"the golden pack expects no element of {(empty.Key.Length == 0 ? "the output" : $"the output {empty.Key}")} in any line; nothing can be compared";
        if (golden.Charset is not null && golden.Lines.FirstOrDefault(line => line.DataType != "FP32") is { } mute)
            return $"the golden line {mute.Id} is {mute.DataType}; a text is read from FP32 scores";
        if (golden.Charset is null && golden.Lines.FirstOrDefault(line => line.Text.Length > 0) is { } unreadable)
            return $"the golden line {unreadable.Id} has a text, and the pack has no character set to read it with";
        var (asked, answered) = (golden.Lines.Select(line => line.Id).ToHashSet(), m.Tensors.Select(tensor => tensor.Name).ToHashSet());
        if (asked.FirstOrDefault(id => !answered.Contains(id)) is { } missing)
            return $"invalid evidence: no answer to the golden line {missing} is kept; {answered.Count} of {asked.Count} are";
        return answered.FirstOrDefault(id => !asked.Contains(id)) is { } stranger
            ? $"invalid evidence: {stranger} is no line of the golden pack" : null;
    }

    // What a backend answered in the wrong form is its failure; what the evidence lost is not, and decides nothing.
    private static string? Malformed(GoldenLine line, TensorFile answer, int bytes)
    {
        if (answer.DataType != line.DataType)
            return $"{line.Id} is {answer.DataType}, not {line.DataType}";
        if (!answer.Shape.SequenceEqual(line.Shape))
            return $"{line.Id} has the shape [{string.Join(',', answer.Shape)}], expected [{string.Join(',', line.Shape)}]";
        return (Int128)bytes == GoldenTensor.Bytes(line) ? null
            : $"{line.Id} has {bytes} bytes, and its shape [{string.Join(',', answer.Shape)}] asks for {GoldenTensor.Bytes(line)}";
    }

    private sealed record Tally(int Lines, bool HasText, List<string> Wrong, List<string> Misread, string WorstLine, long WorstCount)
    {
        public int Right => Lines - Misread.Count - Wrong.Count;
    }
}

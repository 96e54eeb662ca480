using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges integer, boolean and data-movement operators bit for bit (COR-02).</summary>
/// <remarks>Reads <see cref="OperatorIndex"/>; every answer to the same inputs counts. Floating-point data that is only moved keeps every bit, those of a NaN too.</remarks>
internal static class OperatorExactness
{
    public static ImmutableArray<string> Limits { get; } = ["mismatches_max", "cases_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (OperatorIndex.TryRead(m, files, out var problem) is not { } all)
            return clause.Invalid(problem);
        var cases = all.Where(one => one.Kind == OperatorKind.Exact && one.State == OperatorState.Answered).ToImmutableArray();
        var forms = cases.SelectMany(one => one.Outputs.Select(output => output.WrongForm() is { } form ? $"{one.Id}: {form}" : null)).OfType<string>().ToImmutableArray();
        var counts = cases.Select(one => (one.Id, Count: Mismatches(one))).Where(one => one.Count > 0).ToImmutableArray();
        var mismatches = counts.Select(one => one.Count).ToImmutableArray().Total();
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("cases judged", cases.Length), Reading.Counted("mismatching elements", mismatches, clause.Limit("mismatches_max")),
            .. cases.GroupBy(one => one.DataType).OrderBy(type => type.Key, StringComparer.Ordinal).Select(type => Reading.Counted($"cases, {type.Key}", type.Count())),
        ];
        var limit = $"{clause.Limit("mismatches_max")} mismatching elements";
        if (forms.Length > 0)
            return clause.Fails($"{forms.Length} answers in the wrong form: {string.Join("; ", forms.Take(3))}", limit, figures);
        if (mismatches > clause.Limit("mismatches_max"))
            return clause.Fails($"{mismatches} mismatching elements in {counts.Length} of {cases.Length} cases: {string.Join("; ", counts.Take(3).Select(one => $"{one.Count} in {one.Id}"))}", limit, figures);
        return cases.Length >= clause.Limit("cases_min")
            ? clause.Found(new Verdict.Pass(), figures)
            : clause.Found(new Verdict.Inconclusive($"{cases.Length} cases of exact operators were answered; {clause.Limit("cases_min")} are asked for"), figures);
    }

    /// <summary>Elements that differ in any bit, of all outputs and answers; outputs of the wrong form are not counted.</summary>
    public static long Mismatches(OperatorAnswers one)
    {
        var mismatches = 0L;
        foreach (var output in one.Outputs.Where(output => output.WrongForm() is null))
        {
            var size = Size(output.DataType);
            foreach (var answer in output.Answers)
                mismatches += size == 0 ? (answer.Data.Span.SequenceEqual(output.Same.Span) ? 0 : 1) : Different(answer.Data.Span, output.Same.Span, size);
        }

        return mismatches;
    }

    private static long Different(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> right, int size)
    {
        var different = 0L;
        for (var at = 0; at < right.Length; at += size)
        {
            var length = Math.Min(size, right.Length - at);
            if (!answer.Slice(at, length).SequenceEqual(right.Slice(at, length)))
                different++;
        }

        return different;
    }

    /// <summary>Bytes of an element; 0 for strings, which count as one.</summary>
    private static int Size(string dataType) => dataType switch
    {
        "BYTES" => 0,
        "BOOL" or "INT8" or "UINT8" => 1,
        "INT16" or "UINT16" or "FP16" or "BF16" => 2,
        "INT64" or "UINT64" or "FP64" => 8,
        _ => 4,
    };
}

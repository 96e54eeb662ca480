using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges floating-point operators against float64 arithmetic on the same rounded inputs (COR-01).</summary>
/// <remarks>
/// Reads <see cref="OperatorIndex"/>. Each output of each case is judged by itself, and each of the answers to the same inputs, so that neither a large
/// tensor nor a good first answer hides a bad one. Source: CANN mixed tolerance, see the clause.
/// </remarks>
internal static class OperatorAccuracy
{
    public static ImmutableArray<string> Limits { get; } = [.. OperatorTolerance.Limits, "cases_min", "repeated_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (OperatorIndex.TryRead(m, files, out var problem) is not { } all)
            return clause.Invalid(problem);
        var cases = all.Where(one => one.Kind != OperatorKind.Exact && one.State == OperatorState.Answered).ToImmutableArray();
        var wrong = cases.Select(one => Wrong(clause, one)).OfType<string>().ToImmutableArray();
        ImmutableArray<Figure> figures = [Reading.Counted("cases judged", cases.Length), Reading.Counted("cases outside the limits", wrong.Length, limit: 0), .. Figures(clause, cases)];
        if (wrong.Length > 0)
            return clause.Fails($"{Causes(clause, cases)}{wrong.Length} of {cases.Length} cases: {string.Join("; ", wrong.Take(3))}", Limit(clause), figures);
        if (cases.Length < clause.Limit("cases_min"))
            return clause.Found(new Verdict.Inconclusive($"{cases.Length} cases of floating-point arithmetic were answered; {clause.Limit("cases_min")} are asked for"), figures);
        var repeated = cases.Where(one => one is { DataType: "FP32", Kind: OperatorKind.Rounded }).SelectMany(one => one.Outputs).Select(Results).DefaultIfEmpty().Max();
        return repeated >= clause.Limit("repeated_min")
            ? clause.Found(new Verdict.Pass(), figures)
            : clause.Found(new Verdict.Inconclusive($"no FP32 case was asked often enough to find a fault that comes rarely: {repeated} results of one case, where {clause.Limit("repeated_min")} are asked for"), figures);
    }

    /// <summary>Elements of all answers to one case: what a server refuses, or was asked less often, cannot show a fault that comes rarely.</summary>
    private static long Results(ExpectedOutput output) => (long)output.Same.Length / sizeof(float) * output.Answers.Length;

    /// <summary>What the answers of the operators and types that are wrong have in common, those too that are within the limits: a cause shows in all that it touches.</summary>
    private static string Causes(Clause clause, ImmutableArray<OperatorAnswers> cases)
    {
        var answers =
            from same in cases.Where(one => one.Kind == OperatorKind.Rounded).GroupBy(one => (one.Operator, one.DataType))
            let wrong = same.Where(one => Wrong(clause, one) is not null).Select(one => one.Id).ToHashSet(StringComparer.Ordinal)
            where wrong.Count > 0
            from one in same
            from output in one.Outputs
            where output.WrongForm() is null
            let tolerance = OperatorTolerance.TryOf(clause, output.DataType)
            where tolerance is not null
            select new DiagnosedAnswer(one.Id, wrong.Contains(one.Id), tolerance, output, output.Answers[0].Data);
        return string.Concat(OperatorDiagnosis.Of(answers).Take(2).Select(cause => $"{cause}; "));
    }

    /// <summary>What is wrong with the answers to a case of floating-point arithmetic, or null.</summary>
    public static string? Wrong(Clause clause, OperatorAnswers one)
    {
        foreach (var output in one.Outputs)
        {
            if (output.WrongForm() is { } form)
                return $"{one.Id}: {form}";
            if (OperatorTolerance.TryOf(clause, output.DataType) is not { } tolerance)
                continue;
            foreach (var (asked, answer) in output.Changes)
            {
                var error = tolerance.Compare(output, answer.Data);
                if (!tolerance.Allows(error))
                    return FormattableString.Invariant($"{one.Id}{Again(asked, output)}: {Reading.Percent(error.Share)} of {error.Count} elements of {output.Name} match, largest error {error.Largest:0.###e+0}, {error.Beyond} beyond any element's");
            }
        }

        return null;
    }

    private static string Again(int asked, ExpectedOutput output) => (output.Answers.Length, output.Changes.Count() - 1) switch
    {
        ( > 2 and var times, > 0 and var changed) => FormattableString.Invariant($" (answer {asked} of {times} to the same inputs; {changed} of them differ from the one before)"),
        _ => asked > 1 ? " asked a second time" : "",
    };

    private static string Limit(Clause clause) =>
        $"{Reading.Percent(clause.Share("matched_min_ppm"))} of each output within the type's tolerance, none beyond its floor and {clause.Limit("ulp_max")} ULP";

    private static IEnumerable<Figure> Figures(Clause clause, ImmutableArray<OperatorAnswers> cases)
    {
        foreach (var type in cases.GroupBy(one => one.DataType).OrderBy(type => type.Key, StringComparer.Ordinal))
        {
            var errors = type.SelectMany(one => one.Outputs).Where(output => output.WrongForm() is null)
                .SelectMany(output => OperatorTolerance.TryOf(clause, output.DataType) is { } tolerance ? output.Changes.Select(change => tolerance.Compare(output, change.Answer.Data)) : [])
                .ToArray();
            yield return Reading.Counted($"cases, {type.Key}", type.Count());
            if (errors.Length > 0)
                yield return new($"least matched share, {type.Key}", "%", Reading.Milli(100 * errors.Min(error => error.Share)), LimitMilli: Reading.Milli(100 * clause.Share("matched_min_ppm")));
        }
    }
}

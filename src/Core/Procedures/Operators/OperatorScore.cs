namespace Adaptation.Core;

/// <summary>Judges single cases by the same rules as the clauses do.</summary>
public static class OperatorScore
{
    /// <summary>What is wrong with the answers to a case, or null: by COR-02 where it is exact, by COR-04 and COR-01 where it is not.</summary>
    /// <param name="accuracy">COR-01, as a suite applies it.</param>
    /// <param name="one">Answered.</param>
    public static string? Wrong(Clause accuracy, OperatorAnswers one)
    {
        if (one.Outputs.Select(output => output.WrongForm()).FirstOrDefault(form => form is not null) is { } form)
            return form;
        if (one.Kind == OperatorKind.Exact)
            return OperatorExactness.Mismatches(one) is > 0 and var count ? $"{count} mismatching elements, where every bit must be right" : null;
        var masks = OperatorSpecials.Masks(one);
        return masks.Wrong + masks.Flushed > 0 ? masks.First : OperatorAccuracy.Wrong(accuracy, one);
    }
}

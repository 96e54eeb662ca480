using System.Globalization;

namespace Adaptation.Core;

/// <summary>How near an answer lies to the cold start's.</summary>
/// <param name="Kind">What the verdict makes of it.</param>
/// <param name="Words">Where the two part; empty where they are the same.</param>
/// <param name="Distance">Of two that were compared by number: largest difference of an element, or mean KL divergence; null for others.</param>
internal sealed record Likeness(LikenessKind Kind, string Words = "", double? Distance = null);

internal enum LikenessKind
{
    /// <summary>Every byte.</summary>
    Same,

    /// <summary>Within what other rounding makes.</summary>
    Near,

    /// <summary>Two texts that part. A tie broken the other way does that as well as a wrong number does.</summary>
    Undecided,

    Far,
}

/// <summary>Compares answers with those of a cold start.</summary>
/// <remarks>
/// Where the profile claims determinism, byte by byte. Elsewhere elements of a tensor by the golden pack's tolerance, as COR-18 does, but against the
/// cold start's; logits by their mean KL divergence from the cold start's over one document. Texts are then not held against each other.
/// </remarks>
internal sealed class CacheTolerance(Clause clause, Plan plan)
{
    public bool IsExact => plan.Declared.Deterministic;

    public string Words => IsExact ? "the cold start's answers to the byte, since the profile declares `deterministic`"
        : plan.ModelKind == "llm" ? $"the cold start's logits within a mean KLD of {Nats(Limit)}"
        : string.Create(CultureInfo.InvariantCulture, $"the cold start's elements within {plan.Golden.AtolPpb / 1e9:0.###e+0} + {plan.Golden.RtolPpb / 1e9:0.###e+0} x |element|");

    private double Limit => clause.Limit("mean_kld_ppb") * 1e-9;

    /// <summary>What keeps the plan from being held to; null if nothing does.</summary>
    public string? Unfit =>
        IsExact || plan.ModelKind == "llm" ? null
        : plan.Golden.RtolPpb < 0 || plan.Golden.RtolPpb > clause.Limit("rtol_ppb")
            ? $"the golden pack's relative tolerance is {plan.Golden.RtolPpb}e-9; the standard allows {clause.Limit("rtol_ppb")}e-9"
        : plan.Golden.AtolPpb < 0 || plan.Golden.AtolPpb > clause.Limit("atol_ceiling_ppb")
            ? $"the golden pack's absolute tolerance is {plan.Golden.AtolPpb}e-9; the standard allows {clause.Limit("atol_ceiling_ppb")}e-9"
        : plan.Golden.Lines.FirstOrDefault(line => line.AtolPpb is { } own && (own < 0 || own > clause.Limit("atol_ceiling_ppb"))) is { } wide
            ? $"the golden line {wide.Id} has the absolute tolerance {wide.AtolPpb}e-9; the standard allows {clause.Limit("atol_ceiling_ppb")}e-9"
        : null;

    public Likeness Compare(string request, KeptAnswer cold, KeptAnswer other) =>
        other.Same(cold) ? new(LikenessKind.Same)
        : IsExact || other.Form != cold.Form ? new(LikenessKind.Far, Parting(cold, other), other.LargestDifference(cold))
        : cold.Tokens.IsEmpty != other.Tokens.IsEmpty ? new(LikenessKind.Far, $"{Parting(cold, other)}, and one of them is empty")
        : !cold.Tokens.IsEmpty ? new(LikenessKind.Undecided, Parting(cold, other))
        : plan.ModelKind == "llm" ? Logits(request, cold, other)
        : Elements(request, cold, other);

    private Likeness Elements(string request, KeptAnswer cold, KeptAnswer other)
    {
        if (plan.Golden.Expected(request) is not { } line || GoldenTensor.SizeOf(line.DataType) is not { } size || !IsOf(line.DataType, size, cold, other))
            return new(LikenessKind.Far, Parting(cold, other));
        var comparison = new Comparison(plan.Golden.RtolPpb / 1e9, plan.Golden.AtolPpb / 1e9);
        comparison.Add(line, other.Bytes.Span, cold.Bytes.Span);
        return comparison.Outside == 0
            ? new(LikenessKind.Near, Distance: comparison.LargestDifference)
            : new(LikenessKind.Far, $"{comparison.Outside} of {comparison.Count} elements differ, {Parting(cold, other)}", other.LargestDifference(cold));
    }

    private Likeness Logits(string request, KeptAnswer cold, KeptAnswer other)
    {
        var document = plan.Text is { Documents.IsDefault: false } text ? text.Documents.FirstOrDefault(one => one.Id == request) : null;
        if (document is null || document.Tokens.IsDefaultOrEmpty || plan.Text!.VocabularySize < 1 || !IsOf("FP32", sizeof(float), cold, other)
            || GoldenTensor.Bytes([document.Tokens.Length, plan.Text.VocabularySize]) != cold.Bytes.Length)
        {
            return new(LikenessKind.Far, $"they are no logits of a golden document, and {Parting(cold, other)}");
        }

        var pair = new LogitPair(document, plan.Text.VocabularySize, cold.Bytes, other.Bytes);
        var mean = Enumerable.Range(0, pair.Positions).Average(t => PositionScore.Of(pair.Row(pair.Reference, t), pair.Row(pair.Candidate, t), next: null).Divergence);
        return mean <= Limit ? new(LikenessKind.Near, Distance: mean)
            : new(LikenessKind.Far, double.IsNaN(mean) ? "one of them holds what is no number" : $"mean KLD {Nats(mean)}", mean);
    }

    private static bool IsOf(string dataType, int size, KeptAnswer cold, KeptAnswer other) =>
        cold.Form.StartsWith($"{dataType} ", StringComparison.Ordinal) && cold.Bytes.Length == other.Bytes.Length && cold.Bytes.Length % size == 0 && cold.Bytes.Length > 0;

    private static string Parting(KeptAnswer cold, KeptAnswer other) => other.Parting(cold);

    private static string Nats(double value) => FormattableString.Invariant($"{value:0.###e+0} nat");
}

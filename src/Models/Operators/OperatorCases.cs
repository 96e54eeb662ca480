using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Generates operator cases: inputs from a seed, exact answers, an ONNX model and TorchScript source each.</summary>
/// <remarks>
/// What the ONNX definitions leave open is not asked: integer overflow (but for Cast, which defines it), NaN where a definition does not say whether it
/// wins, the sign of a zero where Min and Max meet both, what stands beside an infinity in a softmax, the order of equal elements, products of zero and infinity in padding. What <see cref="OperatorOutput.Same"/> is: see <see cref="Arithmetic"/>.
/// Infinities and NaNs are to be compared with Same: <see cref="OperatorOutput.Exact"/> knows no overflow of the type. Tolerances go by the type of the
/// output, which Cast, QuantizeLinear and comparisons do not share with the case.
/// </remarks>
public static class OperatorCases
{
    private static readonly ImmutableArray<(string Operator, Func<int, IEnumerable<Draft>> Drafts)> Families =
    [
        .. UnaryCases.Families, .. BinaryCases.Families, .. LogicCases.Families, .. CastCases.Families, .. ProductCases.Families, .. ConvolutionCases.Families,
        .. PoolingCases.Families, .. ReductionCases.Families, .. NormalizationCases.Families, .. IndexingCases.Families, .. JoinCases.Families,
        .. ShapeCases.Families, .. PadCases.Families, .. OrderCases.Families, .. QuantizationCases.Families,
    ];

    /// <summary>Every operator, as ONNX spells it, in the order of generation.</summary>
    public static ImmutableArray<string> Operators { get; } = [.. Families.Select(family => family.Operator)];

    /// <summary>Every type, as the Open Inference Protocol spells it.</summary>
    public static ImmutableArray<string> DataTypes { get; } = [.. ElementTypes.All.Select(type => type.Word())];

    /// <summary>Makes the cases of a set one after the other; none is kept.</summary>
    /// <exception cref="ArgumentException">An operator, a type or the opset is none that cases are made for; thrown before the first case.</exception>
    public static IEnumerable<OperatorCase> Generate(OperatorSet options)
    {
        Refuse(options.Operators, Operators, "operator");
        Refuse(options.DataTypes, DataTypes, "data type");
        if (options.Opset is < OperatorSet.OldestOpset or > OperatorSet.NewestOpset)
        {
            throw new ArgumentException(
                $"Opset {options.Opset}: cases are written in opset {OperatorSet.OldestOpset} to {OperatorSet.NewestOpset}. Choose one of these.", nameof(options));
        }
        return Make(options);
    }

    internal static IEnumerable<Draft> Drafts(string name, int opset) => Families.Single(family => family.Operator == name).Drafts(opset);

    private static IEnumerable<OperatorCase> Make(OperatorSet options) =>
        from family in Families
        where options.Operators.IsDefaultOrEmpty || options.Operators.Contains(family.Operator)
        from draft in family.Drafts(options.Opset)
        where options.DataTypes.IsDefaultOrEmpty || options.DataTypes.Contains(draft.Type.Word())
        where options.Contested || !draft.IsContested
        select CaseBuilder.Build(draft, options.Seed, options.Opset);

    private static void Refuse(ImmutableArray<string> asked, ImmutableArray<string> known, string what)
    {
        if (!asked.IsDefault && asked.FirstOrDefault(word => !known.Contains(word)) is { } unknown)
            throw new ArgumentException($"No cases are made for {what} {unknown}. Choose from: {string.Join(' ', known)}.", nameof(asked));
    }
}

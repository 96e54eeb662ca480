using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>The identity quadruple of a board: PCI vendor, device, subsystem vendor and subsystem device.</summary>
/// <remarks>
/// Source of the rule: oec-hardware (openEuler's hardware compatibility suite, at 09bb8326): a conclusion may be inherited where the first three agree,
/// and not where the subsystem vendor differs.
/// </remarks>
internal static class BoardIds
{
    public const string Field = "accelerator.pciId";

    private static readonly ImmutableArray<LocalText> Parts =
    [
        new("another maker's chip (PCI vendor id)", "芯片厂商不同（PCI vendor）"), new("another chip (PCI device id)", "芯片不同（PCI device）"),
        new("a board of another maker (PCI subsystem vendor id)", "板卡厂商不同（PCI subsystem vendor）"),
        new("another board of the same maker with the same chip (PCI subsystem device id)", "同一厂商、同一芯片的另一款板卡（仅 PCI subsystem device 不同）"),
    ];

    private static readonly LocalText Malformed = new("not a quadruple of PCI ids", "不是完整的 PCI 四元组");

    /// <summary>What a difference of two quadruples means; one that is not whole is another board.</summary>
    public static (FieldMeaning Meaning, LocalText Why) Compare(string? first, string? second)
    {
        string[] one = first?.Split(':') ?? [], two = second?.Split(':') ?? [];
        if (!IsWhole(one) || !IsWhole(two))
            return (FieldMeaning.Voids, Malformed);
        var part = Enumerable.Range(0, 4).First(at => one[at] != two[at]);
        return (part == 3 ? FieldMeaning.Rule : FieldMeaning.Voids, Parts[part]);
    }

    private static bool IsWhole(string[] ids) => ids.Length == 4 && ids.All(id => id.Length == 4 && id.All(char.IsAsciiHexDigitLower));
}

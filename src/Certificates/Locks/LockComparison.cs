using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>What a certificate of one combination says of another.</summary>
public enum Coverage
{
    /// <summary>Nothing that identifies differs.</summary>
    Exact,

    /// <summary>All that differs is covered by a rule.</summary>
    Inherited,

    /// <summary>The same chip, driver, software and model, in surroundings that no rule covers: not certified.</summary>
    Related,

    /// <summary>Another stack: not certified.</summary>
    None,
}

/// <summary>What lets a certificate cover more than what was tested, and what ends it.</summary>
/// <param name="Rules">Names of rules of inheritance that hold.</param>
/// <param name="VoidedBy">Fields, or beginnings of fields, whose change ends it whatever a rule says.</param>
public sealed record InheritanceScope(ImmutableArray<string> Rules, ImmutableArray<string> VoidedBy)
{
    /// <summary>Boards that differ in the last of their four PCI ids alone.</summary>
    public const string BoardRule = "board-quadruple/v1";

    /// <summary>The rules of this version, for locks by themselves.</summary>
    public static InheritanceScope Standing { get; } = new([BoardRule], []);

    /// <summary>What a certificate says of itself: in format 0.1 it names no rule and every member of its combination.</summary>
    public static InheritanceScope Of(Certificate certificate) => new([], certificate.VoidedBy);
}

/// <summary>One field in which two locks differ.</summary>
/// <param name="Field">Dotted; of <c>detail</c> where it begins with that.</param>
/// <param name="First">Null where the first lock has no such field.</param>
/// <param name="Second">Null where the second has none.</param>
public sealed record LockDifference(string Field, string? First, string? Second, FieldMeaning Meaning, LocalText Why);

/// <summary>Two combinations, field by field, and what that means for a certificate of the first. Pure.</summary>
/// <param name="Differences">The gravest first, then by name.</param>
public sealed record LockComparison(Coverage Coverage, ImmutableArray<LockDifference> Differences)
{
    /// <summary>As the probes of the runner spell what they could not read.</summary>
    internal const string Unknown = "unknown";

    private static readonly LocalText BothUnknown = new("unknown in both: nothing says that they are the same", "两侧均未知：无法认定相同");
    private static readonly LocalText NoRule = new("the rule of the board would cover it, and the certificate's scope does not name that rule", "四元组规则本可覆盖，但证书的范围未列出该规则");
    private static readonly LocalText VoidedBySelf = new("the certificate names it among what voids it (scope.voidedBy)", "证书自身列为失效条件（scope.voidedBy）");

    private static readonly LocalText OtherForm = new("the members are of other kinds", "成员类型不同");

    /// <summary>The differences that the answer rests on; none where it is exact.</summary>
    public IEnumerable<LockDifference> Deciding => Coverage == Coverage.Exact ? [] : Differences.TakeWhile(difference => difference.Meaning == Differences[0].Meaning);

    /// <summary>Whether a certificate of the first covers the second.</summary>
    public bool IsCovered => Coverage is Coverage.Exact or Coverage.Inherited;

    /// <summary>The rule that the answer rests on; null where it rests on none.</summary>
    public string? Rule => Coverage == Coverage.Inherited ? InheritanceScope.BoardRule : null;

    public static LockComparison Of(CombinationLock first, CombinationLock second, InheritanceScope scope) =>
        Of([.. Differing(first.Combination, second.Combination, scope), .. Differing(first.Detail, second.Detail)]);

    /// <summary>Of combinations alone, as certificates have them.</summary>
    public static LockComparison Of(CanonicalValue.Object first, CanonicalValue.Object second, InheritanceScope scope) => Of([.. Differing(first, second, scope)]);

    /// <summary>All fields in which two locks of one run differ, whatever they mean: any one ends the run.</summary>
    public static ImmutableArray<LockDifference> Changes(CombinationLock before, CombinationLock after) => Of(before, after, InheritanceScope.Standing).Differences
        .RemoveAll(difference => difference.First == difference.Second);

    private static LockComparison Of(ImmutableArray<LockDifference> differences)
    {
        var sorted = differences.OrderByDescending(difference => difference.Meaning).ThenBy(difference => difference.Field, StringComparer.Ordinal).ToImmutableArray();
        return new(sorted.IsEmpty ? Coverage.Exact : sorted[0].Meaning switch
        {
            FieldMeaning.Voids => Coverage.None,
            FieldMeaning.Related => Coverage.Related,
            FieldMeaning.Rule => Coverage.Inherited,
            _ => Coverage.Exact,
        }, sorted);
    }

    private static IEnumerable<LockDifference> Differing(CanonicalValue.Object first, CanonicalValue.Object second, InheritanceScope scope)
    {
        var (one, two, told) = (LockFields.Of(first), LockFields.Of(second), false);
        var isCpu = !one.ContainsKey(BoardIds.Field) && !two.ContainsKey(BoardIds.Field);
        foreach (var name in one.Keys.Union(two.Keys, StringComparer.Ordinal))
        {
            var (before, after) = (one.GetValueOrDefault(name), two.GetValueOrDefault(name));
            var (meaning, why) = Meaning(name, before, after, isCpu);
            told |= before != after;
            if (before == after)
            {
                if (before == Unknown && meaning >= FieldMeaning.Rule)
                    yield return new(name, before, after, FieldMeaning.Related, BothUnknown);
            }
            else if (scope.VoidedBy.Any(member => LockField.Covers(member, name)))
                yield return new(name, before, after, FieldMeaning.Voids, meaning == FieldMeaning.Voids ? why : VoidedBySelf);
            else if (meaning == FieldMeaning.Rule && !scope.Rules.Contains(InheritanceScope.BoardRule))
                yield return new(name, before, after, FieldMeaning.Related, NoRule);
            else
                yield return new(name, before, after, meaning, why);
        }

        // two spellings that read alike field by field, such as a number and a text of its digits
        if (!told && !first.IsSameAs(second))
            yield return new("combination", "{...}", "{...}", FieldMeaning.Voids, OtherForm);
    }

    private static IEnumerable<LockDifference> Differing(CanonicalValue.Object first, CanonicalValue.Object second)
    {
        var (one, two) = (LockFields.Of(first), LockFields.Of(second));
        return one.Keys.Union(two.Keys, StringComparer.Ordinal).Select(name => (Name: $"detail.{name}", First: one.GetValueOrDefault(name), Second: two.GetValueOrDefault(name)))
            .Where(field => field.First != field.Second)
            .Select(field => (field, Means: LockField.Of(field.Name, isCpu: false)))
            .Select(pair => new LockDifference(pair.field.Name, pair.field.First, pair.field.Second, pair.Means.Meaning, pair.Means.Why));
    }

    private static (FieldMeaning Meaning, LocalText Why) Meaning(string name, string? first, string? second, bool isCpu)
    {
        if (name == BoardIds.Field && first != second)
            return BoardIds.Compare(first, second);
        var field = LockField.Of(name, isCpu);
        return (field.Meaning, field.Why);
    }
}

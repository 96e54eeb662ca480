using System.Reflection;
using Xunit.v3;

namespace Adaptation.Certificates.Tests;

/// <summary>Names the must-refuse variants of the design's section 8 that a test builds and sees refused with their reason code.</summary>
/// <remarks><c>-trait case=B7a</c> runs the tests of one variant.</remarks>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MustRefuseAttribute(params string[] ids) : Attribute, ITraitAttribute
{
    public IReadOnlyList<string> Ids => ids;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [.. ids.Select(id => KeyValuePair.Create("case", id))];
}

/// <summary>Which of the variants have a test, and which are still to come.</summary>
public sealed class MustRefuseTests
{
    /// <summary>Every variant of the table: a case and its letters. B4 is a control and no refusal.</summary>
    private const string Table =
        """
        A1 A2 A3abc A4 A5abcd A6abcd A7abcde A8abcd A9 A10
        B1 B2ab B3 B5 B6 B7abc B8ab B9ab B10abcdef B11ab B12abcd B13abc B14ab B15 B16abc
        C1 C2 C3abcd C4 C5 C6ab C7abc C8abcd C9 C10abcd C11abcde C12 C13 C14abcd
        D1 D2 D3ab D4ab D5 D6abcd D7 D8abcde D9
        E1 E2abcdefg E3abcd E4 E5 E6abc E7 E8ab E9abc
        F1 F2abc F3abcdefg F4abc F5abc F6 F7ab F8ab F9ab F10ab F11 F12 F13
        G1ab G2 G3 G4 G5ab
        W1abcde W2abcd W3abcde W4
        """;

    /// <summary>Without a test that is marked yet. A line leaves when its test comes.</summary>
    private const string Pending =
        """
        B16abc
        C1 C2 C3abcd C4 C5 C6ab C7abc C8abcd C9 C10abcd C11abcde C12 C13 C14abcd
        D1 D2 D3ab D4ab D5 D6abcd D7 D8abcde D9
        F1 F2abc F4abc F5abc F6 F7ab F8ab F9ab F10ab F11 F12 F13
        W1abcde W2abcd W3de W4
        """;

    [Fact]
    public void Every_variant_has_a_test_or_is_known_to_lack_one()
    {
        var covered = typeof(MustRefuseTests).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .SelectMany(method => method.GetCustomAttribute<MustRefuseAttribute>()?.Ids ?? []).ToHashSet(StringComparer.Ordinal);
        var (all, pending) = (Expand(Table), Expand(Pending));

        Assert.Empty(covered.Except(all));
        Assert.Equal(all.Except(covered).Order(StringComparer.Ordinal), pending.Order(StringComparer.Ordinal));
        Console.WriteLine($"must-refuse: {covered.Count} of {all.Length} variants have a test");
    }

    /// <summary><c>A3abc</c> is A3a, A3b and A3c.</summary>
    private static string[] Expand(string table) =>
    [
        .. table.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).SelectMany(word =>
        {
            var name = word.TrimEnd("abcdefg".ToCharArray());
            return name.Length == word.Length ? [word] : word[name.Length..].Select(letter => name + letter);
        }),
    ];
}

using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges whether requests are carried out as written: token ids, rendered template, stop, limits, seeds, penalties (COR-16).</summary>
/// <remarks>
/// <para>
/// Reads, for each golden case, the facts <c>case.NAME.expected</c> and <c>case.NAME.seen</c>, compared as they stand, and <c>cases</c>, how many the
/// runner set out to ask. A case that has an <c>expected</c> and no <c>seen</c> was not asked, or its answer was lost: nothing is decided then.
/// </para>
/// <para>
/// Where more than one behaviour is right, the runner writes each as <c>case.NAME.expected.2</c> and so on: a parameter may be honoured or
/// rejected with 400, and only ignoring it is wrong.
/// </para>
/// </remarks>
internal static class TokenFidelity
{
    private const string Prefix = "case.";
    private const string Expected = ".expected";
    private const string Seen = ".seen";
    private const int Shown = 5;
    private const int ShownCharacters = 80;

    public static ImmutableArray<string> Limits { get; } = ["mismatches_max", "cases_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        var facts = m.FactsUnder(Prefix);
        var names = facts.Keys.Where(key => key.EndsWith(Expected, StringComparison.Ordinal)).Select(key => key[..^Expected.Length]).ToImmutableArray();
        if (Gap(clause, m, facts, names) is { } gap)
            return clause.Invalid(gap);

        var wrong = names.Where(name => !Accepted(facts, name).Contains(facts[name + Seen], StringComparer.Ordinal)).ToImmutableArray();
        var most = clause.Limit("mismatches_max");
        ImmutableArray<Figure> figures = [Reading.Counted("mismatches", wrong.Length, most), Reading.Counted("golden cases", names.Length)];
        return wrong.Length <= most
            ? clause.Found(new Verdict.Pass(), figures)
            : clause.Fails(
                $"{wrong.Length} of {names.Length} cases differ: {string.Join("; ", wrong.OrderBy(Rank).Take(Shown).Select(name => Difference(facts, name)))}",
                $"{most} mismatches", figures);
    }

    /// <summary>A server that is not greedy when asked to be, or has no seed, fails nearly every case: those two are told first, for they are the cause.</summary>
    private static int Rank(string name) =>
        name.StartsWith("temperature-zero", StringComparison.Ordinal) ? 0 : name.StartsWith("seed", StringComparison.Ordinal) ? 1 : 2;

    private static string? Gap(Clause clause, Measurement m, ImmutableSortedDictionary<string, string> facts, ImmutableArray<string> names)
    {
        var count = m.Number("cases");
        if (count is null)
            return "it does not say how many cases were set out (the fact cases)";
        if (names.Length != count)
            return $"{count} cases were set out, and {names.Length} are there";
        if (names.Length < clause.Limit("cases_min"))
            return $"{names.Length} cases; at least {clause.Limit("cases_min")} are asked for";
        if (names.FirstOrDefault(name => !facts.ContainsKey(name + Seen)) is { } unasked)
            return $"the case {unasked} has no answer";
        return facts.Keys.FirstOrDefault(key => !names.Any(name => Belongs(key, name))) is { } stray ? $"the fact {Prefix}{stray} belongs to no case" : null;
    }

    private static bool Belongs(string key, string name) =>
        key.StartsWith(name, StringComparison.Ordinal) && (key.Length == name.Length + Seen.Length && key.EndsWith(Seen, StringComparison.Ordinal)
            || key.AsSpan(name.Length).StartsWith(Expected, StringComparison.Ordinal) && IsAlternative(key.AsSpan(name.Length + Expected.Length)));

    private static bool IsAlternative(ReadOnlySpan<char> rest) => rest is [] || rest is ['.', .. var digits] && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static IEnumerable<string> Accepted(ImmutableSortedDictionary<string, string> facts, string name) =>
        facts.Where(fact => fact.Key.StartsWith(name + Expected, StringComparison.Ordinal) && IsAlternative(fact.Key.AsSpan(name.Length + Expected.Length)))
            .Select(fact => fact.Value);

    private static string Difference(ImmutableSortedDictionary<string, string> facts, string name) =>
        $"{name}: seen {Short(facts[name + Seen])}, expected {Short(facts[name + Expected])}";

    private static string Short(string text) => text.Length <= ShownCharacters ? text : $"{text[..ShownCharacters]}... ({text.Length} characters)";
}

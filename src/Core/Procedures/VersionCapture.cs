using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges whether the runner's probes read every version, and the ones that the profile states (OPS-02).</summary>
/// <remarks>
/// Reads the facts <c>version.FIELD</c>. A field that is blank or says <c>unknown</c> was not captured; <c>unread.FIELD</c> says why. A stated version may name several, with <c> | </c> between them.
/// </remarks>
internal static class VersionCapture
{
    private const string Prefix = "version.", Reason = "unread.", Or = " | ";

    public static ImmutableArray<string> Limits { get; } = ["captured_share_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (plan.RequiredVersions.IsDefaultOrEmpty)
            return clause.Found(new Verdict.Inconclusive("the plan asks for no version; name the fields that probes must fill"));
        var required = plan.RequiredVersions.Distinct().ToImmutableArray();
        var missing = required.Where(field => Captured(m, field) is null).ToImmutableArray();
        var captured = required.Length - missing.Length;
        var share = clause.Limit("captured_share_ppm");
        ImmutableArray<Figure> figures =
            [new("fields captured", "%", Reading.Milli(100.0 * captured / required.Length), LimitMilli: share / 10)];

        var differing = plan.DeclaredVersions
            .Where(declared => Captured(m, declared.Key) is not { } read || !declared.Value.Split(Or).Any(one => declared.Key == Plan.EngineDevice ? Holds(read, one) : read == one))
            .Select(declared => $"the profile states {declared.Key} {declared.Value}, {Probed(m, declared.Key)}")
            .ToImmutableArray();
        if (!differing.IsEmpty)
            return clause.Fails(string.Join("; ", differing), "the versions that the profile states", figures);
        return (long)captured * 1_000_000 < share * required.Length
            ? clause.Fails(
                $"{captured} of {required.Length} fields captured, without {string.Join(", ", missing.Select(field => Because(m, field)))}",
                $"{Reading.Percent(share / 1e6)} of the fields", figures)
            : clause.Found(new Verdict.Pass(), figures);
    }

    /// <summary>Whether words stand in a text whole: CUDA0 is no part of CUDA01.</summary>
    private static bool Holds(string text, string words)
    {
        for (var at = text.IndexOf(words, StringComparison.Ordinal); at >= 0; at = text.IndexOf(words, at + 1, StringComparison.Ordinal))
        {
            var end = at + words.Length;
            if ((at == 0 || !Joins(text[at - 1], text[at])) && (end == text.Length || !Joins(text[end - 1], text[end])))
                return true;
        }

        return false;
    }

    private static bool Joins(char one, char next) => char.IsLetterOrDigit(one) && char.IsLetterOrDigit(next);

    private static string? Captured(Measurement m, string field) =>
        m.Facts.TryGetValue(Prefix + field, out var value) && !string.IsNullOrWhiteSpace(value)
        && !value.Trim().Equals("unknown", StringComparison.OrdinalIgnoreCase) ? value : null;

    private static string Probed(Measurement m, string field) =>
        Captured(m, field) is { } value ? $"the probe read {value}" : $"the probe read none{Why(m, field)}";

    private static string Because(Measurement m, string field) => field + Why(m, field);

    private static string Why(Measurement m, string field) =>
        m.Facts.TryGetValue(Reason + field, out var why) && !string.IsNullOrWhiteSpace(why) ? $" ({why})" : "";
}

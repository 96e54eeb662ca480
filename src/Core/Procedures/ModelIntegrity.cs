using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>Judges whether the model's files are the ones of the manifest, stay so, and are refused once changed (SEC-05).</summary>
/// <remarks>
/// Reads, for each file of the manifest, the facts <c>expected.FILE</c>, <c>seen.FILE</c> and <c>after.FILE</c> (lowercase hex
/// SHA-256 of the manifest, before and after the run) and <c>format.FILE</c>; for each file that was given to the backend with
/// one byte flipped, <c>tampered.FILE</c>: <c>refused</c> or <c>loaded</c>.
/// </remarks>
internal static partial class ModelIntegrity
{
    public static ImmutableArray<string> Limits { get; } = ["mismatches_max", "tampered_loaded_max"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        var (expected, seen, after) = (m.FactsUnder("expected."), m.FactsUnder("seen."), m.FactsUnder("after."));
        var (tampered, formats) = (m.FactsUnder("tampered."), m.FactsUnder("format."));
        ImmutableArray<string> mismatches =
            [.. Mismatches(expected, seen, "before the run"), .. Mismatches(expected, after, "after the run")];
        var loaded = tampered.Keys.Where(file => tampered[file] == "loaded").ToImmutableArray();
        var pickles = formats.Keys.Where(file => formats[file].Equals("pickle", StringComparison.OrdinalIgnoreCase)).ToImmutableArray();
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("files of the model", expected.Count),
            Reading.Counted("digest mismatches", mismatches.Length, clause.Limit("mismatches_max")),
            Reading.Counted("tampered files tried", tampered.Count),
            Reading.Counted("tampered files loaded", loaded.Length, clause.Limit("tampered_loaded_max")),
        ];

        if (!pickles.IsEmpty)
            return clause.Fails($"a pickle, which runs code when it is loaded: {string.Join(", ", pickles)}", "formats without code", figures);
        if (mismatches.Length > clause.Limit("mismatches_max"))
            return clause.Fails(
                $"{mismatches.Length} mismatches: {string.Join("; ", mismatches)}", $"{clause.Limit("mismatches_max")} mismatches", figures);
        if (loaded.Length > clause.Limit("tampered_loaded_max"))
            return clause.Fails(
                $"loaded with one byte flipped: {string.Join(", ", loaded)}", $"{clause.Limit("tampered_loaded_max")} tampered files loaded", figures);
        return Gap(expected, seen, after, formats, tampered) is { } gap
            ? clause.Invalid(gap, figures)
            : clause.Found(new Verdict.Pass(), figures);
    }

    // A file that nobody expected is as wrong as one of other content.
    private static IEnumerable<string> Mismatches(
        ImmutableSortedDictionary<string, string> expected, ImmutableSortedDictionary<string, string> actual, string when) =>
        actual.Where(file => expected.GetValueOrDefault(file.Key) != file.Value)
            .Select(file => $"{file.Key} {when} is {file.Value}, expected {expected.GetValueOrDefault(file.Key, "no such file")}");

    private static string? Gap(
        ImmutableSortedDictionary<string, string> expected, ImmutableSortedDictionary<string, string> seen,
        ImmutableSortedDictionary<string, string> after, ImmutableSortedDictionary<string, string> formats,
        ImmutableSortedDictionary<string, string> tampered) =>
        expected.IsEmpty ? "no file of the model is named"
        : expected.FirstOrDefault(file => !Sha256().IsMatch(file.Value)) is { Key: { } odd } ? $"{odd} has no SHA-256 in the manifest"
        : expected.Keys.FirstOrDefault(file => !seen.ContainsKey(file)) is { } unseen ? $"{unseen} was not read before the run"
        : expected.Keys.FirstOrDefault(file => !after.ContainsKey(file)) is { } unread ? $"{unread} was not read after the run"
        : expected.Keys.FirstOrDefault(file => string.IsNullOrWhiteSpace(formats.GetValueOrDefault(file))) is { } unknown
            ? $"the format of {unknown} was not determined"
        : tampered.IsEmpty ? "no tampered file was offered to the backend; flip one byte of one file and try to load it"
        : tampered.Keys.FirstOrDefault(file => !expected.ContainsKey(file)) is { } stranger
            ? $"{stranger} was tampered with and is no file of the model"
        : tampered.Keys.FirstOrDefault(file => tampered[file] is not ("refused" or "loaded")) is { } unclear
            ? $"whether {unclear} was refused once tampered with is not said"
        : null;

    [GeneratedRegex("^[0-9a-f]{64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Sha256();
}

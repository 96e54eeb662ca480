using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>Reads <c>sources</c> and <c>facts</c> of one file.</summary>
/// <param name="sources">Key to words, those of the files that are extended included.</param>
internal sealed partial class FactReader(string file, ImmutableDictionary<string, string> sources)
{
    private const int MostPattern = 200;
    private static readonly TimeSpan PatternTime = TimeSpan.FromSeconds(1);
    private readonly HashSet<string> _cited = new(StringComparer.Ordinal);

    /// <summary>Keys of sources that a fact of this file cites.</summary>
    public IReadOnlySet<string> Cited => _cited;

    public ImmutableArray<Fact> Read(YamlMap facts)
    {
        var all = ImmutableArray.CreateBuilder<Fact>();
        foreach (var name in facts.Keys)
        {
            if (FactKey.Find(name) is { } key)
                all.Add(Read(facts, key));
        }

        return all.ToImmutable();
    }

    private Fact Read(YamlMap facts, FactKey key)
    {
        if (!facts.IsMap(key.Name))
        {
            if (facts.TryText(key.Name) != "unknown")
                facts.Problem(key.Name, "expected `unknown`, or a mapping with value, source and confidence");
            return new(key.Name, file, facts.LineOf(key.Name), null, [], FactConfidence.Reported, "");
        }

        return facts.TryMap(key.Name)!.Closed(fact =>
        {
            var confidence = fact.Choice("confidence", "seen", "reported") == "seen" ? FactConfidence.Seen : FactConfidence.Reported;
            if (!fact.Has("source") || (fact.IsList("source") && fact.Texts("source").IsEmpty))
                fact.Problem("source", "is missing: each fact says where it comes from. Name a key of `sources`, and state there what was read, such as a repository and its file");
            ImmutableArray<string> cited = fact.IsList("source") ? fact.Texts("source") : [fact.TryText("source") ?? ""];
            foreach (var unknown in cited.Where(source => source.Length > 0 && !sources.ContainsKey(source)))
                fact.Problem("source", $"`{unknown}` is not a key of `sources`, here or in what this file extends; state there where the fact comes from");
            _cited.UnionWith(cited);
            var isUnknown = !fact.IsMap("value") && !fact.IsList("value") && fact.Text("value") == "unknown";
            return new Fact(
                key.Name, file, fact.Line, isUnknown ? null : Value(fact, key), [.. cited.Select(source => sources.GetValueOrDefault(source, ""))], confidence, fact.TryText("note") ?? "");
        });
    }

    private static FactValue? Value(YamlMap fact, FactKey key)
    {
        switch (key.Type)
        {
            case FactType.Number or FactType.Integer:
                return Number(fact, key.Type);
            case FactType.Choice:
                return new FactValue.Text(fact.Choice("value", key.Words.AsSpan()));
            case FactType.Text:
                return new FactValue.Text(fact.Text("value"));
            case FactType.Size:
                if (fact.Text("value") is { Length: > 0 } size && LaunchLimits.OfSize(size) is { } noSize)
                    fact.Problem("value", noSize);
                return new FactValue.Text(fact.Text("value"));
            case FactType.Probe:
                return fact.Map("value", "{file: /PATH, pattern: 'Version=(.+)'}: the file, and a pattern whose one group is the version")?.Closed(probe => Probe(probe, key.Name is "probe.framework" or "probe.plugin"));
            case FactType.Command:
                var command = fact.Texts("value");
                if (SafeTools.OfTelemetry(command) is { } noCommand)
                    fact.Problem("value", noCommand);
                return new FactValue.Texts(command);
            default:
                var values = fact.Texts("value");
                if (Unsafe(key.Type) is { } unsafely)
                {
                    foreach (var (value, why) in values.Select(value => (value, unsafely(value))).Where(wrong => wrong.Item2 is not null))
                        fact.ProblemAt("value", value, why!);
                }
                else if (Form(key.Type) is var (form, words))
                {
                    foreach (var wrong in values.Where(value => !form.IsMatch(value) || value.Contains("..", StringComparison.Ordinal)))
                        fact.ProblemAt("value", wrong, $"`{wrong}` is not {words}");
                }

                // of settings and limits the last would silently hold
                if (values.CountBy(value => key.Type is FactType.Settings or FactType.Limits ? value.Split('=')[0] : value, StringComparer.Ordinal).FirstOrDefault(count => count.Value > 1).Key is { } twice)
                    fact.Problem("value", $"`{twice}` is there twice; leave one of them out");
                return new FactValue.Texts(values);
        }
    }

    private static FactValue.Number? Number(YamlMap fact, FactType type)
    {
        var text = fact.Text("value");
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number < 1e12m && (type == FactType.Number || number == decimal.Truncate(number)))
            return new(number);
        fact.Problem("value", $"is `{text}`; expected {(type == FactType.Integer ? "a whole number" : "a number")}, or `unknown`");
        return null;
    }

    /// <param name="isOfImage">Whether it is read in the image and not on the machine.</param>
    private static FactValue.Probe Probe(YamlMap probe, bool isOfImage)
    {
        var (path, command, pattern) = (probe.TryText("file"), probe.Texts("command"), probe.Text("pattern"));
        if ((path is null) == command.IsEmpty)
            probe.Problem("file", "expected exactly one of `file` and `command`");
        else if (path is not null && (isOfImage ? SafePaths.OfImageFile(path) : SafePaths.OfFile(path)) is { } unsafely)
            probe.Problem("file", unsafely);
        else if (path is null && isOfImage)
            probe.Problem("command", $"`{string.Join(' ', command)}` is never carried out: a program of an image that is asked about itself could say anything. Instead state a `file` of the image in which the version stands: {{file: /PATH/IN/THE/IMAGE, pattern: 'Version=(.+)'}}");
        else if (path is null && SafeTools.Of(command) is { } noTool)
            probe.Problem("command", noTool);
        if (IsPattern(pattern) is { } wrong)
            probe.Problem("pattern", wrong);
        return new(path, command, pattern);
    }

    /// <summary>Without backtracking, so that no output of a tool makes a probe run forever.</summary>
    private static string? IsPattern(string pattern)
    {
        if (pattern.Length is 0 or > MostPattern)
            return $"has {pattern.Length} characters; expected 1 to {MostPattern}";
        try
        {
            var groups = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PatternTime).GetGroupNumbers().Length - 1;
            return groups == 1 ? null : $"has {groups} groups; expected one, which is the value";
        }
        catch (Exception bad) when (bad is ArgumentException or NotSupportedException)
        {
            return $"is no regular expression that is read here: {bad.Message}";
        }
    }

    /// <summary>What says why a value would open the machine to a container; null for types that hand nothing in.</summary>
    private static Func<string, string?>? Unsafe(FactType type) => type switch
    {
        FactType.Nodes => SafeDevices.Of,
        FactType.Mounts => SafePaths.OfMount,
        FactType.Groups => SafeDevices.OfGroup,
        FactType.Limits => LaunchLimits.OfLimit,
        _ => null,
    };

    private static (Regex Form, string Words)? Form(FactType type) => type switch
    {
        FactType.Variables => (Variable(), "the name of an environment variable"),
        FactType.Settings => (Setting(), "NAME=VALUE"),
        FactType.PciIds => (PciId(), "a PCI vendor id such as 19e5, or vendor and device such as 19e5:d802"),
        _ => null,
    };

    [GeneratedRegex(@"\A[A-Z][A-Z0-9_]*\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*=[^\s].*\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Setting();

    [GeneratedRegex(@"\A[0-9a-f]{4}(:[0-9a-f]{4})?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PciId();
}

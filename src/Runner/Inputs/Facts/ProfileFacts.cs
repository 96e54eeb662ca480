using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What is known of a chip and its stack: the facts of a profile and of all that it extends.</summary>
/// <param name="Extended">The files that the profile extends, from its chip to its vendor.</param>
public sealed record ProfileFacts(ImmutableArray<FactFile> Extended, ImmutableSortedDictionary<string, Fact> All)
{
    public static ProfileFacts None { get; } = new([], ImmutableSortedDictionary<string, Fact>.Empty);

    /// <summary>How many keys there are.</summary>
    public static int Keys => FactKey.All.Length;

    private static readonly ImmutableArray<string> Accelerators = ["devices.", "launch.", "visible.", "kubernetes.", "slurm.", "torch.", "telemetry.", "versions."];

    /// <summary>How many of them a processor can have.</summary>
    public static int KeysOfProcessors => FactKey.All.Count(key => !IsOfAccelerators(key.Name));

    /// <summary>Whether a key is about devices beside the processor: how they are found, handed over, asked and driven.</summary>
    public static bool IsOfAccelerators(string key) => key is "pci" or "images" or "exporter" or "onnxruntime.provider" or "onnxruntime.options" or "llamacpp.backend" or "vllm.plugin"
        || (key.StartsWith("probe.", StringComparison.Ordinal) && key != "probe.framework")
        || Accelerators.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>How many have a value.</summary>
    public int Known => All.Values.Count(fact => fact.Value is not null);

    /// <summary>Share of the keys that have a value, 0 to 1; null for a profile that states no facts.</summary>
    public double? Completeness => All.IsEmpty ? null : (double)Known / Keys;

    /// <summary>How a container gets at the devices: with the vendor's container toolkit, by the Container Device Interface, or by plain devices and mounts; those that are known.</summary>
    public IEnumerable<string> LaunchForms()
    {
        if (Runtime is not null)
            yield return "toolkit";
        if (Text("launch.cdi") is not null)
            yield return "cdi";
        if (!Texts("devices.each").IsEmpty || !Texts("devices.shared").IsEmpty)
            yield return "plain";
    }

    /// <summary>The engine's name of the vendor's container runtime; null where it is unknown, and where a source says that there is none.</summary>
    public string? Runtime => Text("launch.runtime") is { } name and not "none" ? name : null;

    /// <summary>In the order of the list of keys.</summary>
    public IEnumerable<Fact> Ordered => FactKey.All.Select(key => All.GetValueOrDefault(key.Name)).OfType<Fact>();

    /// <returns>Null where it is unknown.</returns>
    public string? Text(string key) => (All.GetValueOrDefault(key)?.Value as FactValue.Text)?.Value;

    /// <returns>Empty where it is unknown.</returns>
    public ImmutableArray<string> Texts(string key) => (All.GetValueOrDefault(key)?.Value as FactValue.Texts)?.Values ?? [];

    /// <returns>Null where it is unknown.</returns>
    public decimal? Number(string key) => (All.GetValueOrDefault(key)?.Value as FactValue.Number)?.Value;

    /// <returns>Null where it is unknown.</returns>
    public FactValue.Probe? Probe(string key) => All.GetValueOrDefault(key)?.Value as FactValue.Probe;
}

/// <param name="Shown">As the user knows it.</param>
/// <param name="Sha256">Of its bytes, lowercase hex.</param>
public sealed record FactFile(string Shown, string Sha256);

/// <summary>Reads facts along <c>extends</c>: vendor, chip, stack; a later file's fact replaces an earlier one's.</summary>
/// <param name="root">The folder that ids are files below of.</param>
/// <param name="shown">How the user knows a file.</param>
internal sealed class FactChain(string root, Func<string, string> shown, ICollection<Problem> problems)
{
    private const int Deepest = 4;

    /// <param name="top">The profile's own mapping, whose <c>sources</c>, <c>facts</c> and <c>extends</c> are read here.</param>
    public ProfileFacts Read(YamlMap top, string file) => Read(top, file, Deepest).Facts;

    private (ProfileFacts Facts, ImmutableDictionary<string, string> Sources) Read(YamlMap top, string file, int left)
    {
        var (facts, sources) = (ProfileFacts.None, ImmutableDictionary<string, string>.Empty);
        if (top.Has("extends"))
            (facts, sources) = Extended(top, file, left);
        var own = top.TextMap("sources");
        foreach (var (key, words) in own)
        {
            if (sources.TryGetValue(key, out var other) && other != words)
                top.Problem("sources", $"`{key}` means something else in a file that this one extends; give it another key");
        }

        sources = sources.SetItems(own);
        var reader = new FactReader(file, sources);
        var read = top.TryMap("facts")?.Closed(map =>
        {
            map.Known([.. FactKey.All.Select(key => key.Name)]);
            return reader.Read(map);
        }) ?? [];
        var part = top.TryText("part");
        // what a file brings for those that extend it is cited there; a profile that can be run is the last
        foreach (var unused in part is null ? own.Keys.Where(key => !reader.Cited.Contains(key)) : [])
            top.Problem("sources", $"`{unused}` is cited by no fact");
        var merged = new ProfileFacts(facts.Extended, facts.All.SetItems(read.Select(fact => KeyValuePair.Create(fact.Key, fact))));
        if (part == "chip" && FactKey.All.Where(key => !merged.All.ContainsKey(key.Name)).Select(key => key.Name).ToArray() is { Length: > 0 } missing)
            top.Problem("facts", $"a chip names every key, with `unknown` where nothing is known; missing: {string.Join(", ", missing)}");
        return (merged, sources);
    }

    private (ProfileFacts, ImmutableDictionary<string, string>) Extended(YamlMap top, string file, int left)
    {
        var id = top.Text("extends");
        var path = Path.Combine(root, $"{id}.yaml");
        if (left == 0)
            top.Problem("extends", $"more than {Deepest} files extend each other; is there a circle?");
        else if (id.Length > 0 && !YamlMap.IsIdentifier(id))
            top.Problem("extends", $"is `{id}`; expected the id of a file below {shown(root)}/, without .yaml, such as ascend/910b3");
        else if (id.Length > 0 && !File.Exists(path))
            top.Problem("extends", $"`{id}`: there is no {shown(path)}{Beside(id)}");
        else if (id.Length > 0 && Yaml.TryRead(path, shown(path), problems, out var sha256) is { } parent)
        {
            if (!parent.Has("part"))
                return OfStack(top, parent, (id, shown(path)), left);
            return parent.Closed(map =>
            {
                map.Schema("adaptation.profile/v1");
                map.Known("name", "id");
                map.Choice("part", "vendor", "chip");
                var (facts, sources) = Read(map, shown(path), left - 1);
                return (facts with { Extended = [new(shown(path), sha256), .. facts.Extended] }, sources);
            });
        }

        return (ProfileFacts.None, ImmutableDictionary<string, string>.Empty);
    }

    /// <summary>The obvious first try of whoever wants a stack with one thing changed. What it says further is read against the chip that was meant.</summary>
    private (ProfileFacts, ImmutableDictionary<string, string>) OfStack(YamlMap top, YamlMap stack, (string Id, string Shown) of, int left)
    {
        var chip = stack.TryText("extends");
        top.Problem("extends", chip is null ? $"`{of.Id}` is a stack, and extends nothing that could be extended instead; copy {of.Shown}, and give the copy an id of its own"
            : $"`{of.Id}` is a stack; write `extends: {chip}` and copy image, container, serve from {of.Shown}");
        return chip is null ? (ProfileFacts.None, ImmutableDictionary<string, string>.Empty) : Extended(stack, of.Shown, left - 1);
    }

    /// <summary>What there is of the same vendor.</summary>
    private string Beside(string id)
    {
        var folder = Path.Combine(root, Path.GetDirectoryName(id) ?? "");
        string[] there = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.yaml").Select(file => Path.ChangeExtension(Path.GetRelativePath(root, file), null)).Order(StringComparer.Ordinal)] : [];
        return Spelling.Hint(id, there) is { Length: > 0 } hint ? hint : there.Length is > 0 and < 40 ? $"; there are {string.Join(", ", there)}" : "";
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;

namespace Adaptation.Runner;

/// <summary>Captures the combination that a run is about: read from the machine, the container engine and the files, before the run and again after it.</summary>
internal static class LockCapture
{
    /// <summary>Dotted names to values: the combination as OPS-02 and the report show it.</summary>
    public static async Task<ImmutableSortedDictionary<string, string>> FactsAsync(Prepared prepared, StackProbe probe, CancellationToken cancellationToken)
    {
        var inputs = prepared.Inputs;
        var description = prepared.Engine.Description;
        var facts = probe.Read(inputs.Profile.Chip).ToBuilder();
        facts["profile.id"] = inputs.Profile.Id;
        facts["isolation"] = description.IsContainer ? "container" : "process";
        facts["container.engine"] = description.Name;
        facts["container.engineVersion"] = description.Version;
        facts["container.cgroup"] = description.CgroupVersion;
        facts["container.image.name"] = prepared.Image.Name;
        facts["container.image.sha256"] = Bare(prepared.Image.Digest);
        facts["container.image.baseSha256"] = Bare(prepared.Image.BaseDigest);
        facts["precision"] = inputs.Model.Precision;
        facts["model.name"] = inputs.Model.Id;
        facts["model.sha256"] = inputs.Model.Sha256;
        facts["serve.sha256"] = await ServeDigestAsync(prepared, cancellationToken);
        if (prepared.Launch is { } launch)
            (facts["launch.form"], facts["launch.devices"]) = (LaunchChoice.Word(launch.Form), LaunchChoice.Text(launch.Indices));
        if (inputs.Engine is { } engine)
        {
            facts["framework.name"] = engine.Name;
            // the version that the lock file states holds for exactly these bytes
            facts["framework.version"] = engine.EngineVersion;
            facts["framework.sha256"] = await FileDigests.Sha256Async(Path.Combine(prepared.EngineFolder!, engine.Files[0].Path), cancellationToken) ?? StackProbe.Unknown;
        }
        else
        {
            facts["framework.name"] = StackProbe.Unknown;
            facts["framework.version"] = StackProbe.Unknown;
        }

        return facts.ToImmutable();
    }

    /// <summary>What a profile can state of a stack: the fields that are read of such a chip, and what the server says of its device.</summary>
    public static ImmutableArray<string> Fields(ChipFacts chip) => [.. StackProbe.Fields(chip), .. Captured, Core.Plan.EngineDevice];

    /// <summary>Read of the run's files and of the container engine.</summary>
    private static readonly ImmutableArray<string> Captured =
    [
        "container.cgroup", "container.engine", "container.engineVersion", "container.image.baseSha256", "container.image.name", "container.image.sha256",
        "framework.name", "framework.sha256", "framework.version", "isolation", "model.name", "model.sha256", "precision", "profile.id", "serve.sha256",
    ];

    public static async Task<CombinationLock> LockAsync(
        Prepared prepared, StackProbe probe, ImmutableSortedDictionary<string, string> facts, CancellationToken cancellationToken)
    {
        var inputs = prepared.Inputs;
        var files = new List<(string, CanonicalValue)>();
        foreach (var file in inputs.Model.Files)
            files.Add((file.Path, await FileDigests.Sha256Async(Path.Combine(prepared.ModelFolder, file.Path), cancellationToken) ?? StackProbe.Unknown));
        var golden = new List<CanonicalValue>();
        foreach (var (path, file) in prepared.Golden.Files)
            golden.Add(CombinationLock.GoldenFile(path, await FileDigests.Sha256Async(file, cancellationToken) ?? StackProbe.Unknown));
        var detail = CanonicalValue.Object.Of(
            ("golden", CanonicalValue.Of(golden)),
            ("machine", CanonicalValue.Object.Of([.. probe.ReadDetail().Select(pair => (pair.Key, (CanonicalValue)pair.Value))])),
            ("model", CanonicalValue.Object.Of([.. files])),
            ("profile", CanonicalValue.Object.Of(("sha256", inputs.Profile.Sha256))),
            ("standard", CanonicalValue.Object.Of(("sha256", inputs.Standard.Sha256), ("suite", inputs.Suite.Name))));
        return new CombinationLock(Nest(facts), detail);
    }

    /// <summary>Turns dotted names into nested objects; a name that is also a prefix of another one is a mistake of ours.</summary>
    internal static CanonicalValue.Object Nest(IEnumerable<KeyValuePair<string, string>> facts)
    {
        var members = facts.Select(pair => (Parts: pair.Key.Split('.', 2), pair.Value)).GroupBy(pair => pair.Parts[0], StringComparer.Ordinal);
        return CanonicalValue.Object.Of([.. members.Select(group => (group.Key, Value(group.Key, group.ToArray())))]);

        static CanonicalValue Value(string name, (string[] Parts, string Value)[] group) => group switch
        {
            [{ Parts.Length: 1 } only] => only.Value,
            _ when group.Any(pair => pair.Parts.Length == 1) => throw new InvalidOperationException($"{name} is a fact and the beginning of others"),
            _ => Nest(group.Select(pair => KeyValuePair.Create(pair.Parts[1], pair.Value))),
        };
    }

    /// <summary>The facts that <see cref="Nest"/> made a combination of: dotted names to texts, in ordinal order.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Flatten(CanonicalValue.Object combination, string prefix = "") =>
        combination.Members.SelectMany(member => member.Value switch
        {
            CanonicalValue.Object inner => Flatten(inner, $"{prefix}{member.Key}."),
            CanonicalValue.Text text => [KeyValuePair.Create(prefix + member.Key, text.Value)],
            _ => [],
        });

    /// <summary>How the server is started is part of the combination: arguments and environment change what an engine computes.</summary>
    private static async Task<string> ServeDigestAsync(Prepared prepared, CancellationToken cancellationToken)
    {
        var server = prepared.Inputs.Profile.Server;
        var text = new StringBuilder();
        foreach (var argument in server.Command)
            text.Append(argument).Append('\n');
        foreach (var (name, value) in server.Environment)
            text.Append(name).Append('=').Append(value).Append('\n');
        if (server.Cache is { } cache)
            text.Append("cache ").Append(cache).Append('\n');
        if (server.Adapter is { } adapter)
        {
            text.Append(adapter with { Options = ImmutableSortedDictionary<string, string>.Empty }).Append('\n');
            foreach (var (name, value) in adapter.Options)
                text.Append(name).Append('=').Append(value).Append('\n');
            text.Append(await FileDigests.Sha256Async(prepared.HostFile, cancellationToken)).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Bare(string digest) => digest.StartsWith("sha256:", StringComparison.Ordinal) ? digest[7..] : digest;
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;

namespace Adaptation.Runner;

/// <summary>Captures the combination that a run is about: read from the machine, the container engine and the files, before the run and again after it.</summary>
internal static class LockCapture
{
    /// <summary>The combination, what pins the rest of it, and of what was not read why.</summary>
    public static async Task<StackFacts> ReadAsync(Prepared prepared, HostMachine machine, CancellationToken cancellationToken)
    {
        var (profile, probe, stack) = (prepared.Inputs.Profile, new StackProbe(machine.Root), new StackFacts());
        foreach (var (field, value) in probe.Read(profile.Chip))
            stack.Set(field, value);
        ReadContainer(stack, prepared);
        stack.Set("profile.id", profile.Id);
        stack.Set("profile.origin", ShippedProfiles.Origin(profile));
        stack.Set("precision", prepared.Inputs.Model.Precision);
        stack.Set("model.name", prepared.Inputs.Model.Id);
        stack.Set("model.sha256", prepared.Inputs.Model.Sha256);
        stack.Set("serve.sha256", await ServeDigestAsync(prepared, cancellationToken));
        EnvironmentCapture.Read(stack, profile, prepared.Launch);
        await LaunchCapture.ReadAsync(stack, profile, prepared.Launch, prepared.Engine.Description.IsContainer, machine, cancellationToken);
        await ReadSoftwareAsync(stack, prepared, machine, cancellationToken);
        await ReadFilesAsync(stack, prepared, probe, cancellationToken);
        return stack;
    }

    /// <summary>The lock of what was read.</summary>
    public static CombinationLock LockOf(StackFacts stack) => new(Nest(stack.Facts), stack.Detail);

    /// <summary>What a profile can state of a stack: the fields that are read of such a chip, and what the server says of its device.</summary>
    public static ImmutableArray<string> Fields(ChipFacts chip) => [.. StackProbe.Fields(chip), .. Captured, .. LaunchCapture.Names, Core.Plan.EngineDevice];

    /// <summary>Read of the run's files and of the container engine.</summary>
    private static readonly ImmutableArray<string> Captured =
    [
        "container.cgroup", "container.components", "container.engine", "container.engineVersion", "container.image.base", "container.image.baseRegistry", "container.image.baseSha256", "container.image.name", "container.image.sha256",
        "framework.name", "framework.sha256", "framework.version", "isolation", "model.name", "model.sha256", "precision", "profile.id", "profile.origin", "serve.sha256",
    ];

    private static void ReadContainer(StackFacts stack, Prepared prepared)
    {
        var engine = prepared.Engine.Description;
        stack.Set("isolation", engine.IsContainer ? "container" : "process");
        stack.Set("container.engine", engine.Name);
        stack.Set("container.engineVersion", engine.Version);
        stack.Set("container.cgroup", engine.CgroupVersion);
        if (!engine.Components.IsEmpty)
            stack.Set("container.components", StackProbe.Clean(string.Join(", ", engine.Components)));
        stack.Set("container.image.name", prepared.Image.Name);
        stack.Set("container.image.sha256", Bare(prepared.Image.Digest));
        stack.Set("container.image.base", StackProbe.Clean(prepared.Image.Base));
        stack.Set("container.image.baseSha256", Bare(prepared.Image.BaseDigest));
        if (prepared.Image.BaseInRegistry is { } known)
            stack.Set("container.image.baseRegistry", StackProbe.Clean(known));
    }

    /// <summary>Driver, firmware, toolkit, framework and plug-in.</summary>
    private static async Task ReadSoftwareAsync(StackFacts stack, Prepared prepared, HostMachine machine, CancellationToken cancellationToken)
    {
        var (profile, image) = (prepared.Inputs.Profile, new ImageProbe(prepared.Stand));
        if (profile.Chip.Kind == "pci")
        {
            var accelerator = new AcceleratorProbe(profile, prepared.Launch?.Indices ?? [.. Enumerable.Range(0, profile.Chip.Count)], machine);
            await accelerator.ReadAsync(stack, cancellationToken);
            var ofImage = profile.Facts.Probe("probe.toolkit")?.File is not null;
            // a toolkit in the image is the one that computes; what a tool prints is the machine's, and stands in only where no file is named
            stack.Take(
                "toolkit.version", ofImage ? SourcedValue.Agreed(await image.ReadAsync("toolkit", machine, cancellationToken)) : SourcedValue.Agreed(accelerator.ProbedToolkit, accelerator.ToldToolkit),
                isRequired: true);
            var hasPlugin = StackProbe.HasPlugin(profile);
            if (hasPlugin || profile.Facts.Probe("probe.plugin") is not null)
                stack.Take("plugin.version", SourcedValue.Agreed(await image.ReadAsync("plugin", machine, cancellationToken)), hasPlugin);
        }

        if (prepared.Inputs.Engine is { } pack)
        {
            stack.Set("framework.name", pack.Name);
            // the version that the lock file states holds for exactly these bytes
            stack.Set("framework.version", pack.EngineVersion);
            stack.Set("framework.sha256", await FileDigests.Sha256Async(Path.Combine(prepared.EngineFolder!, pack.Files[0].Path), cancellationToken) ?? StackProbe.Unknown);
        }
        else
        {
            await image.ReadFrameworkAsync(stack, machine, cancellationToken);
        }
    }

    /// <summary>Digests of the files that a run is about.</summary>
    private static async Task ReadFilesAsync(StackFacts stack, Prepared prepared, StackProbe probe, CancellationToken cancellationToken)
    {
        var inputs = prepared.Inputs;
        async Task<CanonicalValue> DigestsAsync(string folder, IEnumerable<PinnedFile> files)
        {
            var all = new List<(string, CanonicalValue)>();
            foreach (var file in files)
                all.Add((file.Path, await FileDigests.Sha256Async(Path.Combine(folder, file.Path), cancellationToken) ?? StackProbe.Unknown));
            return CanonicalValue.Object.Of([.. all]);
        }

        var golden = new List<CanonicalValue>();
        foreach (var (path, file) in prepared.Golden.Files)
            golden.Add(CombinationLock.GoldenFile(path, await FileDigests.Sha256Async(file, cancellationToken) ?? StackProbe.Unknown));
        stack.AddDetail("golden", CanonicalValue.Of(golden));
        stack.AddDetail("machine", Texts(probe.ReadDetail()));
        stack.AddDetail("model", await DigestsAsync(prepared.ModelFolder, inputs.Model.Files));
        stack.AddDetail("libraries", inputs.Engine is { } pack
            ? await DigestsAsync(prepared.EngineFolder!, pack.Files) : Texts(await new ImageProbe(prepared.Stand).LibrariesAsync(cancellationToken)));
        stack.AddDetail("profile", CanonicalValue.Object.Of(("sha256", inputs.Profile.Sha256)));
        stack.AddDetail("standard", CanonicalValue.Object.Of(("sha256", inputs.Standard.Sha256), ("suite", inputs.Suite.Name)));
    }

    private static CanonicalValue.Object Texts(IEnumerable<KeyValuePair<string, string>> texts) => CanonicalValue.Object.Of([.. texts.Select(pair => (pair.Key, (CanonicalValue)pair.Value))]);

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

using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Reads what an image holds, out of the image as the container engine keeps it: no program of the image is started to be asked about itself.</summary>
internal sealed class ImageProbe(ServerStand stand)
{
    /// <summary>The image, and what is mounted over it from the machine.</summary>
    public async Task<SourcedValue> ReadAsync(string part, HostMachine machine, CancellationToken cancellationToken)
    {
        var profile = stand.Profile;
        if (profile.Facts.Probe($"probe.{part}") is not { } probe)
            return new(part, null, UnknownFact(profile, $"probe.{part}"));
        if (probe.File is not { } file)
        {
            return new(part, null, $"facts.probe.{part} is a command, and no program of an image is started to be asked about itself: state a file of the image in {profile.File}");
        }

        var reading = stand.Launch?.Mounts.Where(mount => Below(mount.Target, file)).MaxBy(mount => mount.Target.Length) is { } over
            ? Mounted(part, file, over, probe.Pattern, machine)
            : await stand.Engine.TryReadFileAsync(stand.Image, file, cancellationToken) is { } content
                ? VersionProbe.Match(part, file, probe.Pattern, content.BeginningAsText) : new(part, file, null, $"the image has no file {file} (facts.probe.{part})");
        return new($"{file} of the image", reading.Value, reading.Problem);
    }

    /// <summary>The server sees what is mounted, and links lead it about in its container: one that leaves the mount leads to another file there than here.</summary>
    private static VersionReading Mounted(string part, string file, Mount over, string pattern, HostMachine machine)
    {
        var source = SafePaths.Plain(over.Source) + file[over.Target.TrimEnd('/').Length..];
        if (machine.WhyElsewhere(source, resolved => SafePaths.IsAt(resolved, machine.Resolve(over.Source) ?? "") ? null : $"the mount of {over.Source} ends before") is { } elsewhere)
            return new(part, file, null, elsewhere);
        var reading = machine.ReadAsked(source);
        return reading.Text is { } text ? VersionProbe.Match(part, file, pattern, text) : new(part, file, null, $"{file} is mounted from the machine: {reading.Problem}");
    }

    /// <summary>What the server is, as the runner starts it, and the versions that files of the image state.</summary>
    public async Task ReadFrameworkAsync(StackFacts stack, HostMachine machine, CancellationToken cancellationToken)
    {
        stack.Set("framework.name", NameOf(stand.Profile.Server) ?? StackProbe.Unknown);
        stack.Take("framework.version", SourcedValue.Agreed(await ReadAsync("framework", machine, cancellationToken)), isRequired: true);
    }

    /// <summary>Digests of the libraries that the profile names, where the image brings them.</summary>
    public async Task<ImmutableSortedDictionary<string, string>> LibrariesAsync(CancellationToken cancellationToken)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var file in new[] { stand.Profile.Server.Adapter?.Library, stand.Profile.Server.Adapter?.ProviderLibrary }.OfType<string>().Where(file => file.StartsWith('/')))
            all[file] = (await stand.Engine.TryReadFileAsync(stand.Image, file, cancellationToken))?.Sha256 ?? StackProbe.Unknown;
        return all.ToImmutable();
    }

    /// <summary>Says which fact is unknown, and where it belongs.</summary>
    public static string UnknownFact(Profile profile, string key) => profile.Facts.All.GetValueOrDefault(key) is { } fact
        ? $"facts.{key} is unknown in {fact.File}: state there, or in {profile.File}, the file or command that shows it"
        : $"{profile.File} states no facts.{key}: state there the file or command that shows it";

    /// <summary>The adapter that our host serves, or the program that the profile starts.</summary>
    public static string? NameOf(ProfileServer server) => server.Adapter?.Name
        ?? (server.Command is [var program, ..] && Path.GetFileName(program) is { Length: > 0 } name && StackProbe.IsPlain(name) ? name : null);

    private static bool Below(string folder, string file) => file == folder || file.StartsWith($"{folder.TrimEnd('/')}/", StringComparison.Ordinal);
}

using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>The files below <c>hardware-profiles/</c> as this product was built with them, by their digests: a copy that keeps a shipped id, and one that was changed in its place, shows.</summary>
internal static class ShippedProfiles
{
    private const string Folder = "hardware-profiles/", Ending = ".yaml";

    private static readonly ImmutableDictionary<string, string> Digests = Load();

    /// <summary>What the lock calls it: <c>shipped</c>; <c>own</c>, under an id of its own; or <c>altered: ID, ID</c>, naming the shipped ids whose bytes are others.</summary>
    public static string Origin(Profile profile)
    {
        var altered = profile.Facts.Extended.Select(file => (Id: Id(file.Shown), file.Sha256)).Prepend((profile.Id, profile.FileSha256))
            .Where(file => Digests.TryGetValue(file.Item1, out var shipped) && shipped != file.Item2).Select(file => file.Item1).ToArray();
        return altered.Length > 0 ? $"altered: {string.Join(", ", altered)}" : Digests.ContainsKey(profile.Id) ? "shipped" : "own";
    }

    private static string Id(string shown) =>
        shown.StartsWith(Folder, StringComparison.Ordinal) && shown.EndsWith(Ending, StringComparison.Ordinal) ? shown[Folder.Length..^Ending.Length] : shown;

    /// <summary>Lines of sha256sum, written by the build.</summary>
    private static ImmutableDictionary<string, string> Load()
    {
        using var list = new StreamReader(typeof(ShippedProfiles).Assembly.GetManifestResourceStream("shipped-profiles.txt") ?? throw new InvalidOperationException("the build lists no shipped profiles"));
        return list.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split("  ./", 2))
            .ToImmutableDictionary(parts => parts[1][..^Ending.Length], parts => parts[0], StringComparer.Ordinal);
    }
}

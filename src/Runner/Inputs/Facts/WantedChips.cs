using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A chip of which too little is known for a profile: listed as wanted, and not faked.</summary>
/// <param name="Why">What is missing, and what its vendor would have to state.</param>
public sealed record WantedChip(string Id, LocalText Name, LocalText Why)
{
    /// <summary>The file below <c>hardware-profiles/</c>.</summary>
    public const string File = "wanted.yaml";

    /// <returns>Empty where there is no such file.</returns>
    public static ImmutableArray<WantedChip> Read(string root, ICollection<Problem> problems)
    {
        var path = Path.Combine(root, "hardware-profiles", File);
        if (!System.IO.File.Exists(path) || Yaml.TryRead(path, Path.GetRelativePath(root, path), problems, out _) is not { } top)
            return [];
        return top.Closed(map =>
        {
            map.Schema("adaptation.wanted/v1");
            return map.Maps("wanted").Select(chip => chip.Closed(one => new WantedChip(one.Identifier("id"), one.LocalText("name"), one.LocalText("why")))).ToImmutableArray();
        });
    }
}

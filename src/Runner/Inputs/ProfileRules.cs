using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>What texts of a profile may be: names of images, words of a command, versions, an id. Each says what is wrong and what to write, or null.</summary>
internal static partial class ProfileRules
{
    private const string NameOfImage = "NAME:TAG@sha256:DIGEST, the name in lowercase and without spaces, such as registry.example/vllm-ascend:v1@sha256:…";

    /// <summary>What a server's command may leave to the runner.</summary>
    private static readonly ImmutableArray<string> Placeholders = ["model", "port", "socket"];

    /// <summary>Words for a version that nobody knows.</summary>
    private static readonly ImmutableArray<string> NoVersion = ["", "-", "?", "*", "any", "latest", "n/a", "na", "none", "null", "tbd", "todo", "unknown", "未知"];

    /// <summary>Whether a container engine could take it for an image, as registries and engines write names.</summary>
    public static string? OfImage(string name)
    {
        if (name == ProfileReader.Unknown || Image().IsMatch(name))
            return null;
        if (name.IndexOf("://", StringComparison.Ordinal) is var at and > 0)
            return $"is `{name}`; a registry is named by host and port, without `{name[..(at + 3)]}`: expected {NameOfImage}";
        if (name.IndexOf('@', StringComparison.Ordinal) is var digest and > 0 && Image().IsMatch(name[..digest]))
            return $"is `{name}`; a digest is sha256: and 64 hexadecimal digits in lowercase, here stands `{name[(digest + 1)..]}`. `docker inspect --format '{{{{index .RepoDigests 0}}}}' {name[..digest]}` prints the whole name";
        return $"is `{name}`, which is no name of an image; expected {NameOfImage}";
    }

    /// <summary>A word in braces that nothing is put in for reaches the server as it stands.</summary>
    public static string? OfArgument(string argument) =>
        Placeholder().Matches(argument).Select(match => match.Groups["name"].Value).FirstOrDefault(name => !Placeholders.Contains(name)) is not { } unknown ? null
        : $"`{{{unknown}}}` is replaced by nothing{(Spelling.Nearest(unknown, Placeholders) is { } near ? $"; did you mean `{{{near}}}`?" : "")}; known: {string.Join(", ", Placeholders.Select(name => $"{{{name}}}"))}";

    /// <param name="stated">One version, or several with <c> | </c> between them.</param>
    public static string? OfVersion(string stated)
    {
        var parts = stated.Split(" | ");
        return parts.FirstOrDefault(part => NoVersion.Contains(part.Trim().ToLowerInvariant())) is { } none
                ? $"`{none}` is no version: a run would have to read this very word. State what `adapt doctor` reads, several with ` | ` between them, or leave the line out"
            : parts.FirstOrDefault(part => part.Contains('|', StringComparison.Ordinal)) is { } close ? $"is `{close}`; versions that will do have ` | ` between them, with blanks" : null;
    }

    /// <summary>Two files of one id and other bytes would stand for each other on certificates.</summary>
    /// <param name="path">Of the file that has the id.</param>
    /// <param name="folder">That ids are files below of.</param>
    public static string? OfId(string id, string path, string sha256, string folder)
    {
        var shipped = Path.Combine(folder, $"{id}.yaml");
        if (!YamlMap.IsIdentifier(id) || !File.Exists(shipped) || Path.GetFullPath(shipped) == Path.GetFullPath(path))
            return null;
        using var other = File.OpenRead(shipped);
        return Convert.ToHexStringLower(SHA256.HashData(other)) == sha256 ? null
            : $"is `{id}`, the id of hardware-profiles/{id}.yaml, and this file has other bytes; give your copy an id of its own, such as {id}-mine 副本须用自己的 id";
    }

    [GeneratedRegex(@"\A((localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:[0-9]+/))(:[0-9]{1,5})?/)?[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Image();

    [GeneratedRegex(@"\{(?<name>[A-Za-z_]+)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placeholder();
}

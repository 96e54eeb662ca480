using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Where the paths inside a container lie on this machine, when there is no container.</summary>
internal sealed class ProcessPaths
{
    private readonly ImageSpec _image;

    /// <summary>Longest first, so that a mount inside another one wins.</summary>
    private readonly ImmutableArray<(string Inside, string Outside)> _pairs;

    public ProcessPaths(ImageSpec image, ImmutableArray<Mount> mounts)
    {
        _image = image;
        _pairs =
        [
            .. mounts.Select(mount => (mount.Target.TrimEnd('/'), mount.Source))
                .Concat(image.Files.Select(file => (Target(file.Key), file.Value)))
                .Where(pair => pair.Item1.Length > 0)
                .OrderByDescending(pair => pair.Item1.Length),
        ];
    }

    /// <summary>The file on this machine for a path in the build context; null where the image has none.</summary>
    public string? Find(string path)
    {
        if (_image.Files.TryGetValue(path, out var file))
            return file;
        foreach (var (folder, source) in _image.Files)
        {
            if (path.StartsWith($"{folder}/", StringComparison.Ordinal) && Path.Combine(source, path[(folder.Length + 1)..]) is var inside && File.Exists(inside))
                return inside;
        }

        return null;
    }

    /// <summary>Replaces every whole path inside the container that stands in a text such as <c>--model=/models/x</c> or <c>unix:/run/s</c>.</summary>
    public string Replace(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '/' || (at > 0 && IsOfPath(text[at - 1])))
                continue;
            foreach (var (inside, outside) in _pairs)
            {
                if (string.CompareOrdinal(text, at, inside, 0, inside.Length) != 0
                    || (at + inside.Length < text.Length && text[at + inside.Length] != '/' && IsOfPath(text[at + inside.Length])))
                {
                    continue;
                }

                text = $"{text[..at]}{outside}{text[(at + inside.Length)..]}";
                at += outside.Length - 1;
                break;
            }
        }

        return text;
    }

    /// <summary>Where the images of this project copy a path of their context to.</summary>
    private static string Target(string path) =>
        path == "host" || path.StartsWith("host/", StringComparison.Ordinal) ? $"/opt/adaptation{path["host".Length..]}"
        : path == "engine" || path.StartsWith("engine/", StringComparison.Ordinal) ? $"/opt/engine{path["engine".Length..]}"
        : "";

    private static bool IsOfPath(char c) => char.IsLetterOrDigit(c) || c is '/' or '.' or '_' or '-';
}

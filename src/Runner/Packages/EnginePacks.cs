using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A native engine for plain CPU machines, pinned by digest in <c>engines.lock.json</c>.</summary>
/// <param name="EngineVersion">The version that the library states of itself.</param>
public sealed record EnginePack(
    string Name, string EngineVersion, string Licence, PackageSource Source, ImmutableArray<PinnedFile> Files)
{
    /// <summary>Reads all packs of the lock file.</summary>
    /// <exception cref="BadInputException">The file is not what it should be.</exception>
    public static ImmutableArray<EnginePack> ReadAll(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = document.RootElement;
            if (root.GetProperty("schema").GetString() != "adaptation.engines/v1")
                throw new JsonException("schema is not adaptation.engines/v1");
            return [.. root.GetProperty("engines").EnumerateArray().Select(Read)];
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(System.IO.Path.GetFileName(path), 0, "", $"cannot be used as the engine lock: {broken.Message}")]);
        }
    }

    private static EnginePack Read(JsonElement engine)
    {
        var source = new PackageSource(Text(engine, "package"), Text(engine, "version"), Text(engine, "integrity"));
        if (source.Rules().FirstOrDefault(rule => !rule.Good) is { Key: { } } broken)
            throw new JsonException($"`{broken.Value}` is not {broken.Expected}");
        ImmutableArray<PinnedFile> files =
        [
            .. engine.GetProperty("files").EnumerateArray().Select(file =>
                new PinnedFile(Path(file, "path"), Path(file, "from"), file.GetProperty("bytes").GetInt64(), Text(file, "sha256"))),
        ];
        if (files.IsEmpty)
            throw new JsonException("an engine has at least one file");
        return PinnedFile.Clash(files) is { } clash
            ? throw new JsonException(clash)
            : new EnginePack(Text(engine, "name"), Text(engine, "engineVersion"), Text(engine, "licence"), source, files);
    }

    private static string Path(JsonElement element, string name) =>
        Text(element, name) is var path && PinnedFile.IsBelow(path) ? path : throw new JsonException($"`{path}` is not a path below the folder");

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() is { Length: > 0 } text ? text : throw new JsonException($"{name} is empty");
}

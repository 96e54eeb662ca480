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
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException)
        {
            throw new BadInputException([new Problem(Path.GetFileName(path), 0, "", $"cannot be used as the engine lock: {broken.Message}")]);
        }
    }

    private static EnginePack Read(JsonElement engine) => new(
        Text(engine, "name"), Text(engine, "engineVersion"), Text(engine, "licence"),
        new PackageSource(Text(engine, "package"), Text(engine, "version"), Text(engine, "integrity")),
        [
            .. engine.GetProperty("files").EnumerateArray().Select(file =>
                new PinnedFile(Text(file, "path"), Text(file, "from"), file.GetProperty("bytes").GetInt64(), Text(file, "sha256"))),
        ]);

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() is { Length: > 0 } text ? text : throw new JsonException($"{name} is empty");
}

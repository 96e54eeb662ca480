using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Reads model manifests and says everything that is wrong with one.</summary>
public static class ReferenceModelReader
{
    private static readonly ImmutableArray<ModelTensor> TextInputs = [new("input_ids", "INT64", [1, -1])];
    private static readonly ImmutableArray<ModelTensor> TextOutputs = [new("logits", "FP32", [1, -1, -1])];

    /// <returns>The model; not to be used if anything was added to <paramref name="problems"/>.</returns>
    public static ReferenceModel? TryRead(string path, string shownAs, ICollection<Problem> problems)
    {
        if (Yaml.TryRead(path, shownAs, problems, out var sha256) is not { } top)
            return null;
        if (GeneratedModelReader.IsOne(top))
            return top.Closed(model => Generated(model, path, shownAs, sha256));
        return top.Closed(model =>
        {
            model.Schema("adaptation.model/v1");
            var kind = model.Choice("kind", "tensor", "llm");
            var read = new ReferenceModel
            {
                File = shownAs,
                Folder = Path.GetDirectoryName(Path.GetFullPath(path))!,
                Sha256 = sha256,
                Id = model.Identifier("id"),
                Name = model.LocalText("name"),
                Kind = kind,
                Licence = model.Text("licence"),
                Precision = "",
                Source = model.TryMap("source")?.Closed(Package),
                Files = [],
                RunnerFiles = Files(model, "runner_files"),
                Inputs = [],
                Outputs = [],
            };
            return kind == "llm" ? LanguageModel(model, read) : TensorModelReader.Read(model, read);
        });
    }

    /// <summary>A language model takes <c>input_ids</c> [1,T] and gives <c>logits</c> [1,T,V]: the same for all of them.</summary>
    private static ReferenceModel LanguageModel(YamlMap model, ReferenceModel read)
    {
        var exports = Exports(model);
        if (exports.IsEmpty)
            model.Problem("exports", "a language model has at least one form that an engine loads");
        var text = model.Map("text")?.Closed(parts => new TextModel(
            Part(parts, "weights"), Part(parts, "config"), Part(parts, "tokenizer"), Part(parts, "chat_template"), Part(parts, "documents"), Part(parts, "prompts"))
        {
            Noise = parts.TryMap("noise")?.Closed(noise => new ReferenceNoise(noise.Integer("mean_kld_ppb", 1, 1_000_000), noise.Integer("p999_kld_ppb", 1, 10_000_000))),
            Tools = parts.Has("tools") ? Part(parts, "tools") : null,
        });
        return read with
        {
            Text = text,
            Exports = exports,
            Precision = exports.IsEmpty ? "" : exports[0].Precision,
            Files = exports.IsEmpty ? [] : [exports[0].File],
            Inputs = TextInputs,
            Outputs = TextOutputs,
        };

        string Part(YamlMap parts, string key)
        {
            var name = parts.Text(key);
            if (name.Length > 0 && !read.RunnerFiles.Any(file => file.Path == name))
                parts.Problem(key, $"`{name}` is not among runner_files");
            return name;
        }
    }

    /// <summary>Weights from a seed: any machine makes the same files, so that their digests are all there is to pin.</summary>
    private static ReferenceModel Generated(YamlMap model, string path, string shownAs, string sha256)
    {
        var generated = GeneratedModelReader.Read(model);
        ImmutableArray<ModelExport> exports =
        [
            .. generated.Files.Where(file => file.Format == "gguf").OrderBy(file => file.Type != WeightType.F16).Select(file => new ModelExport(
                file.Type.Spelling(), ModelFormats.Gguf, new PinnedFile("model.gguf", "model.gguf", file.Bytes, file.Sha256))),
        ];
        return new ReferenceModel
        {
            File = shownAs,
            Folder = Path.GetDirectoryName(Path.GetFullPath(path))!,
            Sha256 = sha256,
            Id = generated.Id,
            Name = model.LocalText("name"),
            Kind = "llm",
            Licence = model.Text("licence"),
            Precision = exports.IsEmpty ? "" : exports[0].Precision,
            Source = null,
            Files = exports.IsEmpty ? [] : [exports[0].File],
            RunnerFiles = [],
            Inputs = TextInputs,
            Outputs = TextOutputs,
            Exports = exports,
            Text = new TextModel("", "", "tokenizer.json", "", "", "") { Generated = generated },
        };
    }

    private static ImmutableArray<ModelExport> Exports(YamlMap model) =>
    [
        .. model.Maps("exports").Select(entry => entry.Closed(export =>
        {
            var format = export.Choice("format", ModelFormats.Gguf);
            return Export(export, export.Choice("precision", "f32", "f16", "bf16", "q8_0", "q4_0"), format);
        })),
    ];

    internal static ModelExport Export(YamlMap export, string precision, string format)
    {
        var name = ModelFormats.FileName(format);
        return new(precision, format, new PinnedFile(name, name, export.Integer("bytes", 0, long.MaxValue), Digest(export)));
    }

    internal static ImmutableArray<PinnedFile> Files(YamlMap model, string key)
    {
        ImmutableArray<PinnedFile> files =
        [
            .. model.Maps(key).Select(entry => entry.Closed(file =>
            {
                var path = SafePath(file, "path");
                return new PinnedFile(path, file.Has("from") ? SafePath(file, "from") : path, file.Integer("bytes", 0, long.MaxValue), Digest(file));
            })),
        ];
        if (PinnedFile.Clash(files) is { } clash)
            model.Problem(key, clash);
        return files;
    }

    internal static string SafePath(YamlMap map, string key)
    {
        var path = map.Text(key);
        if (path.Length > 0 && !PinnedFile.IsBelow(path))
            map.Problem(key, $"`{path}` is not a path below the folder");
        return path;
    }

    internal static string Digest(YamlMap map)
    {
        var digest = map.Text("sha256");
        if (digest.Length > 0 && (digest.Length != 64 || !digest.All(c => char.IsAsciiHexDigitLower(c) || char.IsAsciiDigit(c))))
            map.Problem("sha256", "expected 64 lowercase hex digits");
        return digest;
    }

    private static PackageSource Package(YamlMap source)
    {
        var package = new PackageSource(source.Text("npm"), source.Text("version"), source.Text("integrity"));
        foreach (var (key, value, good, expected) in package.Rules())
        {
            if (value.Length > 0 && !good)
                source.Problem(key, $"is `{value}`; expected {expected}");
        }

        return package;
    }
}

using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>A model whose correct behaviour is known: a folder under <c>reference-models/</c>.</summary>
public sealed record ReferenceModel
{
    public required string File { get; init; }

    /// <summary>The folder that the manifest's paths are relative to.</summary>
    public required string Folder { get; init; }

    /// <summary>SHA-256 of the manifest's bytes, lowercase hex.</summary>
    public required string Sha256 { get; init; }

    public required string Id { get; init; }

    public required LocalText Name { get; init; }

    /// <summary>llm, tensor or endpoint.</summary>
    public required string Kind { get; init; }

    public required string Licence { get; init; }

    /// <summary>Such as fp32: what arithmetic the tolerance was made for.</summary>
    public required string Precision { get; init; }

    /// <summary>The package that the files come from, or null where they lie in the model's own folder.</summary>
    public required PackageSource? Source { get; init; }

    /// <summary>What the container gets, read-only.</summary>
    public required ImmutableArray<PinnedFile> Files { get; init; }

    /// <summary>What stays on the runner's side.</summary>
    public required ImmutableArray<PinnedFile> RunnerFiles { get; init; }

    /// <summary>Every one of them is sent in each request.</summary>
    public required ImmutableArray<ModelTensor> Inputs { get; init; }

    /// <summary>Every one of them is asked for in each request.</summary>
    public required ImmutableArray<ModelTensor> Outputs { get; init; }

    /// <summary>How a picture becomes the one input; null where inputs are kept as tensors, and for a language model.</summary>
    public TextLineInput? Input { get; init; }

    /// <summary>Name of the runner file with the character set that the one output is read with; empty where outputs are tensors and nothing more.</summary>
    public string Charset { get; init; } = "";

    /// <summary>Empty for a language model, whose expected values are computed.</summary>
    public string GoldenFile { get; init; } = "";

    public string GoldenSha256 { get; init; } = "";

    /// <summary>Forms that are made on the runner's side, of which a run takes one; empty where the files are there as they are.</summary>
    public ImmutableArray<ModelExport> Exports { get; init; } = [];

    /// <summary>The language model from whose weights the exports of a tensor model are made; null for any other.</summary>
    public ReferenceModel? Checkpoint { get; init; }

    /// <summary>What only a language model has; null for any other.</summary>
    public TextModel? Text { get; init; }
}

/// <summary>The parts of a language model, by their names among the runner's files, and what containers may get of it.</summary>
/// <param name="Weights">Safetensors.</param>
/// <param name="Config"><c>config.json</c> as published checkpoints have it.</param>
/// <param name="Tokenizer"><c>tokenizer.json</c>.</param>
/// <param name="ChatTemplate">Jinja.</param>
/// <param name="Documents">Token ids that are teacher-forced.</param>
/// <param name="Prompts">Beginnings that are continued greedily.</param>
public sealed record TextModel(string Weights, string Config, string Tokenizer, string ChatTemplate, string Documents, string Prompts)
{
    /// <summary>How the weights are drawn, where there are no files; the names above are empty then, and documents are drawn too.</summary>
    public GeneratedModel? Generated { get; init; }

    /// <summary>What trusted 16-bit arithmetic does on this model, from which COR-07's limits follow; null where it was not measured.</summary>
    public ReferenceNoise? Noise { get; init; }

    /// <summary>Prompts with tools (<see cref="ToolPack"/>), by its name among the runner's files; null for a model that calls none.</summary>
    public string? Tools { get; init; }
}

/// <summary>An input or output of a model.</summary>
/// <param name="DataType">As the Open Inference Protocol spells it.</param>
/// <param name="Shape">-1 for a free dimension.</param>
public sealed record ModelTensor(string Name, string DataType, ImmutableArray<long> Shape)
{
    /// <summary>Whether a tensor of that shape is one of these.</summary>
    public bool Takes(ImmutableArray<long> shape) => shape.Length == Shape.Length && shape.Zip(Shape).All(pair => pair.Second == -1 || pair.First == pair.Second);
}

/// <summary>One form of a model that engines load.</summary>
/// <param name="Precision">f32, f16, bf16, q8_0 or q4_0: the element type of its matrices; fp32 for a tensor model.</param>
/// <param name="Format">One of <see cref="ModelFormats"/>.</param>
public sealed record ModelExport(string Precision, string Format, PinnedFile File);

/// <summary>A package of the npm registry, pinned by the digest that the registry itself states.</summary>
/// <param name="Integrity">Subresource integrity: <c>sha512-</c> and base64.</param>
public sealed partial record PackageSource(string Package, string Version, string Integrity)
{
    /// <summary>What each part must look like: npm also takes folders, addresses and tags, and runs what it finds there.</summary>
    internal IEnumerable<(string Key, string Value, bool Good, string Expected)> Rules() =>
    [
        ("npm", Package, NamePattern().IsMatch(Package), "the name of a package in the registry"),
        ("version", Version, VersionPattern().IsMatch(Version), "one exact version"),
        ("integrity", Integrity, IntegrityPattern().IsMatch(Integrity), "sha512- and base64, as the registry states it"),
    ];

    [GeneratedRegex(@"\A(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"\Asha512-[A-Za-z0-9+/]{86}==\z")]
    private static partial Regex IntegrityPattern();
}

/// <param name="Path">Where it goes.</param>
/// <param name="From">Where it is, in the package or in the model's folder.</param>
/// <param name="Sha256">Lowercase hex.</param>
public sealed record PinnedFile(string Path, string From, long Bytes, string Sha256)
{
    /// <summary>Whether a relative path can only lead to something below the folder that it is relative to.</summary>
    internal static bool IsBelow(string path) =>
        !System.IO.Path.IsPathRooted(path) && path.Split('/').All(part => part is not ("" or "." or "..")) && !path.Any(char.IsControl);

    /// <returns>What keeps the files from lying in one folder, or null.</returns>
    internal static string? Clash(ImmutableArray<PinnedFile> files)
    {
        foreach (var (file, at) in files.Select((file, at) => (file, at)))
        {
            foreach (var other in files.Where((_, place) => place != at))
            {
                if (file.Path == other.Path || other.Path.StartsWith(file.Path + '/', StringComparison.Ordinal))
                    return $"`{file.Path}` and `{other.Path}` cannot both be there";
                if (file.From == other.From)
                    return $"`{file.From}` is taken twice";
            }
        }

        return null;
    }
}

/// <summary>How an image of one text line becomes a tensor: height fixed, values (v / 255 - mean) / std, channels first.</summary>
/// <param name="Bgr">True where the model wants blue first.</param>
public sealed record TextLineInput(int Height, bool Bgr, double Mean, double Std);

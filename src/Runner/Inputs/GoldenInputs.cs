using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A golden pack with its inputs ready to be sent. Stays on the runner's side; only <see cref="GoldenInput.Tensors"/> ever go out.</summary>
/// <param name="Files">Path in the evidence to the file on this machine.</param>
public sealed record GoldenInputs(GoldenPack Pack, ImmutableArray<GoldenInput> Inputs, ImmutableSortedDictionary<string, string> Files)
{
    private const string CharsetInEvidence = "golden/charset.txt";

    /// <summary>Sequences that fill the declared window (COR-15); none where that is not asked for.</summary>
    public ImmutableArray<GoldenInput> Long { get; init; } = [];

    /// <summary>The documents of a language model; null for any other.</summary>
    public TextGolden? Text { get; init; }

    /// <summary>Exact values inside the model (COR-06); null where the pack has none, or they are not asked for.</summary>
    public LayerPlan? Layers { get; init; }

    /// <summary>Loads the pack that a model's manifest pins; every file's digest is checked.</summary>
    /// <param name="runnerFolder">Holds the model's runner files, the character set among them if it has one.</param>
    /// <exception cref="BadInputException">A file is missing, has another digest, or is not what the pack says.</exception>
    public static GoldenInputs Load(ReferenceModel model, string runnerFolder)
    {
        var path = Path.Combine(model.Folder, model.GoldenFile);
        try
        {
            using var document = JsonDocument.Parse(
                GoldenCases.ReadPinned(path, model.GoldenSha256), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = PackMember.Root(document);
            if (root["schema"].Text != "adaptation.golden/v1" || root["model"].Text != model.Id)
                throw new JsonException($"it is not a pack adaptation.golden/v1 of {model.Id}");
            var tolerance = root["tolerance"];
            var cases = new GoldenCases(model, Path.GetDirectoryName(path)!);
            ImmutableArray<GoldenInput> inputs = [.. root["cases"].List.Select(cases.Read)];
            if (inputs.IsEmpty)
                throw new JsonException("cases: there is none");
            if (inputs.CountBy(input => input.Id, StringComparer.Ordinal).FirstOrDefault(count => count.Value > 1).Key is { } twice)
                throw new JsonException($"cases: {twice} is there twice");
            var layers = root.Find("layers") is { } stated ? cases.ReadLayers(stated) : null;
            var files = cases.Files.Add("golden/golden.json", path);
            var charset = model.Charset.Length == 0 ? null : CharsetInEvidence;
            return new(
                new GoldenPack(tolerance["rtolPpb"].Integer, tolerance["atolPpb"].Integer, charset, cases.Lines), inputs,
                charset is null ? files : files.Add(charset, Path.Combine(runnerFolder, model.Charset)))
            {
                Layers = layers,
            };
        }
        catch (Exception broken) when (broken is JsonException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new BadInputException([new Problem(model.File, 0, "golden", $"{model.GoldenFile}: {broken.Message}")]);
        }
    }
}

/// <summary>What is sent to a model in one request.</summary>
/// <param name="Tensors">In the order of the model's signature.</param>
public sealed record GoldenInput(string Id, ImmutableArray<WireTensor> Tensors)
{
    /// <summary>What the answers are called in the evidence, in the order of the model's outputs: the ids of the golden lines where there are such.</summary>
    public ImmutableArray<string> Answers { get; init; } = [Id];

    /// <summary>Of all tensors.</summary>
    public long Bytes => Tensors.Sum(tensor => (long)tensor.Data.Length);
}

using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads what the manifest of a tensor model has besides what all models have.</summary>
internal static class TensorModelReader
{
    private const string Precision = "fp32";

    private static readonly string[] DataTypes =
        ["BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "BF16", "FP32", "FP64"];

    public static ReferenceModel Read(YamlMap model, ReferenceModel read)
    {
        var signature = model.Map("signature")?.Closed(s => (Inputs: Tensors(s, "inputs"), Outputs: Tensors(s, "outputs")));
        var golden = model.Map("golden")?.Closed(g => (File: ReferenceModelReader.SafePath(g, "file"), Sha256: ReferenceModelReader.Digest(g)));
        model.Choice("precision", Precision);
        read = Files(model, read) with
        {
            Precision = Precision,
            Inputs = signature?.Inputs ?? [],
            Outputs = signature?.Outputs ?? [],
            Input = model.Map("input")?.Closed(Picture),
            Charset = model.Map("output")?.Closed(Charset) ?? "",
            GoldenFile = golden?.File ?? "",
            GoldenSha256 = golden?.Sha256 ?? "",
        };
        if (read.Charset.Length > 0 && !read.RunnerFiles.Any(file => file.Path == read.Charset))
            model.Problem("output", $"charset `{read.Charset}` is not among runner_files");
        if (read.Input is null != read.Charset.Length is 0)
            model.Problem("output", "pictures of text lines are read as text, and tensors as tensors: input and output are both of one kind");
        if (read.Input is not null && signature is not null && read is not { Inputs: [{ DataType: "FP32" }], Outputs: [{ DataType: "FP32" }] })
            model.Problem("signature", "a picture of a text line becomes exactly one input, and its text is read from exactly one output, both FP32");
        return read;
    }

    /// <summary>Either files that are there as they are, or exports that are made from the weights of a language model.</summary>
    private static ReferenceModel Files(YamlMap model, ReferenceModel read)
    {
        if (!model.Has("checkpoint"))
        {
            var files = ReferenceModelReader.Files(model, "files");
            if (files.IsEmpty)
                model.Problem("files", "a model has at least one file");
            return read with { Files = files };
        }

        ImmutableArray<ModelExport> exports =
        [
            .. model.Maps("exports").Select(entry => entry.Closed(export =>
                ReferenceModelReader.Export(export, Precision, export.Choice("format", ModelFormats.Onnx, ModelFormats.TorchScript)))),
        ];
        if (exports.IsEmpty)
            model.Problem("exports", "a model that is made from a checkpoint has at least one form that an engine loads");
        if (exports.CountBy(export => export.Format, StringComparer.Ordinal).FirstOrDefault(count => count.Value > 1).Key is { } twice)
            model.Problem("exports", $"`{twice}` is there twice");
        return read with { Exports = exports, Files = exports.IsEmpty ? [] : [exports[0].File], Checkpoint = Checkpoint(model, read.Folder) };
    }

    /// <summary>The model whose weights are taken: named by its folder beside this one, pinned by its own manifest, and what is made of it by this one.</summary>
    private static ReferenceModel? Checkpoint(YamlMap model, string folder)
    {
        var name = model.Text("checkpoint");
        if (name.Length == 0)
            return null;
        var file = Path.Combine(folder, "..", name, "model.yaml");
        if (!PinnedFile.IsBelow(name) || !File.Exists(file))
        {
            model.Problem("checkpoint", $"`{name}` is no model in a folder beside this one");
            return null;
        }

        var problems = new List<Problem>();
        // only a language model is read further: a checkpoint that names itself would be read without end
        var isText = Yaml.TryRead(file, file, problems, out _)?.TryText("kind") == "llm";
        var checkpoint = isText ? ReferenceModelReader.TryRead(file, $"{name}/model.yaml", problems) : null;
        if (problems.Count > 0)
            model.Problem("checkpoint", $"`{name}` cannot be read: {problems[0].File}, line {problems[0].Line}, {problems[0].Key}: {problems[0].Message}");
        else if (checkpoint is not { Text.Generated: null })
            model.Problem("checkpoint", $"`{name}` has no weights of its own; expected a language model with safetensors");
        return checkpoint;
    }

    private static ImmutableArray<ModelTensor> Tensors(YamlMap signature, string key)
    {
        ImmutableArray<ModelTensor> tensors =
        [
            .. signature.Maps(key).Select(entry => entry.Closed(tensor => new ModelTensor(
                tensor.Text("name"), tensor.Choice("datatype", DataTypes), [.. tensor.Texts("shape").Select(text => Dimension(tensor, text))]))),
        ];
        if (tensors.IsEmpty)
            signature.Problem(key, "expected at least one tensor");
        if (tensors.CountBy(tensor => tensor.Name, StringComparer.Ordinal).FirstOrDefault(count => count.Value > 1).Key is { } twice)
            signature.Problem(key, $"`{twice}` is there twice");
        return tensors;
    }

    private static long Dimension(YamlMap tensor, string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var dimension) && (dimension == -1 || dimension > 0))
            return dimension;
        tensor.Problem("shape", $"`{text}` is not a dimension; expected a positive number, or -1 for a free one");
        return -1;
    }

    private static TextLineInput? Picture(YamlMap input) => input.Choice("kind", "text-line", "tensors") == "tensors" ? null : new(
        (int)input.Integer("height", 1, 4096),
        input.Choice("channels", "bgr", "rgb") == "bgr",
        Number(input, "mean", least: 0),
        Number(input, "std", least: 1e-6));

    private static string Charset(YamlMap output) => output.Choice("kind", "ctc-greedy", "tensors") == "tensors" ? "" : output.Text("charset");

    private static double Number(YamlMap map, string key, double least)
    {
        var text = map.Text(key);
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number < 1e6 && number >= least)
            return number;
        if (text.Length > 0)
            map.Problem(key, string.Create(CultureInfo.InvariantCulture, $"is `{text}`; expected a number from {least} to 1000000"));
        return 1;
    }
}

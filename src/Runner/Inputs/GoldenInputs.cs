using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A golden pack with its inputs ready to be sent. Stays on the runner's side; only <see cref="GoldenInput.Tensor"/> ever goes out.</summary>
/// <param name="Files">Path in the evidence to the file on this machine.</param>
public sealed record GoldenInputs(GoldenPack Pack, ImmutableArray<GoldenInput> Inputs, ImmutableSortedDictionary<string, string> Files)
{
    private const int MaxBytes = 64 << 20;

    /// <summary>Sequences that fill the declared window (COR-15); none where that is not asked for.</summary>
    public ImmutableArray<GoldenInput> Long { get; init; } = [];

    /// <summary>The documents of a language model; null for any other.</summary>
    public TextGolden? Text { get; init; }

    /// <summary>Exact values inside the model (COR-06); null where the pack has none, or they are not asked for.</summary>
    public LayerPlan? Layers { get; init; }

    /// <summary>Loads the pack that a model's manifest pins; every file's digest is checked.</summary>
    /// <param name="charset">The character set's file on this machine.</param>
    /// <exception cref="BadInputException">A file is missing, has another digest, or is not what the pack says.</exception>
    public static GoldenInputs Load(ReferenceModel model, string charset)
    {
        var path = Path.Combine(model.Folder, model.GoldenFile);
        var folder = Path.GetDirectoryName(path)!;
        try
        {
            var bytes = ReadPinned(path, model.GoldenSha256);
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = document.RootElement;
            if (root.GetProperty("schema").GetString() != "adaptation.golden/v1" || root.GetProperty("model").GetString() != model.Id)
                throw new JsonException($"it is not a pack adaptation.golden/v1 of {model.Id}");
            var tolerance = root.GetProperty("tolerance");
            var files = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            files["golden/golden.json"] = path;
            files["golden/charset.txt"] = charset;
            var lines = root.GetProperty("lines").EnumerateArray().Select(line => ReadLine(line, folder, model, files)).ToArray();
            if (lines.Length == 0)
                throw new JsonException("it has no line");
            if (lines.CountBy(line => line.Line.Id, StringComparer.Ordinal).FirstOrDefault(count => count.Value > 1).Key is { } twice)
                throw new JsonException($"line {twice} is there twice");
            var pack = new GoldenPack(
                tolerance.GetProperty("rtolPpb").GetInt64(), tolerance.GetProperty("atolPpb").GetInt64(), "golden/charset.txt",
                [.. lines.Select(line => line.Line)]);
            var layers = root.TryGetProperty("layers", out var stated) ? ReadLayers(stated, folder, pack, files) : null;
            return new(pack, [.. lines.Select(line => line.Input)], files.ToImmutable()) { Layers = layers };
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new BadInputException([new Problem(model.File, 0, "golden", $"{model.GoldenFile}: {broken.Message}")]);
        }
    }

    private static (GoldenLine Line, GoldenInput Input) ReadLine(
        JsonElement line, string folder, ReferenceModel model, ImmutableSortedDictionary<string, string>.Builder files)
    {
        var id = TextOf(line, "id");
        if (id.Length is 0 or > 64 || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new JsonException($"`{id}` is not an id of lowercase letters, digits and hyphens");
        var (image, expected) = (line.GetProperty("image"), line.GetProperty("expected"));
        var imagePath = Below(folder, TextOf(image, "path"));
        var expectedPath = Below(folder, TextOf(expected, "path"));
        var picture = PngImage.Read(ReadPinned(imagePath, TextOf(image, "sha256")));
        ReadPinned(expectedPath, TextOf(expected, "sha256"));
        files[$"golden/inputs/{id}.png"] = imagePath;
        files[$"golden/expected/{id}.f32.gz"] = expectedPath;
        return (
            new GoldenLine(
                id, $"golden/expected/{id}.f32.gz", [.. expected.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())],
                TextOf(line, "text")),
            GoldenInput.FromImage(id, picture, model.Input!));
    }

    private static LayerPlan ReadLayers(JsonElement layers, string folder, GoldenPack pack, ImmutableSortedDictionary<string, string>.Builder files)
    {
        var line = TextOf(layers, "line");
        if (!pack.Lines.Any(known => known.Id == line))
            throw new JsonException($"its layers are of a line `{line}`, which it does not have");
        var tensors = ImmutableArray.CreateBuilder<GoldenLayer>();
        foreach (var tensor in layers.GetProperty("tensors").EnumerateArray())
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"layer-{tensors.Count + 1:00}");
            var path = Below(folder, TextOf(tensor, "path"));
            ReadPinned(path, TextOf(tensor, "sha256"));
            files[$"golden/layers/{id}.f32.gz"] = path;
            tensors.Add(new(
                id, TextOf(tensor, "name"), line, $"golden/layers/{id}.f32.gz", [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())]));
        }

        if (tensors.CountBy(tensor => tensor.Name, StringComparer.Ordinal).FirstOrDefault(count => count.Value > 1).Key is { } twice)
            throw new JsonException($"tensor {twice} is there twice among its layers");
        return tensors.Count > 0 ? new(Stacked: false, tensors.DrainToImmutable()) : throw new JsonException("its layers have no tensor; leave them out");
    }

    private static string TextOf(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new JsonException($"{name} is null; expected a text");

    private static string Below(string folder, string path) =>
        PinnedFile.IsBelow(path) ? Path.Combine(folder, path) : throw new JsonException($"`{path}` is not a path below the pack's folder");

    private static byte[] ReadPinned(string path, string sha256)
    {
        if (new FileInfo(path) is { Exists: true, Length: > MaxBytes } large)
            throw new InvalidDataException($"{large.Name} has {large.Length} bytes; a file of a pack has at most {MaxBytes}");
        var bytes = File.ReadAllBytes(path);
        var seen = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return seen == sha256
            ? bytes
            : throw new InvalidDataException($"{Path.GetFileName(path)} has sha256 {seen}, pinned is {sha256}; get the pack again from where the model came from");
    }
}

/// <param name="DataType">FP32 for pictures, INT64 for token ids.</param>
/// <param name="Tensor">Little-endian, row-major.</param>
public sealed record GoldenInput(string Id, string DataType, ImmutableArray<long> Shape, ReadOnlyMemory<byte> Tensor)
{
    /// <summary>Turns a picture of one text line into the tensor [1, 3, height, width] that the model takes.</summary>
    /// <exception cref="InvalidDataException">The picture's height is not the model's.</exception>
    internal static GoldenInput FromImage(string id, PngImage image, TextLineInput input)
    {
        if (image.Height != input.Height)
            throw new InvalidDataException($"{id} is {image.Height} pixels high, the model takes {input.Height}");
        var plane = image.Width * image.Height;
        var values = new float[3 * plane];
        for (var channel = 0; channel < 3; channel++)
        {
            var source = input.Bgr ? 2 - channel : channel;
            for (var pixel = 0; pixel < plane; pixel++)
                values[(channel * plane) + pixel] = (float)(((image.Rgb[(pixel * 3) + source] / 255.0) - input.Mean) / input.Std);
        }

        return new(id, "FP32", [1, 3, image.Height, image.Width], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }
}

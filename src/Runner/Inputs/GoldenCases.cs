using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads the cases of a golden pack: one input to the model each, as a picture or as tensors, and what is expected of every output.</summary>
/// <param name="model">Whose pack it is; its signature says what names, types and shapes there are.</param>
/// <param name="folder">The pack's.</param>
internal sealed class GoldenCases(ReferenceModel model, string folder)
{
    private const int MaxBytes = 64 << 20;

    private readonly ImmutableSortedDictionary<string, string>.Builder _files = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
    private readonly ImmutableArray<GoldenLine>.Builder _lines = ImmutableArray.CreateBuilder<GoldenLine>();

    /// <summary>Path in the evidence to the file on this machine.</summary>
    public ImmutableSortedDictionary<string, string> Files => _files.ToImmutable();

    public ImmutableArray<GoldenLine> Lines => _lines.ToImmutable();

    /// <summary>Loads one case; what it expects joins <see cref="Lines"/>.</summary>
    /// <exception cref="JsonException">The index is not what it should be; the message says where.</exception>
    /// <exception cref="InvalidDataException">A file is not what the index says.</exception>
    public GoldenInput Read(PackMember one)
    {
        var id = one["id"].Text;
        if (id.Length is 0 or > 64 || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw one["id"].Wrong($"`{id}` is not an id of lowercase letters, digits and hyphens");
        return model.Input is { } picture ? Picture(one, id, picture) : Tensors(one, id);
    }

    /// <summary>Loads tensors inside the model, as one of the cases that were read makes them (COR-06).</summary>
    /// <inheritdoc cref="Read"/>
    public LayerPlan ReadLayers(PackMember layers)
    {
        var input = layers["case"].Text;
        if (!_lines.Any(line => line.Id == input || line.Id.StartsWith($"{input}/", StringComparison.Ordinal)))
            throw layers["case"].Wrong($"`{input}` is no case of this pack");
        var tensors = ImmutableArray.CreateBuilder<GoldenLayer>();
        foreach (var tensor in layers["tensors"].List)
        {
            var (id, name) = (string.Create(CultureInfo.InvariantCulture, $"layer-{tensors.Count + 1:00}"), tensor["name"].Text);
            var line = new GoldenLine(id, $"golden/layers/{id}.f32.gz", tensor["shape"].Shape, Text: "");
            var bytes = GoldenTensor.Bytes(line);
            if (bytes < 0 || bytes > MaxBytes)
                throw tensor["shape"].Wrong($"[{string.Join(',', line.Shape)}] is more than the {MaxBytes >> 20} MiB that a tensor of a pack may have");
            Unpacked(tensor, line, line.Expected);
            tensors.Add(new(id, name, input, line.Expected, line.Shape));
        }

        if (tensors.CountBy(tensor => tensor.Name, StringComparer.Ordinal).FirstOrDefault(count => count.Value > 1).Key is { } twice)
            throw layers["tensors"].Wrong($"`{twice}` is there twice");
        return tensors.Count > 0 ? new(Stacked: false, tensors.DrainToImmutable()) : throw layers["tensors"].Wrong("there is none; leave `layers` out");
    }

    /// <exception cref="InvalidDataException">It has another digest, or is too large.</exception>
    public static byte[] ReadPinned(string path, string sha256)
    {
        if (new FileInfo(path) is { Exists: true, Length: > MaxBytes } large)
            throw new InvalidDataException($"{large.Name} has {large.Length} bytes; a file of a pack has at most {MaxBytes}");
        var bytes = File.ReadAllBytes(path);
        var seen = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return seen == sha256
            ? bytes
            : throw new InvalidDataException($"{Path.GetFileName(path)} has sha256 {seen}, pinned is {sha256}; get the pack again from where the model came from");
    }

    private GoldenInput Picture(PackMember one, string id, TextLineInput picture)
    {
        var (image, expected) = (Pinned(one["image"]), Pinned(one["expected"]));
        var tensor = TextLine.ToTensor(id, PngImage.Read(image.Bytes), picture, model.Inputs[0].Name);
        _files[$"golden/inputs/{id}.png"] = image.Path;
        _files[$"golden/expected/{id}.f32.gz"] = expected.Path;
        _lines.Add(new(id, $"golden/expected/{id}.f32.gz", one["expected"]["shape"].Shape, one["text"].Text));
        return new(id, [tensor]);
    }

    private GoldenInput Tensors(PackMember one, string id)
    {
        var (inputs, outputs) = (ByName(one["inputs"], model.Inputs), ByName(one["outputs"], model.Outputs));
        ImmutableArray<WireTensor> tensors = [.. model.Inputs.Select((input, at) => Input(inputs[input.Name], input, $"golden/inputs/{id}.{at}.gz"))];
        ImmutableArray<GoldenLine> lines =
        [
            .. model.Outputs.Select((output, at) => Output(
                outputs[output.Name], output, model.Outputs.Length == 1 ? id : $"{id}/{output.Name}", $"golden/expected/{id}.{at}.gz")),
        ];
        _lines.AddRange(lines);
        return new(id, tensors) { Answers = [.. lines.Select(line => line.Id)] };
    }

    /// <summary>Every tensor of the signature once, and no other: an output that nobody looks at could be anything.</summary>
    private static Dictionary<string, PackMember> ByName(PackMember list, ImmutableArray<ModelTensor> signature)
    {
        var found = new Dictionary<string, PackMember>(StringComparer.Ordinal);
        foreach (var entry in list.List)
        {
            var name = entry["name"].Text;
            if (!signature.Any(tensor => tensor.Name == name))
                throw entry["name"].Wrong($"`{name}` is not in the model's signature, which has {string.Join(", ", signature.Select(tensor => tensor.Name))}");
            if (!found.TryAdd(name, entry))
                throw entry["name"].Wrong($"`{name}` is there twice");
        }

        return signature.FirstOrDefault(tensor => !found.ContainsKey(tensor.Name)) is { } missing ? throw list.Wrong($"`{missing.Name}` of the signature is missing") : found;
    }

    private WireTensor Input(PackMember entry, ModelTensor tensor, string inEvidence)
    {
        var line = Line(entry, tensor, inEvidence, inEvidence);
        var data = Unpacked(entry, line, inEvidence);
        return TensorType.Mismatch(tensor.DataType, line.Shape.AsSpan(), data.Span) is { } mismatch
            ? throw entry.Wrong($"it {mismatch}") : new(tensor.Name, tensor.DataType, line.Shape, data);
    }

    private GoldenLine Output(PackMember entry, ModelTensor tensor, string id, string inEvidence)
    {
        var line = Line(entry, tensor, id, inEvidence) with { AtolPpb = entry.Find("atolPpb")?.Integer };
        Unpacked(entry, line, inEvidence);
        return line;
    }

    private static GoldenLine Line(PackMember entry, ModelTensor tensor, string id, string inEvidence)
    {
        var shape = entry["shape"].Shape;
        if (!tensor.Takes(shape))
            throw entry["shape"].Wrong($"[{string.Join(',', shape)}] is no shape of {tensor.Name}, whose signature is [{string.Join(',', tensor.Shape)}]");
        var line = new GoldenLine(id, inEvidence, shape, Text: "") { DataType = tensor.DataType };
        var bytes = GoldenTensor.Bytes(line);
        return bytes >= 0 && bytes <= MaxBytes ? line : throw entry["shape"].Wrong($"[{string.Join(',', shape)}] is more than the {MaxBytes >> 20} MiB that a tensor of a pack may have");
    }

    private ReadOnlyMemory<byte> Unpacked(PackMember entry, GoldenLine line, string inEvidence)
    {
        var (path, packed) = Pinned(entry);
        _files[inEvidence] = path;
        return GoldenTensor.TryUnpack(line, (int)GoldenTensor.Bytes(line), packed, out var data) is { } problem ? throw entry["path"].Wrong(problem) : data;
    }

    private (string Path, byte[] Bytes) Pinned(PackMember entry)
    {
        var (named, pinned) = (entry["path"].Text, entry["sha256"].Text);
        if (!PinnedFile.IsBelow(named))
            throw entry["path"].Wrong($"`{named}` is not a path below the pack's folder");
        var path = Path.Combine(folder, named);
        return (path, ReadPinned(path, pinned));
    }
}

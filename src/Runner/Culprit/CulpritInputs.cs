using System.Buffers.Binary;
using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads what a culprit is looked for with: profile, reference model, inputs. Every mistake is a <see cref="BadInputException"/>.</summary>
public static class CulpritInputs
{
    private const long LargestFile = 256 << 20;

    /// <summary>A profile whose server can be handed ONNX models.</summary>
    public static StandInputs ReadStand(string root, string profile)
    {
        var stand = StandInputs.Read(root, profile);
        return stand.Profile.Server.Adapter is { Name: "onnxruntime" } ? stand : throw Wrong(
            stand.Profile.File, "serve.adapter.name", $"the adapter {stand.Profile.Server.Adapter?.Name} opens no ONNX file, and a model is taken apart as ONNX; give a profile with `onnxruntime`, or a running server with --url");
    }

    /// <summary>A tensor model below <c>reference-models/</c>, or its manifest.</summary>
    public static ReferenceModel ReadModel(string root, string asked)
    {
        var problems = new List<Problem>();
        var model = RunInputs.TryReadModel(root, asked, problems);
        if (problems.Count > 0 || model is null)
            throw new BadInputException([.. problems]);
        if (model.Kind != "tensor")
            throw Wrong(model.File, "kind", $"{model.Id} is a language model, which servers get as GGUF; a culprit is looked for in ONNX files: export it as ONNX and give --model FILE.onnx with --inputs DIR");
        if (model.Exports.FirstOrDefault(export => export.Format == ModelFormats.Onnx) is { } chosen)
            return model with { Files = [chosen.File] };
        return Path.GetExtension(model.Files[0].Path) == ".onnx" ? model : throw Wrong(
            model.File, "files", $"{model.Id} is there as {model.Files[0].Path}, and a culprit is looked for in ONNX files");
    }

    /// <param name="only">Id of one golden case; null for all, the smallest first.</param>
    public static ImmutableArray<CulpritInput> FromGolden(ReferenceModel model, GoldenInputs golden, string? only)
    {
        var inputs = golden.Inputs.Where(input => only is null || input.Id == only).OrderBy(input => input.Bytes).ToArray();
        if (inputs.Length == 0)
            throw Wrong("--input", "", $"{model.Id} has no input `{only}`; it has {string.Join(", ", golden.Inputs.Select(input => input.Id))}");
        return
        [
            .. inputs.Select(input => new CulpritInput(input.Id, input.Tensors)
            {
                Golden = [.. model.Outputs.Zip(input.Answers, (output, id) => Golden(output.Name, golden.Pack.Lines.First(line => line.Id == id), golden))],
            }),
        ];
    }

    /// <summary>Tensors <c>input_0.pb</c>, <c>input_1.pb</c> ... in the order of the model's inputs, as ONNX keeps the inputs of its tests.</summary>
    public static CulpritInput FromFolder(CulpritModel model, string folder)
    {
        var tensors = ImmutableArray.CreateBuilder<WireTensor>();
        foreach (var (value, at) in model.Graph.Inputs.Select((value, at) => (value, at)))
        {
            var file = Path.Combine(folder, $"input_{at}.pb");
            try
            {
                if (new FileInfo(file) is { Exists: true, Length: > LargestFile } large)
                    throw new InvalidDataException($"it has {large.Length} bytes; {LargestFile} are the most that are read");
                var tensor = TensorFileReader.TryRead(File.ReadAllBytes(file), value.Name, out var type);
                tensors.Add(tensor?.DataType == value.Value.DataType ? tensor : throw new InvalidDataException($"it is a tensor of {type}; the model's input {value.Name} is {value.Value.DataType}"));
            }
            catch (Exception wrong) when (wrong is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                throw Wrong(file, "", $"cannot be used as the model's input {value.Name}: {wrong.Message}");
            }
        }

        return new(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), tensors.ToImmutable());
    }

    /// <summary>Inputs drawn from a seed: fractions from -1 to 1, integers and booleans 0 or 1, so that what indexes a table stays within it.</summary>
    public static CulpritInput Drawn(CulpritModel model, ulong seed)
    {
        var problems = model.Graph.Inputs.Where(value => value.Shape is not { } shape || shape.Contains(-1) || TensorType.Count(shape.AsSpan()) is not (>= 0 and < LargestFile) || value.Value.DataType == "BYTES")
            .Select(value => new Problem("--inputs", 0, "", $"the model leaves open what its input {value.Name} is like ({value.Value.DataType}[{(value.Shape is { } shape ? string.Join(',', shape) : "any shape")}]); give a folder with input_0.pb, input_1.pb ... (TensorProto, as ONNX keeps test data)")).ToImmutableArray();
        if (problems.Length > 0)
            throw new BadInputException(problems);
        var state = seed;
        return new($"seed {seed}", [.. model.Graph.Inputs.Select(value => Draw(value, ref state))]);
    }

    private static WireTensor Draw(GraphValue value, ref ulong state)
    {
        var (type, shape) = (value.Value.DataType, value.Shape!.Value);
        var (size, count) = (TensorType.SizeOf(type)!.Value, (int)TensorType.Count(shape.AsSpan())!.Value);
        var data = new byte[size * count];
        for (var at = 0; at < count; at++)
        {
            var place = data.AsSpan(at * size, size);
            var bits = SplitMix64.Next(ref state);
            var fraction = Math.ScaleB((double)(bits >> 11), -52) - 1;
            switch (type)
            {
                case "FP32":
                    BinaryPrimitives.WriteSingleLittleEndian(place, (float)fraction);
                    break;
                case "FP64":
                    BinaryPrimitives.WriteDoubleLittleEndian(place, fraction);
                    break;
                case "FP16":
                    BinaryPrimitives.WriteHalfLittleEndian(place, (Half)fraction);
                    break;
                case "BF16":
                    BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)(BitConverter.SingleToUInt32Bits((float)fraction) >> 16));
                    break;
                default:
                    place[0] = (byte)(bits >> 63);
                    break;
            }
        }

        return new(value.Name, type, shape, data);
    }

    private static GoldenOutput Golden(string name, GoldenLine line, GoldenInputs golden) =>
        GoldenTensor.TryUnpack(line, (int)GoldenTensor.Bytes(line), File.ReadAllBytes(golden.Files[line.Expected]), out var expected) is { } problem
            ? throw Wrong(golden.Files[line.Expected], "", problem)
            : new(name, line, expected, golden.Pack.RtolPpb / 1e9, golden.Pack.AtolPpb / 1e9);

    private static BadInputException Wrong(string file, string key, string message) => new([new Problem(file, 0, key, message)]);
}

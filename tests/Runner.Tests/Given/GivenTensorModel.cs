using System.IO.Compression;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>A detector with a state: two inputs and a number in, two outputs and a label out. One case, <c>first</c>; its files are on disk and can be changed before it is read.</summary>
internal sealed class GivenTensorModel : IDisposable
{
    public const string Manifest = """
        schema: adaptation.model/v1
        id: detector
        name: {en: Detector, zh: 检测器}
        kind: tensor
        licence: MIT
        precision: fp32
        files: [{path: model.onnx, bytes: 5, sha256: 9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4}]
        signature:
          inputs:
            - {name: sound, datatype: FP32, shape: [-1, 4]}
            - {name: state, datatype: FP32, shape: [1, -1, 2]}
            - {name: rate, datatype: INT64, shape: []}
          outputs:
            - {name: speech, datatype: FP32, shape: [-1, 1]}
            - {name: state.next, datatype: FP32, shape: [1, -1, 2]}
            - {name: label, datatype: UINT8, shape: [-1]}
        input: {kind: tensors}
        output: {kind: tensors}
        golden: {file: golden/golden.json, sha256: DIGEST}
        """;

    private readonly TempFolder _folder = new();

    public GivenTensorModel()
    {
        Pack = $$"""
            {"schema": "adaptation.golden/v1", "model": "detector", "tolerance": {"rtolPpb": 1000000, "atolPpb": 500},
             "cases": [{"id": "first",
              "inputs": [
               {{Entry("sound", "[1, 4]", Floats(1, 2, 3, 4))}},
               {{Entry("state", "[1, 1, 2]", Floats(0, 0))}},
               {{Entry("rate", "[]", BitConverter.GetBytes(16000L))}}],
              "outputs": [
               {{Entry("speech", "[1, 1]", Floats(0.5f))}},
               {{Entry("state.next", "[1, 1, 2]", Floats(1, -1)).Replace("}", ", \"atolPpb\": 2000}", StringComparison.Ordinal)}},
               {{Entry("label", "[1]", [7])}}]}]}
            """;
    }

    public string Pack { get; set; }

    public string Text { get; set; } = Manifest;

    public string Folder => _folder.Path;

    public GoldenInputs Load() => GoldenInputs.Load(Read(), Folder);

    /// <exception cref="BadInputException">The manifest is not what it should be.</exception>
    public ReferenceModel Read()
    {
        var pack = _folder.Write("golden/golden.json", Encoding.UTF8.GetBytes(Pack));
        var file = _folder.Write("model.yaml", Encoding.UTF8.GetBytes(Text.Replace("DIGEST", GivenRun.Sha256(File.ReadAllBytes(pack)), StringComparison.Ordinal)));
        var problems = new List<Problem>();
        var model = ReferenceModelReader.TryRead(file, "model.yaml", problems);
        return problems.Count == 0 ? model! : throw new BadInputException([.. problems]);
    }

    public static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    /// <summary>Writes a tensor of the pack and gives its entry in the index.</summary>
    public string Entry(string name, string shape, byte[] data)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(data);
        _folder.Write($"golden/{name}.gz", packed.ToArray());
        return $$"""{"name": "{{name}}", "path": "{{name}}.gz", "sha256": "{{GivenRun.Sha256(packed.ToArray())}}", "shape": {{shape}}}""";
    }

    public void Dispose() => _folder.Dispose();
}

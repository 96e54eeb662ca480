using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One test of ONNX's backend test tree: a model, what it is fed, and what it must answer.</summary>
/// <param name="Id">Its folder's name.</param>
/// <param name="Operator">As ONNX spells it, the domain before it where it is not ONNX's own. A test that spells an operator out as a function counts as that operator's.</param>
/// <param name="DataType">Of the first input, or of the first output where there is none; in the words of ONNX where the Open Inference Protocol has none.</param>
/// <param name="Opset">Of the default domain.</param>
/// <param name="Sets">Empty where <paramref name="Uncarried"/> says why.</param>
/// <param name="Uncarried">Why the wire cannot carry this test, or null.</param>
public sealed record NodeTest(
    string Id, string Operator, string DataType, int Opset, ReadOnlyMemory<byte> Onnx, ImmutableArray<NodeTestSet> Sets, string? Uncarried);

/// <param name="Expected">In the order of the model's outputs.</param>
public sealed record NodeTestSet(string Folder, ImmutableArray<WireTensor> Inputs, ImmutableArray<WireTensor> Expected);

/// <summary>Reads a tree of ONNX backend tests: folders <c>test_*</c> with <c>model.onnx</c> and <c>test_data_set_N/{input,output}_K.pb</c>.</summary>
/// <remarks>Source: onnx/onnx, onnx/backend/test; Debian package libonnx-testdata. Files that are not what they should be are named, all at once.</remarks>
public static partial class NodeTests
{
    /// <summary>Where Debian's package puts the tests of single operators.</summary>
    public const string Installed = "/usr/share/libonnx-testdata/data/node";

    private const long LargestFile = 64 << 20;
    private const int MostSets = 64, MostTests = 20_000;

    /// <param name="folder">The folder that holds the <c>test_*</c> folders, or one that has it as <c>node</c> or <c>data/node</c>.</param>
    /// <returns>Sorted by <see cref="NodeTest.Id"/>.</returns>
    /// <exception cref="BadInputException">There is no test, or files are not what they should be.</exception>
    public static ImmutableArray<NodeTest> Read(string folder)
    {
        var problems = new List<Problem>();
        var root = new[] { folder, Path.Combine(folder, "node"), Path.Combine(folder, "data", "node") }
            .FirstOrDefault(candidate => Directory.Exists(candidate) && Directory.EnumerateDirectories(candidate, "test_*").Any());
        if (root is null)
            throw new BadInputException([new Problem(folder, 0, "", "holds no folder test_* with a model.onnx in it; on Debian `apt-get install libonnx-testdata` brings such a tree")]);
        var folders = Directory.GetDirectories(root, "test_*").Order(StringComparer.Ordinal).ToArray();
        if (folders.Length > MostTests)
            throw new BadInputException([new Problem(folder, 0, "", $"holds {folders.Length} tests; {MostTests} are the most that are read")]);
        var tests = folders.Select(test => TryRead(test, problems)).OfType<NodeTest>().ToImmutableArray();
        if (problems.Count > 0)
            throw new BadInputException([.. problems]);
        return Named(tests);
    }

    private static NodeTest? TryRead(string folder, List<Problem> problems)
    {
        var file = Path.Combine(folder, "model.onnx");
        try
        {
            var onnx = ReadWhole(file);
            var model = OnnxModelFile.Read(onnx);
            var last = model.Operators[^1];
            var test = new NodeTest(
                Path.GetFileName(folder), model.Domain is "" or "ai.onnx" ? last : $"{model.Domain}.{last}",
                model.Inputs.Concat(model.Outputs).Select(value => value.DataType).FirstOrDefault(type => type.Length > 0, "none"), model.Opset, onnx, [], Uncarried(model));
            if (test.Uncarried is not null)
                return test;
            var sets = Directory.GetDirectories(folder, "test_data_set_*").Order(StringComparer.Ordinal).ToArray();
            if (sets.Length is 0 or > MostSets)
                throw new InvalidDataException($"it has {sets.Length} folders test_data_set_N; 1 to {MostSets} are expected");
            return test with { Sets = [.. sets.Select(set => ReadSet(set, model, ref file))] };
        }
        catch (Exception wrong) when (wrong is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            problems.Add(new(file, 0, "", $"cannot be used: {wrong.Message}"));
            return null;
        }
    }

    private static string? Uncarried(OnnxModelFile model)
    {
        string? Why(string side, ImmutableArray<OnnxValue> values) =>
            values.FirstOrDefault(value => value.Uncarried is not null) is { } value ? $"{side} {value.Name} is {value.Uncarried}, and the Open Inference Protocol carries tensors of its own types only" : null;
        return Why("input", model.Inputs) ?? Why("output", model.Outputs);
    }

    private static NodeTestSet ReadSet(string folder, OnnxModelFile model, ref string file)
    {
        ImmutableArray<WireTensor> Side(string side, ImmutableArray<OnnxValue> values, ref string current)
        {
            var tensors = ImmutableArray.CreateBuilder<WireTensor>(values.Length);
            for (var at = 0; at < values.Length; at++)
            {
                current = Path.Combine(folder, $"{side}_{at}.pb");
                var tensor = TensorFileReader.TryRead(ReadWhole(current), values[at].Name, out var type) ?? throw new InvalidDataException($"it is a tensor of {type}; the model says {values[at].DataType}");
                if (tensor.DataType == "UINT16" && values[at].DataType == "BF16")
                    tensor = tensor with { DataType = "BF16" }; // the generator up to ONNX 1.13 had no such type, and wrote the same bits under this name
                tensors.Add(tensor.DataType == values[at].DataType ? tensor : throw new InvalidDataException($"it is {tensor.DataType}; the model says {values[at].DataType}"));
            }

            return tensors.MoveToImmutable();
        }

        return new(Path.GetFileName(folder), Side("input", model.Inputs, ref file), Side("output", model.Outputs, ref file));
    }

    private static byte[] ReadWhole(string file)
    {
        var length = new FileInfo(file).Length;
        return length <= LargestFile ? File.ReadAllBytes(file) : throw new InvalidDataException($"it has {length} bytes; {LargestFile} are the most that are read");
    }

    /// <summary>A test whose operator is spelled out as a function has other operators in it; it is filed under the one that it spells out.</summary>
    private static ImmutableArray<NodeTest> Named(ImmutableArray<NodeTest> tests)
    {
        var byId = tests.ToDictionary(test => test.Id, test => test.Operator, StringComparer.Ordinal);
        return [.. tests.Select(test => Expanded().Match(test.Id) is { Success: true } match && byId.TryGetValue(match.Groups["base"].Value, out var name) ? test with { Operator = name } : test)];
    }

    [GeneratedRegex(@"\A(?<base>.+)_expanded(_(function_)?[a-z0-9_]+)?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Expanded();
}

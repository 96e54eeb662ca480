using System.Globalization;
using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

/// <summary>Every generated operator case through the real engine: a second opinion on our golden answers, and the known-good control of COR-01, -02 and -04.</summary>
public class OperatorCaseTests
{
    /// <summary>Relative and absolute tolerance of COR-01 by the type of the output; FP64, which it leaves out, by torch's assert_close.</summary>
    private static readonly Dictionary<string, (double Relative, double Absolute)> Tolerances = new(StringComparer.Ordinal)
    {
        ["FP16"] = (1.0 / 512, 1.0 / 512),
        ["BF16"] = (1.0 / 64, 1.0 / 64),
        ["FP32"] = (1.0 / 1024, 1.0 / 65536),
        ["FP64"] = (1e-7, 1e-7),
    };

    [Theory]
    [InlineData(OperatorSet.OldestOpset)]
    [InlineData(OperatorSet.NewestOpset)]
    public async Task Every_case_is_answered_within_tolerance_or_listed_as_unsupported(int opset)
    {
        await using var adapter = OnnxRuntimeAdapter.Load(Opened.Cpu);
        var folder = Directory.CreateTempSubdirectory("adaptation-");
        var (unsupported, different) = (new List<(string Group, string Reason)>(), new List<string>());
        foreach (var one in OperatorCases.Generate(new() { Seed = 7, Opset = opset }))
        {
            await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "model.onnx"), one.Onnx, TestContext.Current.CancellationToken);
            try
            {
                await using var model = (ITensorModel)await adapter.OpenAsync(new(folder.FullName), TestContext.Current.CancellationToken);
                var answers = await model.InferAsync([.. one.Inputs.Select(Tensor)], TestContext.Current.CancellationToken);
                different.AddRange(one.Outputs.Zip(answers, (expected, answer) => Difference(one, expected, answer)).OfType<string>());
            }
            catch (AdapterException refusal)
            {
                unsupported.Add(($"{one.Operator} {one.DataType}{(one.Operator == "Cast" ? " " + one.Outputs[0].DataType : "")}", Reason(refusal.Message, one.Id)));
            }
        }
        folder.Delete(recursive: true);

        var listed = unsupported.GroupBy(refusal => refusal).Select(group => $"{group.Key.Group}: {group.Count()} cases: {group.Key.Reason}\n");
        Golden.Match($"operators-opset{opset}-unsupported.txt", string.Concat(listed));
        Assert.Empty(different);
    }

    private static Tensor Tensor(OperatorInput input) => new(DataTypes.TryParse(input.DataType)!.Value, input.Shape, input.Data);

    private static string? Difference(OperatorCase one, OperatorOutput expected, Tensor answer)
    {
        if (answer.Type.Word() != expected.DataType || !answer.Shape.SequenceEqual(expected.Shape))
            return $"{one.Id}: {answer.Type.Word()} [{string.Join(',', answer.Shape)}], expected {expected.DataType} [{string.Join(',', expected.Shape)}]";
        if (one.Kind == CaseKind.Exact || expected.Exact.IsEmpty)
            return answer.Data.Span.SequenceEqual(expected.Same.Span) ? null : $"{one.Id}: not bit for bit: {Bytes(answer.Data.Span, expected.Same.Span, answer.Type.Size())}";
        var (relative, absolute) = Tolerances[expected.DataType];
        var (seen, same, bad) = (Numbers(answer.Type, answer.Data.Span), Numbers(answer.Type, expected.Same.Span), new List<string>());
        for (var at = 0; at < seen.Length; at++)
        {
            var exact = expected.Exact.Span[at];
            var holds = double.IsFinite(same[at]) ? Math.Abs(seen[at] - exact) <= absolute + (relative * Math.Abs(exact)) : seen[at].Equals(same[at]);
            if (!holds)
                bad.Add(string.Create(CultureInfo.InvariantCulture, $"[{at}] {seen[at]:g6}, expected {(double.IsFinite(same[at]) ? exact : same[at]):g6}"));
        }
        return bad.Count == 0 ? null : $"{one.Id}: {bad.Count} of {seen.Length}: {string.Join("; ", bad.Take(4))}";
    }

    private static string Bytes(ReadOnlySpan<byte> seen, ReadOnlySpan<byte> expected, int size)
    {
        var at = seen.CommonPrefixLength(expected) / size;
        return $"[{at}] {Convert.ToHexString(seen.Slice(at * size, size))}, expected {Convert.ToHexString(expected.Slice(at * size, size))}";
    }

    private static double[] Numbers(DataType type, ReadOnlySpan<byte> bytes) => type switch
    {
        DataType.FP64 => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
        DataType.FP32 => [.. MemoryMarshal.Cast<byte, float>(bytes).ToArray().Select(value => (double)value)],
        DataType.FP16 => [.. MemoryMarshal.Cast<byte, Half>(bytes).ToArray().Select(value => (double)value)],
        _ => [.. MemoryMarshal.Cast<byte, ushort>(bytes).ToArray().Select(value => (double)BitConverter.Int32BitsToSingle(value << 16))],
    };

    /// <summary>The engine's own words, less the path and what differs from case to case.</summary>
    private static string Reason(string message, string id)
    {
        var words = message[(message.IndexOf("says: ", StringComparison.Ordinal) is >= 0 and var at ? at + 6 : 0)..];
        return words.Contains("NOT_IMPLEMENTED", StringComparison.Ordinal) || words.Contains("Could not find an implementation", StringComparison.Ordinal) ? "no kernel" : $"{id}: {words.ReplaceLineEndings(" ")}";
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>Reads the cases, golden values and raw answers that a run kept (COR-01 to COR-05).</summary>
/// <remarks>
/// The measurement names the tensor <c>index</c>, a JSON file, and one tensor per pack, named as the index names it. A pack is the bytes of many tensors one
/// after the other; the index says what lies where, and each pack's length and SHA-256. Layout: docs/evidence.md. Whatever does not fit makes all of it
/// invalid: a part that was lost must not look like a part that was never asked for.
/// </remarks>
internal static class OperatorIndex
{
    public const string Schema = "adaptation.operators/v1", Name = "index";

    private const int MostAsks = 64; // what a stranger's evidence may have a verifier read

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <returns>Null, with what is wrong.</returns>
    public static ImmutableArray<OperatorAnswers>? TryRead(Measurement m, IBlobs files, out string problem)
    {
        try
        {
            var cases = Read(m, files);
            problem = Reading.Twice(cases.Select(one => one.Id)) is { } twice ? $"the case {twice} is there twice" : "";
            return problem.Length == 0 ? cases : null;
        }
        catch (Exception wrong) when (wrong is InvalidDataException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            problem = $"the index of operators cannot be used: {wrong.Message}";
            return null;
        }
    }

    private static ImmutableArray<OperatorAnswers> Read(Measurement m, IBlobs files)
    {
        using var document = JsonDocument.Parse(File(m, files, Name), Strict);
        var root = document.RootElement;
        if (root.GetProperty("schema").GetString() != Schema)
            throw new InvalidDataException($"its schema is not {Schema}");
        var packs = root.GetProperty("packs").EnumerateArray().Select(pack => Pack(m, files, pack)).ToImmutableArray();
        return [.. root.GetProperty("cases").EnumerateArray().Select(one => Case(one, packs))];
    }

    private static ReadOnlyMemory<byte> Pack(Measurement m, IBlobs files, JsonElement pack)
    {
        var name = pack.GetProperty("name").GetString()!;
        var bytes = File(m, files, name);
        if (bytes.Length != pack.GetProperty("bytes").GetInt64())
            throw new InvalidDataException($"pack {name} has {bytes.Length} bytes, and was kept with {pack.GetProperty("bytes").GetInt64()}");
        return Convert.ToHexStringLower(SHA256.HashData(bytes.Span)) == pack.GetProperty("sha256").GetString()
            ? bytes
            : throw new InvalidDataException($"pack {name} is not the one that was kept");
    }

    private static ReadOnlyMemory<byte> File(Measurement m, IBlobs files, string name) =>
        m.Tensors.FirstOrDefault(tensor => tensor.Name == name) is { } file
            ? files.TryRead(file.Path) ?? throw new InvalidDataException($"the evidence lacks {file.Path}")
            : throw new InvalidDataException($"the measurement names no {name}");

    private static OperatorAnswers Case(JsonElement one, ImmutableArray<ReadOnlyMemory<byte>> packs)
    {
        var id = one.GetProperty("id").GetString()!;
        var at = one.GetProperty("pack").GetInt32();
        var pack = at >= 0 && at < packs.Length ? packs[at] : throw new InvalidDataException($"{id} lies in pack {at}, and there are {packs.Length}");
        var state = Choice<OperatorState>(one, "state");
        var outputs = one.GetProperty("outputs").EnumerateArray().Select(output => Output(id, output, pack)).ToImmutableArray();
        var asked = outputs.Select(output => output.Answers.Length).Distinct().ToImmutableArray();
        if (asked is not [var times] || (state == OperatorState.Answered ? times is < 2 or > MostAsks : times > 0))
            throw new InvalidDataException($"{id} is {state}, and its answers are not");
        return new(
            id, one.GetProperty("operator").GetString()!, one.GetProperty("type").GetString()!, one.GetProperty("opset").GetInt32(), Choice<OperatorKind>(one, "kind"),
            state, one.GetProperty("said").GetString()!, outputs);
    }

    private static ExpectedOutput Output(string id, JsonElement output, ReadOnlyMemory<byte> pack)
    {
        var read = new ExpectedOutput(
            output.GetProperty("name").GetString()!, output.GetProperty("type").GetString()!, Shape(output), Part(id, output, "exact", pack), Part(id, output, "same", pack),
            [.. output.GetProperty("answers").EnumerateArray().Select(answer => new AnsweredOutput(answer.GetProperty("type").GetString()!, Shape(answer), Part(id, answer, "at", pack)))]);
        var format = FloatFormat.TryFind(read.DataType);
        Int128 elements = 1;
        foreach (var dimension in read.Shape)
            elements *= dimension is >= 0 and <= int.MaxValue && elements <= int.MaxValue ? dimension : throw new InvalidDataException($"{id} has an output of no possible shape");
        if (format is not null && (read.Same.Length != elements * format.Size || read.Exact.Length != elements * sizeof(double)))
            throw new InvalidDataException($"{id} has golden values of another number than its shape asks for");
        return read;
    }

    private static ImmutableArray<long> Shape(JsonElement of) => [.. of.GetProperty("shape").EnumerateArray().Select(dimension => dimension.GetInt64())];

    private static ReadOnlyMemory<byte> Part(string id, JsonElement of, string name, ReadOnlyMemory<byte> pack)
    {
        var span = of.GetProperty(name);
        var (start, length) = (span[0].GetInt64(), span[1].GetInt64());
        return start >= 0 && length >= 0 && start <= pack.Length && length <= pack.Length - start && span.GetArrayLength() == 2
            ? pack.Slice((int)start, (int)length)
            : throw new InvalidDataException($"{id} lies outside its pack");
    }

    private static T Choice<T>(JsonElement of, string name)
        where T : struct, Enum
    {
        var word = of.GetProperty(name).GetString()!;
        return word.All(char.IsAsciiLetterLower) && Enum.TryParse<T>(word, ignoreCase: true, out var value) ? value : throw new InvalidDataException($"{name} is {word}");
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>Recorded answers of a stand-in device to operators whose exact results are known, and the evidence that holds them.</summary>
internal sealed record OperatorBench(ImmutableArray<OperatorAnswers> Cases)
{
    public const int Elements = 400, Depth = 32;

    public static readonly string[] FloatTypes = ["BF16", "FP16", "FP32"];

    private static readonly (string, long)[] Tolerances =
    [
        ("matched_min_ppm", 990_000), ("ulp_max", 32), ("rtol_bits_fp16", 9), ("atol_bits_fp16", 9), ("floor_milli_fp16", 100),
        ("rtol_bits_bf16", 6), ("atol_bits_bf16", 6), ("floor_milli_bf16", 1000), ("rtol_bits_fp32", 10), ("atol_bits_fp32", 16), ("floor_milli_fp32", 10),
    ];

    public static Clause Accuracy { get; } = Given.Clause("COR-01", "operator-accuracy", Level.L2, [.. Tolerances, ("cases_min", 4), ("repeated_min", 2 * Elements)]);

    public static Clause Exactness { get; } = Given.Clause("COR-02", "operator-exactness", Level.L2, ("mismatches_max", 0), ("cases_min", 2));

    public static Clause Ratios { get; } = Given.Clause(
        "COR-03", "operator-error-ratios", Level.L2, ("max_ratio_milli", 10_000), ("mean_ratio_milli", 2_000), ("rms_ratio_milli", 2_000), ("bias_max_milli", 500), ("elements_min", 100));

    public static Clause Specials { get; } = Given.Clause("COR-04", "operator-specials", Level.L2, ("mask_mismatches_max", 0), ("flushed_max", 0), ("cases_min", 1));

    public static Clause Coverage { get; } = Given.Clause("COR-05", "operator-coverage", Level.L2, ("failing_max", 0), ("fp32_answered_min_ppm", 900_000), ("cases_min", 8));

    /// <summary>A CPU: correctly rounded products and sums from the first term to the last, exact integers, IEEE 754 special values.</summary>
    public static OperatorBench Reference { get; } = new(
    [
        .. FloatTypes.SelectMany(type => new[] { Product(type), Dot(type) }), .. FloatTypes.Select(Special), Sum64(), Copy(),
    ]);

    /// <summary>The same questions to another device.</summary>
    /// <param name="answer">Of a case's only output, from what the CPU answered; both answers to the same inputs are this.</param>
    public OperatorBench Answering(Func<OperatorAnswers, byte[], byte[]> answer) => new([.. Cases.Select(one => With(one, [answer(one, First(one)), answer(one, First(one))]))]);

    public OperatorBench Change(string id, Func<OperatorAnswers, OperatorAnswers> change) => new([.. Cases.Select(one => one.Id == id ? change(one) : one)]);

    public static byte[] First(OperatorAnswers one) => one.Outputs[0].Answers[0].Data.ToArray();

    /// <summary>The same answer both times.</summary>
    public static byte[][] Twice(byte[] answer) => [answer, answer];

    public static OperatorAnswers With(OperatorAnswers one, byte[][] answers) => one with
    {
        Outputs = [one.Outputs[0] with { Answers = [.. answers.Select(data => new AnsweredOutput(one.Outputs[0].DataType, one.Outputs[0].Shape, data))] }],
    };

    public static OperatorAnswers Without(OperatorAnswers one, OperatorState state, string said) => With(one, []) with { State = state, Said = said };

    /// <summary>Each number of an answer changed by itself.</summary>
    public static byte[] Map(string type, byte[] answer, Func<double, int, double> change) =>
        Narrow(type, [.. Enumerable.Range(0, answer.Length / FloatFormat.TryFind(type)!.Size).Select(at => change(FloatFormat.TryFind(type)!.Read(answer, at), at))]);

    public Finding Judge(Clause clause, string fallback = "cpu")
    {
        var (measurement, files) = Evidence(clause.Id, fallback);
        return Judged.By(clause, measurement, files: files);
    }

    public (Measurement Measurement, InMemoryFiles Files) Evidence(string check, string fallback = "cpu")
    {
        var (pack, index) = (new MemoryStream(), new StringBuilder());
        foreach (var one in Cases)
            index.Append(index.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $$"""{"id":"{{one.Id}}","operator":"{{one.Operator}}","type":"{{one.DataType}}","opset":{{one.Opset}},"kind":"{{Word(one.Kind)}}","state":"{{Word(one.State)}}","said":"{{one.Said}}","pack":0,"outputs":[{{string.Join(',', one.Outputs.Select(output => Output(pack, output)))}}]}""");
        var bytes = pack.ToArray();
        var text = $$"""{"schema":"adaptation.operators/v1","seed":"1","packs":[{"name":"all","bytes":{{bytes.Length}},"sha256":"{{Convert.ToHexStringLower(SHA256.HashData(bytes))}}"}],"cases":[{{index}}]}""";
        var files = InMemoryFiles.Empty.With("operators/all.pack", bytes).With("operators/index.json", Encoding.UTF8.GetBytes(text));
        var measurement = new Measurement
        {
            Check = check,
            Facts = Given.Facts(("cpu_fallback", fallback)),
            Tensors = [new("all", "operators/all.pack", "UINT8", [bytes.Length]), new("index", "operators/index.json", "UINT8", [text.Length])],
        };
        return (measurement, files);
    }

    /// <summary>Products of two inputs, as a device computes them that first does something to its inputs.</summary>
    public static double[] Products(string type, Func<double, double> input) =>
        [.. Enumerable.Range(0, Elements).Select(at => input(Input(type, at)) * input(Input(type, at + 7_000)))];

    private static OperatorAnswers Product(string type) => Float($"mul-{type.ToLowerInvariant()}", "Mul", type, OperatorKind.Rounded, Products(type, x => x), Narrow(type, Products(type, x => x)));

    private static OperatorAnswers Dot(string type)
    {
        var (exact, same) = (new double[Elements], new double[Elements]);
        for (var at = 0; at < Elements; at++)
        {
            var sum = 0f;
            for (var term = 0; term < Depth; term++)
            {
                var product = Input(type, (at * Depth) + term) * Input(type, (at * Depth) + term + 500_000);
                exact[at] += product;
                sum += (float)product;
            }

            same[at] = sum;
        }

        return Float($"matmul-{type.ToLowerInvariant()}", "MatMul", type, OperatorKind.Rounded, exact, Narrow(type, same));
    }

    private static OperatorAnswers Special(string type)
    {
        var tiny = FloatFormat.TryFind(type)!.Lowest - 2;
        double[] values = [double.PositiveInfinity, double.NegativeInfinity, double.NaN, Math.ScaleB(1, tiny), -Math.ScaleB(1, tiny), 1, -2, 0];
        return Float($"identity-special-{type.ToLowerInvariant()}", "Identity", type, OperatorKind.Special, values, Narrow(type, values));
    }

    private static OperatorAnswers Sum64()
    {
        long[] sums = [.. Enumerable.Range(0, 64).Select(at => (long)int.MaxValue + (at * 1_000_003L))];
        return Exact("add-int64", "Add", "INT64", [64], MemoryMarshal.AsBytes<long>(sums).ToArray());
    }

    private static OperatorAnswers Copy() => Exact("transpose-int32", "Transpose", "INT32", [8, 4], MemoryMarshal.AsBytes<int>([.. Enumerable.Range(1, 32)]).ToArray());

    private static OperatorAnswers Float(string id, string name, string type, OperatorKind kind, double[] exact, byte[] same) => With(
        new(id, name, type, 17, kind, OperatorState.Answered, "", [new("y", type, [exact.Length], MemoryMarshal.AsBytes<double>(exact).ToArray(), same, [])]), [same, same]);

    private static OperatorAnswers Exact(string id, string name, string type, ImmutableArray<long> shape, byte[] right) => With(
        new(id, name, type, 17, OperatorKind.Exact, OperatorState.Answered, "", [new("y", type, shape, default, right, [])]), [right, right]);

    /// <summary>A number of the type, positive, from 0.5 to 2: drawn by SplitMix64.</summary>
    private static double Input(string type, int at)
    {
        var z = ((ulong)at + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return FloatFormat.TryFind(type)!.Read(Narrow(type, [0.5 + (((z ^ (z >> 31)) >> 11) * (1.5 / (1L << 53)))]), 0);
    }

    public static byte[] Narrow(string type, double[] values) => [.. values.SelectMany(value => type switch
    {
        "FP16" => BitConverter.GetBytes((Half)value),
        "FP32" => BitConverter.GetBytes((float)value),
        _ => BitConverter.GetBytes(BrainFloat(value)),
    })];

    private static ushort BrainFloat(double value)
    {
        var bits = BitConverter.SingleToUInt32Bits((float)value);
        return double.IsNaN(value) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static string Output(MemoryStream pack, ExpectedOutput output) =>
        $$"""{"name":"{{output.Name}}","type":"{{output.DataType}}","shape":[{{string.Join(',', output.Shape)}}],"exact":{{Put(pack, output.Exact)}},"same":{{Put(pack, output.Same)}},"answers":[{{string.Join(',', output.Answers.Select(answer => $$"""{"type":"{{answer.DataType}}","shape":[{{string.Join(',', answer.Shape)}}],"at":{{Put(pack, answer.Data)}}}"""))}}]}""";

    private static string Put(MemoryStream pack, ReadOnlyMemory<byte> bytes)
    {
        var at = pack.Length;
        pack.Write(bytes.Span);
        return $"[{at},{bytes.Length}]";
    }

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();
}

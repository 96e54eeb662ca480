using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Testing;

namespace Adaptation.Models.Tests;

public sealed partial class OperatorSetTests
{
    private static readonly ImmutableArray<OperatorCase> Default = [.. OperatorCases.Generate(new() { Seed = 1 })];

    [Theory]
    [InlineData("Sofmax")]
    [InlineData("softmax")]
    [InlineData("")]
    public void An_unknown_operator_is_refused_before_the_first_case(string name)
    {
        var refused = Assert.Throws<ArgumentException>(() => OperatorCases.Generate(new() { Seed = 1, Operators = ["Add", name] }));

        Assert.StartsWith($"No cases are made for operator {name}. Choose from: Neg Abs ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FLOAT")]
    [InlineData("fp32")]
    [InlineData("UINT64")]
    public void An_unknown_type_is_refused_before_the_first_case(string name)
    {
        var refused = Assert.Throws<ArgumentException>(() => OperatorCases.Generate(new() { Seed = 1, DataTypes = [name] }));

        Assert.StartsWith($"No cases are made for data type {name}. Choose from: FP32 FP16 BF16 FP64 INT8 INT32 INT64 UINT8 BOOL.", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(23)]
    [InlineData(0)]
    [InlineData(-17)]
    public void An_opset_that_cases_are_not_written_in_is_refused(int opset)
    {
        var refused = Assert.Throws<ArgumentException>(() => OperatorCases.Generate(new() { Seed = 1, Opset = opset }));

        Assert.StartsWith($"Opset {opset}: cases are written in opset 17 to 22.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_are_unique_and_plain()
    {
        Assert.All(Default, one => Assert.Matches(Plain(), one.Id));
        Assert.Empty(Default.GroupBy(one => one.Id).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void The_default_set_is_of_moderate_size()
    {
        var bytes = Default.Sum(one => one.Onnx.Length + one.Inputs.Sum(input => (long)input.Data.Length) + one.Outputs.Sum(output => (long)output.Same.Length));

        Assert.InRange(Default.Length, 1_000, 2_150);
        Assert.InRange(bytes, 1_000_000, 20_000_000);
    }

    [Fact]
    public void Contested_cases_are_made_where_they_are_asked_for_alone_and_change_no_other()
    {
        var whole = OperatorCases.Generate(new() { Seed = 1, Contested = true }).ToArray();

        var contested = whole.ExceptBy(Default.Select(one => one.Id), one => one.Id).Select(one => one.Id).ToArray();
        Assert.Equal(["logsoftmax-fp64-nan", "reducesum-int64-wide-17x31", "where-bf16-zeros-17x31-17x31-17x31", "where-fp16-zeros-17x31-17x31-17x31", "where-fp32-zeros-17x31-17x31-17x31", "where-fp64-zeros-17x31-17x31-17x31"], contested.Order(StringComparer.Ordinal));
        Assert.Equal(Default.Select(Digest), whole.Where(one => !contested.Contains(one.Id)).Select(Digest));
    }

    [Fact]
    public void Every_operator_and_every_type_has_cases()
    {
        Assert.Equal(OperatorCases.Operators, Default.Select(one => one.Operator).Distinct());
        Assert.Equal(OperatorCases.DataTypes.Order(StringComparer.Ordinal), Default.Select(one => one.DataType).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_part_of_a_set_is_the_same_as_in_the_whole()
    {
        var part = OperatorCases.Generate(new() { Seed = 1, Operators = ["Conv", "Add"], DataTypes = ["FP16", "INT64"] }).ToArray();

        var whole = Default.Where(one => one is { Operator: "Conv" or "Add", DataType: "FP16" or "INT64" });
        Assert.NotEmpty(part);
        Assert.Equal(whole.Select(Digest), part.Select(Digest));
    }

    [Fact]
    public void Another_seed_draws_other_inputs_for_the_same_cases()
    {
        var other = OperatorCases.Generate(new() { Seed = 2, Operators = ["MatMul"] }).ToArray();

        var mine = Default.Where(one => one.Operator == "MatMul").ToArray();
        Assert.Equal(mine.Select(one => one.Id), other.Select(one => one.Id));
        Assert.Equal(mine.Select(one => Convert.ToHexString(one.Onnx.Span)), other.Select(one => Convert.ToHexString(one.Onnx.Span)));
        Assert.NotEqual(mine[1].Inputs[0].Data.ToArray(), other[1].Inputs[0].Data.ToArray());
    }

    [Fact]
    public void Shapes_and_bytes_agree()
    {
        foreach (var one in Default)
        {
            Assert.All(one.Inputs, input => Assert.Equal(Count(input.Shape) * SizeOf(input.DataType), input.Data.Length));
            Assert.All(one.Outputs, output => Assert.Equal(Count(output.Shape) * SizeOf(output.DataType), output.Same.Length));
            Assert.All(one.Outputs, output => Assert.Equal(output.DataType.StartsWith("FP", StringComparison.Ordinal) || output.DataType == "BF16" ? Count(output.Shape) : 0, output.Exact.Length));
        }
    }

    [Fact]
    public void Both_golden_answers_are_infinite_and_not_numbers_at_the_same_places()
    {
        foreach (var one in Default)
        {
            foreach (var output in one.Outputs.Where(output => output.Exact.Length > 0))
            {
                var type = Enum.Parse<ElementType>(output.DataType, ignoreCase: true);
                var same = Decoded.Reals(type, output.Same.Span);
                for (var at = 0; at < same.Length; at++)
                {
                    var exact = Rounding.To(type, output.Exact.Span[at]);
                    Assert.True(double.IsFinite(exact) ? double.IsFinite(same[at]) : exact.Equals(same[at]), $"{one.Id} {output.Name}[{at}]: exact {exact}, same {same[at]}");
                }
            }
        }
    }

    /// <summary>Relative and absolute tolerance and floor of COR-01, and the bits of the significand.</summary>
    public static TheoryData<string, double, double, double, int> Tolerances => new()
    {
        { "FP16", Math.ScaleB(1, -9), Math.ScaleB(1, -9), 0.1, 10 },
        { "BF16", Math.ScaleB(1, -6), Math.ScaleB(1, -6), 1, 7 },
        { "FP32", Math.ScaleB(1, -10), Math.ScaleB(1, -16), 0.01, 23 },
    };

    [Theory, MemberData(nameof(Tolerances))]
    public void Arithmetic_in_the_type_itself_is_good_enough_to_pass(string name, double relative, double absolute, double floor, int bits)
    {
        var type = Enum.Parse<ElementType>(name, ignoreCase: true);
        foreach (var one in Default.Where(one => one.Kind != CaseKind.Exact))
        {
            foreach (var output in one.Outputs.Where(output => output.DataType == name))
            {
                var pairs = Decoded.Reals(type, output.Same.Span).Zip(output.Exact.ToArray(), (seen, exact) => (seen, exact)).Where(pair => double.IsFinite(pair.seen)).ToArray();
                Assert.True(pairs.Count(pair => Math.Abs(pair.seen - pair.exact) <= absolute + (relative * Math.Abs(pair.exact))) >= 0.99 * pairs.Length, $"{one.Id}: share");
                Assert.All(pairs, pair => Assert.True(Math.Abs(pair.seen - pair.exact) <= Math.Max(floor, Math.ScaleB(Math.Abs(pair.exact), 5 - bits)), $"{one.Id}: {pair}"));
            }
        }
    }

    [Fact]
    public void A_rounded_case_stays_within_the_finite_numbers()
    {
        foreach (var one in Default.Where(one => one.Kind == CaseKind.Rounded))
            Assert.All(one.Outputs, output => Assert.True(output.Exact.ToArray().All(value => Math.Abs(value) < 60_000 || double.IsFinite(value) && output.DataType != "FP16"), one.Id));
    }

    [Fact]
    public void These_bytes_come_of_seed_one()
    {
        // by operator, so that a diff shows what changed; answers to eight digits, so that no machine's libm shows
        var lines = Default.GroupBy(one => one.Operator).Select(group => string.Create(
            CultureInfo.InvariantCulture, $"{group.Key} {group.Count()} cases {Sha(group.Select(Given))} answers {Sha(group.Select(Answers))}\n"));

        Golden.Match("seed-1.txt", string.Concat(lines));
    }

    [Fact]
    public void Later_opsets_differ_in_what_they_write_alone()
    {
        var later = OperatorCases.Generate(new() { Seed = 1, Opset = 22 }).ToDictionary(one => one.Id);

        Assert.All(Default, one => Assert.Equal(Answers(one), Answers(later[one.Id])));
        Assert.All(later.Values.ExceptBy(Default.Select(one => one.Id), one => one.Id), one => Assert.Equal("BF16", one.DataType));
    }

    private static string Digest(OperatorCase one) => Given(one) + Answers(one);

    private static string Given(OperatorCase one)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{one.Id}\n{one.DataType}\n{one.Kind}\n{one.TorchScript}\n"));
        hash.AppendData(one.Onnx.Span);
        foreach (var input in one.Inputs)
            hash.AppendData(input.Data.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Answers(OperatorCase one)
    {
        var text = new StringBuilder(one.Id);
        foreach (var output in one.Outputs)
        {
            foreach (var value in output.Exact.Span)
                text.Append(CultureInfo.InvariantCulture, $" {value:e7}");
            var same = output.DataType == "FP64" ? string.Concat(MemoryMarshal.Cast<byte, double>(output.Same.Span).ToArray().Select(value => value.ToString("e7", CultureInfo.InvariantCulture))) : Convert.ToHexString(output.Same.Span);
            text.Append(' ').Append(same);
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Sha(IEnumerable<string> digests) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(digests))))[..16];

    private static long Count(ImmutableArray<long> shape) => shape.Aggregate(1L, (product, size) => product * size);

    private static int SizeOf(string type) => Enum.Parse<ElementType>(type, ignoreCase: true).Size();

    [GeneratedRegex(@"\A[a-z0-9]+(-[a-z0-9]+)+\z")]
    private static partial Regex Plain();
}

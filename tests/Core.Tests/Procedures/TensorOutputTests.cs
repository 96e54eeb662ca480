using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>COR-18 where a model has several outputs, of any type: each is a line of the golden pack and is held to its own.</summary>
public sealed class TensorOutputTests
{
    private static readonly Outputs Sound = Outputs.None
        .With("one/probability", "FP32", Bytes(0.5f, 0.25f))
        .With("one/state", "FP32", Bytes(1f, -2f, 0f))
        .With("one/label", "INT64", BitConverter.GetBytes(7L));

    [Fact]
    public void Outputs_that_are_all_right_pass_and_all_their_elements_are_counted()
    {
        var finding = Sound.Judge();

        Judged.Passes(finding);
        Assert.Equal(6_000, Judged.Milli(finding, "elements compared"));
    }

    public static TheoryData<string, byte[]> OneWrong => new()
    {
        { "one/probability", Bytes(0.5f, 0.2504f) },
        { "one/state", Bytes(1f, -2f, 0.001f) },
        { "one/label", BitConverter.GetBytes(8L) },
    };

    [Theory, MemberData(nameof(OneWrong))]
    public void Each_output_fails_alone(string line, byte[] answered)
    {
        var measured = Judged.Measured(Sound.Answering(line, answered).Judge());

        Assert.StartsWith("1 of 6 elements outside the tolerance", measured, StringComparison.Ordinal);
        Assert.EndsWith($"1 of them in {line}", measured, StringComparison.Ordinal);
    }

    [Fact]
    public void An_output_of_which_no_line_expects_an_element_is_never_looked_at_and_decides_nothing()
    {
        Assert.Contains("expects no element of the output extra", Judged.Reason(Sound.With("one/extra", "FP32", []).Judge()), StringComparison.Ordinal);
        Judged.Passes(Sound.With("one/extra", "FP32", []).With("two/extra", "FP32", Bytes(1f)).With("two/probability", "FP32", Bytes(1f)).With("two/state", "FP32", Bytes(1f)).With("two/label", "INT64", BitConverter.GetBytes(1L)).Judge());
    }

    [Theory]
    [InlineData("one/probability")]
    [InlineData("one/state")]
    [InlineData("one/label")]
    public void An_output_without_an_answer_decides_nothing(string line) =>
        Assert.Contains($"no answer to the golden line {line}", Judged.Reason(Sound.Without(line).Judge()), StringComparison.Ordinal);

    [Fact]
    public void Two_outputs_that_change_places_fail()
    {
        var alike = Outputs.None.With("one/a", "FP32", Bytes(1f)).With("one/b", "FP32", Bytes(2f));

        Judged.Measured(alike.Answering("one/a", Bytes(2f)).Answering("one/b", Bytes(1f)).Judge());
    }

    public static TheoryData<string, byte[], byte[]> OffByOne => new()
    {
        { "BOOL", [1], [0] },
        { "INT8", [0xff], [0xfe] },
        { "UINT8", [200], [201] },
        { "INT16", [0, 1], [1, 1] },
        { "UINT16", [0, 1], [0, 2] },
        { "INT32", BitConverter.GetBytes(1_000_000_000), BitConverter.GetBytes(1_000_000_001) }, // well within any relative tolerance
        { "UINT32", BitConverter.GetBytes(4_000_000_000u), BitConverter.GetBytes(4_000_000_001u) },
        { "INT64", BitConverter.GetBytes(long.MaxValue), BitConverter.GetBytes(long.MaxValue - 1) },
        { "UINT64", BitConverter.GetBytes(ulong.MaxValue), BitConverter.GetBytes(ulong.MaxValue - 1) },
    };

    [Theory, MemberData(nameof(OffByOne))]
    public void Whole_numbers_and_booleans_must_be_the_same(string type, byte[] expected, byte[] answered)
    {
        Judged.Passes(Outputs.None.With("x", type, expected).Judge());
        Judged.Measured(Outputs.None.With("x", type, expected).Answering("x", answered).Judge());
    }

    [Theory]
    [InlineData("FP64", 0.5, 0.50050009, 0.50050011)]
    [InlineData("FP32", 0.5, 0.50050006, 0.50050020)]
    [InlineData("FP16", 1024, 1025, 1026)] // numbers of this type lie 1 apart here
    [InlineData("BF16", 2048, 2048, 2064)] // and 16 apart here: the next one is too far
    public void Floating_point_numbers_of_every_type_must_be_close(string type, double expected, double near, double far)
    {
        Judged.Passes(Outputs.None.With("x", type, Number(type, expected)).Answering("x", Number(type, near)).Judge());
        Judged.Measured(Outputs.None.With("x", type, Number(type, expected)).Answering("x", Number(type, far)).Judge());
    }

    [Fact]
    public void A_NaN_is_met_by_a_NaN_alone_in_every_type() => Assert.All(
        ["FP64", "FP32", "FP16", "BF16"],
        type =>
        {
            Judged.Passes(Outputs.None.With("x", type, Number(type, double.NaN)).Judge());
            Judged.Measured(Outputs.None.With("x", type, Number(type, double.NaN)).Answering("x", Number(type, 0)).Judge());
            Judged.Measured(Outputs.None.With("x", type, Number(type, 1)).Answering("x", Number(type, double.NaN)).Judge());
        });

    [Fact]
    public void An_output_s_own_absolute_tolerance_holds_for_it_alone()
    {
        var both = Outputs.None.With("x/wide", "FP32", Bytes(0f)).With("x/narrow", "FP32", Bytes(0f)).Changed(0, line => line with { AtolPpb = 5_000 });

        Judged.Passes(both.Answering("x/wide", Bytes(4.9e-6f)).Judge());
        Judged.Measured(both.Answering("x/wide", Bytes(5.1e-6f)).Judge());
        Judged.Measured(both.Answering("x/narrow", Bytes(4.9e-6f)).Judge());
        Judged.Measured(both.Changed(0, line => line with { AtolPpb = 0 }).Answering("x/wide", Bytes(1e-12f)).Judge());
    }

    [Theory]
    [InlineData(10_001L)]
    [InlineData(-1L)]
    [InlineData(long.MaxValue)]
    public void An_output_s_tolerance_beyond_the_standard_s_decides_nothing(long atol) =>
        Assert.Contains($"{atol}e-9", Judged.Reason(Sound.Changed(1, line => line with { AtolPpb = atol }).Judge()), StringComparison.Ordinal);

    [Theory]
    [InlineData("BYTES")]
    [InlineData("FP8")]
    [InlineData("")]
    public void A_type_that_cannot_be_compared_decides_nothing(string type) =>
        Assert.Contains("cannot be compared", Judged.Reason(Sound.Changed(0, line => line with { DataType = type }).Judge()), StringComparison.Ordinal);

    [Fact]
    public void Another_type_than_expected_fails_even_with_the_same_bytes()
    {
        var measured = Judged.Measured(Sound.Typed("one/label", "UINT64").Judge());

        Assert.Equal("one/label is UINT64, not INT64", measured);
    }

    [Fact]
    public void A_text_is_not_read_from_what_is_no_FP32()
    {
        var read = Sound with { Plan = Sound.Plan with { Golden = Sound.Plan.Golden with { Charset = "charset.txt" } } };

        Assert.Contains("FP32 scores", Judged.Reason(read.Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_of_too_many_or_too_few_bytes_fails()
    {
        Assert.Contains("16 bytes", Judged.Measured(Sound.Answering("one/label", new byte[16]).Judge()), StringComparison.Ordinal);
        Judged.Measured(Sound.Answering("one/label", []).Judge());
    }

    private static byte[] Bytes(params float[] values) => Reader.Bytes(values);

    private static byte[] Number(string type, double value)
    {
        var bytes = new byte[8];
        switch (type)
        {
            case "FP64":
                BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
                return bytes;
            case "FP32":
                return Bytes((float)value);
            case "FP16":
                BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)value);
                return bytes[..2];
            default:
                return Bytes((float)value)[2..];
        }
    }

    /// <summary>A golden pack of vectors and the answers to it, right unless said otherwise.</summary>
    private sealed record Outputs(Plan Plan, Measurement Measurement, InMemoryFiles Files)
    {
        public static Outputs None { get; } = new(Given.Plan with { Golden = Given.Plan.Golden with { Charset = null, Lines = [] } }, Given.Measurement("COR-18"), InMemoryFiles.Empty);

        public Finding Judge() => Judged.By(Clauses.TensorAgreement, Measurement, Plan, Files);

        public Outputs With(string id, string type, byte[] data)
        {
            ImmutableArray<long> shape = [data.Length / GoldenTensor.SizeOf(type)!.Value];
            return new(
                Plan with { Golden = Plan.Golden with { Lines = Plan.Golden.Lines.Add(new(id, $"golden/{id}", shape, "") { DataType = type }) } },
                Measurement with { Tensors = Measurement.Tensors.Add(new(id, $"answers/{id}", type, shape)) },
                Files.With($"golden/{id}", Packed(data)).With($"answers/{id}", data));
        }

        public Outputs Answering(string id, byte[] data) => this with { Files = Files.With($"answers/{id}", data) };

        public Outputs Typed(string id, string type) => this with { Measurement = Measurement with { Tensors = [.. Measurement.Tensors.Select(tensor => tensor.Name == id ? tensor with { DataType = type } : tensor)] } };

        public Outputs Without(string id) => this with { Measurement = Measurement with { Tensors = Measurement.Tensors.RemoveAll(tensor => tensor.Name == id) } };

        public Outputs Changed(int line, Func<GoldenLine, GoldenLine> change) =>
            this with { Plan = Plan with { Golden = Plan.Golden with { Lines = Plan.Golden.Lines.SetItem(line, change(Plan.Golden.Lines[line])) } } };

        private static byte[] Packed(byte[] data)
        {
            using var file = new MemoryStream();
            using (var gzip = new GZipStream(file, CompressionLevel.Fastest))
                gzip.Write(data);
            return file.ToArray();
        }
    }
}

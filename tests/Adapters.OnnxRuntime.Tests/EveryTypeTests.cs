using Adaptation.Adapters.Abstractions;
using Adaptation.Testing.Onnx;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

public class EveryTypeTests
{
    /// <summary>Every type of the protocol with its number in TensorProto.DataType.</summary>
    public static TheoryData<DataType, int> Types => new()
    {
        { DataType.FP32, 1 }, { DataType.UInt8, 2 }, { DataType.Int8, 3 }, { DataType.UInt16, 4 }, { DataType.Int16, 5 },
        { DataType.Int32, 6 }, { DataType.Int64, 7 }, { DataType.Bool, 9 }, { DataType.FP16, 10 }, { DataType.FP64, 11 },
        { DataType.UInt32, 12 }, { DataType.UInt64, 13 }, { DataType.BF16, 16 },
    };

    [Theory, MemberData(nameof(Types))]
    public async Task Bytes_come_back_as_they_went_in(DataType type, int number)
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(number, "N", 3));
        var bytes = new byte[2 * 3 * type.Size()];
        new Random(42).NextBytes(bytes);
        if (type == DataType.Bool)
            bytes = [.. bytes.Select(value => (byte)(value & 1))];

        var answer = await opened.InferAsync(new Tensor(type, [2, 3], bytes));

        var output = Assert.Single(answer);
        Assert.Equal(type, output.Type);
        Assert.Equal([2, 3], output.Shape);
        Assert.Equal(bytes, output.Data);
    }

    [Theory, MemberData(nameof(Types))]
    public async Task A_tensor_without_elements_comes_back_empty(DataType type, int number)
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(number, "N", 3));

        var answer = await opened.InferAsync(new Tensor(type, [0, 3], default));

        Assert.Equal([0, 3], answer[0].Shape);
        Assert.Equal(0, answer[0].Data.Length);
    }

    [Fact]
    public async Task Strings_keep_their_zero_bytes_and_need_not_be_text()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(8, "N"));
        var strings = Strings([.. "识别"u8], [], [0, 1, 0, 255, 254], [.. "end"u8]);

        var answer = await opened.InferAsync(new Tensor(DataType.Bytes, [4], strings));

        Assert.Equal(strings, answer[0].Data);
    }

    [Fact]
    public async Task No_strings_come_back_as_none()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(8, "N"));

        var answer = await opened.InferAsync(new Tensor(DataType.Bytes, [0], default));

        Assert.Equal(0, answer[0].Data.Length);
    }

    [Fact]
    public async Task A_scalar_has_no_dimension()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(1));

        var answer = await opened.InferAsync(Opened.Floats([], 2.5f));

        Assert.Equal(0, opened.Model.Signature.Inputs[0].Shape?.Length);
        Assert.Equal([2.5f], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task Names_types_and_free_dimensions_are_read_from_the_model()
    {
        var model = OnnxFile.Model(
            [new("left", 1, ["N", 3]), new("文", 8, null)], [new("sum", 1, ["N", 3]), new("copy", 8, null)],
            [new("Add", ["left", "left"], ["sum"]), new("Identity", ["文"], ["copy"])]);

        await using var opened = await Opened.Async(model);

        var signature = opened.Model.Signature;
        Assert.Equal(["left", "文"], signature.Inputs.Select(input => input.Name));
        Assert.Equal([DataType.FP32, DataType.Bytes], signature.Inputs.Select(input => input.Type));
        Assert.Equal([-1, 3], signature.Inputs[0].Shape!.Value);
        Assert.Null(signature.Inputs[1].Shape);
        Assert.Equal(["sum", "copy"], signature.Outputs.Select(output => output.Name));
    }

    private static byte[] Strings(params byte[][] elements) =>
        [.. elements.SelectMany(element => BitConverter.GetBytes(element.Length).Concat(element))];
}

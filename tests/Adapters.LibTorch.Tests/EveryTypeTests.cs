using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch.Tests;

public class EveryTypeTests
{
    public static TheoryData<DataType> Carried =>
        [DataType.Bool, DataType.UInt8, DataType.Int8, DataType.Int16, DataType.Int32, DataType.Int64, DataType.FP16, DataType.BF16, DataType.FP32, DataType.FP64];

    [Theory, MemberData(nameof(Carried))]
    public async Task Every_bit_of_every_type_comes_back(DataType type)
    {
        await using var model = await Opened.Source("def forward(x):\n    return x.transpose(0, 1).transpose(0, 1)\n");
        var bytes = Enumerable.Range(0, 6 * type.Size()).Select(index => (byte)(type == DataType.Bool ? index & 1 : (index * 37) + 11)).ToArray();

        var answer = await model.InferAsync(new Tensor(type, [2, 3], bytes));

        Assert.Equal(type, answer[0].Type);
        Assert.Equal([2, 3], answer[0].Shape);
        Assert.Equal(bytes, answer[0].Data.ToArray());
    }

    [Theory, MemberData(nameof(Carried))]
    public async Task A_tensor_may_have_no_element_and_a_scalar_no_dimension(DataType type)
    {
        await using var model = await Opened.Source("def forward(x, y):\n    return x.permute(1, 0), y\n");

        var answer = await model.InferAsync(new Tensor(type, [0, 3], default), new Tensor(type, [], new byte[type.Size()]));

        Assert.Equal([3, 0], answer[0].Shape);
        Assert.Equal(0, answer[0].Data.Length);
        Assert.Empty(answer[1].Shape);
        Assert.Equal(new byte[type.Size()], answer[1].Data.ToArray());
    }

    [Fact]
    public async Task Types_mean_what_the_protocol_says() // torch.bfloat16 is a name of Python; its number is 15, and int8 is 1
    {
        await using var model = await Opened.Source("def forward(x):\n    return x.half(), x.to(15), x.double(), x.to(1), x > 1\n");

        var answer = await model.InferAsync(Opened.Floats([2], 1, -2));

        Assert.Equal([DataType.FP16, DataType.BF16, DataType.FP64, DataType.Int8, DataType.Bool], answer.Select(tensor => tensor.Type));
        Assert.Equal([0x00, 0x3c, 0x00, 0xc0], answer[0].Data.ToArray());
        Assert.Equal([0x80, 0x3f, 0x00, 0xc0], answer[1].Data.ToArray());
        Assert.Equal(-2.0, BitConverter.ToDouble(answer[2].Data.Span[8..]));
        Assert.Equal([1, 0xfe], answer[3].Data.ToArray());
        Assert.Equal([0, 0], answer[4].Data.ToArray());
    }

    [Theory]
    [InlineData(DataType.UInt16)]
    [InlineData(DataType.UInt32)]
    [InlineData(DataType.UInt64)]
    [InlineData(DataType.Bytes)]
    public async Task A_type_that_this_torch_lacks_is_refused(DataType type)
    {
        await using var model = await Opened.Source("def forward(x):\n    return x\n");
        ImmutableArray<long> none = [0];

        var error = await Assert.ThrowsAsync<AdapterException>(() => model.InferAsync(new Tensor(type, none, default)));

        Assert.Contains("input x has a type that torch", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_number_where_the_code_declares_one_takes_no_row_of_them()
    {
        await using var model = await Opened.Source("def forward(x: int):\n    return x\n");

        var error = await Assert.ThrowsAsync<AdapterException>(() => model.InferAsync(Opened.Whole(1, 2)));

        Assert.Contains("input x is one number; 2 were given", error.Message, StringComparison.Ordinal);
    }
}

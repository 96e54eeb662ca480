using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Token ids in, logits out, as a tensor model.</summary>
public class TensorFaceTests
{
    private static readonly int[] First = [1, 258, 259, 260, 7], Third = [1, 261, 9, 9, 50, 51, 52];

    [Fact]
    public async Task The_tensor_face_gives_what_the_token_face_gives()
    {
        await using var opened = await Opened.Async(TinyModel.Qwen2);
        var expected = opened.Decode(0, 0, First);
        var other = opened.Decode(1, 0, [9, 8, 7, 6, 5]);

        var both = await opened.InferAsync(2, [.. First, 9, 8, 7, 6, 5]);

        Logits.Near([.. expected, .. other], both);
    }

    [Fact]
    public async Task The_tensor_face_disturbs_no_live_sequence()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        await using var undisturbed = await Opened.Async(TinyModel.Llama);
        opened.Decode(0, 0, First);
        undisturbed.Decode(0, 0, First);

        _ = await opened.InferAsync(3, 9, 9, 9, 9, 9, 9);

        Logits.Near(undisturbed.Decode(0, First.Length, 40), opened.Decode(0, First.Length, 40));
    }

    [Fact]
    public async Task Asked_twice_the_tensor_face_gives_the_same_bits()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);

        var first = await opened.InferAsync(1, Third);
        _ = await opened.InferAsync(1, First);

        Assert.Equal(first, await opened.InferAsync(1, Third));
    }

    [Fact]
    public async Task Rows_longer_than_a_batch_are_computed_in_parts()
    {
        int[] tokens = [.. Enumerable.Range(0, 250).Select(index => 3 + index)];
        await using var small = await Opened.Async(TinyModel.Llama, Opened.Cpu with { Batch = 32, MicroBatch = 32 });
        await using var large = await Opened.Async(TinyModel.Llama);

        var (expected, actual) = (await large.InferAsync(1, tokens), await small.InferAsync(1, tokens));
        Logits.Near(expected, actual, 1e-4f);
    }

    [Fact]
    public async Task Both_widths_of_token_ids_are_taken_and_no_other_tensor()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var wide = new Tensor(DataType.Int64, [1, 2], BitConverter.GetBytes(5L).Concat(BitConverter.GetBytes(6L)).ToArray());

        var answer = await opened.Model.InferAsync([wide], TestContext.Current.CancellationToken);

        Assert.Equal([1, 2, opened.Model.Vocabulary.Size], answer[0].Shape);
        Assert.Equal(await opened.InferAsync(1, 5, 6), Opened.Floats(answer[0]));
        await Assert.ThrowsAsync<ArgumentException>(() => opened.Model.InferAsync([new(DataType.FP32, [1, 1], new byte[4])], TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => opened.Model.InferAsync([new(DataType.Int32, [1], new byte[4])], TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => opened.Model.InferAsync([], TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    public async Task No_tokens_give_no_logits(int rows, int length)
    {
        await using var opened = await Opened.Async(TinyModel.Llama);

        var answer = await opened.Model.InferAsync([new(DataType.Int32, [rows, length], default)], TestContext.Current.CancellationToken);

        Assert.Equal([rows, length, opened.Model.Vocabulary.Size], answer[0].Shape);
    }

    [Fact]
    public async Task A_row_that_does_not_fit_and_a_token_out_of_range_are_refused_by_the_tensor_face()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var beyond = new Tensor(DataType.Int64, [1, 1], BitConverter.GetBytes(1L << 40));

        var tooLong = await Assert.ThrowsAsync<AdapterException>(() => opened.InferAsync(1, new int[257]));
        var noToken = await Assert.ThrowsAsync<AdapterException>(() => opened.Model.InferAsync([beyond], TestContext.Current.CancellationToken));

        Assert.Contains("input_ids has rows of 257", tooLong.Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", noToken.Message, StringComparison.Ordinal);
        Assert.NotEmpty(await opened.InferAsync(1, 5));
    }
}

using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>The output that shows what layers compute: two layers of width 64.</summary>
public class HiddenStateTests
{
    private const int Logits = 0, States = 1, Layers = 2, Width = 64;

    private static readonly int[] First = [1, 258, 259, 260, 7], Second = [9, 8, 7, 6, 5];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task The_signature_names_layers_and_width(string architecture)
    {
        await using var opened = await Opened.Async(architecture == "llama" ? TinyModel.Llama : TinyModel.Qwen2);

        Assert.Equal(["logits", "hidden_states"], opened.Model.Signature.Outputs.Select(output => output.Name));
        Assert.Equal([-1, Layers, -1, Width], opened.Model.Signature.Outputs[States].Shape!.Value);
    }

    [Fact]
    public async Task All_outputs_are_what_each_is_alone()
    {
        await using var opened = await Opened.Async(TinyModel.Qwen2);

        var all = await opened.Model.InferAsync([Ids(1, First)], Token);

        Assert.Equal(Opened.Floats(await opened.OutputAsync(States, 1, First)), Opened.Floats(all[States]));
        LlamaCpp.Tests.Logits.Near(await opened.InferAsync(1, First), Opened.Floats(all[Logits]));
    }

    [Fact]
    public async Task Outputs_come_in_the_order_in_which_they_were_asked_for()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var model = Assert.IsType<ISelectiveModel>(opened.Model, exactMatch: false);

        var both = await model.InferAsync([Ids(1, First)], [States, Logits], Token);

        Assert.Equal([1, Layers, First.Length, Width], both[0].Shape);
        Assert.Equal([1, First.Length, opened.Model.Vocabulary.Size], both[1].Shape);
    }

    [Fact]
    public async Task Each_row_is_a_sequence_of_its_own()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var (first, second) = (await opened.OutputAsync(States, 1, First), await opened.OutputAsync(States, 1, Second));

        var both = await opened.OutputAsync(States, 2, [.. First, .. Second]);

        Assert.Equal([2, Layers, First.Length, Width], both.Shape);
        LlamaCpp.Tests.Logits.Near([.. Opened.Floats(first), .. Opened.Floats(second)], Opened.Floats(both));
    }

    [Fact]
    public async Task Rows_longer_than_a_batch_and_a_micro_batch_are_computed_in_parts()
    {
        int[] tokens = [.. Enumerable.Range(0, 250).Select(index => 3 + (index % 250))];
        await using var small = await Opened.Async(TinyModel.Llama, Opened.Cpu with { Batch = 48, MicroBatch = 32 });
        await using var large = await Opened.Async(TinyModel.Llama, Opened.Cpu with { Batch = 256, MicroBatch = 256 });

        var (expected, seen) = (await large.OutputAsync(States, 1, tokens), await small.OutputAsync(States, 1, tokens));

        LlamaCpp.Tests.Logits.Near(Opened.Floats(expected), Opened.Floats(seen), 1e-4f);
    }

    [Fact]
    public async Task A_longer_text_after_a_shorter_one_finds_room()
    {
        await using var opened = await Opened.Async(TinyModel.Llama, Opened.Cpu with { ContextLength = 512, Batch = 512 });
        int[] longer = [.. Enumerable.Range(0, 300).Select(index => 3 + (index % 250))];
        _ = await opened.OutputAsync(States, 1, First);

        var states = await opened.OutputAsync(States, 1, longer);

        Assert.Equal([1, Layers, 300, Width], states.Shape);
        Assert.Equal(Opened.Floats(await opened.OutputAsync(States, 1, First))[..4], Opened.Floats(await opened.OutputAsync(States, 1, First))[..4]);
    }

    [Fact]
    public async Task Being_shown_layers_disturbs_no_live_sequence()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        await using var undisturbed = await Opened.Async(TinyModel.Llama);
        opened.Decode(0, 0, First);
        undisturbed.Decode(0, 0, First);

        _ = await opened.OutputAsync(States, 1, Second);

        Assert.Equal(undisturbed.Decode(0, First.Length, 40), opened.Decode(0, First.Length, 40));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    public async Task No_tokens_have_no_states(int rows, int length)
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var model = Assert.IsType<ISelectiveModel>(opened.Model, exactMatch: false);

        var answer = await model.InferAsync([new(DataType.Int32, [rows, length], default)], [States], Token);

        Assert.Equal([rows, Layers, length, Width], Assert.Single(answer).Shape);
    }

    [Fact]
    public async Task What_logits_refuse_states_refuse_and_the_model_can_still_be_asked()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var model = Assert.IsType<ISelectiveModel>(opened.Model, exactMatch: false);
        var beyond = new Tensor(DataType.Int64, [1, 1], BitConverter.GetBytes(1L << 40));

        Assert.Contains("rows of 257", (await Assert.ThrowsAsync<AdapterException>(() => opened.OutputAsync(States, 1, new int[257]))).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", (await Assert.ThrowsAsync<AdapterException>(() => model.InferAsync([beyond], [States], Token))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => model.InferAsync([beyond], [2], Token));
        await Assert.ThrowsAsync<ArgumentException>(() => model.InferAsync([beyond], [], Token));
        Assert.NotEmpty(Opened.Floats(await opened.OutputAsync(States, 1, First)));
    }

    [Fact]
    public async Task Cancelled_states_are_said_to_be_and_the_model_can_still_be_asked()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var model = Assert.IsType<ISelectiveModel>(opened.Model, exactMatch: false);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.InferAsync([Ids(1, First)], [States], new CancellationToken(canceled: true)));

        Assert.NotEmpty(Opened.Floats(await opened.OutputAsync(States, 1, First)));
    }

    [Fact]
    public void A_graph_whose_names_were_not_read_shows_no_layers()
    {
        Assert.True(LayerTap.Names("llama"));
        Assert.False(LayerTap.Names("gpt2"));
        Assert.False(LayerTap.Names(architecture: null));
    }

    [Fact]
    public async Task A_tap_that_nothing_was_shown_says_so()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        using var tap = new LayerTap(LlamaLibrary.Load(Engine.Cpu), Layers, Width);

        var said = Assert.Throws<AdapterException>(() => tap.Blind(positions: 3));

        Assert.Contains("layer 0 gave 0 of 3 positions", said.Message, StringComparison.Ordinal);
    }

    private static Tensor Ids(int rows, int[] tokens) => new(DataType.Int32, [rows, tokens.Length / rows], MemoryMarshal.AsBytes(tokens.AsSpan()).ToArray());
}

internal static unsafe class Taps
{
    /// <summary>A computation that the library did not show.</summary>
    public static void Blind(this LayerTap tap, int positions)
    {
        tap.Begin(to: null, stride: 0, positions);
        tap.End("model.gguf");
    }
}

using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Live sequences: batches of them, what is kept of them, and what is refused.</summary>
public class DecodeTests
{
    private static readonly int[] First = [1, 258, 259, 260, 7], Second = [1, 100, 101], Third = [1, 261, 9, 9, 50, 51, 52];

    [Theory]
    [InlineData("llama")]
    [InlineData("llama-q8")]
    [InlineData("qwen2")]
    public async Task Sequences_in_one_batch_get_the_logits_that_each_gets_alone(string variant)
    {
        await using var together = await Opened.Async(Variant(variant));
        await using var alone = await Opened.Async(Variant(variant));
        var size = together.Model.Vocabulary.Size;
        var batch = new TokenBatch();
        for (var at = 0; at < Third.Length; at++) // the sequences interleave
        {
            foreach (var (sequence, tokens) in new[] { (0, First), (2, Second), (3, Third) })
            {
                if (at < tokens.Length)
                    batch.Add(sequence, tokens[at], at, wantsLogits: at == tokens.Length - 1);
            }
        }

        var mixed = together.Model.Decode(batch).ToArray();

        int[][] inOrder = [Second, First, Third]; // as their last positions come in the batch
        for (var index = 0; index < inOrder.Length; index++)
        {
            var expected = alone.Decode(index, 0, inOrder[index]);
            Logits.Near(expected.AsSpan()[^size..], mixed.AsSpan(index * size, size));
        }
    }

    [Fact]
    public async Task Different_texts_get_different_logits()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var size = opened.Model.Vocabulary.Size;

        var (one, other) = (opened.Decode(0, 0, First), opened.Decode(1, 0, Third));

        Assert.NotEqual(one[^size..], other[^size..]);
    }

    [Fact]
    public async Task A_sequence_goes_on_token_by_token_as_if_it_had_come_at_once()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var size = opened.Model.Vocabulary.Size;
        var atOnce = opened.Decode(0, 0, Third);

        for (var at = 0; at < Third.Length; at++)
            Logits.Near(atOnce.AsSpan(at * size, size), opened.Decode(1, at, Third[at]));
    }

    [Fact]
    public async Task A_batch_larger_than_the_engine_computes_in_one_go_is_the_same()
    {
        int[] tokens = [.. Enumerable.Range(0, 200).Select(index => 3 + index * 7 % 250)];
        await using var narrow = await Opened.Async(TinyModel.Llama, Opened.Cpu with { MicroBatch = 16 });
        await using var wide = await Opened.Async(TinyModel.Llama, Opened.Cpu with { MicroBatch = 256 });

        Logits.Near(wide.Decode(0, 0, tokens), narrow.Decode(0, 0, tokens), 1e-4f);
    }

    [Fact]
    public async Task A_sequence_that_was_forgotten_starts_afresh()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var fresh = opened.Decode(1, 0, Second);
        opened.Decode(0, 0, Third);

        opened.Model.Forget(0, 0);

        Logits.Near(fresh, opened.Decode(0, 0, Second));
    }

    [Fact]
    public async Task A_sequence_that_was_cut_goes_on_from_the_cut_and_leaves_others_alone()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var size = opened.Model.Vocabulary.Size;
        var fresh = opened.Decode(1, 0, Third);
        opened.Decode(0, 0, [.. Third[..4], 77, 78, 79]);

        opened.Model.Forget(0, 4);

        Logits.Near(fresh.AsSpan(4 * size), opened.Decode(0, 4, Third.AsSpan(4)));
        Assert.Throws<ArgumentException>(() => opened.Decode(1, 0, 5));
    }

    [Fact]
    public async Task Nothing_wanted_gives_nothing_and_is_kept_all_the_same()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var expected = opened.Decode(1, 0, Third);
        var size = opened.Model.Vocabulary.Size;
        var batch = new TokenBatch();
        for (var at = 0; at < 6; at++)
            batch.Add(0, Third[at], at, wantsLogits: false);

        var none = opened.Model.Decode(batch).Length;

        Assert.Equal(0, none);
        Logits.Near(expected.AsSpan()[^size..], opened.Decode(0, 6, Third[6]));
    }

    [Fact]
    public async Task An_empty_batch_computes_nothing()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);

        Assert.Equal(0, opened.Model.Decode(new()).Length);
    }

    [Fact]
    public async Task A_text_that_outgrows_its_context_is_refused_and_its_sequence_can_still_be_used()
    {
        await using var opened = await Opened.Async(TinyModel.Llama, Opened.Cpu with { ContextLength = 100 });
        var last = opened.Decode(0, 0, [.. Enumerable.Repeat(9, 99)]);

        var error = Assert.Throws<AdapterException>(() => opened.Decode(0, 99, 9, 9));

        Assert.Contains("Sequence 0 has no position 100: its context holds 100", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(last);
        Assert.NotEmpty(opened.Decode(0, 99, 9));
    }

    [Fact]
    public async Task Every_sequence_can_be_filled_to_the_end_at_the_same_time()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        int[] tokens = [.. Enumerable.Range(0, opened.Model.ContextLength).Select(index => 3 + index % 200)];
        var size = opened.Model.Vocabulary.Size;

        var ends = Enumerable.Range(0, opened.Model.Sequences).Select(sequence => opened.Decode(sequence, 0, tokens)[^size..]).ToArray();

        Assert.All(ends, end => Logits.Near(ends[0], end));
    }

    [Fact]
    public async Task A_token_that_does_not_exist_is_refused_by_its_number()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);

        var error = Assert.Throws<AdapterException>(() => opened.Decode(0, 0, opened.Model.Vocabulary.Size));

        Assert.Contains($"Token {opened.Model.Vocabulary.Size} does not exist", error.Message, StringComparison.Ordinal);
        Assert.Throws<AdapterException>(() => opened.Decode(0, 0, -1));
    }

    [Fact]
    public async Task What_breaks_the_contract_of_a_batch_is_refused_before_the_engine_sees_it()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        opened.Decode(0, 0, First);

        Assert.Throws<ArgumentException>(() => opened.Decode(1, 0, new int[opened.Model.BatchCapacity + 1]));
        Assert.Throws<ArgumentException>(() => opened.Decode(opened.Model.Sequences, 0, 5));
        Assert.Throws<ArgumentException>(() => opened.Decode(-1, 0, 5));
        Assert.Throws<ArgumentException>(() => opened.Decode(0, First.Length + 1, 5)); // a gap
        Assert.Throws<ArgumentException>(() => opened.Decode(0, First.Length - 1, 5)); // again
        Assert.Throws<ArgumentException>(() => opened.Decode(1, -1, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => opened.Model.Forget(opened.Model.Sequences, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => opened.Model.Forget(0, -1));
        Assert.NotEmpty(opened.Decode(0, First.Length, 5));
    }

    private static GgufFile Variant(string name) => name switch
    {
        "llama" => TinyModel.Llama,
        "llama-q8" => TinyModel.LlamaQuantised,
        _ => TinyModel.Qwen2,
    };
}

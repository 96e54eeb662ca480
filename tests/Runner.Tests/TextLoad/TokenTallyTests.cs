using System.Text;
using Adaptation.Models;

namespace Adaptation.Runner.Tests;

public sealed class TokenTallyTests
{
    private const int Whole = 256, End = 257;

    private static TextSample Sample(params (string Text, int[] Ids)[] chunks) => new()
    {
        Request = 0,
        Due = 0,
        Sent = 0,
        Ended = 10,
        Chunks = [.. chunks.Select((chunk, i) => new TextChunk(i, true, chunk.Text, [.. chunk.Ids]))],
    };

    [Fact]
    public void Honest_ids_count_exactly_in_the_chunk_that_brought_their_text() =>
        Counts("ids", [1, 1, 2], Sample(("a", ['a']), ("word", [Whole]), ("bc", ['b', 'c'])));

    [Fact] // the end came with no text of its own: the client puts its id with the last chunk
    public void The_one_token_that_ends_a_generation_counts() =>
        Counts("ids", [1, 2], Sample(("a", ['a']), ("b", ['b', End])));

    [Fact]
    public void More_special_tokens_than_one_at_the_end_count_for_nothing()
    {
        Counts("ids", [1, 2], Sample(("a", [End, 'a', End, End]), ("b", [End, 'b', End, End, End])));
        Counts("ids", [1, 1], Sample(("a", [End, 'a']), ("b", [End, 'b'])));
    }

    [Theory] // asked to go on beyond its end, a model ends now and then, which has no text: it gives no rate, and up to a tenth of it makes no answer short
    [InlineData(0, 20, 20)]
    [InlineData(1, 20, 19)]
    [InlineData(2, 20, 18)]
    [InlineData(3, 20, 18)]
    [InlineData(0, 8, 8)] // a tenth of eight is none: one it is
    [InlineData(1, 8, 7)]
    [InlineData(3, 8, 7)]
    public void Ends_that_were_ignored_are_no_tokens_and_make_no_answer_short(int ends, int asked, int least)
    {
        var sample = Sample(("aaaa", [.. Enumerable.Repeat(End, ends), 'a', 'a', 'a', 'a']));
        var workload = GivenLoad.Workload with { OutputTokens = asked };

        var load = TextSamples.ToLoad(new([sample], 10, null, 0), [new(new("/v1", default), 5)], new TextScenario.SingleStream(), workload, new WordTokenizer());

        Assert.Equal((4, least), (load.Requests[0].OutputTokens, load.Terms.LeastOutputTokens));
    }

    [Theory] // 4 tokens with text and 3 ends that were ignored
    [InlineData(4, 0)]
    [InlineData(7, 0)]
    [InlineData(14, 1)]
    public void A_claim_that_counts_ignored_ends_disagrees_with_nothing(long claimed, long disagreements)
    {
        var sample = Sample(("aaaa", [End, End, End, 'a', 'a', 'a', 'a'])) with { Usage = new TextUsage(5, claimed, 5 + claimed, null) };

        var load = TextSamples.ToLoad(new([sample], 10, null, 0), [new(new("/v1", default), 5)], new TextScenario.SingleStream(), GivenLoad.Workload, new WordTokenizer());

        Assert.Equal(disagreements, load.Terms.CountDisagreements);
    }

    [Fact]
    public void A_special_token_that_stands_in_the_text_is_text() =>
        Counts("ids", [1, 1, 1], Sample(("a", ['a']), ("<end>", [End]), ("b", ['b'])));

    [Theory] // the same id twice, another one, one beyond the vocabulary, none for a chunk
    [InlineData(new int[] { 'a', 'a' })]
    [InlineData(new int[] { 'x' })]
    [InlineData(new int[] { 9999 })]
    [InlineData(new int[] { })]
    public void Ids_that_do_not_spell_the_text_are_not_counted(int[] ids) =>
        Counts("tokenizer", [1, 1], Sample(("a", ids), ("word", [Whole])));

    [Fact] // every byte of a word as a token of its own spells it too
    public void Ids_that_cut_the_text_finer_than_the_tokenizer_do_not_inflate() =>
        Counts("tokenizer", [1, 1], Sample(("word", ['w', 'o', 'r', 'd']), ("word", ['w', 'o', 'r', 'd'])));

    [Theory] // beside 400 letters, one word cut into four; then two
    [InlineData(1, "ids", 404)]
    [InlineData(2, "tokenizer", 402)]
    public void A_hundredth_more_than_the_tokenizer_makes_is_the_models_own_way_of_spelling(int words, string way, int total)
    {
        var text = string.Concat(Enumerable.Repeat("word", words)) + new string('a', 400);

        Counts(way, [total], Sample((text, [.. text.Select(letter => (int)letter)])));
    }

    [Fact]
    public void Ids_that_came_ahead_of_their_text_belong_to_the_chunk_with_the_text() =>
        Counts("ids", [1, 2], Sample(("a", ['a', 'b', 'c']), ("bc", [])));

    [Fact]
    public void A_character_of_several_tokens_counts_where_it_became_whole() =>
        Counts("ids", [1, 3], Sample(("a", ['a', 0xE9]), ("龙", [0xBE, 0x99])));

    [Theory] // max_tokens fell within a character: a server sends U+FFFD for its bytes, or nothing
    [InlineData("a\uFFFD", "ids", 3)]
    [InlineData("a", "ids", 3)]
    public void The_bytes_of_a_last_character_that_never_became_whole_are_tokens(string text, string way, int tokens) =>
        Assert.Equal((way, tokens), Total(Sample((text, ['a', 0xE9, 0xBE])), Sample((new string('b', 300), [.. Enumerable.Repeat((int)'b', 300)]))));

    [Fact]
    public void An_answer_that_broke_off_is_counted_by_its_text_and_spoils_nothing()
    {
        var broken = Sample(("ab", ['a', 'b', 'c', 'd', 'e'])) with { Failure = TextFailure.Broken };

        var tally = TokenTally.Of([Sample(("a", ['a'])), broken], new WordTokenizer());

        Assert.Equal("ids", tally.Way);
        Assert.Equal([2], tally.ChunkTokens[1]);
    }

    [Fact]
    public void Without_a_tokenizer_ids_are_a_claim_and_chunks_are_no_tokens()
    {
        var whole = Sample(("ab", [1]), ("cde", [2, 3]));
        var mixed = Sample(("ab", [1]), ("c", []));

        Assert.Equal("claimed-ids", TokenTally.Of([whole], null).Way);
        Assert.Equal([1, 2], TokenTally.Of([whole], null).ChunkTokens[0]);
        Assert.Equal("chunks", TokenTally.Of([whole, mixed], null).Way);
        Assert.Equal([1, 1], TokenTally.Of([whole, mixed], null).ChunkTokens[0]);
        Assert.Equal("chunks", TokenTally.Of([], null).Way);
    }

    [Fact]
    public void A_token_of_the_tokenizer_belongs_to_the_chunk_that_brought_its_last_byte() =>
        Assert.Equal([2, 0, 6], TokenTally.Of([Sample(("ab", []), ("", []), ("龙龙", []))], new GivenLoad.ByteTokenizer()).ChunkTokens[0]);

    [Theory] // 1 %, and never for the one end token that some count
    [InlineData(300, 300, false)]
    [InlineData(300, 303, false)]
    [InlineData(300, 304, true)]
    [InlineData(300, 600, true)]
    [InlineData(10, 11, false)]
    [InlineData(10, 12, true)]
    [InlineData(300, 296, true)]
    public void A_claim_more_than_a_hundredth_off_disagrees(long counted, long claimed, bool disagrees)
    {
        Assert.Equal(disagrees, TokenTally.Disagrees(counted, new TextUsage(5, claimed, 5 + claimed, null)));
        Assert.False(TokenTally.Disagrees(counted, null));
    }

    private static void Counts(string way, long[] counts, TextSample sample)
    {
        var tally = TokenTally.Of([sample], new WordTokenizer());

        Assert.Equal(way, tally.Way);
        Assert.Equal(counts, tally.ChunkTokens.Single());
    }

    private static (string Way, long Tokens) Total(TextSample first, TextSample other)
    {
        var tally = TokenTally.Of([first, other], new WordTokenizer());
        return (tally.Way, tally.ChunkTokens[0].Sum());
    }

    /// <summary>One token per byte, but for "word", which is one, and for one that ends texts.</summary>
    private sealed class WordTokenizer : ITokenizer
    {
        public int VocabularySize => 258;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public int? Special(string spelling) => spelling == "<end>" ? End : null;

        public int[] Encode(string text, bool parseSpecial) =>
            [.. text.Split("word").SelectMany((part, i) => Encoding.UTF8.GetBytes(part).Select(one => (int)one).Prepend(Whole).Skip(i == 0 ? 1 : 0))];

        public byte[] Decode(ReadOnlySpan<int> ids) =>
            [.. ids.ToArray().SelectMany(id => id == Whole ? "word"u8.ToArray() : id == End ? "<end>"u8.ToArray() : [(byte)id])];
    }
}

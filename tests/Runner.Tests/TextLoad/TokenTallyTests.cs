namespace Adaptation.Runner.Tests;

public sealed class TokenTallyTests
{
    private static TextSample Sample(params (string Text, int[] Ids)[] chunks) => new()
    {
        Request = 0,
        Due = 0,
        Sent = 0,
        Ended = 10,
        Chunks = [.. chunks.Select((chunk, i) => new TextChunk(i, true, chunk.Text, [.. chunk.Ids]))],
    };

    [Fact]
    public void Ids_are_counted_where_every_chunk_has_them()
    {
        var sample = Sample(("ab", [1]), ("cde", [2, 3]));

        Assert.Equal("ids", TokenTally.Way([sample], null));
        Assert.Equal([1, 2], TokenTally.Of(sample, "ids", null).ChunkTokens);
    }

    [Fact]
    public void One_chunk_without_ids_and_the_whole_load_is_counted_from_text_or_not_at_all()
    {
        var mixed = Sample(("ab", [1]), ("c", []));

        Assert.Equal("tokenizer", TokenTally.Way([mixed], new GivenLoad.ByteTokenizer()));
        Assert.Equal("chunks", TokenTally.Way([mixed], null));
        Assert.Equal("chunks", TokenTally.Way([], null));
    }

    [Fact]
    public void A_token_belongs_to_the_chunk_that_brought_its_last_byte() =>
        Assert.Equal([2, 0, 6], TokenTally.Of(Sample(("ab", []), ("", []), ("龙龙", [])), "tokenizer", new GivenLoad.ByteTokenizer()).ChunkTokens);

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
}

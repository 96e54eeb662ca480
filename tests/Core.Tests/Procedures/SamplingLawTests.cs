namespace Adaptation.Core.Tests;

public sealed class SamplingLawTests
{
    private static readonly SamplingLaw.Edge Sharp = new(Tie: 1e-9, Share: 1e-9);
    private static readonly double[] Known = [Math.Log(0.2), Math.Log(0.5), Math.Log(0.3)];

    [Fact]
    public void Without_limits_it_is_the_softmax() => Near([0.2, 0.5, 0.3], Of(Known));

    [Fact]
    public void A_temperature_divides_logits()
    {
        Near([0.04 / 0.38, 0.25 / 0.38, 0.09 / 0.38], Of(Known, temperature: 0.5)); // squares
        Near([Math.Sqrt(0.2), Math.Sqrt(0.5), Math.Sqrt(0.3)], Of(Known, temperature: 2), scale: Math.Sqrt(0.2) + Math.Sqrt(0.5) + Math.Sqrt(0.3));
    }

    [Theory]
    [InlineData(1, "1")]
    [InlineData(2, "1,2")]
    [InlineData(3, "0,1,2")]
    [InlineData(99, "0,1,2")]
    public void Top_k_admits_the_k_likeliest(int topK, string admitted) => Assert.Equal(admitted, Admitted(Of(Known, topK: topK)));

    [Theory]
    [InlineData(0.01, "1")]
    [InlineData(0.499, "1")]
    [InlineData(0.501, "1,2")]
    [InlineData(0.799, "1,2")]
    [InlineData(0.801, "0,1,2")]
    public void Top_p_admits_the_likeliest_until_they_reach_it(double topP, string admitted) => Assert.Equal(admitted, Admitted(Of(Known, topP: topP)));

    [Fact]
    public void Top_p_counts_what_top_k_left()
    {
        Assert.Equal("1", Admitted(Of(Known, topK: 2, topP: 0.62))); // 0.5 of 0.8 is 0.625
        Assert.Equal("1,2", Admitted(Of(Known, topK: 2, topP: 0.63)));
        Near([0, 0.625, 0.375], Of(Known, topK: 2));
    }

    [Fact]
    public void A_token_that_an_ulp_lets_in_is_excused_and_left_out_of_the_probabilities()
    {
        var law = Of(Known, topP: 0.5); // token 1 reaches it exactly, or not, as rounding has it

        Assert.True(law.Allows(2));
        Assert.True(law.IsAtBoundary(2));
        Assert.False(law.Allows(0));
        Near([0, 1, 0], law);
        Assert.Equal(0, law.OneMoreShare);
    }

    [Fact]
    public void Equal_logits_at_the_edge_are_excused_all_of_them()
    {
        double[] logits = [1, 3, 1, 2, 1, 0];
        var law = Of(logits, topK: 3); // one of tokens 0, 2, 4

        Assert.All(new[] { 0, 2, 4 }, id => Assert.True(law.Allows(id) && law.IsAtBoundary(id)));
        Assert.False(law.Allows(5));
        Assert.Equal(2, law.TokenCount);
        Assert.Equal(Math.E, law.Probabilities[1] / law.Probabilities[3], 1e-12);
    }

    [Fact]
    public void Equal_logits_away_from_the_edge_are_no_matter()
    {
        var law = Of([1, 3, 3, 1, 0], topK: 4);

        Assert.Equal(4, law.TokenCount);
        Assert.False(law.IsAtBoundary(1));
    }

    [Fact]
    public void Equal_logits_at_the_edge_of_top_k_are_no_matter_once_top_p_cuts_before_them()
    {
        var law = Of([5, 2, 1, 1, 0], topK: 3, topP: 0.9);

        Assert.Equal("0", Admitted(law));
        Assert.False(law.Allows(2));
    }

    [Fact]
    public void One_token_too_many_is_drawn_as_often_as_its_weight_says() =>
        Assert.Equal(0.2 / 1.0, Of(Known, topK: 2).OneMoreShare, 1e-12);

    [Fact]
    public void What_is_no_token_is_not_allowed()
    {
        Assert.False(Of(Known).Allows(3));
        Assert.False(Of(Known).Allows(long.MaxValue));
        Assert.False(Of(Known).IsAtBoundary(long.MaxValue));
    }

    private static SamplingLaw Of(double[] logits, double temperature = 1, int topK = 0, double topP = 1) => SamplingLaw.Of(logits, temperature, topK, topP, Sharp);

    private static string Admitted(SamplingLaw law) => string.Join(',', Enumerable.Range(0, law.Probabilities.Length).Where(id => law.Allows(id)));

    private static void Near(double[] expected, SamplingLaw law, double scale = 1) =>
        Assert.All(expected.Zip(law.Probabilities), pair => Assert.Equal(pair.First / scale, pair.Second, 1e-12));
}

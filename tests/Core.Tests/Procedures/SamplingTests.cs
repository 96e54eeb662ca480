using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class SamplingTests
{
    [Fact]
    public void A_right_sampler_passes_and_what_it_could_have_hidden_is_reported()
    {
        var finding = new Drawer().Judge();

        Judged.Passes(finding);
        Assert.Equal(10_000_000, Judged.Milli(finding, "draws, cool"));
        Assert.InRange(Judged.Milli(finding, "smallest detectable TV distance, frequencies of cool"), 2_000, 5_000); // 2 to 5 %
    }

    [Fact]
    public void Right_samplers_are_hardly_ever_rejected()
    {
        var verdicts = Enumerable.Range(100, 40).Select(seed => new Drawer { Seed = seed }.Judge().Verdict.Word).ToArray();

        Assert.InRange(verdicts.Count(word => word == "fail"), 0, 3); // one in a hundred is the level; four or more have a probability of 7e-4
        Assert.All(verdicts, word => Assert.Contains(word, new[] { "pass", "fail" }));
    }

    [Fact]
    public void A_top_k_that_admits_one_more_fails() =>
        Assert.Contains("draws of top-k outside its support", Judged.Measured(new Drawer { TopK = topK => topK + 1 }.Judge()), StringComparison.Ordinal);

    [Fact]
    public void A_top_k_that_admits_one_fewer_fails() =>
        Assert.Contains("frequencies of", Judged.Measured(new Drawer { TopK = topK => topK - 1 }.Judge()), StringComparison.Ordinal);

    [Fact]
    public void A_top_p_that_admits_one_more_fails() =>
        Assert.Contains("draws of top-p outside its support", Judged.Measured(new Drawer { Beyond = 1 }.Judge()), StringComparison.Ordinal);

    [Fact]
    public void A_temperature_applied_twice_fails() =>
        Assert.Contains("cool", Judged.Measured(new Drawer { Temperature = temperature => temperature * temperature }.Judge()), StringComparison.Ordinal);

    [Fact]
    public void A_temperature_that_is_ignored_fails() => Judged.Measured(new Drawer { Temperature = _ => 1 }.Judge());

    [Theory] // draws 0 and 1 share a value, 2 and 3 ...; or 1 and 2, 3 and 4 ...
    [InlineData(0, "even neighbours")]
    [InlineData(1, "odd neighbours")]
    public void One_random_number_for_two_neighbours_fails(int first, string said) =>
        Assert.Contains(said, Judged.Measured(new Drawer { Uses = draw => Math.Max(0, draw - ((draw + first) % 2)) }.Judge()), StringComparison.Ordinal);

    [Fact]
    public void One_random_number_used_again_in_one_pair_of_ten_fails() =>
        Assert.Contains("neighbours", Judged.Measured(new Drawer { Uses = draw => draw % 20 == 1 ? draw - 1 : draw }.Judge()), StringComparison.Ordinal);

    [Fact]
    public void A_token_drawn_too_often_fails_however_rare_it_is()
    {
        // Thirty draws of cell cool become its least likely token.
        var rarest = Array.IndexOf(Drawer.Logits, Drawer.Logits.Min());
        var finding = new Drawer().Judge(speech => Draws(speech, "cool", draws =>
        {
            foreach (var at in Enumerable.Range(0, 30))
                draws = draws.SetItem(at * 300, rarest);
            return draws;
        }));

        Judged.Measured(finding);
    }

    [Fact]
    public void Fewer_draws_than_asked_for_decide_nothing() =>
        Assert.Equal("9999 draws of cool; 10000 are asked for", Judged.Reason(new Drawer { Draws = 9_999 }.Judge()));

    [Theory]
    [InlineData(long.MaxValue, "1 of 10000 draws of top-k failed")]
    [InlineData(50L, "such as token 50")]
    public void A_draw_that_is_no_token_fails(long draw, string said) =>
        Assert.Contains(said, Judged.Measured(new Drawer().Judge(speech => Draws(speech, "top-k", draws => draws.SetItem(77, draw)))), StringComparison.Ordinal);

    [Theory]
    [InlineData("cool", "temperature applied twice")]
    [InlineData("top-k", "top-k that admits one token too many")]
    [InlineData("top-p", "top-p that admits one token too many")]
    public void A_plan_whose_cells_could_not_show_a_fault_decides_nothing(string cell, string said)
    {
        // All cells that could show it are replaced by one that draws from everything at temperature 1.
        string[] without = cell == "top-k" ? ["top-k"] : [cell, "all"];
        var finding = new Drawer().Judge(speech => speech with
        {
            Text = speech.Text with
            {
                Sampling = speech.Text.Sampling! with { Cells = [.. Drawer.Cells.Where(one => !without.Contains(one.Id))] },
            },
        });

        Assert.Contains(said, Judged.Reason(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void Logits_far_from_the_reference_fail_even_if_the_sampler_follows_them()
    {
        var finding = new Drawer().Judge(speech => speech with
        {
            Files = speech.Files.With("golden/prompt.gz", Reader.Packed([.. Enumerable.Repeat(0f, 100), .. Drawer.Logits.Reverse()])),
        });

        Assert.Contains("nat from the reference", Judged.Measured(finding), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Invalid => new()
    {
        { "no plan", "what is to be drawn" },
        { "no cells", "what is to be drawn" },
        { "no prompt", "elsewhere is no golden document" },
        { "cell twice", "the cell cool twice" },
        { "temperature", "settings that nothing can be drawn with" },
        { "top-p", "settings that nothing can be drawn with" },
        { "no series", "the series draws.cool is missing" },
        { "unit", "is in count, not in id" },
        { "negative", "negative sample" },
        { "no logits", "the logits after prompt are not kept" },
        { "lost", "lacks answers/prompt" },
    };

    [Theory, MemberData(nameof(Invalid))]
    public void Evidence_that_is_not_whole_decides_nothing(string what, string said)
    {
        var finding = new Drawer().Judge(speech => what switch
        {
            "no plan" => speech with { Text = speech.Text with { Sampling = null } },
            "no cells" => Cells(speech, _ => []),
            "no prompt" => speech with { Text = speech.Text with { Sampling = speech.Text.Sampling! with { Document = "elsewhere" } } },
            "cell twice" => Cells(speech, cells => cells.SetItem(1, cells[0])),
            "temperature" => Cells(speech, cells => cells.SetItem(0, cells[0] with { TemperatureMilli = 0 })),
            "top-p" => Cells(speech, cells => cells.SetItem(0, cells[0] with { TopPPpm = 1_000_001 })),
            "no series" => speech with { Measurement = speech.Measurement.Without("draws.cool") },
            "unit" => speech with { Measurement = speech.Measurement.WithSeries(Given.Counts("draws.cool", 1)) },
            "negative" => Draws(speech, "cool", draws => draws.SetItem(0, -1)),
            "no logits" => speech with { Measurement = speech.Measurement with { Tensors = [] } },
            _ => speech with { Files = speech.Files.Without("answers/prompt") },
        });

        Assert.Contains(said, Judged.Reason(finding), StringComparison.Ordinal);
    }

    private static Drawer.Speech Cells(Drawer.Speech speech, Func<ImmutableArray<SamplingCell>, ImmutableArray<SamplingCell>> change) =>
        speech with { Text = speech.Text with { Sampling = speech.Text.Sampling! with { Cells = change(Drawer.Cells) } } };

    private static Drawer.Speech Draws(Drawer.Speech speech, string cell, Func<ImmutableArray<long>, ImmutableArray<long>> change) =>
        speech with { Measurement = speech.Measurement.WithSeries(new($"draws.{cell}", "id", change(speech.Measurement.Samples($"draws.{cell}")))) };
}

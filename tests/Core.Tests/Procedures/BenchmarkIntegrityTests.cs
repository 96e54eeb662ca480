namespace Adaptation.Core.Tests;

public sealed class BenchmarkIntegrityTests
{
    private const long Far = 2_000_000_000;
    private const long Near = 20_000_000;

    [Fact]
    public void A_server_that_behaves_alike_in_all_modes_passes()
    {
        var finding = new Audits().Judged();

        Judged.Passes(finding);
        Assert.Equal(100_000, Judged.Milli(finding, "likeliest tokens under load"));
        Assert.Equal(100_000, Judged.Milli(finding, "length under load over length alone"));
    }

    [Fact]
    public void Near_ties_are_the_models_own() => Judged.Passes(new Audits { Load = answer => answer.Prompt == 3 ? Audits.Wrong(answer, Near, 20) : answer }.Judged());

    [Fact]
    public void A_token_that_ends_a_text_may_be_told_or_kept()
    {
        var told = Audits.Cut(Audits.Answer(0), 6, AnswerEnd.Stop) with { Ids = [10, 11, 12, 13, 14, Audits.End] };
        var kept = Audits.Cut(Audits.Answer(0), 5, AnswerEnd.Stop) with { Behind = [0, 0, 0, 0, 0, 0], Reported = 6 };

        Judged.Passes(new Audits { Load = answer => told with { Prompt = answer.Prompt }, Quiet = answer => told with { Prompt = answer.Prompt } }.Judged());
        Judged.Passes(new Audits { Load = answer => kept with { Prompt = answer.Prompt }, Quiet = answer => kept with { Prompt = answer.Prompt } }.Judged());
    }

    [Fact]
    public void Another_model_under_load_fails() =>
        Fails("TEST01: 50 % of 600 tokens are not the model's (no near tie of the exact reference) under load, 0 % alone: under load another model answers",
            new Audits { Load = answer => Audits.Wrong(answer, Far, 2) });

    [Fact]
    public void Another_model_at_all_times_fails() =>
        Fails("even alone", new Audits { Load = answer => Audits.Wrong(answer, Far, 2), Quiet = answer => Audits.Wrong(answer, Far, 2) });

    [Fact]
    public void Coarser_arithmetic_under_load_fails() =>
        Fails("TEST07: 95 % of tokens under load are the model's likeliest, limit 99 %", new Audits { Load = answer => Audits.Wrong(answer, Near, 20) });

    [Fact]
    public void Long_prompts_that_are_not_read_whole_fail() =>
        Fails("long prompts are not read whole", new Audits { Long = answer => Audits.Wrong(answer, Far, 4) });

    [Theory]
    [InlineData(8, "a prompt asked again is answered")]
    [InlineData(85, "a prompt asked again is answered 1.18 times as fast")]
    public void Answers_that_are_kept_fail(long millis, string found) => Fails($"TEST04: {found}", new Audits { Again = millis });

    [Fact]
    public void Answers_to_published_prompts_that_are_kept_fail() => Fails("TEST04: a published prompt is answered", new Audits { Published = 5 });

    [Fact]
    public void A_prompt_that_is_a_little_faster_again_passes() => Judged.Passes(new Audits { Again = 95 }.Judged());

    [Fact]
    public void A_first_token_sent_twice_fails_under_that_name()
    {
        var twice = new Audits { Load = Twice, Quiet = Twice, Long = Twice }.Judged();

        Assert.StartsWith("TEST06: of 65 answers 65 send the first token twice", Judged.Measured(twice), StringComparison.Ordinal);
        Assert.DoesNotContain("TEST01", Judged.Measured(twice), StringComparison.Ordinal);

        static AuditedAnswer Twice(AuditedAnswer answer) => answer with
        {
            Ids = [10, .. answer.Ids[..^1]],
            Behind = [0, Far, .. answer.Behind[2..]],
            Likeliest = [10, 11, .. answer.Likeliest[2..]],
        };
    }

    [Fact]
    public void A_first_token_sent_twice_is_known_by_the_servers_own_count_where_nobody_asked_the_reference() =>
        Fails("30 send the first token twice", new Audits { Load = answer => answer with { Ids = [10, .. answer.Ids[..^1]], Reported = Audits.Length - 1, Behind = default, Likeliest = default } });

    [Fact]
    public void Another_requests_prompt_fails_under_that_name() =>
        Fails("TEST06: of 65 answers 30 begin with the text of another request's prompt", new Audits
        {
            Load = answer => answer with
            {
                Ids = [50 + ((answer.Prompt + 1) % 40), 7, 8, 9, .. answer.Ids[4..]],
                Behind = [Far, Far, Far, Far, .. answer.Behind[4..]],
            },
        });

    [Fact]
    public void Answers_cut_to_80_percent_under_load_fail() =>
        Fails("TEST09: answers under load are 80 % as long", new Audits { Load = answer => Audits.Cut(answer, 16, AnswerEnd.Stop) });

    [Fact]
    public void Answers_that_stop_where_the_model_goes_on_fail() =>
        Fails("30 stop where the model goes on", new Audits { Load = answer => Audits.Cut(answer, 16, AnswerEnd.Stop) });

    [Fact]
    public void Late_tokens_that_are_dropped_fail() =>
        Fails("30 bring fewer tokens than they report", new Audits { Load = answer => Audits.Cut(answer, 17, AnswerEnd.Length) with { Reported = 20 } });

    [Fact]
    public void Answers_that_end_before_max_tokens_and_name_it_fail() =>
        Fails("30 are cut before max_tokens and say that max_tokens ended them", new Audits { Load = answer => Audits.Cut(answer, 19, AnswerEnd.Length) });

    [Theory]
    [InlineData(21, AnswerEnd.Length, "30 bring fewer tokens than they report")]
    [InlineData(25, AnswerEnd.Length, "30 bring fewer tokens than they report")]
    [InlineData(18, AnswerEnd.Length, "30 bring more tokens than they report")]
    [InlineData(20, AnswerEnd.Other, "say neither that the model stopped nor that max_tokens ended them")]
    [InlineData(20, AnswerEnd.None, "say neither that the model stopped nor that max_tokens ended them")]
    public void Answers_that_say_something_else_of_themselves_fail(long reported, AnswerEnd end, string found) =>
        Fails(found, new Audits { Load = answer => answer with { Reported = reported, End = end } });

    [Fact]
    public void Answers_that_go_on_behind_their_end_fail() =>
        Fails("go on behind the token that ends a text", new Audits { Load = answer => answer with { Ids = answer.Ids.SetItem(4, Audits.End) } });

    [Fact]
    public void Tokens_in_batches_fail() =>
        Fails("streams bring 6.67 tokens per event, limit 4: tokens are held back and sent in batches", new Audits { Load = answer => answer with { Chunks = 3 } });

    [Fact]
    public void A_device_that_throttles_within_the_load_fails() =>
        Fails("limit 90 %: the device throttles", new Audits { LateRate = 70 });

    [Fact]
    public void A_load_too_short_and_answers_too_few_decide_nothing()
    {
        var measured = new Audits().Measured();
        var few = measured.WithSeries(measured.Series.Single(series => series.Name == "load.scored") with { Samples = [] })
            .WithSeries(measured.Series.Single(series => series.Name == "load.behind") with { Samples = [] })
            .WithSeries(measured.Series.Single(series => series.Name == "load.likeliest") with { Samples = [] });

        Assert.Contains("0 answers under load, 30 alone", Judged.Reason(Judged.By(Audits.Clause, few, Audits.Plan)), StringComparison.Ordinal);
        var longer = Audits.Clause with { Limits = Audits.Clause.Limits.SetItem("load_seconds", 90) };
        Assert.Contains("the load lasted 60.0 s; 90 s are asked for", Judged.Reason(Judged.By(longer, measured, Audits.Plan)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("load.ids", "load.ids has 1 samples")]
    [InlineData("load.behind", "load.behind has 1 samples")]
    [InlineData("load.prompt", "the series of the answers 'load.' differ in length")]
    [InlineData("prompt.ids", "prompt.ids has 1 samples")]
    [InlineData("again", "differ in length")]
    public void Evidence_that_contradicts_itself_decides_nothing(string series, string found)
    {
        var measured = new Audits().Measured();
        var broken = measured.WithSeries(measured.Series.Single(one => one.Name == series) with { Samples = [1] });

        Assert.Contains(found, Judged.Reason(Judged.By(Audits.Clause, broken, Audits.Plan)), StringComparison.Ordinal);
        Assert.IsType<Verdict.Inconclusive>(Judged.By(Audits.Clause, measured.Without(series), Audits.Plan).Verdict);
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("deployment")]
    [InlineData("end_tokens")]
    [InlineData("output_tokens")]
    [InlineData("load.duration_ns")]
    public void Evidence_without_its_terms_decides_nothing(string fact) =>
        Assert.IsType<Verdict.Inconclusive>(Judged.By(Audits.Clause, new Audits().Measured().WithoutFact(fact), Audits.Plan).Verdict);

    private static void Fails(string found, Audits audit) => Assert.Contains(found, Judged.Measured(audit.Judged()), StringComparison.Ordinal);
}

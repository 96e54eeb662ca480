using System.Net;
using System.Text;
using Adaptation.Conformance;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>Text against a script: what exactly is said, where it is cut, and what is shown beside it.</summary>
public sealed class TextTests
{
    private const string Greedy = "\"temperature\":0,\"return_token_ids\":true";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Says these ids after a prompt of one token and the one that begins texts.</summary>
    private static ScriptedModel Saying(params int[] ids) => new() { Script = context => context.Count - 2 < ids.Length && context.Count >= 2 ? ids[context.Count - 2] : 'x' };

    private static int[] Utf8(string text) => [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];

    private static async Task<(TextAnswer Whole, TextStream Stream)> AskAsync(ScriptedModel model, string members, string prompt = "\"p\"")
    {
        await using var host = await TextHost.StartAsync(model);
        var body = host.Completion($"\"prompt\":{prompt},{Greedy},{members}");
        var whole = await host.PostAsync(TextExchange.Completions, body, Cancelled);
        Assert.True(whole.Status == HttpStatusCode.OK, whole.Json.GetRawText());
        var stream = await host.StreamAsync(TextExchange.Completions, body, Cancelled);
        Assert.Equal(whole.Text(), stream.Text());
        Assert.Equal(whole.Finish(), stream.Finish());
        Assert.Equal(whole.Ids(), stream.Ids());
        return (whole, stream);
    }

    [Fact]
    public async Task An_end_token_ends_the_answer_is_counted_and_is_not_spelled()
    {
        var (whole, stream) = await AskAsync(Saying('h', 'i', ScriptedModel.EndOfTurn), "\"max_tokens\":20");

        Assert.Equal("hi", whole.Text());
        Assert.Equal("stop", whole.Finish());
        Assert.Equal(['h', 'i', ScriptedModel.EndOfTurn], whole.Ids());
        Assert.Equal(3, whole.Usage("completion_tokens"));
        Assert.Equal(2, whole.Usage("prompt_tokens"));
        Assert.Equal(["h", "i", ""], stream.Parts(0).Select(TextStream.PartText));
    }

    [Fact]
    public async Task An_end_token_that_is_to_be_ignored_is_one_of_many()
    {
        var (whole, _) = await AskAsync(Saying('h', ScriptedModel.End, 'i'), "\"max_tokens\":4,\"ignore_eos\":true");

        Assert.Equal("hix", whole.Text());
        Assert.Equal("length", whole.Finish());
        Assert.Equal(['h', ScriptedModel.End, 'i', 'x'], whole.Ids());
    }

    [Fact]
    public async Task No_end_token_is_drawn_before_the_least_number_of_tokens()
    {
        var model = new ScriptedModel { Script = _ => ScriptedModel.End };

        var (whole, _) = await AskAsync(model, "\"max_tokens\":9,\"min_tokens\":5");

        Assert.Equal(6, whole.Ids().Length);
        Assert.Equal(ScriptedModel.End, whole.Ids()[^1]);
        Assert.DoesNotContain(whole.Ids()[..5], id => id is ScriptedModel.End or ScriptedModel.EndOfTurn);
    }

    [Theory]
    [InlineData("[\"lo\"]", "hel", 5)]
    [InlineData("[\"l\"]", "he", 3)]
    [InlineData("[\"zz\",\"ello\"]", "h", 5)]
    [InlineData("[\"hello\"]", "", 5)]
    [InlineData("\"ll\"", "he", 4)]
    [InlineData("[\"lx\"]", "helloxxx", 8)]
    public async Task A_stop_string_is_cut_off_wherever_tokens_part_it(string stop, string text, int tokens)
    {
        var (whole, _) = await AskAsync(Saying(Utf8("hello")), $"\"max_tokens\":8,\"stop\":{stop}");

        Assert.Equal(text, whole.Text());
        Assert.Equal(tokens, whole.Ids().Length);
        Assert.Equal(tokens < 8 ? "stop" : "length", whole.Finish());
    }

    [Fact]
    public async Task A_stop_string_may_end_within_a_token()
    {
        var (whole, _) = await AskAsync(Saying('a', 0xC3, 259), "\"max_tokens\":8,\"stop\":\"é\"");

        Assert.Equal("a", whole.Text());
        Assert.Equal(['a', 0xC3, 259], whole.Ids());
    }

    [Fact]
    public async Task A_stop_string_does_not_count_before_the_least_number_of_tokens()
    {
        var (whole, _) = await AskAsync(Saying(Utf8("a.b.c.")), "\"max_tokens\":8,\"stop\":\".\",\"min_tokens\":3");

        Assert.Equal("a.b", whole.Text());
        Assert.Equal("stop", whole.Finish());
    }

    [Fact]
    public async Task A_character_of_several_tokens_comes_whole()
    {
        var (whole, stream) = await AskAsync(Saying(Utf8("识a😀")), "\"max_tokens\":8");

        Assert.Equal("识a😀", whole.Text());
        Assert.Equal(["识", "a", "😀"], stream.Parts(0).Select(TextStream.PartText));
        Assert.Equal([3, 1, 4], stream.Parts(0).Select(part => part.GetProperty("token_ids").GetArrayLength()));
    }

    [Theory]
    [InlineData(new[] { 0xE8, 0xAF }, 2, "\uFFFD")]
    [InlineData(new[] { 0xFF, 'a', 0x80, 'b' }, 4, "\uFFFDa\uFFFDb")]
    [InlineData(new[] { 0xE8, 'a', 0xF0, 0x9F }, 4, "\uFFFDa\uFFFD")]
    public async Task Bytes_that_are_no_character_become_the_replacement_character(int[] ids, int tokens, string text)
    {
        var (whole, _) = await AskAsync(Saying(ids), $"\"max_tokens\":{tokens}");

        Assert.Equal(text, whole.Text());
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_the_distribution_before_any_rule()
    {
        var model = new ScriptedModel();
        await using var host = await TextHost.StartAsync(model);

        var answer = await host.PostAsync(
            TextExchange.Completions,
            host.Completion("\"prompt\":[5],\"temperature\":2,\"top_k\":3,\"logit_bias\":{\"65\":100},\"seed\":1,\"max_tokens\":1,\"logprobs\":2,\"return_tokens_as_token_ids\":true"), Cancelled);

        var logits = model.LogitsOf([5]);
        var sum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        var shown = answer.Choice(0).GetProperty("logprobs");
        var order = Enumerable.Range(0, ScriptedModel.Size).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(2);
        Assert.Equal("token_id:65", shown.GetProperty("tokens")[0].GetString());
        Assert.Equal(logits[65] - sum, shown.GetProperty("token_logprobs")[0].GetDouble(), 9);
        Assert.Equal(
            order.Select(id => ($"token_id:{id}", Math.Round(logits[id] - sum, 9))).Append(("token_id:65", Math.Round(logits[65] - sum, 9))),
            shown.GetProperty("top_logprobs")[0].EnumerateObject().Select(entry => (entry.Name, Math.Round(entry.Value.GetDouble(), 9))));
    }

    [Fact]
    public async Task An_echo_can_score_its_prompt_and_generate_nothing()
    {
        var model = new ScriptedModel(batch: 4);
        await using var host = await TextHost.StartAsync(model);

        var answer = await host.PostAsync(
            TextExchange.Completions, host.Completion("\"prompt\":[104,105,32,117,118,119],\"echo\":true,\"max_tokens\":0,\"logprobs\":1"), Cancelled);

        var shown = answer.Choice(0).GetProperty("logprobs");
        int[] prompt = [104, 105, 32, 117, 118, 119];
        Assert.Equal("hi uvw", answer.Text());
        Assert.Equal("length", answer.Finish());
        Assert.Equal(0, answer.Usage("completion_tokens"));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, shown.GetProperty("token_logprobs")[0].ValueKind);
        for (var at = 1; at < prompt.Length; at++)
        {
            var logits = model.LogitsOf(prompt[..at]);
            Assert.Equal(logits[prompt[at]] - Math.Log(logits.Sum(logit => Math.Exp(logit))), shown.GetProperty("token_logprobs")[at].GetDouble(), 9);
            Assert.Equal(at, shown.GetProperty("text_offset")[at].GetInt32());
        }
    }

    [Theory]
    [InlineData("\"ab\"", 1)]
    [InlineData("[\"ab\",\"c\"]", 2)]
    [InlineData("[97,98]", 1)]
    [InlineData("[[256,97,98],[256,99]]", 2)]
    public async Task A_prompt_has_four_forms_and_each_of_several_is_answered_as_alone(string prompt, int prompts)
    {
        await using var host = await TextHost.StartAsync(new());
        async Task<TextAnswer> AskOneAsync(string one) => await host.PostAsync(
            TextExchange.Completions, host.Completion($"\"prompt\":{one},\"seed\":11,\"n\":2,\"max_tokens\":6,\"echo\":true"), Cancelled);

        var all = await AskOneAsync(prompt);

        Assert.Equal(2 * prompts, all.Json.GetProperty("choices").GetArrayLength());
        Assert.StartsWith("ab", all.Text(1), StringComparison.Ordinal);
        if (prompts == 2)
        {
            var alone = await AskOneAsync(prompt.StartsWith("[\"", StringComparison.Ordinal) ? "\"c\"" : "[256,99]");
            Assert.Equal(alone.Text(0), all.Text(2));
            Assert.Equal(alone.Text(1), all.Text(3));
        }
    }

    [Fact]
    public async Task An_empty_prompt_is_the_token_that_begins_texts_or_nothing_at_all()
    {
        var without = new ScriptedModel { Vocabulary = new(ScriptedModel.Size, BeginOfText: null, AddsBeginOfText: false, new HashSet<int>(), ChatTemplate: null, 0) };
        await using var host = await TextHost.StartAsync(new());
        await using var bare = await TextHost.StartAsync(without);

        var begun = await host.PostAsync(TextExchange.Completions, host.Completion("\"prompt\":\"\",\"max_tokens\":1"), Cancelled);
        var refused = await bare.PostAsync(TextExchange.Completions, bare.Completion("\"prompt\":\"\",\"max_tokens\":1"), Cancelled);

        Assert.Equal(1, begun.Usage("prompt_tokens"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Equal("prompt", refused.Error.GetProperty("param").GetString());
    }
}

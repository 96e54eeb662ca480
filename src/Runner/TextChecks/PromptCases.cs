using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Adaptation.Runner;

/// <summary>Cases of what a model is given: the ids of prompts, and those of rendered conversations.</summary>
/// <remarks>
/// In a message the spelling of a special token is not tried: most servers of this protocol tokenize the rendered text as a whole, and with it
/// what a user spelled, others keep it apart. Both serve the published template.
/// </remarks>
internal static class PromptCases
{
    private static readonly ImmutableArray<(string Name, string Text)> Prompts =
    [
        ("ascii", "The quick brown fox jumps over the lazy dog; it's 1,234.50 metres."),
        ("cjk", "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。"),
        ("cjk-rare", "㐀㒵𠀀𠮷𪚥龘靐齉爩"),
        ("emoji", "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇨🇳 ❤️"),
        ("combining", "e\u0301 n\u0303 \u0928\u093F \u1100\u1161\u11A8 ﬁ"),
        ("white-space", "  a\n\n\n b\t\tc \r\n  "),
        ("code", "for (var i = 0; i < n; i++) {\n    x[i] += \"\\u00e9\" ?? null; // 註\n}\n"),
        ("one-letter", "a"),
    ];

    // Short, since a model of mostly Chinese tokens needs nearly one for each Latin letter.
    private const string Tools = """[{"type":"function","function":{"name":"f","parameters":{}}}]""";

    private static readonly ImmutableArray<(string Name, string Messages, string? Tools)> Conversations =
    [
        ("user", """[{"role":"user","content":"題竹林寺"}]""", null),
        ("system", """[{"role":"system","content":"汝為詩人。"},{"role":"user","content":"詠柳"}]""", null),
        ("turns", """[{"role":"user","content":"一"},{"role":"assistant","content":"二。"},{"role":"user","content":"three?"}]""", null),
        ("system-turns",
            """[{"role":"system","content":"Be brief."},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]""", null),
        ("emoji", """[{"role":"user","content":"🌕👨‍👩‍👧 之詩"}]""", null),
        ("white-space", """[{"role":"user","content":"  a \n\n b  "}]""", null),
        ("tools", """[{"role":"user","content":"a"}]""", Tools),
    ];

    public static IEnumerable<FidelityCase> All(TextModelView model)
    {
        foreach (var (name, text) in Prompts.Append(("special", Spelled(model))))
            yield return new($"prompt-{name}", questions => Prompted(questions, text, model.Prompt(text)));
        var ids = model.Prompt(Prompts[1].Text);
        yield return new("prompt-as-ids", questions => Prompted(questions, new JsonArray([.. ids.Select(id => (JsonNode)id)]), ids));
        foreach (var (name, messages, tools) in Conversations)
            yield return new($"chat-{name}", questions => Chatted(questions, model, messages, tools));
    }

    /// <summary>The spelling of every special token that is known, among letters.</summary>
    private static string Spelled(TextModelView model)
    {
        string?[] common = [model.Begin, model.End, "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<s>", "</s>"];
        return $"a{string.Join('b', common.Where(spelling => spelling is not null && model.Tokenizer.Special(spelling) is not null).Distinct(StringComparer.Ordinal))}c";
    }

    private static FidelityOutcome Prompted(TextQuestions questions, JsonNode prompt, ImmutableArray<int> expected)
    {
        var reply = questions.Ask(
            TextQuestions.CompletionRoute, new() { ["prompt"] = prompt, ["max_tokens"] = 1, ["temperature"] = 0, ["return_token_ids"] = true });
        return new(reply.Said(TextFacts.Prompt), TextFacts.ExpectedPrompt(expected));
    }

    /// <summary>What the context cannot hold with one token of an answer must be refused.</summary>
    private static FidelityOutcome Chatted(TextQuestions questions, TextModelView model, string messages, string? tools)
    {
        var (conversation, offered) = (JsonNode.Parse(messages)!.AsArray(), tools is null ? null : JsonNode.Parse(tools)!.AsArray());
        var expected = model.Chat(conversation, offered);
        var body = new JsonObject { ["messages"] = conversation, ["max_tokens"] = 1, ["temperature"] = 0, ["return_token_ids"] = true };
        if (offered is not null)
            body["tools"] = offered;
        var seen = questions.Ask(TextQuestions.ChatRoute, body).Said(TextFacts.Prompt);
        return new(seen, expected.Length < model.Context ? TextFacts.ExpectedPrompt(expected) : [TextReply.Rejected]);
    }
}

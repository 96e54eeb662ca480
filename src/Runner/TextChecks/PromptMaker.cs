using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <param name="Body">The prompt or the conversation, and nothing else.</param>
/// <param name="Tokens">What it becomes, by the publisher's own files.</param>
internal sealed record MadePrompt(string Route, JsonObject Body, int Tokens);

/// <summary>Makes prompts of everything that counts go wrong on: CJK, emoji of several code points, code, white space, templates, tools.</summary>
/// <remarks>Prompt i is the same for one seed anywhere: draws come from <see cref="PoissonSchedule.Uniform"/>. Odd ones are conversations.</remarks>
/// <param name="room">Tokens left free for an answer.</param>
internal sealed class PromptMaker(TextModelView model, long seed, int room)
{
    private const int DrawsEach = 4096;
    private const int Usual = 64;
    private const int FullEvery = 50; // fills the context
    private const int ToolsEvery = 15;

    private const string Common = "春眠不覺曉處聞啼鳥夜來風雨聲花落知多少白日依山盡黃河入海流欲窮千里目更上一層樓的是在了有和人这中大为国我们";
    private const string Rare = "㐀㒵㓁䶮龘靐齉爩𠀀𠮷𪚥𫝀𬺰";
    private static readonly ImmutableArray<string> Kana = ["ひらがな", "カタカナ", "한국어", "العربية", "हिन्दी", "ไทย", "é́", "ﬁ"];
    private static readonly ImmutableArray<string> Emoji = ["😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇨🇳", "❤️", "🧑🏿‍🚀", "1️⃣"];
    private static readonly ImmutableArray<string> Words = ["The ", "quick ", "brown ", "it's ", "WE'LL ", "naïve ", "1,234.5 ", "e-mail@example.org ", "2026-11-22 "];
    private static readonly ImmutableArray<string> Code = ["if (a[i] != null) {\n", "    return x << 2;\n", "def f(x):\n\tpass\n", "</div>\n", "\\u00e9\\n ", "{\"k\": [1, -2.5e3]}", "// 註釋\n"];
    private static readonly ImmutableArray<string> Spaces = [" ", "  ", "\n", "\n\n", "\t", "\r\n", " \n ", "\u3000", "\u00A0"];

    private int _draw;

    public MadePrompt Make(int number)
    {
        _draw = checked(number * DrawsEach);
        return number % 2 == 0 ? Completion(number % FullEvery == 0 ? model.Context - room : Math.Min(Usual, model.Context - room)) : Chat(number % ToolsEvery == 0);
    }

    private MadePrompt Completion(int most)
    {
        var text = Text(Math.Max(1, most / 2 + Next(most - most / 2)), most, made => model.Prompt(made).Length);
        return new(TextQuestions.CompletionRoute, new() { ["prompt"] = text }, model.Prompt(text).Length);
    }

    /// <summary>What the context cannot hold goes: first the tools, then the turns before the last.</summary>
    private MadePrompt Chat(bool hasTools)
    {
        var messages = new JsonArray();
        if (!hasTools && Next(3) == 0)
            messages.Add(Message("system"));
        for (var turns = hasTools ? 0 : Next(3); turns > 0; turns--) // tools alone take most of a small context
        {
            messages.Add(Message("user"));
            messages.Add(Message("assistant"));
        }

        messages.Add(Message("user"));
        var tools = hasTools ? new JsonArray(Tool()) : null;
        while (model.Chat(messages, tools).Length > model.Context - room && (tools is not null || messages.Count > 1))
        {
            if (tools is null)
                messages.RemoveAt(0);
            tools = null;
        }

        var tokens = model.Chat(messages, tools).Length;
        var body = new JsonObject { ["messages"] = messages };
        if (tools is not null)
            body["tools"] = tools;
        return new(TextQuestions.ChatRoute, body, tokens);
    }

    private JsonObject Message(string role) => new() { ["role"] = role, ["content"] = Text(1 + Next(24), 40, made => model.Prompt(made).Length) };

    private JsonObject Tool() => new()
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = $"f{Next(10).ToString(CultureInfo.InvariantCulture)}", ["parameters"] = new JsonObject() },
    };

    /// <summary>Pieces until there are as many tokens as wanted; the last one goes again if it were too many.</summary>
    private string Text(int wanted, int most, Func<string, int> count)
    {
        var text = Piece();
        while (count(text) > most)
            text = Piece();
        while (count(text) < wanted)
        {
            var longer = text + Piece();
            if (count(longer) > most)
                return text;
            text = longer;
        }

        return text;
    }

    private string Piece() => Next(10) switch
    {
        < 3 => Slice(Common, 2 + Next(8)),
        3 => Slice(Rare, 1 + Next(2)),
        4 => Any(Kana),
        5 => Any(Emoji),
        6 => Any(Code),
        7 => Any(Spaces) + "a",
        _ => Any(Words),
    };

    private string Any(ImmutableArray<string> from) => from[Next(from.Length)];

    /// <summary>Some characters, whole ones, from a random place on.</summary>
    private string Slice(string from, int length)
    {
        var runes = from.EnumerateRunes().ToList();
        var slice = new StringBuilder();
        var start = Next(runes.Count);
        for (var at = 0; at < length; at++)
            slice.Append(runes[(start + at) % runes.Count].ToString());
        return slice.ToString();
    }

    private int Next(int below) => (int)(PoissonSchedule.Uniform(seed, _draw++) * below);
}

using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>What a server of text does wrong.</summary>
internal enum TextFault
{
    None, IgnoresStop, TellsStop, IgnoresSeed, OneSeedForAll, DropsSystem, SpellsSpecials, IgnoresUnknown, IgnoresPenalty, IgnoresLimit,
    CountsEmojiTwice, CountsLettersByFour, CountsEndTwice, SaysNoUsage, UsageTwice, UsageEarly, UsageWithChoices, UsageUnasked, UsageOffByOne,
    TotalOffByOne, EchoIsNoJson, DiesOnEcho, TellsNoIds,
}

/// <summary>A server whose "model" draws characters by a formula: it does everything that COR-16 and MET-01 to MET-04 ask for, but one thing.</summary>
internal sealed class GivenTextServer : IDisposable
{
    private const string Pool = "春眠不覺曉處處聞啼鳥夜來風雨聲花落知多少";
    private static readonly ImmutableArray<string> Known =
        ["model", "prompt", "messages", "tools", "max_tokens", "temperature", "top_p", "seed", "stop", "n", "echo", "logprobs", "top_logprobs", "return_token_ids", "stream", "stream_options"];

    private readonly ImmutableArray<int> _pool;
    private readonly TextFault _fault;
    private readonly ScriptedServer _server;
    private int _asked;

    public GivenTextServer(TextFault fault)
    {
        _fault = fault;
        _pool = [.. Pool.Select(letter => Model.Tokenizer.Encode(letter.ToString(), parseSpecial: false)).Where(ids => ids.Length == 1).Select(ids => ids[0]).Distinct()];
        _server = ScriptedServer.OnUnixSocket(Serve);
        Questions = new(
            _server.Transport, "m", GivenWire.Ample, TimeProvider.System, Tally, (answered, _) => Answered += answered ? 1 : 0, TestContext.Current.CancellationToken);
    }

    public static TextModelView Model { get; } = Load();

    public TextQuestions Questions { get; }

    public UsageTally Tally { get; } = new();

    public int Answered { get; private set; }

    public void Dispose()
    {
        Questions.Dispose();
        _server.Dispose();
    }

    private static TextModelView Load()
    {
        string At(string file) => Path.Combine(Golden.Root, "reference-models/tiny-poet", file);
        return new(
            Tokenizers.FromJson(File.ReadAllBytes(At("tokenizer.json"))), ChatTemplate.Parse(File.ReadAllText(At("chat_template.jinja"))), Context: 512,
            Begin: null, End: "<|endoftext|>");
    }

    private void Serve(Peer peer)
    {
        while (peer.ReadRequest())
        {
            var request = Encoding.UTF8.GetString(peer.Request);
            var body = JsonNode.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])!.AsObject();
            if (body.ContainsKey("echo") && _fault == TextFault.DiesOnEcho)
                _server.Dispose();
            if (body.ContainsKey("echo") && _fault is TextFault.EchoIsNoJson or TextFault.DiesOnEcho)
            {
                if (_fault == TextFault.DiesOnEcho)
                    return;
                peer.Send(GivenWire.PlainJson("nonsense"));
            }
            else
            {
                peer.Send(IsRight(body) ? Answer(body, body.ContainsKey("messages")) : GivenWire.PlainJson("""{"error":{"message":"no"} }""", 400));
            }
        }
    }

    private bool IsRight(JsonObject body) =>
        body.All(member => Known.Contains(member.Key, StringComparer.Ordinal) || member.Key == "adaptation_no_such_parameter" && _fault == TextFault.IgnoresUnknown
            || member.Key.EndsWith("_penalty", StringComparison.Ordinal) && _fault == TextFault.IgnoresPenalty)
        && body["model"]!.ToString() == "m"
        && Number(body, "max_tokens", 1) >= 1 && Number(body, "temperature", 0) >= 0 && Number(body, "top_p", 1) is >= 0 and <= 1 && !double.IsNaN(Number(body, "seed", 0))
        && body["stream"] is null or JsonValue && (body["stream"] as JsonValue)?.TryGetValue<bool>(out _) != false
        && body["stop"]?.GetValueKind() is null or System.Text.Json.JsonValueKind.String or System.Text.Json.JsonValueKind.Array
        && body["prompt"] is not JsonObject && body["messages"] is null or JsonArray { Count: > 0 };

    private static double Number(JsonObject body, string name, double usual) =>
        body[name] is not { } value ? usual : value is JsonValue number && number.TryGetValue<double>(out var given) ? given : double.NaN;

    private byte[] Answer(JsonObject body, bool isChat)
    {
        var prompt = Prompt(body);
        var choices = Enumerable.Range(0, (int)Number(body, "n", 1)).Select(choice => Draw(body, choice, isChat)).ToList();
        var usage = Usage(body, prompt, choices.Sum(choice => choice.Ids.Length + (_fault == TextFault.CountsEndTwice && choice.Finish == "stop" ? 1 : 0)));
        if (body["stream"]?.GetValue<bool>() == true)
            return Streamed(body, choices[0], isChat, usage);
        var answer = new JsonObject
        {
            ["choices"] = new JsonArray([.. choices.Select((choice, index) => (JsonNode)Whole(body, choice, index, isChat))]),
            ["prompt_token_ids"] = Ids(prompt),
        };
        if (_fault != TextFault.SaysNoUsage)
            answer["usage"] = usage;
        if (_fault == TextFault.TellsNoIds)
            WithoutIds(answer);
        return GivenWire.PlainJson(answer.ToJsonString());
    }

    private ImmutableArray<int> Prompt(JsonObject body)
    {
        if (body["prompt"] is JsonArray ids)
            return [.. ids.Select(id => id!.GetValue<int>())];
        if (body["prompt"] is { } text)
            return _fault == TextFault.SpellsSpecials ? [.. Model.Tokenizer.Encode(text.ToString(), parseSpecial: false)] : Model.Prompt(text.ToString());
        var messages = body["messages"]!.DeepClone().AsArray();
        if (_fault == TextFault.DropsSystem && messages[0]!["role"]!.ToString() == "system")
            messages.RemoveAt(0);
        return Model.Chat(messages, body["tools"]?.AsArray());
    }

    private Drawn Draw(JsonObject body, int choice, bool isChat)
    {
        var most = _fault == TextFault.IgnoresLimit ? 60 : (int)Number(body, "max_tokens", 16);
        var seed = Number(body, "temperature", 1) == 0 ? 1 : _fault == TextFault.IgnoresSeed ? ++_asked : _fault == TextFault.OneSeedForAll ? 2 : (long)Number(body, "seed", 3);
        var end = 20 + (int)(seed % 23);
        var ids = new List<int>();
        var (text, finish) = (new StringBuilder(), "length");
        while (ids.Count < most && finish == "length")
        {
            var id = isChat && ids.Count == end ? Model.Tokenizer.Special("<|im_end|>")!.Value : _pool[(int)((ulong)HashOf(seed, choice, ids.Count) % (ulong)_pool.Length)];
            ids.Add(id);
            if (id >= 4093)
                finish = "stop";
            else
                text.Append(Model.Spell([id]));
            if (Stops(body).FirstOrDefault(stop => text.ToString().EndsWith(stop, StringComparison.Ordinal)) is { } met && _fault != TextFault.IgnoresStop)
            {
                finish = "stop";
                text.Length -= _fault == TextFault.TellsStop ? 0 : met.Length;
            }
        }

        return new(text.ToString(), finish, [.. ids]);
    }

    private static long HashOf(long seed, int choice, int at) => (long)((((ulong)seed * 1_000_003) + ((ulong)choice * 7919) + ((ulong)at + 1)) * 0x9E37_79B9_7F4A_7C15 >> 20);

    private static IEnumerable<string> Stops(JsonObject body) => body["stop"] switch
    {
        null => [],
        JsonArray all => all.Select(stop => stop!.ToString()),
        var one => [one.ToString()],
    };

    private JsonObject Usage(JsonObject body, ImmutableArray<int> prompt, long completion)
    {
        var words = (body["prompt"] ?? body["messages"])!.ToString();
        var count = _fault switch
        {
            TextFault.CountsEmojiTwice when body.ToString().Contains("\\uD83D", StringComparison.Ordinal) || words.Contains('\uD83D', StringComparison.Ordinal) => prompt.Length + 1,
            TextFault.CountsLettersByFour => words.Length / 4,
            _ => prompt.Length,
        };
        return new() { ["prompt_tokens"] = count, ["completion_tokens"] = completion, ["total_tokens"] = count + completion + (_fault == TextFault.TotalOffByOne ? 1 : 0) };
    }

    private static JsonObject Whole(JsonObject body, Drawn drawn, int index, bool isChat)
    {
        var text = body["echo"]?.GetValue<bool>() == true ? body["prompt"] + drawn.Text : drawn.Text;
        var choice = new JsonObject { ["index"] = index, ["finish_reason"] = drawn.Finish, ["token_ids"] = Ids(drawn.Ids) };
        choice[isChat ? "message" : "text"] = isChat ? new JsonObject { ["role"] = "assistant", ["content"] = text } : text;
        if (body.ContainsKey("logprobs"))
            choice["logprobs"] = Logprobs([.. drawn.Ids.Select(id => Model.Spell([id]))], isChat);
        return choice;
    }

    private static JsonObject Logprobs(ImmutableArray<string> tokens, bool isChat) => isChat
        ? new()
        {
            ["content"] = new JsonArray([.. tokens.Select(token => (JsonNode)new JsonObject
            {
                ["token"] = token, ["logprob"] = -0.25, ["top_logprobs"] = new JsonArray(new JsonObject { ["token"] = token, ["logprob"] = -0.25 }),
            })]),
        }
        : new()
        {
            ["tokens"] = new JsonArray([.. tokens.Select(token => (JsonNode)token)]),
            ["token_logprobs"] = new JsonArray([.. tokens.Select(_ => (JsonNode)(-0.25))]),
            ["top_logprobs"] = new JsonArray([.. tokens.Select(token => (JsonNode)new JsonObject { [token] = -0.25, ["#"] = -3 })]),
        };

    private byte[] Streamed(JsonObject body, Drawn drawn, bool isChat, JsonObject usage)
    {
        var events = drawn.Text.EnumerateRunes().Select(rune => Event(Part(rune.ToString(), null, isChat))).Append(Event(Part("", drawn.Finish, isChat))).ToList();
        var wanted = body["stream_options"]?["include_usage"]?.GetValue<bool>() == true;
        if (_fault == TextFault.UsageOffByOne)
            usage["total_tokens"] = usage["total_tokens"]!.GetValue<long>() + 1;
        var last = Event();
        if (_fault == TextFault.UsageWithChoices)
            last = Event(Part("", null, isChat));
        last["usage"] = usage;
        if (wanted || _fault == TextFault.UsageUnasked)
            events.Insert(_fault == TextFault.UsageEarly ? events.Count - 1 : events.Count, last);
        if (wanted && _fault == TextFault.UsageTwice)
            events.Add(last);
        var stream = string.Concat(events.Select(each => $"data: {each.ToJsonString()}\n\n")) + "data: [DONE]\n\n";
        return GivenWire.Ascii($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {Encoding.UTF8.GetByteCount(stream)}\r\n\r\n{stream}");
    }

    private static JsonObject Event(params ReadOnlySpan<JsonNode> choices) => new() { ["choices"] = new JsonArray([.. choices]) };

    private static JsonObject Part(string text, string? finish, bool isChat)
    {
        var part = new JsonObject { ["index"] = 0, ["finish_reason"] = finish };
        part[isChat ? "delta" : "text"] = isChat ? new JsonObject { ["content"] = text } : text;
        return part;
    }

    private static void WithoutIds(JsonObject answer)
    {
        answer.Remove("prompt_token_ids");
        foreach (var choice in answer["choices"]!.AsArray())
            choice!.AsObject().Remove("token_ids");
    }

    private static JsonArray Ids(ImmutableArray<int> ids) => new([.. ids.Select(id => (JsonNode)id)]);

    private sealed record Drawn(string Text, string Finish, ImmutableArray<int> Ids);
}

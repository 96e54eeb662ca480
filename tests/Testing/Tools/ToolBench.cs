using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Testing;

/// <summary>A pack of tool prompts and the answers of its reference, drawn from a seed: whoever has the seed has both.</summary>
public sealed class ToolBench
{
    public const ulong Seed = 20_261_122;
    public const int Prompts = 1000, Structured = 320;

    private readonly List<JsonObject> _items = [];
    private readonly Dictionary<string, ToolAnswer> _answers = new(StringComparer.Ordinal);
    private ulong _state;

    private ToolBench(ulong seed) => _state = seed;

    /// <summary>What the reference answered, by the text of the last message.</summary>
    public IReadOnlyDictionary<string, ToolAnswer> Answers => _answers;

    public static ToolBench Draw(ulong seed = Seed, int prompts = Prompts, int structured = Structured)
    {
        var bench = new ToolBench(seed);
        for (var number = 1; number <= prompts; number++)
            bench.AddPrompt(number);
        for (var number = 1; number <= structured; number++)
            bench.AddStructured(number);
        return bench;
    }

    /// <summary>The pack as a file.</summary>
    public byte[] Pack(string model, long lowestF1Ppm = 970_000)
    {
        var head = new JsonObject
        {
            ["schema"] = ToolPack.Schema,
            ["model"] = model,
            ["reference"] = "the generator of this test",
            ["self_runs"] = 4,
            ["f1_lowest_ppm"] = lowestF1Ppm,
            ["max_tokens"] = 256,
        };
        return Encoding.UTF8.GetBytes(string.Concat(_items.Prepend(head).Select(line => line.ToJsonString() + "\n")));
    }

    private void AddPrompt(int number)
    {
        // of 40 prompts, 37 are for the model to decide: at 23 of them the reference calls, at 14 it does not
        var kind = number % 40;
        var tools = ToolSet.All;
        var first = Below(tools.Length);
        ImmutableArray<ToolDraft> offered = [.. Enumerable.Range(0, 1 + Below(tools.Length - 1)).Select(at => tools[(first + at) % tools.Length])];
        var target = offered[Below(offered.Length)];
        var called = kind is < 22 or 36 or 37 or 38;
        var calls = called ? Enumerable.Range(0, kind is 36 or 37 || Below(8) > 0 ? 1 : 2).Select(_ => new ToolCall($"call_{number}", target.Name, target.Draw(Below))).ToImmutableArray() : [];
        var text = $"{number}: {(called ? $"{target.Name}, if you please: {string.Join(" and ", calls.Select(call => call.Arguments))}" : "how are you today?")}";
        var item = new JsonObject
        {
            ["id"] = $"tool-{number:0000}",
            ["messages"] = Messages(text),
            ["tools"] = new JsonArray([.. offered.Select(tool => tool.Declared())]),
            ["finish_reason"] = called ? "tool_calls" : "stop",
        };
        if (kind is >= 36 or 0)
            item["tool_choice"] = kind switch { 36 => "required", 37 => Named(target), 39 => "none", _ => "auto" };
        _items.Add(item);
        _answers.Add(text, called ? new("tool_calls", null, calls) : new("stop", "Well, and you?", []));
    }

    private void AddStructured(int number)
    {
        var target = ToolSet.All[Below(ToolSet.All.Length)];
        var content = target.Draw(Below);
        var text = $"structured {number}: as JSON, please: {content}";
        _items.Add(new JsonObject
        {
            ["id"] = $"json-{number:0000}",
            ["messages"] = Messages(text),
            ["response_format"] = new JsonObject
            {
                ["type"] = "json_schema",
                ["json_schema"] = new JsonObject { ["name"] = target.Name, ["strict"] = true, ["schema"] = JsonNode.Parse(target.Parameters) },
            },
        });
        _answers.Add(text, new("stop", content, []));
    }

    private static JsonArray Messages(string text) =>
        [new JsonObject { ["role"] = "system", ["content"] = "You may call tools." }, new JsonObject { ["role"] = "user", ["content"] = text }];

    private static JsonObject Named(ToolDraft tool) => new() { ["type"] = "function", ["function"] = new JsonObject { ["name"] = tool.Name } };

    private int Below(int end) => SplitMix64.Below((uint)end, ref _state);
}

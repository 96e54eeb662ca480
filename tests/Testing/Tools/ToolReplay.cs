using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Testing;

/// <summary>How a server spoils the answers that it replays.</summary>
public enum ToolShim
{
    /// <summary>Not at all: the known-good control.</summary>
    None,

    /// <summary>Drops one required argument in every 20th tool call.</summary>
    DropArgument,

    /// <summary>Suppresses every fifth tool call, and says something instead.</summary>
    SuppressCalls,

    /// <summary>Calls a tool at every third prompt at which the reference does not.</summary>
    CallNeedlessly,

    /// <summary>Cuts the arguments of every 20th tool call short.</summary>
    BreakArguments,

    /// <summary>Gives one argument of every 20th call twice.</summary>
    RepeatArgument,

    /// <summary>Calls a tool of another name in every 20th call.</summary>
    InventTools,

    /// <summary>Says at every 20th call that it calls, and does not.</summary>
    AnnounceOnly,

    /// <summary>Says stop at every 20th call.</summary>
    EndOtherwise,

    /// <summary>Answers every 20th request with an error.</summary>
    FailNowAndThen,

    /// <summary>Drops one required member of every 20th structured answer.</summary>
    DropMember,
}

/// <summary>Answers requests of a pack as its reference did, but for one shim. Safe for concurrent use.</summary>
public sealed class ToolReplay(ToolBench bench, ToolShim shim)
{
    private readonly Lock _gate = new();
    private int _requests;
    private int _calls;
    private int _others;
    private int _structured;

    /// <returns>A status, and the body of the answer; null if no prompt of the pack is asked.</returns>
    public (int Status, JsonObject Body)? TryAnswer(JsonObject request)
    {
        if ((request["messages"] as JsonArray)?.LastOrDefault()?["content"] is not JsonValue content || !content.TryGetValue<string>(out var text)
            || !bench.Answers.TryGetValue(text, out var answer))
            return null;
        lock (_gate) // counted one after the other, so that every fifth is a fifth of all
        {
            return shim == ToolShim.FailNowAndThen && ++_requests % 20 == 0 ? (500, Error("out of pages")) : (200, Body(Spoiled(answer, request)));
        }
    }

    private ToolAnswer Spoiled(ToolAnswer answer, JsonObject request)
    {
        if (request["tools"] is not JsonArray tools)
            return shim == ToolShim.DropMember && ++_structured % 20 == 0 ? answer with { Content = WithoutFirst(answer.Content!) } : answer;
        if (answer.Calls.IsEmpty)
            return shim == ToolShim.CallNeedlessly && ++_others % 3 == 0 ? new("tool_calls", null, [Needless(tools)]) : answer;
        var number = ++_calls;
        if (shim == ToolShim.SuppressCalls)
            return number % 5 == 0 ? new("stop", "I would rather not.", []) : answer;
        return number % 20 != 0 ? answer : shim switch
        {
            ToolShim.DropArgument => With(answer, call => call with { Arguments = WithoutFirst(call.Arguments) }),
            ToolShim.BreakArguments => With(answer, call => call with { Arguments = call.Arguments[..^2] }),
            ToolShim.RepeatArgument => With(answer, call => call with { Arguments = $"{{{call.Arguments[1..^1]},{call.Arguments[1..]}" }),
            ToolShim.InventTools => With(answer, call => call with { Name = $"{call.Name}_v2" }),
            ToolShim.AnnounceOnly => answer with { Calls = [] },
            ToolShim.EndOtherwise => answer with { Finish = "stop" },
            _ => answer,
        };
    }

    private static ToolAnswer With(ToolAnswer answer, Func<ToolCall, ToolCall> change) => answer with { Calls = answer.Calls.SetItem(0, change(answer.Calls[0])) };

    private static string WithoutFirst(string json)
    {
        var value = JsonNode.Parse(json)!.AsObject();
        value.RemoveAt(0);
        return value.ToJsonString();
    }

    private static ToolCall Needless(JsonArray tools)
    {
        var name = tools[0]!["function"]!["name"]!.GetValue<string>();
        return new("call_0", name, ToolSet.All.Single(tool => tool.Name == name).Draw(_ => 0));
    }

    private static JsonObject Error(string message) => new() { ["error"] = new JsonObject { ["message"] = message, ["type"] = "server_error" } };

    private static JsonObject Body(ToolAnswer answer)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.Content };
        if (!answer.Calls.IsEmpty)
        {
            message["tool_calls"] = new JsonArray([.. answer.Calls.Select(call => (JsonNode)new JsonObject
            {
                ["id"] = call.Id,
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
            })]);
        }

        return new()
        {
            ["id"] = "chatcmpl-1",
            ["object"] = "chat.completion",
            ["created"] = 0,
            ["model"] = "m",
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = answer.Finish }),
            ["usage"] = new JsonObject { ["prompt_tokens"] = 1, ["completion_tokens"] = 1, ["total_tokens"] = 2 },
        };
    }
}

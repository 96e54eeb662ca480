using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Adaptation.Core;

/// <summary>Reads one item of a pack of tool prompts: a request as the OpenAI API spells it, and how the reference's answer ended.</summary>
internal static class ToolItemReader
{
    private const int MostLetters = 64;

    /// <param name="ids">Seen so far.</param>
    public static ToolItem Read(PackObject item, HashSet<string> ids)
    {
        var id = item.Text("id");
        if (id.Length > MostLetters || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            item.Problem("id", $"`{id}` is not an id of lowercase letters, digits and hyphens, at most {MostLetters}");
        else if (id.Length > 0 && !ids.Add(id))
            item.Problem("id", $"`{id}` is there twice");
        if (item.Take("messages", JsonValueKind.Array) is { } messages && (messages.GetArrayLength() == 0 || messages.EnumerateArray().Any(message => message.ValueKind != JsonValueKind.Object)))
            item.Problem("messages", "is no array of one message or more");
        var read = item.Value.TryGetProperty("response_format", out _) ? Structured(item, id) : Tools(item, id);
        item.End();
        return read;
    }

    private static ToolItem Structured(PackObject item, string id)
    {
        var schema = JsonSchema.Anything;
        if (item.Object("response_format") is { } format)
        {
            if (format.Text("type") is { Length: > 0 } type && type != "json_schema")
                format.Problem("type", $"is `{type}`; expected json_schema");
            if (format.Object("json_schema") is { } named)
            {
                named.Text("name");
                if (named.Take("strict") is { ValueKind: not (JsonValueKind.True or JsonValueKind.False) })
                    named.Problem("strict", "is neither true nor false");
                Described(named);
                schema = Schema(named, "schema");
                named.End();
            }

            format.End();
        }

        return new(id, Request(item, "messages", "response_format"), ToolChoice.None, Called: false) { Content = schema };
    }

    private static ToolItem Tools(PackObject item, string id)
    {
        var tools = new Dictionary<string, JsonSchema>(StringComparer.Ordinal);
        if (item.Take("tools", JsonValueKind.Array) is { } list)
        {
            if (list.GetArrayLength() == 0)
                item.Problem("tools", "is empty");
            foreach (var (at, tool) in list.EnumerateArray().Index())
                Tool(new PackObject(item.Line, tool, $"{item.PathOf("tools")}[{at}]"), tools);
        }

        var (choice, named) = Choice(item, tools);
        var called = Called(item);
        if (choice == ToolChoice.None ? called : choice is ToolChoice.Required or ToolChoice.Named && !called)
            item.Problem("finish_reason", "is not what tool_choice asks for: a reference that does otherwise is none");
        return new(id, Request(item, "messages", "tools", "tool_choice"), choice, called) { Tools = tools.ToFrozenDictionary(StringComparer.Ordinal), Named = named };
    }

    private static void Tool(PackObject tool, Dictionary<string, JsonSchema> tools)
    {
        if (tool.Value.ValueKind != JsonValueKind.Object)
        {
            tool.Problem("", $"is of kind {tool.Value.ValueKind}; expected an object");
            return;
        }

        if (tool.Text("type") is { Length: > 0 } type && type != "function")
            tool.Problem("type", $"is `{type}`; expected function");
        if (tool.Object("function") is { } function)
        {
            var name = function.Text("name");
            Described(function);
            if (function.Take("strict") is { ValueKind: not (JsonValueKind.True or JsonValueKind.False) })
                function.Problem("strict", "is neither true nor false");
            if (name.Length > 0 && !tools.TryAdd(name, Schema(function, "parameters")))
                function.Problem("name", $"`{name}` is there twice");
            function.Take("parameters");
            function.End();
        }

        tool.End();
    }

    private static void Described(PackObject named)
    {
        if (named.Take("description") is { ValueKind: not JsonValueKind.String })
            named.Problem("description", "is no text");
    }

    private static JsonSchema Schema(PackObject holder, string name) =>
        holder.Take(name, JsonValueKind.Object) is { } schema ? JsonSchemaReader.Read(schema, holder.PathOf(name), holder.Line.Problem) : JsonSchema.Anything;

    private static (ToolChoice Choice, string? Named) Choice(PackObject item, Dictionary<string, JsonSchema> tools)
    {
        switch (item.Take("tool_choice"))
        {
            case null:
                return (ToolChoice.Auto, null);
            case { ValueKind: JsonValueKind.String } word when word.GetString() is "auto" or "none" or "required":
                return (word.GetString() switch { "auto" => ToolChoice.Auto, "none" => ToolChoice.None, _ => ToolChoice.Required }, null);
            case { ValueKind: JsonValueKind.Object } given:
                var choice = new PackObject(item.Line, given, item.PathOf("tool_choice"));
                if (choice.Text("type") is { Length: > 0 } type && type != "function")
                    choice.Problem("type", $"is `{type}`; expected function");
                var function = choice.Object("function");
                var name = function?.Text("name") ?? "";
                function?.End();
                choice.End();
                if (name.Length > 0 && !tools.ContainsKey(name))
                    choice.Problem("function.name", $"`{name}` is none of the tools");
                return (ToolChoice.Named, name);
            case { } other:
                item.Problem("tool_choice", $"is {other.GetRawText()}; expected auto, none, required or a function");
                return (ToolChoice.Auto, null);
        }
    }

    private static bool Called(PackObject item)
    {
        var finish = item.Text("finish_reason");
        if (finish.Length > 0 && finish is not ("tool_calls" or "stop"))
            item.Problem("finish_reason", $"is `{finish}`; expected how the reference's answer ended: tool_calls or stop");
        return finish == "tool_calls";
    }

    private static JsonElement Request(PackObject item, params ReadOnlySpan<string> names)
    {
        var request = new JsonObject();
        foreach (var name in names)
        {
            if (item.Value.TryGetProperty(name, out var value))
                request[name] = JsonNode.Parse(value.GetRawText());
        }

        return JsonElement.Parse(request.ToJsonString());
    }
}

using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Models;

namespace Adaptation.Adapters.Host;

/// <summary>Reads requests of <c>/v1/chat/completions</c>.</summary>
internal sealed class ChatReader
{
    private static readonly string[] MessageFields = ["role", "content", "name", "tool_calls", "tool_call_id"];

    private readonly SpecReader _specs;
    private readonly PromptReader _prompts;
    private readonly Vocabulary _vocabulary;
    private readonly ChatTemplate? _template;
    private readonly string _cannotChat = "this model has no chat template; ask /v1/completions";

    /// <summary>A template that cannot be read takes the chat away and nothing else; who asks for one is told why.</summary>
    public ChatReader(SpecReader specs, PromptReader prompts, Vocabulary vocabulary)
    {
        (_specs, _prompts, _vocabulary) = (specs, prompts, vocabulary);
        try
        {
            _template = vocabulary.Facts.ChatTemplate is { } jinja ? ChatTemplate.Parse(jinja) : null;
        }
        catch (ModelException unread)
        {
            _cannotChat = $"this model's chat template cannot be used: {unread.Message} Ask /v1/completions";
        }
    }

    /// <exception cref="RefusedException">A parameter is not what it should be, or unknown.</exception>
    public async Task<TextRequest> ReadAsync(Fields fields, int context, long arrived, CancellationToken cancellationToken)
    {
        var spec = _specs.Read(fields);
        var shows = fields.Flag("logprobs") ?? false;
        var alternatives = fields.Integer("top_logprobs", 0, SpecReader.MostAlternatives);
        if (alternatives is not null && !shows)
            throw RefusedException.Bad("top_logprobs", "top_logprobs is only for a request with logprobs: true");
        spec = spec with { MaxTokens = ReadMaxTokens(fields), Logprobs = shows ? (int)(alternatives ?? 0) : null };
        RequireText(fields);
        var (messages, tools) = (ReadMessages(fields), ReadTools(fields));
        fields.End();
        var text = Render(messages, tools);

        ImmutableArray<Prompt> given = [new(text, Ids: null)];
        var ids = await _prompts.TokenizeAsync("messages", given, addsBegin: false, cancellationToken);
        var most = spec.MaxTokens ?? Math.Max(1, context - ids[0].Length);
        _prompts.RequireRoom("messages", ids, most);
        CompletionReader.RequireMinimum(spec, most);
        return new(spec, ids, most, arrived);
    }

    private static int? ReadMaxTokens(Fields fields)
    {
        var (old, current) = (fields.Integer("max_tokens", 1, int.MaxValue), fields.Integer("max_completion_tokens", 1, int.MaxValue));
        return old is null || current is null || old == current
            ? (int?)(current ?? old)
            : throw RefusedException.Bad("max_tokens", $"max_tokens is {old}, and max_completion_tokens {current}; give one");
    }

    private static void RequireText(Fields fields)
    {
        if (fields.Take("response_format") is not { } value)
            return;
        var format = fields.Inner("response_format", value);
        if (format.Text("type") != "text")
            throw RefusedException.Bad("response_format", "response_format other than text is not supported by this server");
        format.End();
    }

    private static JsonElement ReadMessages(Fields fields)
    {
        if (fields.Take("messages") is not { } messages)
            throw RefusedException.Bad("messages", "messages is not given; an array of messages is expected");
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            throw fields.Wrong("messages", messages, "an array of one message or more");
        foreach (var message in messages.EnumerateArray())
            CheckMessage(fields, message);
        return messages;
    }

    private static void CheckMessage(Fields fields, JsonElement message)
    {
        RequireWholeText(fields, "messages", message);
        var inner = fields.Inner("messages", message);
        if (inner.Text("role") is null)
            throw RefusedException.Bad("messages", "a message has no role; a string is expected");
        if (inner.Take("content") is { ValueKind: not JsonValueKind.String } content)
            throw inner.Wrong("content", content, "a string (parts are not supported by this server)");
        foreach (var name in MessageFields)
            inner.Take(name);
        inner.End();
    }

    /// <returns>Null also where no tool may be called: then the model is not told of any.</returns>
    private static JsonElement? ReadTools(Fields fields)
    {
        var tools = fields.Take("tools");
        if (tools is { } given)
        {
            if (given.ValueKind != JsonValueKind.Array || given.EnumerateArray().Any(tool => tool.ValueKind != JsonValueKind.Object))
                throw fields.Wrong("tools", given, "an array of objects");
            RequireWholeText(fields, "tools", given);
            if (given.GetArrayLength() == 0)
                tools = null;
        }
        if (fields.Take("tool_choice") is not { } value)
            return tools;
        var choice = value.ValueKind == JsonValueKind.String ? fields.String("tool_choice", value) : null;
        if (choice is not ("none" or "auto"))
            throw fields.Wrong("tool_choice", value, "none or auto");
        if (choice == "auto" && tools is null)
            throw RefusedException.Bad("tool_choice", "tool_choice is auto, and there are no tools");
        return choice == "none" ? null : tools;
    }

    private string Render(JsonElement messages, JsonElement? tools)
    {
        if (_template is null)
            throw RefusedException.Bad("model", _cannotChat);
        try
        {
            return _template.Render(messages, tools, addGenerationPrompt: true, _vocabulary.BeginOfText, _vocabulary.EndOfText);
        }
        catch (ModelException refused)
        {
            throw RefusedException.Bad("messages", refused.Message);
        }
    }

    /// <summary>Templates read every string of this: none may hold half a surrogate pair.</summary>
    private static void RequireWholeText(Fields fields, string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                fields.String(name, value);
                break;
            case JsonValueKind.Array:
                foreach (var each in value.EnumerateArray())
                    RequireWholeText(fields, name, each);
                break;
            case JsonValueKind.Object:
                foreach (var field in value.EnumerateObject())
                {
                    Fields.Name(field);
                    RequireWholeText(fields, name, field.Value);
                }
                break;
        }
    }
}

using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>A prompt as the client gave it: text or token ids.</summary>
internal readonly record struct Prompt(string? Text, int[]? Ids);

/// <summary>Reads prompts: a string, strings, token ids, or arrays of token ids; and turns them into ids that fit the context.</summary>
internal sealed class PromptReader(ITokenModel model, Vocabulary vocabulary, Scheduler scheduler)
{
    /// <summary>Most prompts of one request.</summary>
    private const int MostPrompts = 1024;

    private const string Expected = "a string, an array of strings, of token ids or of arrays of token ids, none empty, 1024 prompts at most";

    /// <exception cref="RefusedException">It is none of the four, or an id is not the model's.</exception>
    public ImmutableArray<Prompt> Read(Fields fields, string name)
    {
        if (fields.Take(name) is not { } value)
            throw RefusedException.Bad(name, $"{name} is not given; {Expected} is expected");
        if (value.ValueKind == JsonValueKind.String)
            return [new(fields.String(name, value), Ids: null)];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            throw fields.Wrong(name, value, Expected);
        if (value[0].ValueKind == JsonValueKind.Number)
            return [new(Text: null, ReadIds(fields, name, value))];
        if (value.GetArrayLength() > MostPrompts)
            throw fields.Wrong(name, value, Expected);
        return [.. value.EnumerateArray().Select(each => each.ValueKind switch
        {
            JsonValueKind.String when value[0].ValueKind == JsonValueKind.String => new Prompt(fields.String(name, each), Ids: null),
            JsonValueKind.Array when value[0].ValueKind == JsonValueKind.Array => new Prompt(Text: null, ReadIds(fields, name, each)),
            _ => throw fields.Wrong(name, value, Expected),
        })];
    }

    /// <summary>Turns prompts into token ids; texts get the token that begins texts where the model asks for it, ids are taken as they are.</summary>
    /// <param name="addsBegin">False for text that a chat template made: the template writes every token itself.</param>
    /// <exception cref="RefusedException">A prompt is empty or does not leave room for one token.</exception>
    public async Task<ImmutableArray<int[]>> TokenizeAsync(string name, ImmutableArray<Prompt> prompts, bool addsBegin, CancellationToken cancellationToken)
    {
        foreach (var prompt in prompts)
        {
            if (prompt.Text is { } text && Encoding.UTF8.GetByteCount(text) > (long)vocabulary.LongestBytes * model.ContextLength)
                throw TooLong(name, $"{name} has more text than {model.ContextLength} tokens can hold");
        }
        var begins = addsBegin && vocabulary.Facts is { AddsBeginOfText: true, BeginOfText: not null } ? vocabulary.Facts.BeginOfText : null;
        var all = prompts.All(prompt => prompt.Ids is not null)
            ? [.. prompts.Select(prompt => prompt.Ids!)]
            : await scheduler.RunAsync<ImmutableArray<int[]>>(
                engine => [.. prompts.Select(prompt => prompt.Ids ?? Tokenize(engine, prompt.Text!, begins))], cancellationToken);
        foreach (var ids in all)
        {
            if (ids.Length == 0)
                throw RefusedException.Bad(name, $"{name} is empty, and this model adds no token that begins texts");
        }
        return all;
    }

    /// <exception cref="RefusedException">Prompt and answer do not fit the context together.</exception>
    public void RequireRoom(string name, ImmutableArray<int[]> prompts, int maxTokens)
    {
        var longest = prompts.Max(prompt => prompt.Length);
        if (longest + (long)maxTokens > model.ContextLength)
        {
            throw TooLong(name, $"this model's maximum context length is {model.ContextLength} tokens, and {longest} in the prompt "
                + $"and {maxTokens} for the answer are {longest + (long)maxTokens}; shorten the one or the other");
        }
    }

    private static RefusedException TooLong(string name, string message) =>
        new(StatusCodes.Status400BadRequest, message) { Parameter = name, Code = "context_length_exceeded" };

    private static int[] Tokenize(ITokenModel engine, string text, int? begins)
    {
        var ids = text.Length == 0 ? [] : engine.Tokenize(text, parseSpecial: true);
        return begins is { } begin ? [begin, .. ids] : ids;
    }

    private int[] ReadIds(Fields fields, string name, JsonElement value)
    {
        var ids = new int[value.GetArrayLength()];
        if (ids.Length == 0)
            throw fields.Wrong(name, value, Expected);
        var at = 0;
        foreach (var each in value.EnumerateArray())
        {
            if (each.ValueKind != JsonValueKind.Number || !each.TryGetInt32(out var id) || id < 0 || id >= vocabulary.Facts.Size)
                throw RefusedException.Bad(name, $"{name} holds something that is no token id; the ids of this model are 0 to {vocabulary.Facts.Size - 1}");
            ids[at++] = id;
        }
        return ids;
    }
}

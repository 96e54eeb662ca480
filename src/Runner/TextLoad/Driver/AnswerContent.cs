using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Gathers what one answer says: chat and completion chunks, usage, finish reason, and what is wrong with it. Reused from answer to answer.</summary>
internal sealed class AnswerContent
{
    private static readonly byte[] Done = "[DONE]"u8.ToArray();
    private readonly List<TextChunk> _chunks = new(1024);
    private readonly List<int> _textless = [];
    private readonly ChunkPattern _pattern = new();
    private bool _isDone;

    public string? FinishReason { get; private set; }

    public TextUsage? Usage { get; private set; }

    public TextFailure? Failure { get; private set; }

    public string? Explanation { get; private set; }

    public void Clear()
    {
        _chunks.Clear();
        _textless.Clear();
        (_isDone, FinishReason, Usage, Failure, Explanation) = (false, null, null, null, null);
    }

    public ImmutableArray<TextChunk> Chunks()
    {
        if (_textless.Count > 0 && _chunks.Count > 0) // ids of a last character that never became whole, or of the end of text
            _chunks[^1] = _chunks[^1] with { TokenIds = [.. _chunks[^1].TokenIds, .. _textless] };
        return [.. _chunks];
    }

    /// <summary>Keeps the first thing that is wrong.</summary>
    public void Fail(TextFailure failure, string explanation)
    {
        if (Failure is null)
            (Failure, Explanation) = (failure, explanation);
    }

    /// <summary>Takes in one event of a stream.</summary>
    /// <param name="isText">False if the stream holds bytes that are no UTF-8, perhaps in this event.</param>
    public void Add(ReadOnlySpan<byte> data, Stamp stamp, bool isText)
    {
        if (_isDone)
        {
            Fail(TextFailure.Protocol, $"The stream goes on behind [DONE]: '{Clip.Text(data)}'.");
        }
        else if (data.SequenceEqual(Done))
        {
            _isDone = true;
        }
        else if (FinishReason is null && isText && _pattern.TryRead(data, out var text, out var ids))
        {
            AddText(text, ids, stamp);
        }
        else
        {
            AddParsed(data, stamp, isText);
        }
    }

    /// <summary>Takes in that the stream ended.</summary>
    /// <param name="isCut">Within an event.</param>
    public void EndStream(bool isCut)
    {
        if (isCut)
            Fail(TextFailure.Truncated, "The stream ends within an event: its empty line is missing.");
        if (!_isDone)
            Fail(TextFailure.Truncated, "The stream ends without [DONE].");
        if (FinishReason is null)
            Fail(TextFailure.Truncated, "The stream ends without a finish reason.");
    }

    /// <summary>Takes in an answer that is no stream.</summary>
    public void AddWhole(ReadOnlyMemory<byte> body, Stamp stamp)
    {
        try
        {
            using var document = StrictJson.Object(body, WireLimits.Default);
            AddObject(document.RootElement, default, stamp, "message");
            if (FinishReason is null)
                Fail(TextFailure.Truncated, "The answer has no finish reason.");
        }
        catch (WireException wrong)
        {
            Fail(TextFailure.Protocol, wrong.Message);
        }
    }

    private void AddParsed(ReadOnlySpan<byte> data, Stamp stamp, bool isText)
    {
        var bytes = data.ToArray();
        if (!isText && !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            Fail(TextFailure.Protocol, $"An event holds bytes that are no UTF-8; they stand as U+FFFD: '{Clip.Text(data)}'.");
            bytes = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes));
        }

        try
        {
            using var document = StrictJson.Object(bytes, WireLimits.Default);
            AddObject(document.RootElement, bytes, stamp, "delta");
        }
        catch (WireException wrong)
        {
            Fail(TextFailure.Protocol, wrong.Message);
        }
    }

    /// <param name="json">The bytes that it was read from, to learn a pattern from; empty for none.</param>
    private void AddObject(JsonElement answer, ReadOnlySpan<byte> json, Stamp stamp, string container)
    {
        if (ErrorWords.Of(answer) is { } error)
        {
            Fail(TextFailure.Refused, $"The server reports an error in its answer: {error}");
            return;
        }

        var usage = JsonUsage.Read(answer);
        Usage = usage ?? Usage;
        var choices = StrictJson.Required(answer, "choices", JsonValueKind.Array, "");
        foreach (var choice in choices.EnumerateArray())
        {
            if (choice.ValueKind != JsonValueKind.Object)
                throw WireException.Protocol($"choices[] is of kind {choice.ValueKind}; expected Object.");
            if (!choice.TryGetProperty("index", out var index) || StrictJson.Integer(index, 0, "choices[].index") == 0)
                AddChoice(choice, usage is null && choices.GetArrayLength() == 1 ? json : default, stamp, container);
        }
    }

    private void AddChoice(JsonElement choice, ReadOnlySpan<byte> json, Stamp stamp, string container)
    {
        var content = Member(choice, container, JsonValueKind.Object) is { } inner
            ? Member(inner, "content", JsonValueKind.String) : Member(choice, "text", JsonValueKind.String);
        var ids = Member(choice, "token_ids", JsonValueKind.Array);
        var finish = Member(choice, "finish_reason", JsonValueKind.String);
        var text = content is { } given ? JsonText.Read(given, Fail) : "";
        if (FinishReason is not null && (text.Length > 0 || finish is not null))
            Fail(TextFailure.Protocol, $"The stream goes on behind its finish reason '{Clip.Text(FinishReason)}'.");
        AddText(text, ids is { } array ? Ids(array) : [], stamp);
        FinishReason ??= finish is { } reason ? StrictJson.Text(reason, "finish_reason") : null;
        if (content is { } pattern && finish is null && text.Length > 0 && !json.IsEmpty)
            _pattern.Learn(json, JsonMarshal.GetRawUtf8Value(pattern), ids is { } list ? JsonMarshal.GetRawUtf8Value(list) : default);
    }

    private void AddText(string text, ImmutableArray<int> ids, Stamp stamp)
    {
        if (text.Length == 0)
        {
            _textless.AddRange(ids.AsSpan());
            return;
        }

        if (_textless.Count > 0)
        {
            ids = [.. _textless, .. ids];
            _textless.Clear();
        }

        _chunks.Add(new(stamp.At, stamp.IsExact, text, ids));
    }

    /// <returns>Null if there is none, or it is null.</returns>
    private static JsonElement? Member(JsonElement parent, string name, JsonValueKind kind) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null ? null : StrictJson.Optional(parent, name, kind, "choices[].");

    private static ImmutableArray<int> Ids(JsonElement array)
    {
        var ids = ImmutableArray.CreateBuilder<int>(array.GetArrayLength());
        foreach (var element in array.EnumerateArray())
        {
            var id = StrictJson.Integer(element, 0, "choices[].token_ids[]");
            ids.Add(id <= int.MaxValue ? (int)id : throw WireException.Protocol($"choices[].token_ids[] is {id}; no vocabulary is that large."));
        }

        return ids.MoveToImmutable();
    }
}

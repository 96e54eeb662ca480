using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>What a server said in a stream of one choice, read once the stream has ended.</summary>
internal sealed class StreamReply
{
    private readonly StringBuilder _text = new();
    private string _finish = "";

    private StreamReply(int status) => Status = status;

    public int Status { get; }

    /// <summary>Events that carry usage.</summary>
    public long UsageChunks { get; private set; }

    /// <summary>Events between the last usage and [DONE]; <see cref="long.MaxValue"/> without either.</summary>
    public long EventsAfter { get; private set; } = long.MaxValue;

    /// <summary>Choices of the events that carry usage; <see cref="long.MaxValue"/> if one has no list of them.</summary>
    public long UsageChoices { get; private set; }

    /// <summary>The last usage, or null.</summary>
    public JsonElement? Usage { get; private set; }

    /// <summary>Why the choice ended, and its text.</summary>
    public string Ending => $"{_finish}: {_text}";

    /// <exception cref="WireException">An event is not what the protocol says, or the stream lacks its end.</exception>
    public static StreamReply Read(TextAnswer answer)
    {
        var reply = new StreamReply(answer.Status);
        if (answer.Status != 200)
            return reply;
        var events = new EventStream(answer.Body.Span);
        var (isDone, after) = (false, 0L);
        while (events.Next())
        {
            if (isDone)
                throw WireException.Protocol("The stream goes on after [DONE].");
            isDone = events.Data.SequenceEqual("[DONE]"u8);
            if (isDone)
                continue;
            using var document = StrictJson.Object(events.Data.ToArray(), WireLimits.Default);
            after = reply.Add(document.RootElement) ? 0 : after + 1;
        }

        if (!isDone || events.IsCut)
            throw WireException.Protocol("The stream ended without [DONE].");
        if (reply.Usage is not null)
            reply.EventsAfter = after;
        return reply;
    }

    /// <returns>Whether the event carries usage.</returns>
    private bool Add(JsonElement root)
    {
        if (root.TryGetProperty("error", out var error))
            throw WireException.Protocol($"The stream breaks off with an error: {Clip.Text(error.GetRawText())}");
        var choices = StrictJson.Optional(root, "choices", JsonValueKind.Array, "");
        foreach (var choice in choices?.EnumerateArray() ?? default)
            AddChoice(choice);
        if (!root.TryGetProperty("usage", out var usage) || usage.ValueKind == JsonValueKind.Null)
            return false;
        UsageChunks++;
        UsageChoices = choices is { } list && UsageChoices < long.MaxValue ? UsageChoices + list.GetArrayLength() : long.MaxValue;
        Usage = UsageTally.Of(root)?.Clone();
        return true;
    }

    private void AddChoice(JsonElement choice)
    {
        if (choice.ValueKind != JsonValueKind.Object)
            throw WireException.Protocol($"A choice is of kind {choice.ValueKind}; expected Object.");
        var holder = choice.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object ? ("content", delta) : ("text", choice);
        if (holder.Item2.TryGetProperty(holder.Item1, out var part) && part.ValueKind != JsonValueKind.Null)
            _text.Append(StrictJson.Text(part, holder.Item1));
        if (choice.TryGetProperty("finish_reason", out var finish) && finish.ValueKind != JsonValueKind.Null)
            _finish = StrictJson.Text(finish, "finish_reason");
    }
}

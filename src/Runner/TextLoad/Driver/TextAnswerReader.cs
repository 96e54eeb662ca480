using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Adaptation.Runner;

/// <summary>Makes samples of what was received. Not safe for concurrent use: memory is kept from answer to answer.</summary>
/// <param name="started">When the load began, in monotonic nanoseconds.</param>
/// <param name="limit">Nanoseconds from due time to end.</param>
internal sealed class TextAnswerReader(long started, long limit)
{
    private const string Stream = "text/event-stream", Json = "application/json";
    private readonly AnswerContent _content = new();

    /// <summary>Reads one exchange that is over, whatever became of it.</summary>
    public TextSample Read(TextExchange exchange, TextRequest request)
    {
        _content.Clear();
        if (exchange.Head.Status == 200 && MediaType(exchange.HeadBytes) is { } type)
            ReadBody(exchange, request, type);
        var (failure, explanation) = Judge(exchange);
        return new()
        {
            Request = exchange.Request,
            Due = exchange.Due - started,
            Sent = (exchange.Sent < 0 ? exchange.Due : exchange.Sent) - started,
            FirstByte = exchange.FirstByte < 0 ? -1 : exchange.FirstByte - started,
            Ended = exchange.Ended - started,
            Status = exchange.Head.Status,
            Chunks = _content.Chunks(),
            FinishReason = _content.FinishReason,
            Usage = _content.Usage,
            Failure = failure,
            Explanation = explanation,
        };
    }

    /// <summary>What the connection suffered counts before what the answer said, and a late answer before a wrong one.</summary>
    private (TextFailure? Failure, string? Explanation) Judge(TextExchange exchange)
    {
        if (exchange.Failure is { } failure)
            return (failure, exchange.Explanation + (_content.Failure == TextFailure.Refused ? $" {_content.Explanation}" : ""));
        if (exchange.Ended - exchange.Due > limit)
        {
            return (
                TextFailure.Timeout,
                $"The answer ended {(exchange.Ended - exchange.Due) / 1e9:0.000} s after its request was due; the limit is {limit / 1e9:0.###} s.");
        }
        if (exchange.Head.Status != 200)
            return (TextFailure.Refused, $"The server answered with status {exchange.Head.Status}: {ErrorWords.Of(exchange.Body)}");
        return MediaType(exchange.HeadBytes) is null
            ? (TextFailure.Protocol, "The answer does not say what it is (Content-Type), or says it more than once.")
            : (_content.Failure, _content.Explanation);
    }

    private void ReadBody(TextExchange exchange, TextRequest request, string type)
    {
        var wantsStream = WantsStream(request.Body);
        if (type == Stream && wantsStream != false)
            ReadEvents(exchange);
        else if (type == Json && wantsStream != true)
            ReadWhole(exchange);
        else
            _content.Fail(TextFailure.Protocol, $"The answer is {Clip.Text(type)}; expected {(wantsStream == false ? Json : Stream)}.");
    }

    private void ReadEvents(TextExchange exchange)
    {
        var mark = 0;
        var body = exchange.Body;
        var marks = exchange.Marks;
        var isText = Utf8.IsValid(body.Span);
        var events = new EventStream(body.Span);
        while (events.Next())
        {
            while (marks[mark].End < events.End)
                mark++;
            var stamp = marks[mark].Stamp;
            _content.Add(events.Data, new(stamp.At - started, stamp.IsExact && marks[mark].End == events.End), isText);
        }

        if (exchange.Failure is null)
            _content.EndStream(events.IsCut);
    }

    private void ReadWhole(TextExchange exchange)
    {
        if (exchange.Failure is null)
            _content.AddWhole(exchange.Body, new(exchange.Marks.IsEmpty ? exchange.Ended - started : exchange.Marks[^1].Stamp.At - started, IsExact: true));
    }

    /// <returns>Null where the head states none, or several.</returns>
    private static string? MediaType(ReadOnlySpan<byte> head)
    {
        string? type = null;
        for (var rest = head[(head.IndexOf("\r\n"u8) + 2)..]; !rest.IsEmpty;)
        {
            var end = rest.IndexOf("\r\n"u8);
            var line = rest[..end];
            rest = rest[(end + 2)..];
            var colon = line.IndexOf((byte)':');
            if (colon < 0 || !Ascii.EqualsIgnoreCase(line[..colon], "content-type"u8))
                continue;
            if (type is not null)
                return null;
            var value = Encoding.Latin1.GetString(line[(colon + 1)..]);
            type = value.Split(';')[0].Trim().ToLowerInvariant();
        }

        return type;
    }

    /// <returns>Null for a body that is no JSON object: some checks send such ones.</returns>
    private static bool? WantsStream(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            var wants = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isStream = reader.ValueTextEquals("stream"u8);
                reader.Read();
                if (isStream)
                    wants = reader.TokenType == JsonTokenType.True;
                reader.Skip();
            }

            return wants;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

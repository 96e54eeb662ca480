using System.Text.Encodings.Web;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>A session as JSON: <c>summary.json</c> (one object, form 1) and <c>samples.jsonl</c> (one line per request).</summary>
/// <remarks>Times are nanoseconds, rates thousandths of their unit: whole numbers throughout. What so many samples cannot tell is null.</remarks>
public static class LoadSummary
{
    private static readonly JsonWriterOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>UTF-8, one line.</returns>
    public static byte[] Write(LoadSessionResult result) => Bytes(json =>
    {
        var (request, workload) = (result.Request, result.Workload);
        json.WriteStartObject();
        json.WriteNumber("v", 1);
        json.WriteString("event", "summary");
        json.WriteString("end", EndWord(result.End));
        json.WriteString("reason", result.Reason.En);
        json.WriteString("server", request.Server);
        json.WriteString("model", workload.Model);
        json.WriteString("scenario", request.Scenario);
        json.WriteNumber("seed", workload.Seed);
        json.WriteNumber("promptTokens", workload.PromptTokens);
        json.WriteNumber("outputTokens", workload.OutputTokens);
        json.WriteBoolean("ignoreEos", workload.IgnoreEos);
        json.WriteBoolean("chat", workload.Chat);
        json.WriteNumber("temperature", workload.Temperature);
        Optional(json, "ttftLimitNanos", request.Limits.FirstTokenNanos);
        Optional(json, "tpotLimitNanos", request.Limits.PerOutputTokenNanos);
        if (result.Found is { } found)
            Write(json, found);
        json.WriteStartArray("points");
        foreach (var point in result.Points)
            Write(json, point, LoadFigures.Of(point, request.Limits));
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>One line per request, without any text of prompts or answers.</summary>
    public static IEnumerable<byte[]> Lines(LoadPoint point) => point.Samples.Select((sample, i) => Bytes(json =>
    {
        var record = point.Load.Requests[i];
        json.WriteStartObject();
        json.WriteString("point", point.Name);
        json.WriteNumber("request", sample.Request);
        json.WriteNumber("due", sample.Due);
        json.WriteNumber("sent", sample.Sent);
        json.WriteNumber("firstByte", sample.FirstByte);
        json.WriteNumber("ended", sample.Ended);
        json.WriteNumber("status", sample.Status);
        if (sample.Failure is { } failure)
        {
            json.WriteString("failure", failure.ToString());
            json.WriteString("explanation", sample.Explanation);
        }

        json.WriteString("finishReason", sample.FinishReason);
        json.WriteNumber("promptTokens", record.PromptTokens);
        json.WriteNumber("outputTokens", record.OutputTokens);
        if (sample.Usage is { } usage)
        {
            json.WriteNumber("claimedPromptTokens", usage.PromptTokens);
            json.WriteNumber("claimedOutputTokens", usage.CompletionTokens);
            Optional(json, "claimedCachedTokens", usage.CachedTokens);
        }

        Write(json, "arrivals", point.Load.Arrivals.AsSpan(record.FirstChunk, record.Chunks));
        Write(json, "chunkTokens", point.Load.ChunkTokens.AsSpan(record.FirstChunk, record.Chunks));
        json.WriteEndObject();
    }));

    public static string EndWord(LoadEnd end) => end switch
    {
        LoadEnd.Valid => "valid",
        LoadEnd.LimitsMissed => "limits-missed",
        LoadEnd.Void => "void",
        _ => "cut-off",
    };

    private static void Write(Utf8JsonWriter json, RateFound found)
    {
        json.WriteStartObject("search");
        json.WriteNumber("highestRateMilli", found.HighestMilli);
        Optional(json, "lowestFailedRateMilli", found.LowestFailedMilli);
        json.WriteStartArray("probes");
        foreach (var probe in found.Probes)
        {
            json.WriteStartObject();
            json.WriteNumber("rateMilli", probe.RateMilli);
            json.WriteNumber("requests", probe.Requests);
            json.WriteString("answer", probe.Answer.ToString().ToLowerInvariant());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LoadPoint point, LoadFigures figures)
    {
        json.WriteStartObject();
        json.WriteString("name", point.Name);
        json.WriteNumber("streams", point.Load.Terms.Streams);
        json.WriteNumber("rateMilli", point.Load.Terms.RateMilli);
        json.WriteString("countedBy", point.Load.Terms.CountedBy);
        foreach (var (name, texts) in new[] { ("voids", point.Voids()), ("warnings", point.Warnings()) })
        {
            json.WriteStartArray(name);
            foreach (var text in texts)
                json.WriteStringValue(text.En);
            json.WriteEndArray();
        }

        foreach (var row in figures.Percentiles)
        {
            json.WriteStartObject(row.Key + "Nanos");
            json.WriteNumber("count", row.Count);
            Optional(json, "p50", row.P50);
            Optional(json, "p90", row.P90);
            Optional(json, "p99", row.P99);
            Optional(json, "p999", row.P999);
            Optional(json, "largest", row.Largest);
            json.WriteEndObject();
        }

        foreach (var number in figures.Numbers)
        {
            json.WriteStartObject(number.Key);
            json.WriteString("unit", number.Unit);
            json.WriteNumber("valueMilli", number.ValueMilli);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, ReadOnlySpan<long> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static void Optional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    private static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Literal))
            write(json);
        return bytes.ToArray();
    }
}

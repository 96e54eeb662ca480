using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>A telemetry log as a file of the evidence, <c>adaptation.telemetry/v1</c>; a text that was printed again and again stands there once.</summary>
public static class TelemetryFile
{
    private const string Schema = "adaptation.telemetry/v1";

    private static readonly JsonWriterOptions Literal = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    public static byte[] Write(TelemetryLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Literal))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteBoolean("accelerated", log.IsAccelerated);
            if (log.IsClockSynchronised is { } synchronised)
                json.WriteBoolean("clockSynchronised", synchronised);
            WriteSources(json, log);
            WriteAll(json, "phases", log.Phases, phase =>
            {
                json.WriteStringValue(phase.Name);
                json.WriteNumberValue(phase.From);
                json.WriteNumberValue(phase.To);
            });
            WriteReadings(json, log);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <returns>Null, with what is wrong.</returns>
    public static TelemetryLog? TryRead(ReadOnlyMemory<byte> file, out string problem)
    {
        problem = "";
        try
        {
            if (file.Length > TelemetryLimits.Bytes)
                throw TooMuch("bytes", file.Length, TelemetryLimits.Bytes);
            using var document = JsonDocument.Parse(file, Strict);
            var root = document.RootElement;
            if (root.GetProperty("schema").GetString() != Schema)
                throw new InvalidDataException($"its schema is not {Schema}");
            ImmutableArray<TelemetrySource> sources = [.. All(root, "sources", TelemetryLimits.Sources).Select(Source)];
            return new()
            {
                Sources = sources,
                Readings = Readings(root, sources.Length),
                Phases = [.. All(root, "phases", TelemetryLimits.Phases).Select(phase => new TelemetryPhase(Text(Of(phase, 3)[0]), Time(phase[1]), Later(phase[1], phase[2])))],
                IsAccelerated = root.GetProperty("accelerated").GetBoolean(),
                IsClockSynchronised = root.TryGetProperty("clockSynchronised", out var clock) ? clock.GetBoolean() : null,
            };
        }
        catch (Exception wrong) when (wrong is InvalidDataException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            problem = $"the telemetry cannot be used: {wrong.Message}";
            return null;
        }
    }

    private static void WriteSources(Utf8JsonWriter json, TelemetryLog log)
    {
        json.WriteStartArray("sources");
        foreach (var source in log.Sources)
        {
            json.WriteStartObject();
            json.WriteString("name", source.Name);
            json.WriteBoolean("tool", source.IsTool);
            json.WriteString("about", source.About);
            json.WriteStartArray("command");
            foreach (var word in source.Command)
                json.WriteStringValue(word);
            json.WriteEndArray();
            if (source.Planned is { } planned)
            {
                json.WriteStartObject("planned");
                foreach (var (number, address) in planned)
                    json.WriteString(number, address);
                json.WriteEndObject();
            }

            WriteOptional(json, "devicesPerBoard", source.DevicesPerBoard);
            WriteOptional(json, "capMilliwatts", source.CapMilliwatts);
            WriteOptional(json, "uncertaintyPpm", source.UncertaintyPpm);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteReadings(Utf8JsonWriter json, TelemetryLog log)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var text in log.Readings.Select(reading => reading.Text).OfType<string>())
            places.TryAdd(text, places.Count);
        json.WriteStartArray("texts");
        foreach (var text in places.Keys) // in the order in which they were added: nothing is ever removed
            json.WriteStringValue(text);
        json.WriteEndArray();
        WriteAll(json, "readings", log.Readings, reading =>
        {
            json.WriteNumberValue(reading.Source);
            json.WriteNumberValue(reading.From);
            json.WriteNumberValue(reading.To);
            if (reading.Text is { } text)
                json.WriteNumberValue(places[text]);
            else
                json.WriteStringValue(reading.Failure);
        });
    }

    private static void WriteAll<T>(Utf8JsonWriter json, string name, ImmutableArray<T> all, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var one in all)
        {
            json.WriteStartArray();
            write(one);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } some)
            json.WriteNumber(name, some);
    }

    private static TelemetrySource Source(JsonElement source) => new(Text(source.GetProperty("name")), source.GetProperty("tool").GetBoolean(), Text(source.GetProperty("about")))
    {
        Command = [.. All(source, "command", TelemetryLimits.Words).Select(Text)],
        Planned = source.TryGetProperty("planned", out var planned)
            ? planned.EnumerateObject().ToImmutableSortedDictionary(unit => unit.Name, unit => Text(unit.Value), StringComparer.Ordinal) : null,
        DevicesPerBoard = Optional(source, "devicesPerBoard"),
        CapMilliwatts = Optional(source, "capMilliwatts"),
        UncertaintyPpm = Optional(source, "uncertaintyPpm"),
    };

    private static ImmutableArray<TelemetryReading> Readings(JsonElement root, int sources)
    {
        string[] texts = [.. All(root, "texts", TelemetryLimits.Readings).Select(Text)];
        if (texts.Sum(text => (long)text.Length) is > TelemetryLimits.Texts and var kept)
            throw TooMuch("characters of texts", kept, TelemetryLimits.Texts);
        if (texts.Distinct(StringComparer.Ordinal).Count() < texts.Length)
            throw new InvalidDataException("a text stands there twice");
        var (last, read) = (new long[sources], 0L);
        return [.. All(root, "readings", TelemetryLimits.Readings).Select(Reading)];

        TelemetryReading Reading(JsonElement reading)
        {
            var (source, from, to) = (Of(reading, 4)[0].GetInt32(), Time(reading[1]), Later(reading[1], reading[2]));
            if (source < 0 || source >= sources)
                throw new InvalidDataException($"a reading is of source {source}, and there are {sources}");
            if (from < last[source])
                throw new InvalidDataException($"two readings of source {source} were made at once");
            last[source] = to;
            if (reading[3].ValueKind == JsonValueKind.String)
                return new(source, from, to, null, Text(reading[3]));
            if (reading[3].GetInt32() is var place && (place < 0 || place >= texts.Length))
                throw new InvalidDataException("a reading is of a text that is not there");
            read += texts[place].Length;
            return read <= TelemetryLimits.Read ? new(source, from, to, texts[place], null) : throw TooMuch("characters of readings", read, TelemetryLimits.Read);
        }
    }

    private static JsonElement.ArrayEnumerator All(JsonElement of, string name, int most) => of.GetProperty(name) is var array && array.GetArrayLength() is var count && count <= most
        ? array.EnumerateArray() : throw TooMuch(name, count, most);

    private static JsonElement Of(JsonElement array, int length) =>
        array.GetArrayLength() == length ? array : throw new InvalidDataException($"expected {length} members, found {array.GetArrayLength()}");

    private static string Text(JsonElement text) => text.GetString() is not { } read ? throw new InvalidDataException("null stands in the place of a text")
        : read.Length <= TelemetryLimits.OneText ? read : throw TooMuch("characters of one text", read.Length, TelemetryLimits.OneText);

    private static InvalidDataException TooMuch(string what, long found, long most) => new(FormattableString.Invariant($"it has {found} {what}; at most {most} are read"));

    private static long Time(JsonElement time) => time.GetInt64() is >= 0 and < 1L << 53 and var nanos ? nanos : throw new InvalidDataException($"{time} is no time");

    private static long Later(JsonElement from, JsonElement to) => Time(to) >= Time(from) ? Time(to) : throw new InvalidDataException("something ended before it began");

    private static long? Optional(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? value.GetInt64() is >= 0 and var number ? number : throw new InvalidDataException($"{name} is negative") : null;
}

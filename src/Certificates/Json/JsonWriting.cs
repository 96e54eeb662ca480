using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

internal static class JsonWriting
{
    /// <exception cref="ArgumentOutOfRangeException">Readers would not all read the same number.</exception>
    public static void WriteInteger(this Utf8JsonWriter writer, long value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, JsonGate.MaxInteger);
        ArgumentOutOfRangeException.ThrowIfLessThan(value, -JsonGate.MaxInteger);
        writer.WriteNumberValue(value);
    }

    public static void WriteInteger(this Utf8JsonWriter writer, string name, long value)
    {
        writer.WritePropertyName(name);
        writer.WriteInteger(value);
    }

    /// <summary>Writes nothing for null.</summary>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } present)
            writer.WriteInteger(name, present);
    }

    public static void WriteOptional(this Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    public static void WriteTexts(this Utf8JsonWriter writer, string name, ImmutableArray<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    public static void WriteMap(this Utf8JsonWriter writer, string name, ImmutableSortedDictionary<string, string> map)
    {
        writer.WriteStartObject(name);
        foreach (var (key, value) in map)
            writer.WriteString(key, value);
        writer.WriteEndObject();
    }

    public static void WriteIntegers(this Utf8JsonWriter writer, string name, ImmutableArray<long> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteInteger(value);
        writer.WriteEndArray();
    }
}

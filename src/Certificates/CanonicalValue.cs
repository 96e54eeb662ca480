using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>A value with exactly one spelling in bytes: text, integer, list, or object with its members sorted.</summary>
public abstract record CanonicalValue
{
    private CanonicalValue()
    {
    }

    public sealed record Text(string Value) : CanonicalValue;

    /// <param name="Value">Within 2^53-1 either side, so that every JSON reader reads the same number.</param>
    public sealed record Integer(long Value) : CanonicalValue;

    public sealed record List(ImmutableArray<CanonicalValue> Items) : CanonicalValue;

    public sealed record Object(ImmutableSortedDictionary<string, CanonicalValue> Members) : CanonicalValue
    {
        public static readonly Object Empty = Of();

        public static Object Of(params ReadOnlySpan<(string Name, CanonicalValue Value)> members)
        {
            var sorted = ImmutableSortedDictionary.CreateBuilder<string, CanonicalValue>(StringComparer.Ordinal);
            foreach (var (name, value) in members)
                sorted.Add(name, value);
            return new Object(sorted.ToImmutable());
        }

        public CanonicalValue? TryGet(string name) => Members.GetValueOrDefault(name);

        /// <summary>The text of a member, or null if there is none of that name and kind.</summary>
        public string? TryText(string name) => (TryGet(name) as Text)?.Value;
    }

    public static implicit operator CanonicalValue(string value) => FromString(value);

    public static implicit operator CanonicalValue(long value) => FromInt64(value);

    public static CanonicalValue FromString(string value) => new Text(value);

    public static CanonicalValue FromInt64(long value) => new Integer(value);

    public static CanonicalValue Of(IEnumerable<CanonicalValue> items) => new List([.. items]);

    /// <summary>Compact JSON, UTF-8, members in ordinal order, only what must be escaped is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An integer is beyond 2^53-1.</exception>
    public byte[] ToBytes() => LiteralJsonEncoder.Write(WriteTo);

    /// <summary>Whether two values are the same at every depth.</summary>
    public bool IsSameAs(CanonicalValue other) => ToBytes().AsSpan().SequenceEqual(other.ToBytes());

    public void WriteTo(Utf8JsonWriter writer)
    {
        switch (this)
        {
            case Text text:
                writer.WriteStringValue(text.Value);
                break;
            case Integer integer:
                writer.WriteInteger(integer.Value);
                break;
            case List list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                    item.WriteTo(writer);
                writer.WriteEndArray();
                break;
            case Object value:
                writer.WriteStartObject();
                foreach (var (name, member) in value.Members)
                {
                    writer.WritePropertyName(name);
                    member.WriteTo(writer);
                }
                writer.WriteEndObject();
                break;
        }
    }

    /// <summary>Reads what a gate let through; true, false and null have no place here.</summary>
    internal static CanonicalValue Read(JsonElement element, JsonMembers within, string path) => element.ValueKind switch
    {
        JsonValueKind.String => new Text(element.GetString()!),
        JsonValueKind.Number => new Integer(within.AsInteger(element, path)),
        JsonValueKind.Array => new List([.. element.EnumerateArray().Select(item => Read(item, within, path))]),
        JsonValueKind.Object => ReadObject(element, within, path),
        _ => throw within.Refuse("MEMBER", $"{path} holds {element.ValueKind}; expected texts, integers, lists and objects"),
    };

    internal static Object ReadObject(JsonMembers within, string name) =>
        Read(within.Get(name), within, within.PathOf(name)) as Object
        ?? throw within.Refuse("MEMBER", $"{within.PathOf(name)} is not an object");

    private static Object ReadObject(JsonElement element, JsonMembers within, string path)
    {
        var members = ImmutableSortedDictionary.CreateBuilder<string, CanonicalValue>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
            members[member.Name] = Read(member.Value, within, $"{path}.{member.Name}");
        return new Object(members.ToImmutable());
    }
}

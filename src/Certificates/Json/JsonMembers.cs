using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>Reads the members of one JSON object by name and type, and remembers which, so that others can be refused.</summary>
internal sealed class JsonMembers
{
    private readonly JsonElement _object;
    private readonly string _prefix;
    private readonly string _path;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <param name="prefix">What reason codes begin with.</param>
    /// <param name="path">Dotted path of the object in its document; empty for the root.</param>
    public JsonMembers(JsonElement element, string prefix, string path)
    {
        (_object, _prefix, _path) = (element, prefix, path);
        if (element.ValueKind != JsonValueKind.Object)
            throw Refuse("MEMBER", $"{(path.Length > 0 ? path : "the file")} is not an object");
    }

    public RejectedException Refuse(string gate, string message) => Rejection.Because($"{_prefix}_{gate}", message);

    public string PathOf(string name) => _path.Length > 0 ? $"{_path}.{name}" : name;

    public JsonElement? TryGet(string name)
    {
        _read.Add(name);
        return _object.TryGetProperty(name, out var value) ? value : null;
    }

    public JsonElement Get(string name) => TryGet(name) ?? throw Refuse("MEMBER", $"{PathOf(name)} is missing");

    public JsonMembers Object(string name) => new(Get(name), _prefix, PathOf(name));

    public JsonMembers? TryObject(string name) => TryGet(name) is { } value ? new(value, _prefix, PathOf(name)) : null;

    public string Text(string name) => AsText(Get(name), PathOf(name));

    public string? TryText(string name) => TryGet(name) is { } value ? AsText(value, PathOf(name)) : null;

    /// <summary>Text for machines to compare: printable ASCII, not empty.</summary>
    public string Identity(string name) => CheckIdentity(Text(name), PathOf(name));

    public long Integer(string name) => AsInteger(Get(name), PathOf(name));

    public long? TryInteger(string name) => TryGet(name) is { } value ? AsInteger(value, PathOf(name)) : null;

    /// <summary>64 lowercase hex digits.</summary>
    public string Digest(string name) =>
        Digests.IsHex(Text(name), 64) ? Text(name) : throw Refuse("DIGEST_FORMAT", $"{PathOf(name)} is not 64 lowercase hex digits");

    public DateTimeOffset Time(string name) =>
        UtcText.TryRead(Text(name)) ?? throw Refuse("TIME", $"{PathOf(name)} is not a time of the form 2026-11-21T08:00:00Z");

    public void Expect(string name, string expected)
    {
        if (Text(name) != expected)
            throw Refuse("MEMBER", $"{PathOf(name)} is {JsonGate.Quote(Text(name))}; expected \"{expected}\"");
    }

    public ImmutableArray<T> Array<T>(string name, Func<JsonElement, string, T> element)
    {
        var array = Get(name);
        if (array.ValueKind != JsonValueKind.Array)
            throw Refuse("MEMBER", $"{PathOf(name)} is not an array");
        var (items, path) = (ImmutableArray.CreateBuilder<T>(array.GetArrayLength()), PathOf(name));
        foreach (var item in array.EnumerateArray())
            items.Add(element(item, path));
        return items.MoveToImmutable();
    }

    public ImmutableArray<T> Objects<T>(string name, Func<JsonMembers, T> element) =>
        Array(name, (item, path) => element(new JsonMembers(item, _prefix, path)));

    public ImmutableArray<string> Texts(string name) => Array(name, AsText);

    /// <summary>An object whose names are free and whose values are texts.</summary>
    public ImmutableSortedDictionary<string, string> TextMap(string name)
    {
        var map = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var member in Object(name)._object.EnumerateObject())
            map[member.Name] = AsText(member.Value, PathOf(name));
        return map.ToImmutable();
    }

    public IEnumerable<JsonProperty> All() => _object.EnumerateObject();

    /// <summary>Refuses members that nobody asked for.</summary>
    public void RefuseOthers()
    {
        foreach (var member in _object.EnumerateObject())
            if (!_read.Contains(member.Name))
                throw Refuse("MEMBER", $"member {JsonGate.Quote(member.Name)} of {(_path.Length > 0 ? _path : "the file")} is unknown");
    }

    public string AsText(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Refuse("MEMBER", $"{path} is not a text");

    public long AsInteger(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var integer)
            ? integer
            : throw Refuse("MEMBER", $"{path} is not an integer");

    public string CheckIdentity(string text, string path) =>
        TextRules.IsIdentity(text) ? text : throw Refuse("TEXT", $"{path} is not printable ASCII: {JsonGate.Quote(text)}");
}

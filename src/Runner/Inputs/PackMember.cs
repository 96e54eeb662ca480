using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>A member of a golden pack's index, which says its place in the file with whatever is wrong with it.</summary>
/// <param name="Path">Empty for the whole file.</param>
internal readonly record struct PackMember(JsonElement Element, string Path)
{
    public static PackMember Root(JsonDocument document) => new(document.RootElement, "");

    /// <exception cref="JsonException">It is not there, or this is no object.</exception>
    public PackMember this[string name] => Find(name) ?? throw new JsonException($"{Join(name)} is missing");

    public PackMember? Find(string name)
    {
        if (Element.ValueKind != JsonValueKind.Object)
            throw Expected("an object");
        return Element.TryGetProperty(name, out var value) ? new(value, Join(name)) : null;
    }

    public string Text => Element.ValueKind == JsonValueKind.String ? Element.GetString()! : throw Expected("a text");

    public long Integer => Element.ValueKind == JsonValueKind.Number && Element.TryGetInt64(out var value) ? value : throw Expected("a whole number");

    public ImmutableArray<PackMember> List
    {
        get
        {
            if (Element.ValueKind != JsonValueKind.Array)
                throw Expected("a list");
            var path = Path;
            return [.. Element.EnumerateArray().Select((item, at) => new PackMember(item, $"{path}[{at}]"))];
        }
    }

    /// <summary>Dimensions, 0 or more each.</summary>
    public ImmutableArray<long> Shape => [.. List.Select(dimension => dimension.Integer is >= 0 and var length ? length : throw dimension.Expected("a dimension of 0 or more"))];

    public JsonException Wrong(string what) => new(Path.Length == 0 ? what : $"{Path}: {what}");

    private JsonException Expected(string what) => Wrong($"expected {what}");

    private string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}

using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Certificates;

/// <summary>A lock's nested members as one list of names and texts. Two members never share a name.</summary>
public static class LockFields
{
    /// <summary>What entries of a list are told apart by, the first that they have; others go by their place.</summary>
    private static readonly ImmutableArray<string> Keys = ["path", "address"];

    private static readonly SearchValues<char> Special = SearchValues.Create(".[]\"#");

    /// <summary>Dotted names to texts, in ordinal order: <c>driver.version</c>, <c>model["a.onnx"]</c>; entries of lists as <c>golden["golden/a.f32.gz"].sha256</c>.</summary>
    public static ImmutableSortedDictionary<string, string> Of(CanonicalValue.Object members)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Add(all, "", members);
        return all.ToImmutable();
    }

    private static void Add(ImmutableSortedDictionary<string, string>.Builder all, string name, CanonicalValue value)
    {
        switch (value)
        {
            case CanonicalValue.Text text:
                all.Add(name, text.Value);
                break;
            case CanonicalValue.Integer number:
                all.Add(name, number.Value.ToString(CultureInfo.InvariantCulture));
                break;
            case CanonicalValue.Object { Members.IsEmpty: true } when name.Length > 0:
                all.Add(name, "{}");
                break;
            case CanonicalValue.Object members:
                foreach (var (key, member) in members.Members)
                    Add(all, key.AsSpan().ContainsAny(Special) ? $"{name}[\"{key}\"]" : name.Length == 0 ? key : $"{name}.{key}", member);
                break;
            case CanonicalValue.List { Items.IsEmpty: true }:
                all.Add(name, "[]");
                break;
            case CanonicalValue.List list:
                var seen = new HashSet<string>(StringComparer.Ordinal);
                foreach (var (item, at) in list.Items.Select((item, at) => (item, at)))
                {
                    var place = at.ToString(CultureInfo.InvariantCulture);
                    Add(all, Key(item) is { } key && seen.Add(key) ? $"{name}[\"{key}\"]" : $"{name}[{place}]", item);
                }

                break;
        }
    }

    private static string? Key(CanonicalValue item) => item is CanonicalValue.Object entry ? Keys.Select(entry.TryText).FirstOrDefault(key => key is not null) : null;
}

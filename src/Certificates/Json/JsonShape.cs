using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>The member names that mean something at one place of a document; an array has the shape of its elements.</summary>
internal sealed class JsonShape
{
    /// <summary>A place where any name may stand.</summary>
    public static readonly JsonShape Free = new();

    private readonly ImmutableArray<(string Name, JsonShape Shape)> _members;

    public JsonShape(params ReadOnlySpan<(string Name, JsonShape Shape)> members) => _members = members.ToImmutableArray();

    /// <summary>A place with these members, whose own content is free.</summary>
    public static JsonShape Of(params ReadOnlySpan<string> names)
    {
        var members = new (string, JsonShape)[names.Length];
        for (var i = 0; i < names.Length; i++)
            members[i] = (names[i], Free);
        return new JsonShape(members);
    }

    public bool Knows(string name) => Find(name) is not null;

    public JsonShape this[string name] => Find(name) ?? Free;

    private JsonShape? Find(string name)
    {
        foreach (var member in _members)
            if (member.Name == name)
                return member.Shape;
        return null;
    }

    /// <summary>The known name that this unknown one could be taken for, or null.</summary>
    /// <remarks>
    /// Letter case is what the design forbids. One character changed, added or left out is our addition: without it, one damaged
    /// byte turns <c>keyid</c> into a member that is ignored, and the file still verifies.
    /// </remarks>
    public string? LookAlike(string name)
    {
        foreach (var (known, _) in _members)
            if (known != name && (string.Equals(known, name, StringComparison.OrdinalIgnoreCase) || DifferByOne(known, name)))
                return known;
        return null;
    }

    private static bool DifferByOne(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        if (Math.Abs(a.Length - b.Length) > 1)
            return false;
        var same = a.CommonPrefixLength(b);
        var restA = a[same..];
        var restB = b[same..];
        return a.Length == b.Length ? restA[1..].SequenceEqual(restB[1..])
            : a.Length > b.Length ? restA[1..].SequenceEqual(restB)
            : restA.SequenceEqual(restB[1..]);
    }
}

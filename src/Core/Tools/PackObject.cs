using System.Text.Json;

namespace Adaptation.Core;

/// <summary>A line of a pack, to which problems are told.</summary>
internal sealed record PackLine(string File, int Number, ICollection<Problem> Problems)
{
    public void Problem(string member, string message) => Problems.Add(new(File, Number, member, message));
}

/// <summary>The members of an object of a pack, each asked for by name and type; what nobody asked for is a problem in the end.</summary>
/// <param name="path">Of the object in its line; empty for the line itself.</param>
internal sealed class PackObject(PackLine line, JsonElement value, string path)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public PackLine Line => line;

    public JsonElement Value => value;

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    public void Problem(string name, string message) => line.Problem(name.Length == 0 ? path : PathOf(name), message);

    /// <returns>Null if there is none of that name.</returns>
    public JsonElement? Take(string name)
    {
        _asked.Add(name);
        return value.TryGetProperty(name, out var found) ? found : null;
    }

    /// <returns>Null if it is missing, which is then a problem, or of another kind, which is one too.</returns>
    public JsonElement? Take(string name, JsonValueKind kind)
    {
        var found = Take(name);
        if (found?.ValueKind == kind)
            return found;
        Problem(name, found is { } other ? $"is of kind {other.ValueKind}; expected {kind}" : $"is missing; expected {kind}");
        return null;
    }

    /// <returns>Empty if there is no such text.</returns>
    public string Text(string name)
    {
        if (Take(name, JsonValueKind.String) is not { } found)
            return "";
        if (found.GetString() is { Length: > 0 } text)
            return text;
        Problem(name, "is empty");
        return "";
    }

    public long Integer(string name, long least, long most)
    {
        if (Take(name, JsonValueKind.Number) is not { } found)
            return least;
        if (found.TryGetInt64(out var number) && number >= least && number <= most)
            return number;
        Problem(name, $"is {found.GetRawText()}; expected a whole number from {least} to {most}");
        return least;
    }

    public PackObject? Object(string name) => Take(name, JsonValueKind.Object) is { } found ? new(line, found, PathOf(name)) : null;

    /// <summary>What is there and was not asked for is a problem: a member that is ignored is a wish that is.</summary>
    public void End()
    {
        foreach (var member in value.EnumerateObject().Where(member => !_asked.Contains(member.Name)))
            Problem(member.Name, "is no member that is known here");
    }
}

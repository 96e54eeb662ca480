using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>The devices of a chip that every container of the server must have, and those that none may have: fixed before anything is started.</summary>
/// <remarks>A device is its kind and numbers (<c>c 236:0</c>), as the kernel of the machine knows it; its name alone is nothing.</remarks>
/// <param name="Given">Names that the container engine is asked for one by one; empty where a vendor's toolkit adds the devices.</param>
/// <param name="Inside">Name to device: what must be there.</param>
/// <param name="Beside">Name to device: the chip's other devices on this machine.</param>
public sealed record DevicePlan(ImmutableArray<string> Given, ImmutableSortedDictionary<string, string> Inside, ImmutableSortedDictionary<string, string> Beside)
{
    /// <summary>Stands for the devices of a deployment that ended before it was asked anything: nothing was measured with it.</summary>
    public const string NotAsked = "not asked";

    private const int Named = 8;

    /// <summary>Holds what was seen in a container against the plan.</summary>
    /// <param name="seen">Name to device; what is no device under a planned name is there too, in words.</param>
    /// <returns>Null if exactly the planned devices are there, each under its own name; else what is wrong.</returns>
    public string? Problem(IReadOnlyDictionary<string, string> seen)
    {
        if (Inside.IsEmpty)
            return "the plan names no device, so that nothing can be counted";
        var (planned, others) = (Inside.Values.ToHashSet(StringComparer.Ordinal), Beside.ToLookup(node => node.Value, node => node.Key, StringComparer.Ordinal));
        var wrong = Inside.Where(node => !seen.ContainsKey(node.Key)).Select(node => $"{node.Key} ({node.Value}) is missing")
            .Concat(Inside.Where(node => seen.TryGetValue(node.Key, out var found) && found != node.Value).Select(node => $"{node.Key} should be {node.Value} and is {seen[node.Key]}"))
            .Concat(seen.Where(node => !Inside.ContainsKey(node.Key) && planned.Contains(node.Value)).Select(node => $"{node.Key} is {node.Value}, a planned device under another name"))
            .Concat(seen.Where(node => !planned.Contains(node.Value) && others.Contains(node.Value)).Select(node => $"{node.Key} is {node.Value}, {others[node.Value].First()} of this machine, which is not planned"))
            .Concat(seen.Where(node => !Inside.ContainsKey(node.Key) && Beside.ContainsKey(node.Key) && !planned.Contains(node.Value) && !others.Contains(node.Value)).Select(node => $"{node.Key} is not planned and is {node.Value}"))
            .ToArray();
        return wrong.Length == 0 ? null : string.Join("; ", wrong.Take(Named)) + (wrong.Length > Named ? $"; and {wrong.Length - Named} more" : "");
    }

    /// <summary>What of a container's devices the plan speaks of, by name or by numbers.</summary>
    public ImmutableSortedDictionary<string, string> Concerned(IEnumerable<KeyValuePair<string, string>> seen)
    {
        var devices = Inside.Values.Concat(Beside.Values).ToHashSet(StringComparer.Ordinal);
        return seen.Where(node => devices.Contains(node.Value) || Inside.ContainsKey(node.Key) || Beside.ContainsKey(node.Key))
            .ToImmutableSortedDictionary(node => node.Key, node => node.Value, StringComparer.Ordinal);
    }

    /// <summary>One line of it, as evidence keeps it.</summary>
    public static string Text(IEnumerable<KeyValuePair<string, string>> nodes) => string.Join(',', nodes.Select(node => $"{node.Key}={node.Value}"));

    /// <returns>Null where the line is none that <see cref="Text"/> writes.</returns>
    public static IReadOnlyDictionary<string, string>? TryRead(string line)
    {
        var nodes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in line.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Split('=') is not [var name, var device] || !nodes.TryAdd(name, device))
                return null;
        }

        return nodes;
    }
}

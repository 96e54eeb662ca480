using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Adaptation.Runner;

/// <summary>Reads one YAML file into <see cref="YamlMap"/>s. The only file that knows the YAML package.</summary>
internal static class Yaml
{
    private const int MaxBytes = 4 << 20;

    /// <summary>Reads the top mapping, or reports why there is none.</summary>
    /// <param name="shownAs">The file as the user knows it.</param>
    /// <returns>Null when <paramref name="problems"/> says why.</returns>
    public static YamlMap? TryRead(string path, string shownAs, ICollection<Problem> problems)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                throw new YamlException($"is larger than {MaxBytes >> 20} MiB");
            var stream = new YamlStream();
            using (var text = new StreamReader(path))
                stream.Load(text);
            if (stream.Documents is [{ RootNode: YamlMappingNode root }])
                return new YamlMap(shownAs, "", root, problems);
            problems.Add(new(shownAs, 1, "", "expected one YAML document that is a mapping"));
        }
        catch (YamlException broken)
        {
            problems.Add(new(shownAs, (int)broken.Start.Line, "", broken.Message));
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            problems.Add(new(shownAs, 0, "", $"cannot be read: {unread.Message}"));
        }

        return null;
    }
}

/// <summary>One mapping of a YAML file. Each reading method reports a problem and returns a harmless value where the file is wrong.</summary>
internal sealed class YamlMap(string file, string path, YamlMappingNode node, ICollection<Problem> problems)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public int Line => (int)node.Start.Line;

    public ImmutableArray<string> Keys => [.. node.Children.Keys.OfType<YamlScalarNode>().Select(key => key.Value ?? "")];

    public bool Has(string key) => Find(key) is not null;

    public void Problem(string key, string message) =>
        problems.Add(new(file, (int)(Find(key)?.Start.Line ?? node.Start.Line), Join(key), message));

    public string Text(string key) => TryText(key) ?? Missing(key, "");

    public string? TryText(string key)
    {
        switch (Find(key))
        {
            case null:
                return null;
            case YamlScalarNode { Value: { Length: > 0 } value }:
                return value;
            default:
                Problem(key, "expected a text");
                return "";
        }
    }

    /// <summary>A text that is one of <paramref name="allowed"/>.</summary>
    public string Choice(string key, params ReadOnlySpan<string> allowed)
    {
        var text = Text(key);
        if (text.Length > 0 && !allowed.Contains(text))
            Problem(key, $"is `{text}`; expected one of {string.Join(", ", allowed.ToArray())}");
        return text;
    }

    /// <summary>Checks the <c>schema</c> key, so that a file of another kind is refused by name.</summary>
    public void Schema(string expected)
    {
        if (Text("schema") is { Length: > 0 } seen && seen != expected)
            Problem("schema", $"is `{seen}`; this program reads `{expected}`");
    }

    public bool Boolean(string key, bool otherwise) => TryText(key) switch
    {
        null => otherwise,
        "true" => true,
        "false" => false,
        var other => Wrong(key, $"is `{other}`; expected true or false", otherwise),
    };

    public long Integer(string key, long least, long most) => TryInteger(key, least, most) ?? Missing(key, least);

    public long? TryInteger(string key, long least, long most) => TryText(key) switch
    {
        null => null,
        var text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most => value,
        var text => Wrong(key, $"is `{text}`; expected a whole number from {least} to {most}", least),
    };

    /// <summary>A number with a unit, such as <c>2GiB</c>, <c>60s</c> or <c>1.5/s</c>, as the integer count of <paramref name="units"/>' smallest.</summary>
    public long? TryQuantity(string key, params ReadOnlySpan<(string Unit, long Factor)> units)
    {
        if (TryText(key) is not { } text)
            return null;
        foreach (var (unit, factor) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && decimal.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number > 0 && number * factor <= long.MaxValue / 1024)
                return (long)(number * factor);
        }

        Problem(key, $"is `{text}`; expected a positive number with a unit: {string.Join(", ", units.ToArray().Select(unit => $"1{unit.Unit}"))}");
        return 1;
    }

    public long? TryBytes(string key) => TryQuantity(key, ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40));

    public TimeSpan? TryDuration(string key) =>
        TryQuantity(key, ("ms", TimeSpan.TicksPerMillisecond), ("min", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond)) is { } ticks
            ? new TimeSpan(ticks)
            : null;

    public LocalText LocalText(string key) =>
        TryMap(key) is { } map ? map.Closed(names => new LocalText(names.Text("en"), names.Text("zh"))) : Missing(key, new LocalText("", ""));

    public ImmutableArray<string> Texts(string key)
    {
        switch (Find(key))
        {
            case null:
                return [];
            case YamlSequenceNode sequence when sequence.All(item => item is YamlScalarNode { Value: not null }):
                return [.. sequence.Cast<YamlScalarNode>().Select(item => item.Value!)];
            default:
                Problem(key, "expected a list of texts");
                return [];
        }
    }

    public ImmutableSortedDictionary<string, string> TextMap(string key) => TryMap(key) is not { } map
        ? ImmutableSortedDictionary<string, string>.Empty
        : map.Closed(inner => inner.Keys.ToImmutableSortedDictionary(name => name, inner.Text, StringComparer.Ordinal));

    public YamlMap? TryMap(string key)
    {
        switch (Find(key))
        {
            case null:
                return null;
            case YamlMappingNode map:
                return new YamlMap(file, Join(key), map, problems);
            default:
                Problem(key, "expected a mapping");
                return null;
        }
    }

    public YamlMap? Map(string key) => Has(key) ? TryMap(key) : Missing<YamlMap?>(key, null);

    public ImmutableArray<YamlMap> Maps(string key)
    {
        switch (Find(key))
        {
            case null:
                return [];
            case YamlSequenceNode sequence when sequence.All(item => item is YamlMappingNode):
                return [.. sequence.Select((item, at) => new YamlMap(file, $"{Join(key)}[{at}]", (YamlMappingNode)item, problems))];
            default:
                Problem(key, "expected a list of mappings");
                return [];
        }
    }

    /// <summary>Marks a key as known without reading it: text for people that the program has no use for.</summary>
    public void Known(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
            _read.Add(key);
    }

    /// <summary>Reads with <paramref name="read"/>, then reports every key that it did not ask for.</summary>
    public T Closed<T>(Func<YamlMap, T> read)
    {
        var result = read(this);
        foreach (var key in node.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value ?? "?";
            if (!_read.Contains(name))
                problems.Add(new(file, (int)key.Start.Line, Join(name), $"is not a known key; known here: {string.Join(", ", _read.Order(StringComparer.Ordinal))}"));
        }

        return result;
    }

    private YamlNode? Find(string key)
    {
        _read.Add(key);
        return node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
    }

    private T Missing<T>(string key, T harmless)
    {
        if (!Has(key))
            problems.Add(new(file, Line, Join(key), "is missing"));
        return harmless;
    }

    private T Wrong<T>(string key, string message, T harmless)
    {
        Problem(key, message);
        return harmless;
    }

    private string Join(string key) => path.Length == 0 ? key : $"{path}.{key}";
}

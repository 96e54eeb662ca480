using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Adaptation.Runner;

/// <summary>Reads one YAML file into <see cref="YamlMap"/>s. The only file that knows the YAML package.</summary>
internal static class Yaml
{
    private const int MaxBytes = 4 << 20;
    private const int MaxDepth = 16;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the top mapping, or reports why there is none.</summary>
    /// <param name="shownAs">The file as the user knows it.</param>
    /// <param name="sha256">Of exactly the bytes that were parsed, lowercase hex.</param>
    /// <returns>Null when <paramref name="problems"/> says why.</returns>
    public static YamlMap? TryRead(string path, string shownAs, ICollection<Problem> problems, out string sha256)
    {
        sha256 = "";
        try
        {
            var bytes = ReadBounded(path);
            sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
            var text = Strict.GetString(bytes);
            RefuseWhatProfilesDoNotNeed(text);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents is [{ RootNode: YamlMappingNode root }])
                return new YamlMap(shownAs, "", root, problems);
            problems.Add(new(shownAs, 1, "", "expected one YAML document that is a mapping"));
        }
        catch (YamlException broken)
        {
            problems.Add(new(shownAs, (int)broken.Start.Line, "", broken.Message));
        }
        catch (DecoderFallbackException)
        {
            problems.Add(new(shownAs, 0, "", "is not UTF-8; save it as UTF-8"));
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            problems.Add(new(shownAs, 0, "", $"cannot be read: {unread.Message}"));
        }

        return null;
    }

    /// <summary>The length that the file system states is not relied on: of a device it is 0.</summary>
    private static byte[] ReadBounded(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[MaxBytes + 1];
        var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return read <= MaxBytes ? bytes[..read] : throw new InvalidDataException($"it is larger than {MaxBytes >> 20} MiB");
    }

    /// <summary>
    /// Looks at the events before any tree is built: deep nesting overflows the stack of a tree's builder, aliases make small files huge,
    /// and a tag makes two keys of one name.
    /// </summary>
    private static void RefuseWhatProfilesDoNotNeed(string text)
    {
        var parser = new Parser(new StringReader(text));
        for (var depth = 0; parser.MoveNext();)
        {
            var what = parser.Current!;
            depth += what.NestingIncrease;
            if (depth > MaxDepth + 2) // the stream and the document count as well
                throw new YamlException(what.Start, what.End, $"is nested deeper than {MaxDepth} levels");
            if (what is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                throw new YamlException(what.Start, what.End, "anchors and aliases are not read here; write the value out");
            if (what is NodeEvent { Tag.IsEmpty: false })
                throw new YamlException(what.Start, what.End, "tags are not read here; leave it out");
        }
    }
}

/// <summary>One mapping of a YAML file. Each reading method reports a problem and returns a harmless value where the file is wrong.</summary>
internal sealed class YamlMap(string file, string path, YamlMappingNode node, ICollection<Problem> problems)
{
    /// <summary>Low enough that sums and conversions of quantities stay within 64 bits.</summary>
    private const decimal MaxQuantity = long.MaxValue / 1024;

    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public int Line => (int)node.Start.Line;

    public ImmutableArray<string> Keys => [.. node.Children.Keys.OfType<YamlScalarNode>().Select(key => key.Value ?? "")];

    public bool Has(string key) => Find(key) is not null;

    public bool IsMap(string key) => Find(key) is YamlMappingNode;

    public bool IsList(string key) => Find(key) is YamlSequenceNode;

    public void Problem(string key, string message) =>
        problems.Add(new(file, (int)(Find(key)?.Start.Line ?? node.Start.Line), Join(key), message));

    /// <summary>A problem with one item of a list, in its own line.</summary>
    public void ProblemAt(string key, string item, string message) => problems.Add(new(
        file, (int)(((Find(key) as YamlSequenceNode)?.OfType<YamlScalarNode>().FirstOrDefault(node => node.Value == item) ?? Find(key))?.Start.Line ?? node.Start.Line), Join(key), message));

    public int LineOf(string key) => (int)(Find(key)?.Start.Line ?? node.Start.Line);

    public string Text(string key) => TryText(key) ?? Missing(key, "");

    public string? TryText(string key)
    {
        switch (Find(key))
        {
            case null:
                return null;
            case YamlScalarNode { Value: { Length: > 0 } value } when !value.Contains('\0', StringComparison.Ordinal):
                return value;
            default:
                Problem(key, "expected a text");
                return "";
        }
    }

    /// <summary>A name that goes on certificates and into file names: lowercase ASCII in parts separated by slashes, none of them a way out.</summary>
    public string Identifier(string key)
    {
        var id = Text(key);
        var good = id.Split('/').All(part => part.Length > 0 && part[0] is not ('.' or '-') && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-'));
        if (id.Length > 0 && !good)
            Problem(key, $"is `{id}`; expected lowercase letters, digits, dots and hyphens in parts separated by /");
        return id;
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
                && number > 0 && number <= MaxQuantity / factor && number * factor >= 1)
                return (long)(number * factor);
        }

        Problem(key, $"is `{text}`; expected a positive number with a unit: {string.Join(", ", units.ToArray().Select(unit => $"1{unit.Unit}"))}");
        return 1;
    }

    public long? TryBytes(string key) => TryQuantity(key, ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40));

    /// <summary>A duration of at most a day: more than that nothing here waits, and a timer takes 49 days at most.</summary>
    public TimeSpan? TryDuration(string key)
    {
        if (TryQuantity(key, ("ms", TimeSpan.TicksPerMillisecond), ("min", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond)) is not { } ticks)
            return null;
        return ticks <= TimeSpan.TicksPerDay ? new TimeSpan(ticks) : Wrong(key, $"is `{Text(key)}`; expected a day or less", TimeSpan.FromDays(1));
    }

    public LocalText LocalText(string key) =>
        TryMap(key) is { } map ? map.Closed(names => new LocalText(names.Text("en"), names.Text("zh"))) : Missing(key, new LocalText("", ""));

    public ImmutableArray<string> Texts(string key)
    {
        switch (Find(key))
        {
            case null:
                return [];
            case YamlSequenceNode sequence when sequence.All(item => item is YamlScalarNode { Value: { } text } && !text.Contains('\0', StringComparison.Ordinal)):
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

using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Core;
using YamlDotNet.RepresentationModel;

namespace Adaptation.Runner;

/// <summary>One mapping of a YAML file. Each reading method reports a problem and returns a harmless value where the file is wrong.</summary>
internal sealed partial class YamlMap(string file, string path, YamlMappingNode node, ICollection<Problem> problems)
{
    /// <summary>Low enough that sums and conversions of quantities stay within 64 bits.</summary>
    private const decimal MaxQuantity = long.MaxValue / 1024;

    private const long Thousandths = 1000;

    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

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
            case YamlScalarNode { Value: { Length: > 0 } value }:
                return Seen(key, value);
            case YamlScalarNode:
                Problem(key, "is empty; expected a text, or leave the key out");
                return "";
            default:
                Problem(key, "expected a text");
                return "";
        }
    }

    /// <summary>A character that does not show makes two names of what looks like one, or turns a line around.</summary>
    private string Seen(string key, string value)
    {
        if (value.EnumerateRunes().FirstOrDefault(IsUnseen) is { Value: not 0 } unseen)
            Problem(key, $"contains U+{unseen.Value:X4}, which does not show and can make it look like something else; delete it 含不可见字符，请删除");
        else if (value.Contains('\0', StringComparison.Ordinal))
            Problem(key, "expected a text");
        return value;
    }

    private static bool IsUnseen(Rune rune) => rune.Value is not ('\n' or '\r' or '\t' or 0)
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;

    /// <summary>A name that goes on certificates and into file names: lowercase ASCII in parts separated by slashes, none of them a way out.</summary>
    public string Identifier(string key)
    {
        var id = Text(key);
        if (id.Length > 0 && !IsIdentifier(id))
            Problem(key, $"is `{id}`; expected lowercase letters, digits, dots and hyphens in parts separated by /, such as ascend/910b3");
        return id;
    }

    public static bool IsIdentifier(string id) =>
        id.Split('/').All(part => part.Length > 0 && part[0] is not ('.' or '-') && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-'));

    /// <summary>A text that is one of <paramref name="allowed"/>.</summary>
    public string Choice(string key, params ReadOnlySpan<string> allowed)
    {
        var text = Text(key);
        if (text.Length > 0 && !allowed.Contains(text))
            Problem(key, $"is `{text}`; expected one of {string.Join(", ", allowed.ToArray())}{Spelling.Hint(text, allowed.ToArray())}");
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
            {
                if (factor == Thousandths && number * factor != decimal.Truncate(number * factor))
                    Problem(key, $"is `{text}`; expected a number to the thousandth, such as {decimal.Round(number, 3).ToString("0.###", CultureInfo.InvariantCulture)}{unit}");
                return (long)(number * factor);
            }
        }

        Problem(key, units is [("", _)] ? $"is `{text}`; expected a positive number, such as 2 or 1.5"
            : $"is `{text}`; expected a positive number with a unit: {string.Join(", ", units.ToArray().Select(unit => $"1{unit.Unit}"))}{Meant(text, units)}");
        return 1;
    }

    /// <summary>The same number with the unit that was likely meant: <c>15m</c> is 15min, <c>2GB</c> is 2GiB.</summary>
    private static string Meant(string text, ReadOnlySpan<(string Unit, long Factor)> units)
    {
        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        var (number, given) = (text[..digits], text[digits..].Trim());
        if (digits == 0)
            return "";
        var known = units.ToArray().Select(unit => unit.Unit).ToArray();
        var near = known.FirstOrDefault(unit => given.StartsWith(unit, StringComparison.OrdinalIgnoreCase) && unit.Length > 1)
            ?? known.Where(unit => given.Length > 0 && unit.StartsWith(given[..1], StringComparison.OrdinalIgnoreCase)).OrderByDescending(unit => unit.Length).FirstOrDefault()
            ?? (given.Length == 0 && known.Length == 1 ? known[0] : null);
        return near is null ? "" : $"; did you mean `{number}{near}`?";
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
            case YamlSequenceNode sequence when sequence.All(item => item is YamlScalarNode { Value: not null }):
                return [.. sequence.Cast<YamlScalarNode>().Select(item => Seen(key, item.Value!))];
            case YamlSequenceNode sequence when sequence.FirstOrDefault(item => item is YamlMappingNode) is { } braces:
                problems.Add(new(file, (int)braces.Start.Line, Join(key), "expected a list of texts, and one of them is a mapping; put a text with braces in quotes, such as \"{model}\" 含花括号的文本需加引号"));
                return [];
            case YamlScalarNode { Value: { Length: > 0 } words }:
                Problem(key, $"expected a list of texts, such as [{string.Join(", ", words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => Plain().IsMatch(word) ? word : $"\"{word}\""))}]");
                return [];
            default:
                Problem(key, "expected a list of texts, such as [a, b]");
                return [];
        }
    }

    public ImmutableSortedDictionary<string, string> TextMap(string key) => TryMap(key) is not { } map
        ? ImmutableSortedDictionary<string, string>.Empty
        : map.Closed(inner => inner.Keys.ToImmutableSortedDictionary(name => name, inner.Text, StringComparer.Ordinal));

    /// <param name="example">What may stand there.</param>
    public YamlMap? TryMap(string key, string example = "")
    {
        switch (Find(key))
        {
            case null:
                return null;
            case YamlMappingNode map:
                return new YamlMap(file, Join(key), map, problems);
            default:
                Problem(key, example.Length > 0 ? $"expected a mapping, such as {example}" : "expected a mapping");
                return null;
        }
    }

    /// <inheritdoc cref="TryMap"/>
    public YamlMap? Map(string key, string example = "") => Has(key) ? TryMap(key, example) : Missing<YamlMap?>(key, null);

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

    /// <summary>Reports a key that may never stand here, and why; it is not named among those that may.</summary>
    public void Refuse(string key, string why)
    {
        if (!node.Children.ContainsKey(new YamlScalarNode(key)))
            return;
        _refused.Add(key);
        Problem(key, why);
        _read.Remove(key);
    }

    /// <summary>Reads with <paramref name="read"/>, then reports every key that it did not ask for.</summary>
    public T Closed<T>(Func<YamlMap, T> read)
    {
        var result = read(this);
        foreach (var key in node.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value ?? "?";
            if (!_read.Contains(name) && !_refused.Contains(name))
                problems.Add(new(file, (int)key.Start.Line, Join(name), $"is not a known key{Spelling.Hint(name, _read)}; known here: {string.Join(", ", _read.Order(StringComparer.Ordinal))}"));
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

    [GeneratedRegex(@"\A[A-Za-z0-9._/=-]+\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Plain();

    private string Join(string key) => path.Length == 0 ? key : $"{path}.{key}";
}

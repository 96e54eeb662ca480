using System.Text;

namespace Adaptation.Models;

/// <summary>The methods of texts, dictionaries and lists; none of them changes what it is called on, as in transformers' sandbox.</summary>
internal static class TemplateMethods
{
    /// <summary>The method of that name, or null.</summary>
    public static TemplateFunction? Find(object? of, string name) => of switch
    {
        string text => Of(text, name),
        TemplateMap { IsNamespace: false } map => Of(map, name),
        List<object?> list => Of(list, name),
        _ => null,
    };

    public static List<object?> Items(TemplateMap map) => [.. map.Keys.Select(key => (object?)new List<object?> { key, map[key] })];

    public static string Strip(string text, object? chars, bool left, bool right, TemplateCall call)
    {
        if (chars is not (null or string))
            throw call.Bad($"characters to strip are {TemplateValues.Repr(chars)}");
        var points = TemplateValues.Points(text);
        var (start, end) = (0, points.Count);
        while (left && start < end && Strips(points[start]))
            start++;
        while (right && end > start && Strips(points[end - 1]))
            end--;
        return string.Concat(points.GetRange(start, end - start));

        // Python's white space has four control characters that .NET's lacks
        bool Strips(string point) => chars is string set ? set.Contains(point, StringComparison.Ordinal) : char.IsWhiteSpace(point[0]) || point[0] is >= '\x1C' and <= '\x1F';
    }

    public static string Capitalized(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    public static string Titled(string text)
    {
        var titled = new StringBuilder(text.Length);
        foreach (var unit in text)
            titled.Append(titled.Length > 0 && char.IsLetter(titled[^1]) ? char.ToLowerInvariant(unit) : char.ToUpperInvariant(unit));
        return titled.ToString();
    }

    public static string Replace(string text, TemplateCall call)
    {
        var (old, fresh, most) = (call.Text(0, "old"), call.Text(1, "new"), call.Number(2, "count", -1));
        if (old.Length == 0)
            throw call.Bad("replace with nothing to look for is not supported");
        call.Bound(text.Length / old.Length, fresh.Length);
        if (most < 0)
            return text.Replace(old, fresh, StringComparison.Ordinal);
        var parts = text.Split(old, most + 1);
        return string.Join(fresh, parts);
    }

    public static string Join(string separator, IEnumerable<string> items, TemplateCall call)
    {
        string[] parts = [.. items];
        call.Bound(parts.Length, separator.Length);
        call.Bound(parts.Sum(part => (long)part.Length), 1);
        return string.Join(separator, parts);
    }

    private static TemplateFunction? Of(string text, string name)
    {
        Func<TemplateCall, object?>? method = name switch
        {
            "strip" => call => Strip(text, call.Get(0, "chars"), left: true, right: true, call),
            "lstrip" => call => Strip(text, call.Get(0, "chars"), left: true, right: false, call),
            "rstrip" => call => Strip(text, call.Get(0, "chars"), left: false, right: true, call),
            "split" => call => Split(text, call),
            "splitlines" => _ => Lines(text),
            "startswith" => call => Any(call, part => text.StartsWith(part, StringComparison.Ordinal)),
            "endswith" => call => Any(call, part => text.EndsWith(part, StringComparison.Ordinal)),
            "upper" => _ => text.ToUpperInvariant(),
            "lower" => _ => text.ToLowerInvariant(),
            "capitalize" => _ => Capitalized(text),
            "title" => _ => Titled(text),
            "replace" => call => Replace(text, call),
            "join" => call => Join(text, TemplateEvaluator.Items(call.Line, call.Get(0, "iterable")).Select(item => item as string ?? throw call.Bad("join of what is no text")), call),
            "find" => call => (long)Found(text, call.Text(0, "sub"), last: false),
            "rfind" => call => (long)Found(text, call.Text(0, "sub"), last: true),
            "count" => call => (long)(text.Split(call.Text(0, "sub")).Length - 1),
            "isdigit" => _ => text.Length > 0 && text.All(char.IsDigit),
            "isalpha" => _ => text.Length > 0 && text.All(char.IsLetter),
            "isspace" => _ => text.Length > 0 && text.All(char.IsWhiteSpace),
            "format" => call => Format(text, call),
            _ => null,
        };
        return method is null ? null : (line, positional, named) => method(new(line, positional, named));
    }

    private static TemplateFunction? Of(TemplateMap map, string name) => name switch
    {
        "get" => (line, positional, named) => new TemplateCall(line, positional, named) is var call && call.Get(0, "key") is (string or long) and var key && map.TryGet(key, out var value)
            ? value : call.Get(1, "default"),
        "items" => (_, _, _) => Items(map),
        "keys" => (_, _, _) => map.Keys.ToList<object?>(),
        "values" => (_, _, _) => map.Keys.Select(key => map[key]).ToList(),
        "update" or "pop" or "setdefault" or "clear" or "popitem" => Refuse(name),
        _ => null,
    };

    private static TemplateFunction? Of(List<object?> list, string name) => name switch
    {
        "index" => (line, positional, _) => positional is [var wanted] && list.FindIndex(item => TemplateValues.Same(item, wanted)) is >= 0 and var at ? (long)at
            : throw TemplateRun.Error(line, "index of what is not in the list"),
        "count" => (_, positional, _) => (long)list.Count(item => positional is [var wanted] && TemplateValues.Same(item, wanted)),
        "append" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" or "clear" => Refuse(name),
        _ => null,
    };

    private static TemplateFunction Refuse(string name) =>
        (line, _, _) => throw TemplateRun.Error(line, $"{name} changes a value, which the sandbox of chat templates does not allow");

    private static bool Any(TemplateCall call, Func<string, bool> holds) => call.Get(0, "prefix") switch
    {
        string part => holds(part),
        List<object?> parts => parts.OfType<string>().Any(holds),
        var other => throw call.Bad($"{TemplateValues.Repr(other)} is no text"),
    };

    private static List<object?> Split(string text, TemplateCall call)
    {
        var most = call.Number(1, "maxsplit", -1);
        if (call.Get(0, "sep") is null)
        {
            return most < 0 ? [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)]
                : throw call.Bad("split at white space with a limit is not supported");
        }

        var separator = call.Text(0, "sep");
        if (separator.Length == 0)
            throw call.Bad("split at nothing");
        return [.. most < 0 ? text.Split(separator) : text.Split(separator, most + 1)];
    }

    private static List<object?> Lines(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        return [.. lines[^1].Length == 0 ? lines[..^1] : lines];
    }

    private static int Found(string text, string part, bool last)
    {
        var at = last ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal);
        return at < 0 ? -1 : TemplateValues.Points(text[..at]).Count;
    }

    // {} and {0} and {name}; a format behind a colon is not supported
    private static string Format(string text, TemplateCall call)
    {
        var formatted = new StringBuilder(text.Length);
        var next = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is '{' or '}' && at + 1 < text.Length && text[at + 1] == text[at])
                formatted.Append(text[at++]);
            else if (text[at] == '{' && text.IndexOf('}', at) is > 0 and var close)
            {
                var field = text[(at + 1)..close];
                var place = field.Length == 0 ? next++ : int.TryParse(field, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var given) ? given : int.MaxValue;
                var missing = new TemplateUndefined(field);
                var value = call.Get(place, field, missing);
                formatted.Append(ReferenceEquals(value, missing) ? throw call.Bad($"format has no value for {{{field}}}") : TemplateValues.Str(value));
                at = close;
            }
            else
                formatted.Append(text[at] is '{' or '}' ? throw call.Bad("format of an unmatched brace") : text[at]);
        }

        return formatted.ToString();
    }
}

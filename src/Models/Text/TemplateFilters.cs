namespace Adaptation.Models;

/// <summary>The filters of a template.</summary>
internal static class TemplateFilters
{
    private const int WidestIndent = 64;

    /// <exception cref="ModelException">There is no such filter, or it cannot be applied to that.</exception>
    public static object? Apply(int line, string name, object? value, TemplateCall call) => name switch
    {
        "tojson" => Json(value, call),
        "length" or "count" => (long)(value is string text ? TemplateValues.Points(text).Count : TemplateEvaluator.Items(line, value).Count),
        "trim" => TemplateMethods.Strip(TemplateValues.Str(value), call.Get(0, "chars"), left: true, right: true, call),
        "default" or "d" => value is TemplateUndefined || call.Flag(1, "boolean", otherwise: false) && !TemplateValues.IsTrue(value) ? call.Get(0, "default_value", "") : value,
        "string" or "safe" => TemplateValues.Str(value),
        "upper" => TemplateValues.Str(value).ToUpperInvariant(),
        "lower" => TemplateValues.Str(value).ToLowerInvariant(),
        "capitalize" => TemplateMethods.Capitalized(TemplateValues.Str(value)),
        "title" => TemplateMethods.Titled(TemplateValues.Str(value)),
        "replace" => TemplateMethods.Replace(TemplateValues.Str(value), call),
        "join" => TemplateMethods.Join(TemplateValues.Str(call.Get(0, "d", "")), Attributes(value, call, 1, "attribute").Select(TemplateValues.Str), call),
        "list" => TemplateEvaluator.Items(line, value).ToList(),
        "first" => TemplateEvaluator.Items(line, value) is [var first, ..] ? first : new TemplateUndefined("first"),
        "last" => TemplateEvaluator.Items(line, value) is [.., var last] ? last : new TemplateUndefined("last"),
        "items" => value is TemplateUndefined ? new List<object?>() : TemplateMethods.Items(Map(line, name, value)),
        "dictsort" => Sorted(Map(line, name, value)),
        "reverse" => Reversed(line, value),
        "sort" => Ordered(line, value, call),
        "min" => Ordered(line, value, call) is [var least, ..] ? least : new TemplateUndefined("min"),
        "max" => Ordered(line, value, call) is [.., var most] ? most : new TemplateUndefined("max"),
        "unique" => Unique(TemplateEvaluator.Items(line, value)),
        "indent" => Indented(TemplateValues.Str(value), call),
        "int" => Integer(value, call),
        "float" => value is string text && !double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _) ? 0.0
            : value is string real ? double.Parse(real, System.Globalization.CultureInfo.InvariantCulture) : TemplateValues.Real(value),
        "abs" => value is double real ? Math.Abs(real) : TemplateValues.Integer(System.Numerics.BigInteger.Abs(TemplateValues.Whole(value))),
        // what is none, empty or undefined gives nothing here, although it could not be gone through elsewhere
        "map" or "select" or "reject" or "selectattr" or "rejectattr" when !TemplateValues.IsTrue(value) => new List<object?>(),
        "map" => Mapped(line, value, call),
        "select" or "reject" => Chosen(line, TemplateEvaluator.Items(line, value), static item => item, call, 0, keeps: name == "select"),
        "selectattr" or "rejectattr" => Chosen(line, TemplateEvaluator.Items(line, value), item => Attribute(item, call.Text(0, "attribute")), call, 1, keeps: name == "selectattr"),
        _ => throw TemplateRun.Error(line, $"the filter {name} is not supported"),
    };

    private static string Json(object? value, TemplateCall call)
    {
        var indent = call.Get(1, "indent") switch
        {
            null => (int?)null,
            long width and >= 0 and <= WidestIndent => (int)width,
            var other => throw call.Bad($"tojson's indent is {TemplateValues.Repr(other)}"),
        };
        (string, string)? separators = call.Get(2, "separators") is List<object?> pair ? pair is [string item, string key] ? (item, key) : throw call.Bad("tojson's separators are no pair of texts") : null;
        return TemplateJson.TryWrite(value, indent, separators, call.Flag(0, "ensure_ascii", otherwise: false), call.Flag(3, "sort_keys", otherwise: false))
            ?? throw call.Bad($"{TemplateValues.Repr(value)} cannot be written as JSON");
    }

    private static TemplateMap Map(int line, string name, object? value) =>
        value as TemplateMap ?? throw TemplateRun.Error(line, $"the filter {name} is applied to {TemplateValues.Repr(value)}, which is no dictionary");

    private static IEnumerable<object?> Attributes(object? value, TemplateCall call, int place, string name)
    {
        var items = TemplateEvaluator.Items(call.Line, value);
        return call.Get(place, name) is string attribute ? items.Select(item => Attribute(item, attribute)) : items;
    }

    private static object? Attribute(object? item, string path)
    {
        foreach (var part in path.Split('.'))
            item = item is TemplateMap map && map.TryGet(part, out var value) ? value : new TemplateUndefined(part);
        return item;
    }

    private static List<object?> Mapped(int line, object? value, TemplateCall call)
    {
        if (call.Get(int.MaxValue, "attribute") is string)
        {
            var otherwise = call.Get(int.MaxValue, "default", new TemplateUndefined("map"));
            return [.. Attributes(value, call, int.MaxValue, "attribute").Select(item => item is TemplateUndefined ? otherwise : item)];
        }

        var filter = call.Text(0, "filter");
        var rest = new TemplateCall(line, [.. call.Positional.Skip(1)], []);
        return [.. TemplateEvaluator.Items(line, value).Select(item => Apply(line, filter, item, rest))];
    }

    private static List<object?> Chosen(int line, List<object?> items, Func<object?, object?> of, TemplateCall call, int place, bool keeps)
    {
        object?[] arguments = [.. call.Positional.Skip(place + 1)];
        var test = place < call.Positional.Count ? call.Text(place, "test") : null;
        return [.. items.Where(item => (test is null ? TemplateValues.IsTrue(of(item)) : TemplateTests.Holds(line, Spelled(test), of(item), arguments)) == keeps)];
    }

    private static string Spelled(string test) => test switch { "==" => "eq", "!=" => "ne", _ => test };

    private static List<object?> Sorted(TemplateMap map) =>
        [.. map.Keys.Order(Comparer<object>.Create((one, other) => TemplateValues.Compare(Folded(one), Folded(other)) ?? 0)).Select(key => (object?)new List<object?> { key, map[key] })];

    private static List<object?> Ordered(int line, object? value, TemplateCall call)
    {
        if (call.Positional.Count > 0 || call.Get(int.MaxValue, "attribute") is not null || call.Flag(int.MaxValue, "reverse", otherwise: false) || call.Flag(int.MaxValue, "case_sensitive", otherwise: false))
            throw call.Bad("sort, min and max with arguments are not supported");
        return [.. TemplateEvaluator.Items(line, value).Order(Comparer<object?>.Create((one, other) => TemplateValues.Compare(Folded(one), Folded(other))
            ?? throw call.Bad($"{TemplateValues.Repr(one)} and {TemplateValues.Repr(other)} have no order")))];
    }

    private static object Reversed(int line, object? value)
    {
        var items = Enumerable.Reverse(TemplateEvaluator.Items(line, value)).ToList();
        return value is string ? string.Concat(items.Cast<string>()) : items;
    }

    private static List<object?> Unique(List<object?> items)
    {
        var unique = new List<object?>();
        foreach (var item in items)
        {
            if (!unique.Any(kept => TemplateValues.Same(Folded(kept), Folded(item))))
                unique.Add(item);
        }

        return unique;
    }

    private static object? Folded(object? value) => value is string text ? text.ToLowerInvariant() : value;

    private static string Indented(string text, TemplateCall call)
    {
        var width = call.Get(0, "width", 4L) switch
        {
            string spelled => spelled,
            long columns and >= 0 and <= WidestIndent => new string(' ', (int)columns),
            var other => throw call.Bad($"indent's width is {TemplateValues.Repr(other)}"),
        };
        call.Bound(text.AsSpan().Count('\n'), width.Length);
        var (first, blank) = (call.Flag(1, "first", otherwise: false), call.Flag(2, "blank", otherwise: false));
        var lines = text.Split('\n').Select((content, i) => (i > 0 || first) && (blank || i == 0 || content.Length > 0) ? width + content : content);
        return string.Join('\n', lines);
    }

    private static object Integer(object? value, TemplateCall call) => value switch
    {
        double real when double.IsFinite(real) => TemplateValues.Integer(new System.Numerics.BigInteger(Math.Truncate(real))),
        string text when System.Numerics.BigInteger.TryParse(text.Trim(), System.Globalization.CultureInfo.InvariantCulture, out var whole) => TemplateValues.Integer(whole),
        _ when TemplateValues.IsNumber(value) && value is not double => TemplateValues.Integer(TemplateValues.Whole(value)),
        _ => (long)call.Number(0, "default", 0),
    };
}

using System.Globalization;
using System.Text;

namespace Adaptation.Models;

/// <summary>Python's json.dumps, as transformers gives it to templates: nothing escaped for HTML, keys in their order, characters beyond ASCII as they are.</summary>
internal sealed class TemplateJson
{
    private const int Deepest = 200;

    private readonly StringBuilder _json = new();
    private readonly int? _indent;
    private readonly (string Item, string Key) _separators;
    private readonly bool _ascii;
    private readonly bool _sorted;

    private TemplateJson(int? indent, (string Item, string Key)? separators, bool ascii, bool sorted)
    {
        (_indent, _ascii, _sorted) = (indent, ascii, sorted);
        _separators = separators ?? (indent is null ? ", " : ",", ": ");
    }

    /// <returns>Null if the value holds what JSON cannot say.</returns>
    public static string? TryWrite(object? value, int? indent, (string Item, string Key)? separators, bool ascii, bool sorted)
    {
        var writer = new TemplateJson(indent, separators, ascii, sorted);
        return writer.Write(value, depth: 0) ? writer._json.ToString() : null;
    }

    private bool Write(object? value, int depth)
    {
        if (depth > Deepest || _json.Length > TemplateValues.Longest)
            return false;
        switch (value)
        {
            case TemplateUndefined or TemplateFunction or TemplateMap { IsNamespace: true }:
                return false;
            case null:
                _json.Append("null");
                return true;
            case bool flag:
                _json.Append(flag ? "true" : "false");
                return true;
            case string text:
                String(text);
                return true;
            case List<object?> list:
                return Items('[', ']', list, item => Write(item, depth + 1), depth);
            case TemplateMap map:
                var keys = _sorted ? map.Keys.OrderBy(TemplateValues.Str, StringComparer.Ordinal).ToList() : map.Keys;
                return Items('{', '}', keys, key =>
                {
                    String(TemplateValues.Str(key));
                    _json.Append(_separators.Key);
                    return Write(map[key], depth + 1);
                }, depth);
            case double number when !double.IsFinite(number):
                _json.Append(double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                return true;
            default:
                _json.Append(TemplateValues.Repr(value));
                return true;
        }
    }

    private bool Items<T>(char open, char close, IReadOnlyList<T> items, Func<T, bool> write, int depth)
    {
        _json.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _json.Append(_separators.Item);
            Line(depth + 1);
            if (!write(items[i]))
                return false;
        }

        if (items.Count > 0)
            Line(depth);
        _json.Append(close);
        return true;
    }

    private void Line(int depth)
    {
        if (_indent is { } width)
            _json.Append('\n').Append(' ', width * depth);
    }

    private void String(string text)
    {
        _json.Append('"');
        foreach (var unit in text)
        {
            _ = unit switch
            {
                '"' => _json.Append("\\\""),
                '\\' => _json.Append("\\\\"),
                '\n' => _json.Append("\\n"),
                '\r' => _json.Append("\\r"),
                '\t' => _json.Append("\\t"),
                '\b' => _json.Append("\\b"),
                '\f' => _json.Append("\\f"),
                < ' ' => Escaped(unit),
                > '~' when _ascii => Escaped(unit),
                _ => _json.Append(unit),
            };
        }

        _json.Append('"');
    }

    private StringBuilder Escaped(char unit) => _json.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
}

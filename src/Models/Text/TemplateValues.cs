using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Adaptation.Models;

/// <summary>What a template says is not there; printing it prints nothing, and reading on from it is an error.</summary>
internal sealed record TemplateUndefined(string Name);

/// <summary>A dictionary in the order of its keys, which are strings or whole numbers (long); or a namespace.</summary>
internal sealed class TemplateMap(bool isNamespace)
{
    private readonly List<object> _keys = [];
    private readonly Dictionary<object, object?> _values = [];

    public bool IsNamespace => isNamespace;

    public IReadOnlyList<object> Keys => _keys;

    public bool TryGet(object key, out object? value) => _values.TryGetValue(key, out value);

    public object? this[object key]
    {
        get => _values[key];
        set
        {
            if (!_values.ContainsKey(key))
                _keys.Add(key);
            _values[key] = value;
        }
    }
}

/// <summary>Something a template can call: a macro, a function, a method.</summary>
internal delegate object? TemplateFunction(int line, IReadOnlyList<object?> positional, IReadOnlyList<(string Name, object? Value)> named);

/// <summary>
/// Python's meaning of values. They are null (none), <see cref="TemplateUndefined"/>, bool, long, BigInteger, double, string, List of values,
/// <see cref="TemplateMap"/> and <see cref="TemplateFunction"/>.
/// </summary>
internal static class TemplateValues
{
    /// <summary>Of a text or a list, in UTF-16 units or items: a template that doubles a text forty times must not take the memory.</summary>
    public const int Longest = 16 << 20;

    public const string TooLong = "a text or list of more than 16 million characters or items";

    // Lists can hold one another so that 40 of them spell 2^40 items.
    private const int MostCompared = 1_000_000;
    private const int Deepest = 200;

    public static object? FromJson(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new TemplateMap(isNamespace: false);
                foreach (var member in json.EnumerateObject())
                    map[member.Name] = FromJson(member.Value);
                return map;
            case JsonValueKind.Array:
                return json.EnumerateArray().Select(FromJson).ToList();
            case JsonValueKind.String:
                return CodePointSet.WellFormed(json.GetString()!);
            case JsonValueKind.Number:
                return json.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0 ? json.GetDouble()
                    : Integer(BigInteger.Parse(json.GetRawText(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
            default:
                return json.ValueKind == JsonValueKind.Null ? null : json.ValueKind == JsonValueKind.True;
        }
    }

    public static object Integer(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;

    public static bool IsTrue(object? value) => value switch
    {
        null or TemplateUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        TemplateMap { IsNamespace: false } map => map.Keys.Count > 0,
        _ => true,
    };

    /// <summary>Python's str().</summary>
    public static string Str(object? value) => value switch
    {
        string text => text,
        TemplateUndefined => "",
        _ => Repr(value),
    };

    /// <summary>Python's repr().</summary>
    /// <exception cref="ModelException">It is too long, or nests too deeply.</exception>
    public static string Repr(object? value)
    {
        var text = new StringBuilder();
        Repr(value, text, depth: 0);
        return text.ToString();
    }

    private static void Repr(object? value, StringBuilder into, int depth)
    {
        if (into.Length > Longest || depth > Deepest)
            throw new ModelException($"chat template: {TooLong}, or one nested more than {Deepest} deep");
        switch (value)
        {
            case List<object?> list:
                into.Append('[');
                for (var i = 0; i < list.Count; i++)
                    Repr(list[i], into.Append(i > 0 ? ", " : ""), depth + 1);
                into.Append(']');
                break;
            case TemplateMap map:
                into.Append('{');
                for (var i = 0; i < map.Keys.Count; i++)
                {
                    Repr(map.Keys[i], into.Append(i > 0 ? ", " : ""), depth + 1);
                    Repr(map[map.Keys[i]], into.Append(": "), depth + 1);
                }

                into.Append('}');
                break;
            default:
                into.Append(value switch
                {
                    null => "None",
                    bool flag => flag ? "True" : "False",
                    double number => Float(number),
                    string text => Quoted(text),
                    TemplateUndefined => "Undefined",
                    TemplateFunction => "<function>",
                    _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
                });
                break;
        }
    }

    /// <summary>The shortest digits that read back the same, with an exponent where Python has one.</summary>
    public static string Float(double value)
    {
        if (!double.IsFinite(value))
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        var scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        var exponent = int.Parse(scientific.AsSpan(scientific.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (value != 0 && exponent is < -4 or >= 16)
        {
            var mark = shortest.IndexOf('E', StringComparison.Ordinal);
            var digits = mark < 0 ? shortest.Replace(".", "", StringComparison.Ordinal).Trim('0').TrimStart('-') : shortest[..mark].TrimStart('-');
            if (mark < 0 && digits.Length > 1)
                digits = $"{digits[0]}.{digits[1..]}";
            return string.Create(CultureInfo.InvariantCulture, $"{(value < 0 ? "-" : "")}{digits}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (shortest.Contains('E', StringComparison.Ordinal))
            shortest = ((decimal)value).ToString(CultureInfo.InvariantCulture);
        return shortest.Contains('.', StringComparison.Ordinal) ? shortest : shortest + ".0";
    }

    /// <summary>Python's ==.</summary>
    /// <exception cref="ModelException">The values are too large to compare.</exception>
    public static bool Same(object? left, object? right)
    {
        var budget = MostCompared;
        return Same(left, right, ref budget);
    }

    private static bool Same(object? left, object? right, ref int budget)
    {
        if (budget-- <= 0)
            throw new ModelException($"chat template: two values of more than {MostCompared} parts are compared");
        switch (left, right)
        {
            case (null, null) or (TemplateUndefined, TemplateUndefined):
                return true;
            case (string one, string other):
                return one == other;
            case (List<object?> one, List<object?> other):
                for (var i = 0; i < one.Count && one.Count == other.Count; i++)
                {
                    if (!Same(one[i], other[i], ref budget))
                        return false;
                }

                return one.Count == other.Count;
            case (TemplateMap one, TemplateMap other):
                foreach (var key in one.Keys)
                {
                    if (!other.TryGet(key, out var value) || !Same(one[key], value, ref budget))
                        return false;
                }

                return one.Keys.Count == other.Keys.Count;
            default:
                return IsNumber(left) && IsNumber(right)
                    ? left is double || right is double ? Real(left) == Real(right) : Whole(left) == Whole(right)
                    : ReferenceEquals(left, right);
        }
    }

    /// <summary>True, false, whole numbers and floats.</summary>
    public static bool IsNumber(object? value) => value is bool or long or BigInteger or double;

    public static double Real(object? value) => value is double number ? number : (double)Whole(value);

    public static BigInteger Whole(object? value) => value switch { bool flag => flag ? 1 : 0, long number => number, _ => (BigInteger)value! };

    /// <summary>Order, or null where Python has none.</summary>
    public static int? Compare(object? left, object? right) => (left, right) switch
    {
        (string one, string other) => Math.Sign(ByCodePoint(one, other)),
        _ when IsNumber(left) && IsNumber(right) => left is double || right is double ? Real(left).CompareTo(Real(right)) : Whole(left).CompareTo(Whole(right)),
        _ => null,
    };

    /// <summary>The code points of a text, each as a text: what Python counts and cuts by.</summary>
    public static List<string> Points(string text) => [.. text.EnumerateRunes().Select(rune => rune.ToString())];

    private static int ByCodePoint(string left, string right)
    {
        foreach (var (one, other) in left.EnumerateRunes().Zip(right.EnumerateRunes()))
        {
            if (one != other)
                return one.CompareTo(other);
        }

        return left.Length.CompareTo(right.Length);
    }

    private static string Quoted(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var quoted = new StringBuilder().Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\\' => quoted.Append("\\\\"),
                var point when point == quote => quoted.Append('\\').Append(quote),
                < 0x20 or 0x7F => quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ => quoted.Append(rune.ToString()),
            };
        }

        return quoted.Append(quote).ToString();
    }
}

using System.Globalization;
using System.Text;

namespace Adaptation.Models;

/// <summary>The functions that every template knows: namespace, range, dict, raise_exception, strftime_now.</summary>
internal sealed class TemplateFunctions
{
    private const int LongestRange = 100_000; // as in Jinja's sandbox

    public TemplateFunctions(DateTimeOffset? now)
    {
        Scope = new(outer: null);
        Scope.Set("namespace", (TemplateFunction)((line, positional, named) => Map(line, positional, named, isNamespace: true)));
        Scope.Set("dict", (TemplateFunction)((line, positional, named) => Map(line, positional, named, isNamespace: false)));
        Scope.Set("range", (TemplateFunction)((line, positional, _) => Range(line, positional)));
        Scope.Set("raise_exception", (TemplateFunction)((line, positional, _) =>
            throw TemplateRun.Error(line, $"the template refuses: {TemplateValues.Str(positional.Count > 0 ? positional[0] : "")}")));
        Scope.Set("strftime_now", (TemplateFunction)((line, positional, named) => Time(new(line, positional, named), now)));
    }

    public TemplateScope Scope { get; }

    private static TemplateMap Map(int line, IReadOnlyList<object?> positional, IReadOnlyList<(string Name, object? Value)> named, bool isNamespace)
    {
        var map = new TemplateMap(isNamespace);
        foreach (var given in positional)
        {
            var from = given as TemplateMap ?? throw TemplateRun.Error(line, $"a dictionary of {TemplateValues.Repr(given)} is not supported");
            foreach (var key in from.Keys)
                map[key] = from[key];
        }

        foreach (var (name, value) in named)
            map[name] = value;
        return map;
    }

    private static List<object?> Range(int line, IReadOnlyList<object?> bounds)
    {
        if (bounds.Count is < 1 or > 3 || bounds.Any(bound => bound is not long))
            throw TemplateRun.Error(line, "range takes one to three whole numbers");
        var (start, stop) = bounds.Count == 1 ? (0, (long)bounds[0]!) : ((long)bounds[0]!, (long)bounds[1]!);
        var step = bounds.Count == 3 ? (long)bounds[2]! : 1;
        if (step == 0)
            throw TemplateRun.Error(line, "range with a step of 0");
        var items = new List<object?>();
        for (Int128 at = start; step > 0 ? at < stop : at > stop; at += step)
        {
            items.Add((long)at);
            if (items.Count > LongestRange)
                throw TemplateRun.Error(line, $"range of more than {LongestRange} numbers");
        }

        return items;
    }

    private static string Time(TemplateCall call, DateTimeOffset? now)
    {
        if (now is not { } time)
            throw call.Bad("the template asks for the time, and none was given: what it renders would change from day to day");
        var format = call.Text(0, "format");
        var text = new StringBuilder();
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                text.Append(format[at]);
                continue;
            }

            var code = ++at < format.Length ? format[at] : ' ';
            var spelled = code switch
            {
                'Y' => "yyyy",
                'm' => "MM",
                'd' => "dd",
                'H' => "HH",
                'M' => "mm",
                'S' => "ss",
                'B' => "MMMM",
                'b' => "MMM",
                'A' => "dddd",
                'a' => "ddd",
                'y' => "yy",
                '%' => "'%'",
                _ => throw call.Bad($"strftime_now's %{code} is not supported"),
            };
            text.Append(time.ToString(spelled, CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}

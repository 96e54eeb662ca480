using System.Numerics;

namespace Adaptation.Models;

/// <summary>Computes the expressions of a template.</summary>
internal sealed class TemplateEvaluator(TemplateRun run)
{
    private const int LongestRepeat = 1 << 20;
    private const int LengthOfStep = 256; // making a text of a megabyte is as much work as some thousand small steps

    /// <exception cref="ModelException">Python would raise, or it is not supported.</exception>
    public object? Value(TemplateExpression expression, TemplateScope scope)
    {
        run.Step(expression.Line);
        var value = Computed(expression, scope);
        var length = value switch { string text => text.Length, List<object?> list => list.Count, _ => 0 };
        if (length > TemplateValues.Longest)
            throw TemplateRun.Error(expression.Line, TemplateValues.TooLong);
        run.Step(expression.Line, length / LengthOfStep);
        return value;
    }

    private object? Computed(TemplateExpression expression, TemplateScope scope) => expression switch
    {
        TemplateExpression.Literal literal => literal.Value,
        TemplateExpression.Variable name => scope.TryGet(name.Value, out var value) ? value : new TemplateUndefined(name.Value),
        TemplateExpression.List list => list.Items.Select(item => Value(item, scope)).ToList(),
        TemplateExpression.Map map => Map(map, scope),
        TemplateExpression.Attribute attribute => Attribute(attribute.Line, Value(attribute.Of, scope), attribute.Key),
        TemplateExpression.Item item => Item(item.Line, Value(item.Of, scope), Value(item.Key, scope)),
        TemplateExpression.Slice slice => Slice(slice, scope),
        TemplateExpression.Call call => Call(call, scope),
        TemplateExpression.Filter filter => Filtered(filter, Value(filter.Of!, scope), scope),
        TemplateExpression.Test test => Test(test, scope),
        TemplateExpression.Unary unary => Unary(unary, Value(unary.Of, scope)),
        TemplateExpression.Binary binary => Binary(binary, scope),
        TemplateExpression.Compare compare => Compare(compare, scope),
        TemplateExpression.Choose choose => TemplateValues.IsTrue(Value(choose.Condition, scope)) ? Value(choose.Then, scope)
            : choose.Otherwise is { } otherwise ? Value(otherwise, scope) : new TemplateUndefined("an if without else"),
        _ => throw TemplateRun.Error(expression.Line, "this expression is not supported"),
    };

    /// <summary>What a loop goes through: items, keys, or code points.</summary>
    public static List<object?> Items(int line, object? value) => value switch
    {
        List<object?> list => list,
        TemplateMap { IsNamespace: false } map => [.. map.Keys],
        string text => [.. TemplateValues.Points(text)],
        TemplateUndefined => [],
        _ => throw TemplateRun.Error(line, $"{TemplateValues.Repr(value)} cannot be gone through"),
    };

    /// <summary>Applies a filter, and those before it in a filter block, to a value.</summary>
    public object? Filtered(TemplateExpression.Filter filter, object? value, TemplateScope scope)
    {
        if (filter.Of is TemplateExpression.Filter { Of: null or TemplateExpression.Filter } before && IsOpen(before))
            value = Filtered(before, value, scope);
        var (positional, named) = Arguments(filter.Arguments, scope);
        return TemplateFilters.Apply(filter.Line, filter.Name, value, new(filter.Line, positional, named));
    }

    private static bool IsOpen(TemplateExpression.Filter filter) => filter.Of is null || filter.Of is TemplateExpression.Filter inner && IsOpen(inner);

    private TemplateMap Map(TemplateExpression.Map map, TemplateScope scope)
    {
        var values = new TemplateMap(isNamespace: false);
        foreach (var (key, value) in map.Items)
        {
            var name = Value(key, scope);
            if (name is not (string or long))
                throw TemplateRun.Error(map.Line, $"the dictionary key {TemplateValues.Repr(name)} is not supported; strings and whole numbers are");
            values[name] = Value(value, scope);
        }

        return values;
    }

    private static object? Attribute(int line, object? of, string key) => of switch
    {
        TemplateUndefined undefined => throw TemplateRun.Error(line, $"'{undefined.Name}' is undefined, and .{key} of it is asked for"),
        TemplateMap { IsNamespace: true } map => map.TryGet(key, out var value) ? value : new TemplateUndefined(key),
        _ when TemplateMethods.Find(of, key) is { } method => method,
        TemplateMap map => map.TryGet(key, out var value) ? value : new TemplateUndefined(key),
        _ => new TemplateUndefined(key),
    };

    private static object? Item(int line, object? of, object? key) => (of, key) switch
    {
        (TemplateUndefined undefined, _) => throw TemplateRun.Error(line, $"'{undefined.Name}' is undefined, and an item of it is asked for"),
        (TemplateMap map, string name) => map.TryGet(name, out var value) ? value : TemplateMethods.Find(of, name) ?? (object)new TemplateUndefined(name),
        (TemplateMap map, long number) => map.TryGet(number, out var value) ? value : new TemplateUndefined(TemplateValues.Str(number)),
        (List<object?> list, long index) => At(list, index),
        (string text, long index) => At([.. TemplateValues.Points(text)], index),
        (string or List<object?>, string name) when TemplateMethods.Find(of, name) is { } method => method,
        _ => new TemplateUndefined(TemplateValues.Str(key)),
    };

    private static object? At(List<object?> items, long index)
    {
        var at = index < 0 ? index + items.Count : index;
        return at >= 0 && at < items.Count ? items[(int)at] : new TemplateUndefined(TemplateValues.Str(index));
    }

    private object? Slice(TemplateExpression.Slice slice, TemplateScope scope)
    {
        var of = Value(slice.Of, scope);
        if (of is not (string or List<object?>))
            throw TemplateRun.Error(slice.Line, $"{TemplateValues.Repr(of)} cannot be sliced");
        var items = Items(slice.Line, of);
        var step = Bound(slice.Step, scope) ?? 1;
        if (step == 0)
            throw TemplateRun.Error(slice.Line, "a slice's step is 0");
        var (low, high) = step > 0 ? (0L, (long)items.Count) : (-1L, items.Count - 1L);
        var start = Clamp(Bound(slice.Start, scope)) ?? (step > 0 ? low : high);
        var stop = Clamp(Bound(slice.Stop, scope)) ?? (step > 0 ? high : low);
        var cut = new List<object?>();
        for (var at = start; step > 0 ? at < stop : at > stop; at += step)
            cut.Add(items[(int)at]);
        return of is string ? string.Concat(cut.Cast<string>()) : cut;

        long? Clamp(long? bound) => bound is { } given ? Math.Clamp(given < 0 ? given + items.Count : given, low, high) : null;
    }

    private long? Bound(TemplateExpression? expression, TemplateScope scope) => expression is null ? null : Value(expression, scope) switch
    {
        null => null,
        long bound => Math.Clamp(bound, int.MinValue, int.MaxValue),
        var other => throw TemplateRun.Error(expression.Line, $"a slice's bound is {TemplateValues.Repr(other)}"),
    };

    private object? Call(TemplateExpression.Call call, TemplateScope scope)
    {
        var function = Value(call.Function, scope);
        var (positional, named) = Arguments(call.Arguments, scope);
        return function is TemplateFunction callable ? callable(call.Line, positional, named)
            : throw TemplateRun.Error(call.Line, function is TemplateUndefined undefined ? $"'{undefined.Name}' is undefined or not supported, and is called" : $"{TemplateValues.Repr(function)} cannot be called");
    }

    private (List<object?> Positional, List<(string Name, object? Value)> Named) Arguments(TemplateArguments arguments, TemplateScope scope) =>
        ([.. arguments.Positional.Select(value => Value(value, scope))], [.. arguments.Named.Select(argument => (argument.Name, Value(argument.Value, scope)))]);

    private object Test(TemplateExpression.Test test, TemplateScope scope)
    {
        var value = Value(test.Of, scope);
        var (positional, _) = Arguments(test.Arguments, scope);
        return TemplateTests.Holds(test.Line, test.Name, value, positional) != test.Negative;
    }

    private static object? Unary(TemplateExpression.Unary unary, object? value) => unary.Operator switch
    {
        "not" => !TemplateValues.IsTrue(value),
        "-" when value is double real => -real,
        "-" when TemplateValues.IsNumber(value) => TemplateValues.Integer(-TemplateValues.Whole(value)),
        "+" when TemplateValues.IsNumber(value) => value is double ? value : TemplateValues.Integer(TemplateValues.Whole(value)),
        _ => throw TemplateRun.Error(unary.Line, $"{unary.Operator} cannot be applied to {TemplateValues.Repr(value)}"),
    };

    private object? Binary(TemplateExpression.Binary binary, TemplateScope scope)
    {
        var left = Value(binary.Left, scope);
        if (binary.Operator is "and" or "or")
            return TemplateValues.IsTrue(left) == (binary.Operator == "or") ? left : Value(binary.Right, scope);
        var right = Value(binary.Right, scope);
        if (binary.Operator == "+" && (IsMarkedSafe(binary.Left) || IsMarkedSafe(binary.Right)))
            throw TemplateRun.Error(binary.Line, "+ with what the filter safe gave, which escapes the other side for HTML, is not supported");
        return (binary.Operator, left, right) switch
        {
            ("~", _, _) => TemplateValues.Str(left) + TemplateValues.Str(right),
            ("+", string one, string other) => one + other,
            ("+", List<object?> one, List<object?> other) => one.Concat(other).ToList(),
            ("*", string text, long times) => Repeat(binary.Line, text, times),
            ("*", long times, string text) => Repeat(binary.Line, text, times),
            _ when TemplateValues.IsNumber(left) && TemplateValues.IsNumber(right) => Arithmetic(binary, left, right),
            _ => throw TemplateRun.Error(binary.Line, $"{binary.Operator} cannot be applied to {TemplateValues.Repr(left)} and {TemplateValues.Repr(right)}"),
        };
    }

    private static bool IsMarkedSafe(TemplateExpression expression) => expression is TemplateExpression.Filter { Name: "safe" };

    private static string Repeat(int line, string text, long times) =>
        times <= 0 ? "" : times * (decimal)text.Length <= LongestRepeat ? string.Concat(Enumerable.Repeat(text, (int)times))
        : throw TemplateRun.Error(line, $"a text is repeated {times} times");

    private static object Arithmetic(TemplateExpression.Binary binary, object? left, object? right)
    {
        if (binary.Operator is "/" or "//" or "%" && TemplateValues.Real(right) == 0)
            throw TemplateRun.Error(binary.Line, "division by zero");
        if (binary.Operator == "/" || left is double || right is double)
            return Arithmetic(binary.Operator, TemplateValues.Real(left), TemplateValues.Real(right));
        var (one, other) = (TemplateValues.Whole(left), TemplateValues.Whole(right));
        var quotient = binary.Operator is "//" or "%" ? BigInteger.Divide(one - Modulo(one, other), other) : 0;
        return TemplateValues.Integer(binary.Operator switch
        {
            "+" => one + other,
            "-" => one - other,
            "*" => one * other,
            "//" => quotient,
            _ => Modulo(one, other),
        });
    }

    // Python's: of the sign of the divisor
    private static BigInteger Modulo(BigInteger one, BigInteger other)
    {
        var remainder = BigInteger.Remainder(one, other);
        return remainder != 0 && remainder.Sign != other.Sign ? remainder + other : remainder;
    }

    private static double Arithmetic(string operation, double left, double right) => operation switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        "//" => Math.Floor(left / right),
        _ => left - Math.Floor(left / right) * right,
    };

    private bool Compare(TemplateExpression.Compare compare, TemplateScope scope)
    {
        var left = Value(compare.First, scope);
        foreach (var (operation, expression) in compare.Rest)
        {
            var right = Value(expression, scope);
            if (!Holds(compare.Line, operation, left, right))
                return false;
            left = right;
        }

        return true;
    }

    private static bool Holds(int line, string operation, object? left, object? right) => operation switch
    {
        "==" => TemplateValues.Same(left, right),
        "!=" => !TemplateValues.Same(left, right),
        "in" => In(line, left, right),
        "not in" => !In(line, left, right),
        _ when TemplateValues.Compare(left, right) is { } order => operation switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 },
        _ => throw TemplateRun.Error(line, $"{operation} cannot be applied to {TemplateValues.Repr(left)} and {TemplateValues.Repr(right)}"),
    };

    /// <summary>Python's in.</summary>
    public static bool In(int line, object? left, object? right) => (left, right) switch
    {
        (string part, string text) => text.Contains(part, StringComparison.Ordinal),
        (_, string) => throw TemplateRun.Error(line, $"{TemplateValues.Repr(left)} is looked for in a text"),
        (string or long, TemplateMap { IsNamespace: false } map) => map.TryGet(left, out _),
        (_, TemplateMap { IsNamespace: false }) => false,
        _ => Items(line, right).Any(item => TemplateValues.Same(left, item)),
    };
}

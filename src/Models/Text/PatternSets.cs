using System.Globalization;
using System.Text;

namespace Adaptation.Models;

/// <summary>Reads one thing that stands for one code point: a literal, an escape, a category or a bracket expression.</summary>
internal sealed class PatternSets(string expression, int start, bool ignoreCase)
{
    /// <summary>Behind what was read.</summary>
    public int At { get; private set; } = start;

    /// <exception cref="ModelException">It is malformed, or uses what is not supported.</exception>
    public Func<int, bool> One()
    {
        if (expression[At] == '[')
        {
            At++;
            return Bracket();
        }

        var (set, point) = Item();
        return set ?? Cased(point, point);
    }

    private Func<int, bool> Bracket()
    {
        var negative = At < expression.Length && expression[At] == '^';
        At += negative ? 1 : 0;
        Func<int, bool>? intersection = null;
        var union = new List<Func<int, bool>>();
        while (true)
        {
            if (At >= expression.Length)
                throw Unsupported("a set without its ]");
            if (expression.AsSpan(At).StartsWith("&&", StringComparison.Ordinal))
            {
                At += 2;
                intersection = Both(intersection, Any(union));
                union = [];
            }
            else if (expression[At] == ']')
            {
                At++;
                var all = Both(intersection, Any(union));
                return negative ? point => !all(point) : all;
            }
            else if (expression[At] == '[')
            {
                At++;
                union.Add(Bracket());
            }
            else
                union.Add(Range());
        }
    }

    private Func<int, bool> Range()
    {
        var (set, first) = Item();
        // A hyphen before the end of the set, and one behind a class, is itself.
        if (set is not null || At + 1 >= expression.Length || expression[At] != '-' || expression[At + 1] == ']')
            return set ?? Cased(first, first);
        At++;
        var (wrong, last) = Item();
        return wrong is null && first <= last ? Cased(first, last) : throw Unsupported("a malformed range");
    }

    private (Func<int, bool>? Set, int Point) Item()
    {
        var rune = Rune.GetRuneAt(expression, At);
        At += rune.Utf16SequenceLength;
        if (rune.Value != '\\')
            return (null, rune.Value);
        if (At >= expression.Length)
            throw Unsupported("a \\ at its end");
        var escape = expression[At++];
        return escape switch
        {
            's' => (CodePointSet.IsSpace, 0),
            'S' => (point => !CodePointSet.IsSpace(point), 0),
            'd' => (CodePointSet.Category("Nd"), 0),
            'p' => (Category(), 0),
            'P' => (Not(Category()), 0),
            'n' => (null, '\n'),
            'r' => (null, '\r'),
            't' => (null, '\t'),
            'f' => (null, '\f'),
            'v' => (null, '\v'),
            'u' => (null, Hex(4)),
            'x' => (null, expression[At..].StartsWith('{') ? Braced() : Hex(2)),
            _ when char.IsAsciiLetterOrDigit(escape) => throw Unsupported($"\\{escape}"),
            _ => (null, escape),
        };
    }

    private Func<int, bool> Category()
    {
        var close = At < expression.Length && expression[At] == '{' ? expression.IndexOf('}', At) : -1;
        var name = close < 0 ? "" : expression[(At + 1)..close];
        var negative = name.StartsWith('^');
        var set = CodePointSet.Category(negative ? name[1..] : name) ?? throw Unsupported($"the class \\p{{{name}}}");
        At = close + 1;
        return negative ? Not(set) : set;
    }

    private int Braced()
    {
        var close = expression.IndexOf('}', At);
        if (close < 0 || !int.TryParse(expression.AsSpan((At + 1)..close), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point))
            throw Unsupported("a malformed \\x{}");
        At = close + 1;
        return point;
    }

    private int Hex(int digits)
    {
        if (At + digits > expression.Length
            || !int.TryParse(expression.AsSpan(At, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point))
            throw Unsupported("a malformed escape");
        At += digits;
        return point;
    }

    // Simple case folding of letters A to Z, the long s and the Kelvin sign included; nothing else is written in such expressions.
    private Func<int, bool> Cased(int first, int last)
    {
        if (!ignoreCase)
            return point => point >= first && point <= last;
        return point => In(point) || Fold(point) is var folded && (In(folded) || In(folded - 'a' + 'A') && folded is >= 'a' and <= 'z');
        bool In(int point) => point >= first && point <= last;
        static int Fold(int point) => point switch { >= 'A' and <= 'Z' => point - 'A' + 'a', 0x17F => 's', 0x212A => 'k', _ => point };
    }

    private static Func<int, bool> Any(List<Func<int, bool>> sets) => point =>
    {
        foreach (var set in sets)
        {
            if (set(point))
                return true;
        }

        return false;
    };

    private static Func<int, bool> Both(Func<int, bool>? one, Func<int, bool> other) => one is null ? other : point => one(point) && other(point);

    private static Func<int, bool> Not(Func<int, bool> set) => point => !set(point);

    private ModelException Unsupported(string what) =>
        new($"the pre-tokenizer's expression {expression} holds {what} (at character {At + 1}), which is not supported");
}

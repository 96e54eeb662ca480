using System.Collections.Immutable;
using System.Numerics;

namespace Adaptation.Core;

/// <summary>An answer of floating-point arithmetic beside what it should be.</summary>
/// <param name="Id">Of the case.</param>
/// <param name="IsWrong">Whether a clause rejects the case.</param>
/// <param name="Answer">Of the output's type and shape, little-endian.</param>
public sealed record DiagnosedAnswer(string Id, bool IsWrong, OperatorTolerance Tolerance, ExpectedOutput Output, ReadOnlyMemory<byte> Answer);

/// <summary>What wrong answers have in common: the cause, as far as answers show it. Decides nothing.</summary>
public static class OperatorDiagnosis
{
    private const int Fewest = 20, Named = 3;
    private const double Most = 0.95;

    /// <summary>Causes with the cases that show them, those that most wrong cases show first; empty where answers have nothing in common.</summary>
    public static ImmutableArray<string> Of(IEnumerable<DiagnosedAnswer> answers) =>
    [
        .. answers.Select(answer => (answer.Id, answer.IsWrong, Cause: Numbers.Of(answer) is { } numbers ? Cause(numbers) : null))
            .Where(one => one.Cause is not null)
            .GroupBy(one => one.Cause!, StringComparer.Ordinal)
            .OrderByDescending(group => group.Count(one => one.IsWrong)).ThenByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key} (in {Shown([.. group.Select(one => one.Id).Distinct(StringComparer.Ordinal)])})"),
    ];

    private static string Shown(string[] ids) => $"{string.Join(", ", ids.Take(Named))}{(ids.Length > Named ? $" and {ids.Length - Named} more" : "")}";

    /// <summary>The most telling first: a factor also moves every error to one side.</summary>
    private static string? Cause(Numbers numbers) => Factor(numbers) ?? FewerBits(numbers) ?? Shift(numbers) ?? Place(numbers) ?? TowardsZero(numbers);

    private static string? Factor(Numbers numbers)
    {
        const double NearZero = 1e-3, FromOne = 1e-4, Least = 1e-5;
        var ratios = numbers.Exact.Zip(numbers.Seen).Where(pair => Math.Abs(pair.First) > NearZero).Select(pair => pair.Second / pair.First).Order().ToArray();
        if (ratios.Length < Fewest)
            return null;
        var middle = ratios[ratios.Length / 2];
        if (middle == 0 && ratios.All(ratio => ratio == 0))
            return "every element is 0";
        var spread = Math.Max(Least, 2 * numbers.Tolerance.Format.Roundoff * Math.Abs(middle)); // the roundings of the type
        return Math.Abs(middle - 1) > Math.Max(FromOne, spread) && ratios.All(ratio => Math.Abs(ratio - middle) <= spread)
            ? FormattableString.Invariant($"every element is {Math.Round(middle, spread > Least ? 2 : 4)} times what it should be")
            : null;
    }

    /// <summary>Results that a narrower type could hold, where right ones could not be held by it.</summary>
    private static string? FewerBits(Numbers numbers)
    {
        var values = numbers.Seen.Where(value => value != 0).ToArray();
        var most = numbers.Tolerance.Format.Digits / 2;
        return values.Length >= Fewest && values.Max(SignificantBits) is var bits && bits <= most && numbers.Same.Max(SignificantBits) > most
            ? FormattableString.Invariant($"no result has more than {bits} significant bits")
            : null;
    }

    private static int SignificantBits(double value)
    {
        const int Fraction = 52;
        var bits = BitConverter.DoubleToInt64Bits(value) & ((1L << Fraction) - 1) | (1L << Fraction);
        return value == 0 ? 0 : Fraction + 1 - BitOperations.TrailingZeroCount(bits);
    }

    /// <summary>Pictures whose pixels lie one row and one column off.</summary>
    private static string? Shift(Numbers numbers)
    {
        if (numbers.Shape is not [_, _, > 3 and var rows, > 3 and var columns])
            return null;
        if (Enumerable.Range(0, numbers.Exact.Length).All(at => numbers.Matches(at, at)))
            return null; // pixels that are alike: a right picture looks shifted too
        var inner = Enumerable.Range(0, numbers.Exact.Length).Where(at => at % columns > 0 && at / columns % rows > 0);
        return inner.All(at => numbers.Matches(at - columns - 1, at)) ? "the image is shifted by one place" : null;
    }

    /// <summary>Wrong elements that fill a part of the tensor, beside right ones.</summary>
    private static string? Place(Numbers numbers)
    {
        const double Filled = 0.9;
        var (shape, wrong) = (numbers.Shape, Enumerable.Range(0, numbers.Exact.Length).Where(at => !numbers.Matches(at, at)).ToArray());
        if (wrong.Length == 0 || shape.Length == 0)
            return null;
        var places = Array.ConvertAll(wrong, at => Position(shape, at));
        var box = shape.Select((_, axis) => (First: places.Min(place => place[axis]), Last: places.Max(place => place[axis]))).ToArray();
        var volume = box.Aggregate(1, (count, side) => count * (side.Last - side.First + 1));
        if (volume == numbers.Exact.Length || wrong.Length < Filled * volume || wrong.Length < Fewest)
            return null;
        var isRest = box[0] == (1, shape[0] - 1) && box.Zip(shape).Skip(1).All(pair => pair.First == (0, pair.Second - 1));
        return isRest ? "every item but the first is wrong" : $"only the elements [{string.Join(',', box.Select(side => $"{side.First}..{side.Last}"))}] are wrong";
    }

    private static int[] Position(int[] shape, int at)
    {
        var position = new int[shape.Length];
        for (var axis = shape.Length; axis-- > 0; at /= shape[axis])
            position[axis] = at % shape[axis];
        return position;
    }

    private static string? TowardsZero(Numbers numbers)
    {
        var inexact = numbers.Exact.Zip(numbers.Seen).Where(pair => pair.First != pair.Second).ToArray();
        return inexact.Length >= Fewest && inexact.Count(pair => Math.Abs(pair.Second) < Math.Abs(pair.First)) >= Most * inexact.Length
            ? "every error lies towards zero, as if results were cut off instead of rounded"
            : null;
    }

    /// <summary>All elements of an answer, each of which is finite.</summary>
    private sealed record Numbers(OperatorTolerance Tolerance, int[] Shape, double[] Exact, double[] Same, double[] Seen)
    {
        /// <returns>Null for an answer that is too small to show anything, or holds what is no number.</returns>
        public static Numbers? Of(DiagnosedAnswer answer)
        {
            var (format, output) = (answer.Tolerance.Format, answer.Output);
            var count = output.Same.Length / format.Size;
            if (count < Fewest || answer.Answer.Length != output.Same.Length)
                return null;
            double[] exact = new double[count], same = new double[count], seen = new double[count];
            for (var at = 0; at < count; at++)
            {
                exact[at] = BitConverter.ToDouble(output.Exact.Span[(at * sizeof(double))..]);
                same[at] = format.Read(output.Same.Span, at);
                seen[at] = format.Read(answer.Answer.Span, at);
                if (!double.IsFinite(exact[at]) || !double.IsFinite(same[at]) || !double.IsFinite(seen[at]))
                    return null;
            }

            return new(answer.Tolerance, [.. output.Shape.Select(size => (int)size)], exact, same, seen);
        }

        /// <summary>Whether the element at <paramref name="at"/> is what belongs at <paramref name="expected"/>.</summary>
        public bool Matches(int expected, int at) => Math.Abs(Seen[at] - Exact[expected]) <= Tolerance.Near(Exact[expected]);
    }
}

using Adaptation.Models;

namespace Adaptation.Simulators.Tests;

/// <summary>What wrong answers have in common: the cause, as far as answers show it.</summary>
internal static class Diagnosis
{
    private const int Fewest = 20;

    /// <summary>Empty for right answers.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<Answered> answers) => answers
        .Where(answer => answer.Probe.Kind == CaseKind.Rounded && answer.Values.Length >= Fewest && answer.Probe.Output.DataType == "FP32")
        .SelectMany(answer => Findings(answer).Take(1).Select(finding => (answer.Probe.Id, finding)))
        .GroupBy(found => found.finding, found => found.Id)
        .OrderByDescending(group => group.Count())
        .Select(group => $"{group.Key} (in {string.Join(", ", group.Take(3))}{(group.Count() > 3 ? $" and {group.Count() - 3} more" : "")})");

    private static IEnumerable<string> Findings(Answered answer)
    {
        string?[] all = [Factor(answer), FewerBits(answer), Shift(answer), Place(answer), TowardsZero(answer)];
        return all.OfType<string>();
    }

    /// <summary>One factor for all elements.</summary>
    private static string? Factor(Answered answer)
    {
        var exact = answer.Probe.Output.Exact.ToArray();
        var ratios = exact.Zip(answer.Values).Where(pair => Math.Abs(pair.First) > 1e-3).Select(pair => pair.Second / pair.First).Order().ToArray();
        if (ratios.Length < Fewest)
            return null;
        var middle = ratios[ratios.Length / 2];
        return Math.Abs(middle - 1) > 1e-4 && ratios.All(ratio => Math.Abs(ratio - middle) < 1e-5)
            ? FormattableString.Invariant($"every element is {middle:0.####} times what it should be")
            : null;
    }

    /// <summary>Results that a narrower type could hold, where exact results could not be.</summary>
    private static string? FewerBits(Answered answer)
    {
        var values = answer.Values.Where(value => value != 0 && double.IsFinite(value)).ToArray();
        var bits = values.Length < Fewest ? 24 : values.Max(SignificantBits);
        return bits <= 11 && Judging.Same(answer).Where(double.IsFinite).Max(SignificantBits) > 11 ? $"no result has more than {bits} significant bits" : null;
    }

    private static int SignificantBits(double value)
    {
        var fraction = (BitConverter.DoubleToInt64Bits(value) & ((1L << 52) - 1)) | (1L << 52);
        return value == 0 ? 0 : 53 - System.Numerics.BitOperations.TrailingZeroCount(fraction);
    }

    /// <summary>Images whose pixels lie one row and one column off.</summary>
    private static string? Shift(Answered answer)
    {
        if (answer.Probe.Shape is not [_, _, > 3 and var rows, > 3 and var columns])
            return null;
        var exact = answer.Probe.Output.Exact.ToArray();
        var inner = Enumerable.Range(0, exact.Length).Where(at => at % columns > 0 && at / columns % rows > 0).ToArray();
        return inner.All(at => Judging.Matches(answer.Probe, exact[at - columns - 1], answer.Values[at])) ? "the image is shifted by one place" : null;
    }

    /// <summary>Wrong elements that fill a part of the tensor, beside right ones.</summary>
    private static string? Place(Answered answer)
    {
        var (exact, shape) = (answer.Probe.Output.Exact.ToArray(), answer.Probe.Shape);
        var wrong = Enumerable.Range(0, exact.Length).Where(at => !Judging.Matches(answer.Probe, exact[at], answer.Values[at])).Select(at => Position(shape, at)).ToArray();
        if (wrong.Length == 0)
            return null;
        var box = shape.Select((_, axis) => (First: wrong.Min(place => place[axis]), Last: wrong.Max(place => place[axis]))).ToArray();
        var volume = box.Aggregate(1, (count, side) => count * (side.Last - side.First + 1));
        if (volume == exact.Length || wrong.Length < 0.9 * volume)
            return null;
        var isRest = box.Zip(shape).Skip(1).All(pair => pair.First == (0, pair.Second - 1)) && box[0] == (1, shape[0] - 1);
        return isRest ? "every item but the first is wrong" : $"only the elements [{string.Join(',', box.Select(side => $"{side.First}..{side.Last}"))}] are wrong";
    }

    private static int[] Position(int[] shape, int at)
    {
        var position = new int[shape.Length];
        for (var axis = shape.Length; axis-- > 0; at /= shape[axis])
            position[axis] = at % shape[axis];
        return position;
    }

    private static string? TowardsZero(Answered answer)
    {
        var inexact = answer.Probe.Output.Exact.ToArray().Zip(answer.Values).Where(pair => pair.First != pair.Second && double.IsFinite(pair.Second)).ToArray();
        return inexact.Length >= Fewest && inexact.Count(pair => Math.Abs(pair.Second) < Math.Abs(pair.First)) >= 0.95 * inexact.Length
            ? "every error lies towards zero, as if results were cut off instead of rounded"
            : null;
    }
}

namespace Adaptation.Models;

/// <summary>One number in, one out; two numbers in, one out, with broadcasting. Results are whatever the functions return, rounded by them.</summary>
internal static class Elementwise
{
    /// <summary>Shapes around vector widths and tile edges, a scalar, primes and an empty one; the minor types take the shorter list.</summary>
    public static int[][] Shapes(ElementType type) => type switch
    {
        ElementType.FP32 => [[], [1], [17, 31], [63], [65], [3, 127], [129], [0, 3]],
        ElementType.FP64 => [[17, 31], [129]],
        _ => [[], [17, 31], [0, 3]],
    };

    public static Values Map(Values x, Func<double, double> real, Func<long, long> whole)
    {
        var result = new Values(x.Type, x.Shape);
        for (var at = 0; at < x.Reals.Length; at++)
            result.Reals[at] = real(x.Reals[at]);
        for (var at = 0; at < x.Whole.Length; at++)
            result.Whole[at] = whole(x.Whole[at]);
        return result;
    }

    public static Values Pair(Values x, Values y, Func<double, double, double> real, Func<long, long, long> whole)
    {
        var (result, left, right) = Prepare(x, y, x.Type);
        for (var at = 0; at < result.Reals.Length; at++)
            result.Reals[at] = real(x.Reals[left[at]], y.Reals[right[at]]);
        for (var at = 0; at < result.Whole.Length; at++)
            result.Whole[at] = whole(x.Whole[left[at]], y.Whole[right[at]]);
        return result;
    }

    public static Values Compare(Values x, Values y, Func<double, double, bool> real, Func<long, long, bool> whole)
    {
        var (result, left, right) = Prepare(x, y, ElementType.Bool);
        for (var at = 0; at < result.Whole.Length; at++)
        {
            var holds = x.Type.IsReal() ? real(x.Reals[left[at]], y.Reals[right[at]]) : whole(x.Whole[left[at]], y.Whole[right[at]]);
            result.Whole[at] = holds ? 1 : 0;
        }
        return result;
    }

    private static (Values Result, int[] Left, int[] Right) Prepare(Values x, Values y, ElementType type)
    {
        var shape = Layout.Broadcast(x.Shape, y.Shape);
        return (new(type, shape), Layout.Stretched(x.Shape, shape), Layout.Stretched(y.Shape, shape));
    }
}

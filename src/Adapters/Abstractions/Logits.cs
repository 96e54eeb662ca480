using System.Runtime.Intrinsics;

namespace Adaptation.Adapters.Abstractions;

/// <summary>What is read off logits as they are, before any sampling rule. Pure.</summary>
public static class Logits
{
    /// <summary>The natural logarithm of the sum of all e^logit.</summary>
    /// <param name="logits">V values; a logit minus the result is the logarithm of its probability.</param>
    /// <exception cref="AdapterException">A logit is NaN or plus infinity, or all are minus infinity.</exception>
    public static double LogSum(ReadOnlySpan<float> logits)
    {
        double largest = Largest(logits);
        var (sums, index) = (Vector256<double>.Zero, 0);
        for (; index <= logits.Length - 4; index += 4)
        {
            var four = Vector256.Create(logits[index], logits[index + 1], logits[index + 2], (double)logits[index + 3]);
            sums += StableExp.Of(four - Vector256.Create(largest));
        }
        var sum = Vector256.Sum(sums);
        for (; index < logits.Length; index++)
            sum += StableExp.Of(logits[index] - largest);
        return largest + Math.Log(sum);
    }

    /// <summary>The most probable ids, most probable first, of equals the lowest.</summary>
    /// <param name="count">0 to V.</param>
    public static int[] Top(ReadOnlySpan<float> logits, int count)
    {
        var top = new int[Math.Min(count, logits.Length)];
        var kept = 0;
        for (var id = 0; id < logits.Length && top.Length > 0; id++)
        {
            if (kept == top.Length && !(logits[id] > logits[top[kept - 1]]))
                continue;
            var at = kept < top.Length ? kept++ : kept - 1;
            for (; at > 0 && logits[id] > logits[top[at - 1]]; at--)
                top[at] = top[at - 1];
            top[at] = id;
        }
        return top;
    }

    /// <summary>The largest value.</summary>
    /// <exception cref="AdapterException">One is NaN or plus infinity, or all are minus infinity.</exception>
    internal static float Largest(ReadOnlySpan<float> logits)
    {
        var (most, index) = (float.NegativeInfinity, 0);
        var isNumber = true;
        if (logits.Length >= Vector256<float>.Count)
        {
            var (tops, numbers) = (Vector256.Create(float.NegativeInfinity), Vector256<float>.AllBitsSet);
            for (; index <= logits.Length - Vector256<float>.Count; index += Vector256<float>.Count)
            {
                var eight = Vector256.Create(logits.Slice(index, Vector256<float>.Count));
                numbers &= Vector256.Equals(eight, eight);
                tops = Vector256.ConditionalSelect(Vector256.GreaterThan(eight, tops), eight, tops);
            }
            isNumber = Vector256.EqualsAll(numbers.AsInt32(), Vector256<int>.AllBitsSet);
            for (var lane = 0; lane < Vector256<float>.Count; lane++)
                most = Math.Max(most, tops[lane]);
        }
        for (; index < logits.Length; index++)
        {
            isNumber &= !float.IsNaN(logits[index]);
            most = logits[index] > most ? logits[index] : most;
        }
        return isNumber && float.IsFinite(most) ? most : throw NoDistribution(isNumber ? most : float.NaN);
    }

    /// <summary>The largest value, of values none of which is NaN or plus infinity.</summary>
    /// <exception cref="AdapterException">All are minus infinity.</exception>
    internal static double Largest(ReadOnlySpan<double> values)
    {
        var (tops, index) = (Vector256.Create(double.NegativeInfinity), 0);
        for (; index <= values.Length - Vector256<double>.Count; index += Vector256<double>.Count)
            tops = Vector256.Max(tops, Vector256.Create(values.Slice(index, Vector256<double>.Count)));
        var most = Math.Max(Math.Max(tops[0], tops[1]), Math.Max(tops[2], tops[3]));
        for (; index < values.Length; index++)
            most = Math.Max(most, values[index]);
        return double.IsFinite(most) ? most : throw NoDistribution(most);
    }

    private static AdapterException NoDistribution(double seen) => new(double.IsNegative(seen) && !double.IsNaN(seen)
        ? "The engine's logits leave no token that can follow: every one is minus infinity. The answer cannot go on."
        : $"The engine's logits hold {(double.IsNaN(seen) ? "NaN" : "plus infinity")}, of which no distribution can be made. Check the model and its precision.");
}

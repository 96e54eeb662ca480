using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Adaptation.Models;

/// <summary>The arithmetic of the exact reference: float64, every sum in one fixed order.</summary>
/// <remarks>
/// A dot product runs in eight lanes: lane l takes the elements l, l + 8, l + 16 ... in ascending order, each by a fused multiply-add; then
/// the lanes are folded as ((0+4)+(2+6))+((1+5)+(3+7)), and the up to seven elements that fill no vector are added last, ascending and fused.
/// The order depends on the number of elements alone: not on the machine's vectors, the number of threads, or how many rows are computed at once.
/// </remarks>
internal static class ExactMath
{
    private const int Lanes = 8;

    /// <param name="b">As many elements as <paramref name="a"/>.</param>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, a.Length, nameof(b));
        ref var left = ref MemoryMarshal.GetReference(a);
        ref var right = ref MemoryMarshal.GetReference(b);
        var sum = Vector512<double>.Zero;
        var whole = a.Length - (a.Length % Lanes);
        for (var at = 0; at < whole; at += Lanes)
            sum = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref left, (nuint)at), Vector512.LoadUnsafe(ref right, (nuint)at), sum);
        return Fold(sum, a[whole..], b[whole..]);
    }

    /// <summary>Ends a dot product: folds the lanes, then adds the elements that fill no vector.</summary>
    public static double Fold(Vector512<double> lanes, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var four = lanes.GetLower() + lanes.GetUpper();
        var two = four.GetLower() + four.GetUpper();
        var sum = two[0] + two[1];
        for (var at = 0; at < a.Length; at++)
            sum = Math.FusedMultiplyAdd(a[at], b[at], sum);
        return sum;
    }

    /// <summary>Adds <paramref name="factor"/> times a vector, element by element and fused.</summary>
    public static void AddScaled(double factor, ReadOnlySpan<double> x, Span<double> into)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(into.Length, x.Length, nameof(into));
        ref var source = ref MemoryMarshal.GetReference(x);
        ref var target = ref MemoryMarshal.GetReference(into);
        var factors = Vector512.Create(factor);
        var at = 0;
        for (; at <= x.Length - Lanes; at += Lanes)
        {
            var sum = Vector512.FusedMultiplyAdd(
                factors, Vector512.LoadUnsafe(ref source, (nuint)at), Vector512.LoadUnsafe(ref target, (nuint)at));
            sum.StoreUnsafe(ref target, (nuint)at);
        }

        for (; at < x.Length; at++)
            into[at] = Math.FusedMultiplyAdd(factor, x[at], into[at]);
    }

    /// <summary>Divides by the root of the mean square: w * (x / sqrt(mean(x^2) + epsilon)).</summary>
    /// <remarks>Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019).</remarks>
    public static void RmsNorm(ReadOnlySpan<double> x, ReadOnlySpan<double> weight, double epsilon, Span<double> into)
    {
        var scale = 1 / Math.Sqrt((Dot(x, x) / x.Length) + epsilon);
        for (var i = 0; i < x.Length; i++)
            into[i] = weight[i] * (x[i] * scale);
    }

    /// <summary>Turns each pair of elements i and i + D/2 by the angle position * theta^(-2i/D).</summary>
    /// <remarks>
    /// Source: Su et al., RoFormer (2021), with the pairing of published Llama and Qwen2 checkpoints. Angles are float64; engines that
    /// round theta^(-2i/D) to float32 are off by up to 6e-8 of an angle, which is theirs to answer for.
    /// </remarks>
    /// <param name="head">D elements of one head.</param>
    public static void Rotate(Span<double> head, int position, double theta)
    {
        var half = head.Length / 2;
        for (var i = 0; i < half; i++)
        {
            var (sine, cosine) = Math.SinCos(position * Math.Pow(theta, -2.0 * i / head.Length));
            var (x, y) = (head[i], head[i + half]);
            (head[i], head[i + half]) = ((x * cosine) - (y * sine), (y * cosine) + (x * sine));
        }
    }

    /// <summary>Turns scores into shares that sum to 1; the greatest score is taken off first, and the sum runs ascending.</summary>
    /// <param name="scores">At least one.</param>
    public static void Softmax(Span<double> scores)
    {
        var highest = double.NegativeInfinity;
        foreach (var score in scores)
            highest = Math.Max(highest, score);
        var sum = 0.0;
        foreach (ref var score in scores)
            sum += score = Math.Exp(score - highest);
        foreach (ref var score in scores)
            score /= sum;
    }

    /// <summary>x * sigmoid(x).</summary>
    /// <remarks>Source: Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units (2017).</remarks>
    public static double Silu(double x) => x / (1 + Math.Exp(-x));
}

using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>MatMul and Gemm.</summary>
internal static class ProductCases
{
    private static readonly ElementType[] Types = [.. ElementTypes.Reals, ElementType.Int32, ElementType.Int64];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
        [("MatMul", _ => Types.SelectMany(MatMul)), ("Gemm", _ => Types.SelectMany(Gemm))];

    private static IEnumerable<Draft> MatMul(ElementType type)
    {
        (int[] X, int[] Y)[] shapes = type == ElementType.FP32
            ? [([1, 1], [1, 1]), ([17, 31], [31, 13]), ([64, 64], [64, 64]), ([65, 127], [127, 33]), ([129, 63], [63, 65]), ([31], [31]), ([5, 31], [31]), ([31], [31, 5]), ([2, 1, 5, 7], [3, 7, 4]), ([0, 5], [5, 3]), ([2, 0], [0, 3]), ([1, 100_003], [100_003, 1])]
            : [([1, 1], [1, 1]), ([17, 31], [31, 13]), ([33, 65], [65, 17]), ([31], [31]), ([2, 1, 5, 7], [3, 7, 4]), ([0, 5], [5, 3])];
        foreach (var (x, y) in shapes)
            yield return Case(type, $"{Draft.Word(x)}-by-{Draft.Word(y)}", x, y, Range(type), Range(type));
        yield return Case(type, "19x33-by-33x7", [19, 33], [33, 7], Range(type), Range(type)) with { View = View.Transposed };
        yield return Case(type, "5x65-by-65x9", [5, 65], [65, 9], Range(type), Range(type)) with { View = View.Sliced };
        if (!type.IsReal())
            yield break;
        var special = Fills.These(Fills.Special(type)); // an outer product: no sums, whose order would decide between infinity and NaN
        yield return Case(type, "special", [15, 1], [1, 15], special, special) with { Kind = CaseKind.Special };
        var large = Fills.These(Math.Sqrt(Rounding.Limits(type).Most) * 1.25);
        yield return Case(type, "overflow", [3, 4], [4, 5], large, large) with { Kind = CaseKind.Special };
    }

    private static Draft Case(ElementType type, string words, int[] left, int[] right, Fill x, Fill y) =>
        new("MatMul", type, words, type.IsReal() ? CaseKind.Rounded : CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, left, x), new Operand.Drawn("y", type, right, y)],
            Golden = (a, at) => [Multiply(a, at[0], at[1])],
            Torch = "torch.matmul(x, y)",
        };

    private static IEnumerable<Draft> Gemm(ElementType type)
    {
        yield return Gemm(type, "plain", [17, 31], [31, 13], [17, 13], 1, 1, false, false);
        yield return Gemm(type, "bias-row", [17, 65], [65, 13], [13], 1, 1, false, false);
        yield return Gemm(type, "transposed-both", [65, 9], [33, 65], [9, 1], 1, 1, true, true);
        if (type is not (ElementType.FP32 or ElementType.FP16))
            yield break;
        yield return Gemm(type, "no-bias", [1, 127], [127, 64], null, 1, 0, false, false);
        yield return Gemm(type, "alpha-beta", [17, 31], [31, 13], [1, 13], 0.5f, 2, false, false);
        yield return Gemm(type, "transposed-right", [129, 63], [65, 63], [], 1, 1, false, true);
        yield return Gemm(type, "transposed-left", [63, 5], [63, 64], [5, 64], 0.25f, 1, true, false);
        yield return Gemm(type, "empty", [0, 7], [7, 3], [3], 1, 1, false, false);
    }

    private static Draft Gemm(ElementType type, string words, int[] x, int[] y, int[]? c, float alpha, float beta, bool flipX, bool flipY)
    {
        var (left, right) = (flipX ? "torch.t(x)" : "x", flipY ? "torch.t(y)" : "y");
        var product = alpha == 1 ? $"torch.matmul({left}, {right})" : FormattableString.Invariant($"torch.mul(torch.matmul({left}, {right}), {alpha})");
        var addend = beta == 1 ? "c" : FormattableString.Invariant($"torch.mul(c, {beta})");
        return new("Gemm", type, $"{words}-{Draft.Word(x)}", type.IsReal() ? CaseKind.Rounded : CaseKind.Exact)
        {
            Operands =
            [
                new Operand.Drawn("x", type, x, Range(type)), new Operand.Drawn("y", type, y, Range(type)),
                .. c is null ? (Operand[])[] : [new Operand.Drawn("c", type, c, Range(type))],
            ],
            Attributes =
            [
                new NodeAttribute.Real("alpha", alpha), new NodeAttribute.Real("beta", beta),
                new NodeAttribute.Whole("transA", flipX ? 1 : 0), new NodeAttribute.Whole("transB", flipY ? 1 : 0),
            ],
            Golden = (a, at) => [Gemm(a, flipX ? Layout.Permuted(at[0], 1, 0) : at[0], flipY ? Layout.Permuted(at[1], 1, 0) : at[1], c is null ? null : at[2], alpha, beta)],
            Torch = c is null ? product : $"torch.add({product}, {addend})",
        };
    }

    private static Values Gemm(Arithmetic a, Values x, Values y, Values? c, double alpha, double beta)
    {
        var product = Multiply(a, x, y, value => a.Wide(alpha * value));
        return c is null
            ? Elementwise.Map(product, a.Round, value => value)
            : Elementwise.Pair(product, c, (p, q) => a.Round(a.Wide(p + a.Wide(beta * q))), (p, q) => p + q);
    }

    /// <summary>numpy's matmul: vectors gain an axis that is taken away again, leading axes are broadcast.</summary>
    private static Values Multiply(Arithmetic a, Values x, Values y)
    {
        var product = Multiply(
            a, x.Shape.Length == 1 ? x.Shaped(1, x.Shape[0]) : x, y.Shape.Length == 1 ? y.Shaped(y.Shape[0], 1) : y, a.Round);
        return product.Shaped(
            [.. product.Shape[..^2], .. x.Shape.Length == 1 ? [] : product.Shape[^2..^1], .. y.Shape.Length == 1 ? [] : product.Shape[^1..]]);
    }

    private static Values Multiply(Arithmetic a, Values x, Values y, Func<double, double> end)
    {
        var (m, k, n) = (x.Shape[^2], x.Shape[^1], y.Shape[^1]);
        int[] batch = Layout.Broadcast(x.Shape[..^2], y.Shape[..^2]);
        var columns = Layout.Permuted(y, [.. Enumerable.Range(0, y.Shape.Length - 2), y.Shape.Length - 1, y.Shape.Length - 2]);
        var (left, right) = (Layout.Stretched(x.Shape[..^2], batch), Layout.Stretched(y.Shape[..^2], batch));
        var product = new Values(x.Type, [.. batch, m, n]);
        for (var at = 0; at < product.Count; at++)
        {
            var (plane, row, column) = (at / (m * n), at / n % m, at % n);
            var (from, to) = (((left[plane] * m) + row) * k, ((right[plane] * n) + column) * k);
            if (x.Type.IsReal())
                product.Reals[at] = end(a.Dot(x.Reals.AsSpan(from, k), columns.Reals.AsSpan(to, k)));
            for (var i = 0; i < (x.Type.IsReal() ? 0 : k); i++)
                product.Whole[at] = checked(product.Whole[at] + (x.Whole[from + i] * columns.Whole[to + i]));
        }
        return product;
    }

    /// <summary>Products of int64 lie beyond 2^31, of int32 within.</summary>
    private static Fill Range(ElementType type) => type.IsReal() ? Fills.Sized(0.25, 2) : type == ElementType.Int64 ? Fills.Integers(-9_000_000, 9_000_000) : Fills.Integers(-999, 999);
}

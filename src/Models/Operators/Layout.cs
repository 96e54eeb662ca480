namespace Adaptation.Models;

/// <summary>Where elements lie: shapes, strides, and lists of source indices that say how data moves.</summary>
internal static class Layout
{
    /// <summary>1 for a scalar.</summary>
    public static int Count(ReadOnlySpan<int> shape)
    {
        var count = 1;
        foreach (var size in shape)
            count = checked(count * size);
        return count;
    }

    /// <summary>Row-major strides in elements.</summary>
    public static int[] Strides(ReadOnlySpan<int> shape)
    {
        var strides = new int[shape.Length];
        for (int axis = shape.Length - 1, stride = 1; axis >= 0; stride *= shape[axis--])
            strides[axis] = stride;
        return strides;
    }

    /// <summary>Calls for every element of a shape, in row-major order, with its position.</summary>
    public static int[] Map(ReadOnlySpan<int> shape, Func<int[], int> source)
    {
        var (sources, position) = (new int[Count(shape)], new int[shape.Length]);
        for (var at = 0; at < sources.Length; at++)
        {
            sources[at] = source(position);
            for (var axis = shape.Length - 1; axis >= 0 && ++position[axis] == shape[axis]; axis--)
                position[axis] = 0;
        }
        return sources;
    }

    /// <summary>Sources that lie on a grid: permutation, slicing and broadcasting are such.</summary>
    public static int[] Grid(ReadOnlySpan<int> shape, int offset, int[] strides) => Map(shape, position =>
    {
        var source = offset;
        for (var axis = 0; axis < position.Length; axis++)
            source += position[axis] * strides[axis];
        return source;
    });

    /// <summary>Axis i of the result is axis <c>order[i]</c>.</summary>
    public static Values Permuted(Values x, params int[] order)
    {
        var strides = Strides(x.Shape);
        int[] shape = [.. order.Select(axis => x.Shape[axis])];
        return x.Taken(shape, Grid(shape, 0, [.. order.Select(axis => strides[axis])]));
    }

    /// <summary>The order that undoes one.</summary>
    public static int[] Inverse(int[] order) => [.. Enumerable.Range(0, order.Length).Select(axis => Array.IndexOf(order, axis))];

    /// <summary>Every axis from <c>starts</c> in <c>steps</c>, which may be negative, as many as <c>counts</c>.</summary>
    public static Values Sliced(Values x, int[] starts, int[] counts, int[] steps)
    {
        var strides = Strides(x.Shape);
        var offset = starts.Zip(strides, (start, stride) => start * stride).Sum();
        return x.Taken(counts, Grid(counts, offset, [.. steps.Zip(strides, (step, stride) => step * stride)]));
    }

    /// <summary>The shape of two operands together: sizes of 1 stretch (numpy's rule, which ONNX calls multidirectional broadcasting).</summary>
    public static int[] Broadcast(int[] left, int[] right)
    {
        var shape = new int[Math.Max(left.Length, right.Length)];
        for (var axis = 1; axis <= shape.Length; axis++)
        {
            var (a, b) = (axis <= left.Length ? left[^axis] : 1, axis <= right.Length ? right[^axis] : 1);
            shape[^axis] = a == 1 ? b : b == 1 || a == b ? a : throw new ArgumentException($"sizes {a} and {b} do not go together", nameof(right));
        }
        return shape;
    }

    /// <summary>For each element of <paramref name="to"/> its source in a tensor of shape <paramref name="from"/>.</summary>
    public static int[] Stretched(int[] from, int[] to)
    {
        var (strides, own) = (new int[to.Length], Strides(from));
        for (var axis = 1; axis <= from.Length; axis++)
            strides[^axis] = from[^axis] == 1 ? 0 : own[^axis];
        return Grid(to, 0, strides);
    }
}

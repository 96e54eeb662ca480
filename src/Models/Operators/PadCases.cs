using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Pad by a constant, by reflection and by the edge; negative pads take away.</summary>
internal static class PadCases
{
    private const int Outside = -1;

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } = [("Pad", _ => ElementTypes.All.SelectMany(Drafts))];

    private static IEnumerable<Draft> Drafts(ElementType type)
    {
        var value = type == ElementType.Bool ? 1 : 3;
        yield return Case(type, "constant", [17, 31], [1, 0, 2, 5], value);
        yield return Case(type, "constant", [2, 3, 65], [0, 1, 0, 0, 0, 1], null);
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return Case(type, "constant", [5, 65], [0, -1, 1, -2], value);
        yield return Case(type, "constant", [0, 3], [1, 1, 1, 1], value);
        yield return Case(type, "reflect", [2, 7, 9], [0, 2, 3, 0, 1, 8], null);
        yield return Case(type, "edge", [2, 7, 9], [0, 2, 3, 0, 1, 12], null);
        yield return Case(type, "reflect", [2, 9, 7], [0, 2, 3, 0, 1, 4], null) with { View = View.Transposed };
        yield return Case(type, "constant", [5, 65], [1, 1, 1, 1], value) with { View = View.Sliced };
    }

    /// <param name="pads">Before each axis, then behind each.</param>
    /// <param name="value">Null leaves it to the default, which is 0.</param>
    private static Draft Case(ElementType type, string mode, int[] shape, int[] pads, int? value)
    {
        var rank = shape.Length;
        int[] result = [.. shape.Select((size, axis) => size + pads[axis] + pads[axis + rank])];
        int[] torch = [.. Enumerable.Range(0, rank).Reverse().SelectMany(axis => (int[])[pads[axis], pads[axis + rank]])];
        return new("Pad", type, $"{mode}-{Draft.Word(shape)}-to-{Draft.Word(result)}", CaseKind.Exact)
        {
            Operands =
            [
                new Operand.Drawn("x", type, shape, Fills.Anything), Operand.Constant.Longs("pads", pads),
                .. value is { } number ? (Operand[])[Operand.Constant.Scalar("value", type, number)] : [],
            ],
            Attributes = [new NodeAttribute.Text("mode", mode)],
            Golden = (_, at) => [Padded(at[0], mode, result, pads, value ?? 0)],
            Torch = mode switch // the modes of torch take the last axes alone, of floating-point numbers
            {
                "constant" => $"torch.constant_pad_nd(x, {Draft.List(torch)}, {value ?? 0})",
                _ when !type.IsReal() => null,
                "reflect" => $"torch.reflection_pad2d(x, {Draft.List(torch[..4])})",
                _ => $"torch.replication_pad2d(x, {Draft.List(torch[..4])})",
            },
        };
    }

    private static Values Padded(Values x, string mode, int[] shape, int[] pads, int value)
    {
        var strides = Layout.Strides(x.Shape);
        var sources = Layout.Map(shape, position =>
        {
            var source = 0;
            for (var axis = 0; axis < shape.Length && source != Outside; axis++)
            {
                var place = Inside(position[axis] - pads[axis], x.Shape[axis], mode);
                source = place == Outside ? Outside : source + (place * strides[axis]);
            }
            return source;
        });
        var (padded, fill) = (new Values(x.Type, shape), new Values(x.Type));
        Fills.These((double)value)(new(0, "", ""), fill);
        for (var at = 0; at < sources.Length; at++)
            padded.Copy(at, sources[at] == Outside ? fill : x, Math.Max(sources[at], 0));
        return padded;
    }

    private static int Inside(int place, int size, string mode) => mode switch
    {
        "edge" => Math.Clamp(place, 0, size - 1),
        "reflect" => place < 0 ? -place : place >= size ? (2 * (size - 1)) - place : place,
        _ => place < 0 || place >= size ? Outside : place,
    };
}

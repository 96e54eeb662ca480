using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Gather, GatherElements and ScatterElements; indices of both types and both signs.</summary>
internal static class IndexingCases
{
    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        ("Gather", _ => ElementTypes.All.SelectMany(Gather)),
        ("GatherElements", _ => ElementTypes.All.SelectMany(GatherElements)),
        ("ScatterElements", _ => ElementTypes.All.SelectMany(ScatterElements)),
    ];

    private static IEnumerable<Draft> Gather(ElementType type)
    {
        yield return Gather(type, [17, 31], [7], 0, ElementType.Int64);
        yield return Gather(type, [5, 65], [3, 4], 1, ElementType.Int32);
        yield return Gather(type, [19, 33], [5], 0, ElementType.Int64) with { View = View.Transposed };
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return Gather(type, [17, 31], [], 0, ElementType.Int64);
        yield return Gather(type, [17, 31], [0], 1, ElementType.Int64);
        yield return Gather(type, [3, 5, 7], [129], 1, ElementType.Int32);
        yield return Gather(type, [5, 64], [5], 1, ElementType.Int64) with { View = View.Sliced };
    }

    private static Draft Gather(ElementType type, int[] shape, int[] indices, int axis, ElementType indexType) =>
        new("Gather", type, $"{Draft.Word(shape)}-axis{axis}-by-{Draft.Word(indices)}-{indexType.Word()}", CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, shape, Fills.Anything), new Operand.Drawn("i", indexType, indices, Fills.Integers(-shape[axis], shape[axis] - 1))],
            Attributes = [new NodeAttribute.Whole("axis", axis)],
            Golden = (_, at) =>
            {
                var (strides, own) = (Layout.Strides(at[0].Shape), Layout.Strides(at[1].Shape));
                int[] result = [.. shape[..axis], .. indices, .. shape[(axis + 1)..]];
                return [at[0].Taken(result, Layout.Map(result, position =>
                {
                    var index = indices.Select((_, i) => position[axis + i] * own[i]).Sum();
                    var source = Wrapped(at[1].Whole[index], shape[axis]) * strides[axis];
                    for (var other = 0; other < shape.Length; other++)
                        source += other == axis ? 0 : position[other < axis ? other : other + indices.Length - 1] * strides[other];
                    return source;
                }))];
            },
            Torch = $"i = i.to(4)\ni = torch.where(i < 0, i + {shape[axis]}, i)\ntorch.index_select(x, {axis}, i.reshape([-1])).reshape({Draft.List([.. shape[..axis], .. indices, .. shape[(axis + 1)..]])})",
        };

    private static IEnumerable<Draft> GatherElements(ElementType type)
    {
        yield return GatherElements(type, [17, 31], [9, 31], 0, ElementType.Int64);
        yield return GatherElements(type, [5, 65], [5, 7], 1, ElementType.Int32);
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return GatherElements(type, [3, 5, 7], [3, 129, 7], 1, ElementType.Int64);
        yield return GatherElements(type, [3, 5], [3, 0], 1, ElementType.Int64);
        yield return GatherElements(type, [19, 33], [19, 5], 1, ElementType.Int64) with { View = View.Transposed };
    }

    private static Draft GatherElements(ElementType type, int[] shape, int[] indices, int axis, ElementType indexType) =>
        new("GatherElements", type, $"{Draft.Word(shape)}-axis{axis}-by-{Draft.Word(indices)}-{indexType.Word()}", CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, shape, Fills.Anything), new Operand.Drawn("i", indexType, indices, Fills.Integers(-shape[axis], shape[axis] - 1))],
            Attributes = [new NodeAttribute.Whole("axis", axis)],
            Golden = (_, at) => [at[0].Taken(indices, Targets(at[1], shape, axis))],
            Torch = $"i = i.to(4)\ni = torch.where(i < 0, i + {shape[axis]}, i)\ntorch.gather(x, {axis}, i)",
        };

    private static IEnumerable<Draft> ScatterElements(ElementType type)
    {
        yield return ScatterElements(type, [17, 31], [17, 31], 1, ElementType.Int64, false);
        yield return ScatterElements(type, [9, 65], [9, 5], 0, ElementType.Int32, false);
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return ScatterElements(type, [3, 5, 7], [3, 5, 7], 1, ElementType.Int64, false);
        yield return ScatterElements(type, [5, 13], [41, 13], 0, ElementType.Int64, true);
        yield return ScatterElements(type, [19, 33], [19, 33], 1, ElementType.Int64, false) with { View = View.Transposed };
    }

    /// <param name="adds">Indices then repeat, so that an update that gets lost is seen; else none does, for then the order would be open.</param>
    private static Draft ScatterElements(ElementType type, int[] shape, int[] indices, int axis, ElementType indexType, bool adds)
    {
        var fill = !adds ? Fills.Anything : type.IsReal() ? Fills.Sized(0.25, 4) : Fills.Integers(-1L << 40, 1L << 40);
        return new("ScatterElements", type, $"{Draft.Word(shape)}-axis{axis}-by-{Draft.Word(indices)}-{indexType.Word()}{(adds ? "-add" : "")}", adds && type.IsReal() ? CaseKind.Rounded : CaseKind.Exact)
        {
            Operands =
            [
                new Operand.Drawn("x", type, shape, fill),
                new Operand.Drawn("i", indexType, indices, adds ? Fills.Integers(-shape[axis], shape[axis] - 1) : (draws, into) => Distinct(draws, into, shape[axis], axis)),
                new Operand.Drawn("u", type, indices, fill),
            ],
            Attributes = [new NodeAttribute.Whole("axis", axis), new NodeAttribute.Text("reduction", adds ? "add" : "none")],
            Golden = (a, at) => [Scatter(a, at[0], Targets(at[1], shape, axis), at[2], adds)],
            Torch = $"i = i.to(4)\ni = torch.where(i < 0, i + {shape[axis]}, i)\ntorch.{(adds ? "scatter_add" : "scatter")}(x, {axis}, i, u)",
        };
    }

    private static Values Scatter(Arithmetic a, Values x, int[] targets, Values updates, bool adds)
    {
        var result = x.Shaped(x.Shape);
        for (var at = 0; at < targets.Length; at++)
        {
            if (!adds)
                result.Copy(targets[at], updates, at);
            else if (x.Type.IsReal())
                result.Reals[targets[at]] = a.Round(result.Reals[targets[at]] + updates.Reals[at]);
            else
                result.Whole[targets[at]] += updates.Whole[at];
        }
        return result;
    }

    /// <summary>Where each index points: its own position, with the index in place of one axis.</summary>
    private static int[] Targets(Values indices, int[] shape, int axis)
    {
        var (strides, at) = (Layout.Strides(shape), 0);
        return Layout.Map(indices.Shape, position =>
        {
            var target = Wrapped(indices.Whole[at++], shape[axis]) * strides[axis];
            for (var other = 0; other < shape.Length; other++)
                target += other == axis ? 0 : position[other] * strides[other];
            return target;
        });
    }

    /// <summary>Along the axis every index at most once: a rotation of 0 to size - 1 per lane, every other one counted from the end.</summary>
    private static void Distinct(Draws draws, Values into, int size, int axis)
    {
        var (first, strides) = (draws.Between(0, size - 1), Layout.Strides(into.Shape));
        for (var at = 0; at < into.Count; at++)
        {
            var (place, lane) = (at / strides[axis] % into.Shape[axis], at % strides[axis] + (at / (strides[axis] * into.Shape[axis])));
            var index = (first + place + (lane * 3L)) % size;
            into.Whole[at] = place % 2 == 0 ? index : index - size;
        }
    }

    private static int Wrapped(long index, int size) => (int)(index < 0 ? index + size : index);
}

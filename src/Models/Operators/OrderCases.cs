using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>CumSum, ArgMax, TopK and Range: operators in which the order of elements counts.</summary>
internal static class OrderCases
{
    private static readonly ElementType[] Wide = [ElementType.Int32, ElementType.Int64];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        ("CumSum", _ => ((ElementType[])[.. ElementTypes.Reals, .. Wide]).SelectMany(CumSum)),
        ("ArgMax", _ => ElementTypes.Numbers.SelectMany(ArgMax)),
        ("TopK", _ => ElementTypes.Numbers.Where(type => type != ElementType.BF16).SelectMany(TopK)),
        ("Range", _ => ((ElementType[])[ElementType.FP32, ElementType.FP64, .. Wide]).SelectMany(Range)),
    ];

    private static IEnumerable<Draft> CumSum(ElementType type)
    {
        yield return CumSum(type, [17, 31], 1, false, false);
        yield return CumSum(type, [5, 65], 0, true, false);
        yield return CumSum(type, [5, 31], 1, false, true);
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return CumSum(type, [129], 0, true, true);
        yield return CumSum(type, [0, 3], 0, false, false);
        yield return CumSum(type, [19, 33], 1, false, false) with { View = View.Transposed };
        if (type == ElementType.FP32)
            yield return CumSum(type, [4099], 0, false, false); // one after the other in float32, 100,000 would be off by more than COR-01 allows
    }

    private static Draft CumSum(ElementType type, int[] shape, int axis, bool exclusive, bool reverse)
    {
        var fill = type.IsReal() ? Fills.Uniform(0.25, 1) : Fills.Integers(type.Range().Least / 256, type.Range().Most / 256);
        var sum = $"torch.cumsum({(reverse ? $"torch.flip(x, [{axis}])" : "x")}, {axis}, dtype={type.TorchNumber()})";
        // torch sums inclusively: an exclusive sum is the inclusive one moved on by one, a zero before it
        if (exclusive)
            sum = $"torch.cat([torch.zeros_like(torch.slice(s, {axis}, 0, 1)), torch.slice(s, {axis}, 0, -1)], {axis})";
        var before = exclusive ? $"s = torch.cumsum({(reverse ? $"torch.flip(x, [{axis}])" : "x")}, {axis}, dtype={type.TorchNumber()})\n" : "";
        return new("CumSum", type, $"{Draft.Word(shape)}-axis{axis}{(exclusive ? "-exclusive" : "")}{(reverse ? "-reverse" : "")}", type.IsReal() ? CaseKind.Rounded : CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, shape, fill), Operand.Constant.Scalar("axis", ElementType.Int64, axis)],
            Attributes = [new NodeAttribute.Whole("exclusive", exclusive ? 1 : 0), new NodeAttribute.Whole("reverse", reverse ? 1 : 0)],
            Golden = (a, at) =>
            {
                var lanes = new Lanes(at[0], axis);
                return [lanes.Back(type, lanes.Length, (lane, reals, whole) => Accumulate(a, lanes, lane, reals.Span, whole.Span, exclusive, reverse))];
            },
            Torch = before + (reverse ? $"torch.flip({sum}, [{axis}])" : sum),
        };
    }

    /// <summary>Compensated where it is to be exact (Neumaier), else in the accumulator; rounded at each element.</summary>
    private static void Accumulate(Arithmetic a, Lanes lanes, int lane, Span<double> reals, Span<long> whole, bool exclusive, bool reverse)
    {
        var (sum, lost, count) = (0.0, 0.0, 0L);
        for (var place = 0; place < lanes.Length; place++)
        {
            var at = reverse ? lanes.Length - 1 - place : place;
            if (!reals.IsEmpty)
            {
                var value = lanes.Reals(lane)[at];
                var next = a.Wide(sum + value);
                lost += a == Arithmetic.Exact ? sum >= value ? sum - next + value : value - next + sum : 0;
                reals[at] = a.Round(exclusive ? sum + (a == Arithmetic.Exact ? lost : 0) : next + lost);
                sum = next;
            }
            else
            {
                var value = lanes.Whole(lane)[at];
                whole[at] = exclusive ? count : count + value;
                count += value;
            }
        }
    }

    private static IEnumerable<Draft> ArgMax(ElementType type)
    {
        yield return ArgMax(type, "", [17, 31], 1, true, false, Fills.Anything);
        yield return ArgMax(type, "ties-", [5, 65], 1, false, false, Fills.Uniform(0, 2));
        yield return ArgMax(type, "ties-", [5, 65], 0, true, true, Fills.Uniform(0, 2));
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return ArgMax(type, "", [129], 0, true, false, Fills.Anything);
        yield return ArgMax(type, "", [0, 3], 1, true, false, Fills.Anything);
        yield return ArgMax(type, "", [19, 33], 1, true, false, Fills.Anything) with { View = View.Transposed };
        if (type == ElementType.FP32)
            yield return ArgMax(type, "", [ReductionCases.Large], 0, true, false, Fills.Uniform(-8, 8));
    }

    private static Draft ArgMax(ElementType type, string words, int[] shape, int axis, bool keeps, bool last, Fill fill) =>
        new("ArgMax", type, $"{words}{Draft.Word(shape)}-axis{axis}{(last ? "-last" : "")}", CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, shape, (draws, into) => Comparable(fill, draws, into))],
            Attributes = [new NodeAttribute.Whole("axis", axis), new NodeAttribute.Whole("keepdims", keeps ? 1 : 0), new NodeAttribute.Whole("select_last_index", last ? 1 : 0)],
            Golden = (_, at) =>
            {
                var lanes = new Lanes(at[0], axis);
                var indices = lanes.Back(ElementType.Int64, 1, (lane, _, whole) => whole.Span[0] = Ranked(lanes, lane, type, true, last)[0]);
                return [keeps ? indices : indices.Shaped([.. shape[..axis], .. shape[(axis + 1)..]])];
            },
            Torch = last ? $"{shape[axis] - 1} - torch.argmax(torch.flip(x, [{axis}]), {axis}, {keeps})" : $"torch.argmax(x, {axis}, {keeps})",
        };

    private static IEnumerable<Draft> TopK(ElementType type)
    {
        yield return TopK(type, [5, 31], 1, 4, true);
        yield return TopK(type, [65], 0, 65, false);
        if (type is not (ElementType.FP32 or ElementType.Int64))
            yield break;
        yield return TopK(type, [129, 3], 0, 1, true);
        yield return TopK(type, [3, 5], 1, 0, true);
        yield return TopK(type, [7, 17], 1, 3, false) with { View = View.Transposed };
    }

    /// <summary>No two elements are equal, for their order would be open.</summary>
    private static Draft TopK(ElementType type, int[] shape, int axis, int k, bool largest) =>
        new("TopK", type, $"{Draft.Word(shape)}-axis{axis}-k{k}-{(largest ? "largest" : "smallest")}", CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, shape, Spread(type)), Operand.Constant.Longs("k", k)],
            Attributes = [new NodeAttribute.Whole("axis", axis), new NodeAttribute.Whole("largest", largest ? 1 : 0), new NodeAttribute.Whole("sorted", 1)],
            Golden = (_, at) =>
            {
                var lanes = new Lanes(at[0], axis);
                var values = lanes.Back(type, k, (lane, reals, whole) =>
                {
                    foreach (var (place, index) in Ranked(lanes, lane, type, largest, false).Take(k).Index())
                    {
                        if (type.IsReal())
                            reals.Span[place] = lanes.Reals(lane)[index];
                        else
                            whole.Span[place] = lanes.Whole(lane)[index];
                    }
                });
                var indices = lanes.Back(ElementType.Int64, k, (lane, _, whole) =>
                {
                    foreach (var (place, index) in Ranked(lanes, lane, type, largest, false).Take(k).Index())
                        whole.Span[place] = index;
                });
                return [values, indices];
            },
            Torch = $"torch.topk(x, {k}, {axis}, {largest}, True)",
        };

    private static Fill Spread(ElementType type) => type switch
    {
        ElementType.UInt8 => Fills.Shuffled(20, 1),
        ElementType.Int8 => Fills.Shuffled(-90, 1),
        ElementType.Int32 => Fills.Shuffled(-2_000_000_000, 9_000_001),
        ElementType.Int64 => Fills.Shuffled(-4e15, 17_179_869_183),
        _ => Fills.Shuffled(-40, 0.25),
    };

    /// <summary>Indices of a lane, best first; among equals the first, or the last.</summary>
    private static int[] Ranked(Lanes lanes, int lane, ElementType type, bool largest, bool last)
    {
        var order = Enumerable.Range(0, lanes.Length);
        if (last)
            order = order.Reverse();
        if (type.IsReal())
        {
            var reals = lanes.Reals(lane).ToArray();
            return [.. largest ? order.OrderByDescending(at => reals[at]) : order.OrderBy(at => reals[at])];
        }
        var whole = lanes.Whole(lane).ToArray();
        return [.. largest ? order.OrderByDescending(at => whole[at]) : order.OrderBy(at => whole[at])];
    }

    private static void Comparable(Fill fill, Draws draws, Values into)
    {
        fill(draws, into);
        for (var at = 0; at < into.Reals.Length; at++)
            into.Reals[at] = double.IsNaN(into.Reals[at]) ? 0.5 : into.Reals[at];
    }

    private static IEnumerable<Draft> Range(ElementType type)
    {
        Draft Of(double start, double limit, double delta, int count) => new("Range", type, FormattableString.Invariant($"{count}-from-{Math.Abs(start):0}{(delta < 0 ? "-down" : "")}"), type.IsReal() ? CaseKind.Rounded : CaseKind.Exact)
        {
            Operands = [new Operand.Drawn("x", type, [], Fills.These(start)), new Operand.Drawn("y", type, [], Fills.These(limit)), new Operand.Drawn("z", type, [], Fills.These(delta))],
            Golden = (a, at) =>
            {
                var range = new Values(type, count);
                for (var i = 0; i < count; i++)
                {
                    if (type.IsReal())
                        range.Reals[i] = a.Round(at[0].Reals[0] + (i * at[2].Reals[0]));
                    else
                        range.Whole[i] = at[0].Whole[0] + (i * at[2].Whole[0]);
                }
                return [range];
            },
            Torch = $"torch.arange(x.item(), y.item(), z.item(), dtype={type.TorchNumber()})",
        };
        yield return Of(0, 65, 1, 65);
        yield return Of(10, -9, -2, 10);
        yield return Of(5, 5, 1, 0);
        yield return type.IsReal() ? Of(0.5, 8, 0.25, 30) : type == ElementType.Int64 ? Of(1L << 40, (1L << 40) + 50, 7, 8) : Of(2_000_000_000, 2_000_000_050, 7, 8);
    }
}

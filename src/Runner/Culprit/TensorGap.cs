using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How far an answer lies from what the reference says, by the rules of COR-01, COR-02 and COR-04.</summary>
/// <param name="IsWithin">Whether it is within the band.</param>
/// <param name="Worst">Largest difference over what that element is allowed; infinite where no difference can be stated or none is allowed.</param>
/// <param name="Outside">Elements that do not match.</param>
/// <param name="Where">Of the worst element: <c>[0,3,7]</c>; what is wrong instead where the answer has another form.</param>
/// <param name="Tolerance">Of the worst element, and the share that must match.</param>
public sealed record TensorGap(
    string Name, string DataType, ImmutableArray<long> Shape, bool IsWithin, double Worst, long Outside, long Count, string Where, string Seen, string Expected, string Tolerance)
{
    /// <summary>Holds an answer against the reference's.</summary>
    /// <param name="accuracy">COR-01.</param>
    public static TensorGap Between(Clause accuracy, WireTensor expected, WireTensor seen)
    {
        var same = new TensorGap(expected.Name, expected.DataType, expected.Shape, true, 0, 0, TensorType.Count(expected.Shape.AsSpan()) ?? 0, "", "", "", "");
        if (seen.DataType != expected.DataType)
            return same with { IsWithin = false, Worst = double.PositiveInfinity, Outside = same.Count, Where = "the type", Seen = seen.DataType, Expected = expected.DataType };
        if (!seen.Shape.SequenceEqual(expected.Shape))
            return same with { IsWithin = false, Worst = double.PositiveInfinity, Outside = same.Count, Where = "the shape", Seen = Bracket(seen.Shape), Expected = Bracket(expected.Shape) };
        return OperatorTolerance.TryOf(accuracy, expected.DataType) is { } tolerance ? Fractions(same, tolerance, expected.Data.Span, seen.Data.Span) : Bits(same, expected, seen);
    }

    /// <summary>The worse of two: the one outside the band, and of two such the one further off.</summary>
    public static TensorGap Worse(TensorGap one, TensorGap other) =>
        one.IsWithin != other.IsWithin ? (one.IsWithin ? other : one) : other.Worst > one.Worst ? other : one;

    private static TensorGap Fractions(TensorGap gap, OperatorTolerance tolerance, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> seen)
    {
        var (worst, at, unmatched, outside, isBroken) = (-1.0, 0, 0L, 0L, false);
        var count = expected.Length / tolerance.Format.Size;
        for (var each = 0; each < count; each++)
        {
            double golden = tolerance.Format.Read(expected, each), value = tolerance.Format.Read(seen, each);
            var error = Math.Abs(value - golden);
            var isFinite = double.IsFinite(golden) && double.IsFinite(value);
            var isOtherKind = isFinite ? value == 0 && tolerance.Format.IsSubnormal(golden) : !golden.Equals(value);
            var times = isOtherKind ? double.PositiveInfinity : isFinite ? error / Math.Min(tolerance.Near(golden), tolerance.Most(golden)) : 0;
            unmatched += isOtherKind || (isFinite && error > tolerance.Near(golden)) ? 1 : 0;
            outside += times > 1 ? 1 : 0;
            isBroken |= isOtherKind || (isFinite && error > tolerance.Most(golden));
            if (times > worst)
                (worst, at) = (times, each);
        }

        if (count == 0)
            return gap;
        var right = tolerance.Format.Read(expected, at);
        var isWithin = !isBroken && count - unmatched >= tolerance.MatchedShare * count;
        return gap with
        {
            IsWithin = isWithin,
            Worst = worst,
            Outside = outside,
            Where = Place(gap.Shape, at),
            Seen = Text(tolerance, tolerance.Format.Read(seen, at)),
            Expected = Text(tolerance, right),
            Tolerance = double.IsFinite(right)
                ? FormattableString.Invariant($"{tolerance.Near(right):0.###e+0} here for {tolerance.MatchedShare:P0} of the elements, {tolerance.Most(right):0.###e+0} for any")
                : "the same infinity or NaN",
        };
    }

    private static TensorGap Bits(TensorGap gap, WireTensor expected, WireTensor seen)
    {
        ReadOnlySpan<byte> right = expected.Data.Span, value = seen.Data.Span;
        var size = TensorType.SizeOf(expected.DataType) ?? 0;
        if (right.SequenceEqual(value))
            return gap;
        if (size == 0) // texts, each behind its length
            return gap with { IsWithin = false, Worst = double.PositiveInfinity, Outside = 1, Where = "the texts", Seen = Clip.Text(value), Expected = Clip.Text(right), Tolerance = "every byte" };
        var (different, first) = (0L, -1);
        for (var at = 0; at < gap.Count; at++)
        {
            if (right.Slice(at * size, size).SequenceEqual(value.Slice(at * size, size)))
                continue;
            different++;
            first = first < 0 ? at : first;
        }

        return gap with
        {
            IsWithin = false,
            Worst = double.PositiveInfinity,
            Outside = different,
            Where = Place(gap.Shape, first),
            Seen = Whole(expected.DataType, value.Slice(first * size, size)),
            Expected = Whole(expected.DataType, right.Slice(first * size, size)),
            Tolerance = "every bit",
        };
    }

    private static string Place(ImmutableArray<long> shape, long at)
    {
        var place = new long[shape.Length];
        for (var axis = shape.Length; axis-- > 0; at /= shape[axis])
            place[axis] = at % shape[axis];
        return $"[{string.Join(',', place)}]";
    }

    private static string Bracket(ImmutableArray<long> shape) => $"[{string.Join(',', shape)}]";

    /// <summary>As many digits as tell the number from its neighbours in its own type.</summary>
    private static string Text(OperatorTolerance tolerance, double value) =>
        tolerance.Format.Size == sizeof(double) ? value.ToString("R", CultureInfo.InvariantCulture) : ((float)value).ToString("R", CultureInfo.InvariantCulture);

    private static string Whole(string type, ReadOnlySpan<byte> bytes)
    {
        Span<byte> wide = stackalloc byte[sizeof(long)];
        wide.Fill(type[0] != 'U' && (bytes[^1] & 0x80) != 0 ? byte.MaxValue : byte.MinValue);
        bytes.CopyTo(wide);
        return type == "UINT64"
            ? BinaryPrimitives.ReadUInt64LittleEndian(wide).ToString(CultureInfo.InvariantCulture)
            : BinaryPrimitives.ReadInt64LittleEndian(wide).ToString(CultureInfo.InvariantCulture);
    }
}

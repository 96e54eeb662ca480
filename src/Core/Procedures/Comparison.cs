using System.Buffers.Binary;

namespace Adaptation.Core;

/// <summary>Compares tensors element by element and keeps count over all of them.</summary>
/// <param name="rtol">Fraction of the expected value.</param>
/// <param name="atol">In the unit of the tensor.</param>
public sealed class Comparison(double rtol, double atol)
{
    public double Rtol => rtol;

    public double Atol => atol;

    public long Count { get; private set; }

    public long Outside { get; private set; }

    /// <summary>Of the elements that are floating-point numbers on both sides.</summary>
    public double LargestDifference { get; private set; }

    /// <summary>Largest difference over its tolerance: at most 1 where all agree; infinite if a number met none, or a whole number another.</summary>
    public double WorstRatio { get; private set; }

    /// <summary>Compares what a golden line expects: floating-point numbers within the tolerance, everything else to the bit.</summary>
    /// <param name="actual">Little-endian, of the line's type.</param>
    /// <param name="expected">As many bytes.</param>
    /// <exception cref="ArgumentException">A golden pack may not hold the line's type.</exception>
    public void Add(GoldenLine line, ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(actual.Length, expected.Length, nameof(actual));
        if (FloatFormat.TryFind(line.DataType) is { } format)
            Close(format, actual, expected, line.AtolPpb is { } own ? own / 1e9 : atol);
        else
            Same(GoldenTensor.SizeOf(line.DataType) ?? throw new ArgumentException($"a golden pack may not hold {line.DataType}", nameof(line)), actual, expected);
    }

    private void Close(FloatFormat format, ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected, double least)
    {
        var (outside, largest, worst) = (0L, LargestDifference, WorstRatio);
        var count = expected.Length / format.Size;
        var isSingle = format.Size == sizeof(float); // by far the most, and looked at while a load runs
        for (var at = 0; at < count; at++)
        {
            var a = isSingle ? BinaryPrimitives.ReadSingleLittleEndian(actual[(at * sizeof(float))..]) : format.Read(actual, at);
            var e = isSingle ? BinaryPrimitives.ReadSingleLittleEndian(expected[(at * sizeof(float))..]) : format.Read(expected, at);
            var difference = Math.Abs(a - e);
            var tolerance = least + (rtol * Math.Abs(e));
            if (!(difference < double.PositiveInfinity && tolerance < double.PositiveInfinity)) // a NaN is never below
            {
                if (a.Equals(e))
                    continue;
                outside++;
                worst = double.PositiveInfinity;
                continue;
            }

            if (difference > tolerance)
                outside++;
            if (difference > largest)
                largest = difference;
            if (difference > worst * tolerance)
                worst = difference / tolerance;
        }

        Count += count;
        Outside += outside;
        (LargestDifference, WorstRatio) = (largest, worst);
    }

    private void Same(int size, ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        for (var at = 0; at < expected.Length; at += size)
        {
            if (actual.Slice(at, size).SequenceEqual(expected.Slice(at, size)))
                continue;
            Outside++;
            WorstRatio = double.PositiveInfinity;
        }

        Count += expected.Length / size;
    }
}

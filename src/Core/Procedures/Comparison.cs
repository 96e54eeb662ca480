using System.Buffers.Binary;

namespace Adaptation.Core;

/// <summary>Compares float32 tensors element by element and keeps count over all of them.</summary>
/// <param name="rtol">Fraction of the expected value.</param>
/// <param name="atol">In the unit of the tensor.</param>
public sealed class Comparison(double rtol, double atol)
{
    public double Rtol => rtol;

    public double Atol => atol;

    public long Count { get; private set; }

    public long Outside { get; private set; }

    /// <summary>Of the elements that are numbers on both sides.</summary>
    public double LargestDifference { get; private set; }

    /// <summary>Largest difference over its tolerance: at most 1 where all agree; infinite if a number met none.</summary>
    public double WorstRatio { get; private set; }

    /// <param name="actual">Little-endian float32.</param>
    /// <param name="expected">As many.</param>
    public void Add(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(actual.Length, expected.Length, nameof(actual));
        var (outside, largest, worst) = (0L, LargestDifference, WorstRatio);
        for (var at = 0; at < expected.Length; at += sizeof(float))
        {
            double a = BinaryPrimitives.ReadSingleLittleEndian(actual[at..]), e = BinaryPrimitives.ReadSingleLittleEndian(expected[at..]);
            var difference = Math.Abs(a - e);
            var tolerance = atol + (rtol * Math.Abs(e));
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

        Count += expected.Length / sizeof(float);
        Outside += outside;
        (LargestDifference, WorstRatio) = (largest, worst);
    }
}

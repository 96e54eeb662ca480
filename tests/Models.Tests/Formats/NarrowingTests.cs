using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Models.Tests;

public sealed class NarrowingTests
{
    /// <summary>Every exponent with mantissas around each rounding bit, both signs: subnormals, ties, overflow, infinity and NaN among them.</summary>
    private static readonly float[] Corners =
    [
        .. from exponent in Enumerable.Range(0, 256)
           from mantissa in Enumerable.Range(0, 24).SelectMany(bit => new[] { 1 << bit, (1 << bit) - 1, (1 << bit) + 1, 0x7FFFFF - (1 << bit), 3 << bit })
           from sign in new[] { 0u, 0x80000000u }
           select BitConverter.UInt32BitsToSingle(sign | ((uint)exponent << 23) | ((uint)mantissa & 0x7FFFFF)),
    ];

    [Fact]
    public void Float16_is_what_the_platform_rounds_to()
    {
        var narrowed = new ushort[Corners.Length];

        Narrowing.ToFloat16(Corners, narrowed, vectorized: true);

        Assert.All(Corners.Zip(narrowed).Where(pair => !float.IsNaN(pair.First)), pair => Assert.Equal(BitConverter.HalfToUInt16Bits((Half)pair.First), pair.Second));
    }

    [Fact]
    public void Bfloat16_is_the_nearest_and_the_even_one_of_two()
    {
        foreach (var value in Corners.Where(float.IsFinite))
        {
            var bits = BitConverter.SingleToUInt32Bits(value);
            var (below, rest) = (bits >> 16, bits & 0xFFFF);
            var expected = rest > 0x8000 || (rest == 0x8000 && below % 2 == 1) ? below + 1 : below;

            Assert.Equal((ushort)expected, Narrowing.Bfloat16(value));
        }
    }

    [Fact]
    public void Infinities_stay_and_what_is_not_a_number_stays_so_with_its_sign()
    {
        Assert.Equal(0x7C00, Narrowing.Float16(float.PositiveInfinity));
        Assert.Equal(0xFC00, Narrowing.Float16(float.NegativeInfinity));
        Assert.Equal(0x7C00, Narrowing.Float16(65520));
        Assert.Equal(0x7BFF, Narrowing.Float16(65519.996f));
        Assert.Equal(0x7F80, Narrowing.Bfloat16(float.PositiveInfinity));
        Assert.Equal(0x7F80, Narrowing.Bfloat16(float.MaxValue));
        var signalling = BitConverter.UInt32BitsToSingle(0xFF800001);
        Assert.Equal(0xFE00, Narrowing.Float16(signalling));
        Assert.Equal(0xFFC0, Narrowing.Bfloat16(signalling));
    }

    [Fact]
    public void The_vector_path_equals_the_scalar_path() => Prop.ForAll<uint[]>(words =>
    {
        float[] values = [.. Corners.Take(words.Length % 40), .. words.Select(BitConverter.UInt32BitsToSingle), .. Corners.TakeLast(words.Length % 40)];
        ushort[] slow = new ushort[values.Length], fast = new ushort[values.Length], slowB = new ushort[values.Length], fastB = new ushort[values.Length];

        Narrowing.ToFloat16(values, slow, vectorized: false);
        Narrowing.ToFloat16(values, fast, vectorized: true);
        Narrowing.ToBfloat16(values, slowB, vectorized: false);
        Narrowing.ToBfloat16(values, fastB, vectorized: true);

        return slow.AsSpan().SequenceEqual(fast) && slowB.AsSpan().SequenceEqual(fastB);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_vector_path_equals_the_scalar_path_at_every_corner()
    {
        ushort[] slow = new ushort[Corners.Length], fast = new ushort[Corners.Length], slowB = new ushort[Corners.Length], fastB = new ushort[Corners.Length];

        Narrowing.ToFloat16(Corners, slow, vectorized: false);
        Narrowing.ToFloat16(Corners, fast, vectorized: true);
        Narrowing.ToBfloat16(Corners, slowB, vectorized: false);
        Narrowing.ToBfloat16(Corners, fastB, vectorized: true);

        Assert.Equal(slow, fast);
        Assert.Equal(slowB, fastB);
    }
}

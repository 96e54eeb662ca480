namespace Adaptation.Models.Tests;

public sealed class BlockQuantizationTests
{
    public static TheoryData<bool> Paths => [false, true];

    [Theory, MemberData(nameof(Paths))]
    public void A_block_of_q8_0_is_what_one_computes_by_hand(bool vectorized)
    {
        // the largest magnitude is 127, so that the scale is 1 and each byte is its value, halves away from zero
        float[] values = [127, -127, 0.5f, -0.5f, 1.5f, -1.5f, 0.49999997f, -0.49999997f, .. new float[24]];
        var block = new byte[34];

        BlockQuantization.Q8_0(values, block, vectorized);

        Assert.Equal([0x00, 0x3C, 127, 129, 1, 255, 2, 254, 0, 0, .. new byte[24]], block);
    }

    [Theory, MemberData(nameof(Paths))]
    public void A_block_of_q4_0_is_what_one_computes_by_hand(bool vectorized)
    {
        // the largest magnitude is first met with value -8, so that the scale is 1; the later 8 would be 16 and is held at 15
        float[] values = [-8, 8, 0, 0.5f, -0.5f, 7, .. new float[10], 1, -1, .. new float[14]];
        var block = new byte[18];

        BlockQuantization.Q4_0(values, block, vectorized);

        Assert.Equal([0x00, 0x3C, 0x90, 0x7F, 0x88, 0x89, 0x88, 0x8F, .. Enumerable.Repeat((byte)0x88, 10)], block);
    }

    [Theory, MemberData(nameof(Paths))]
    public void The_first_of_two_equal_magnitudes_gives_q4_0_its_sign(bool vectorized)
    {
        byte[] positive = new byte[18], negative = new byte[18];

        BlockQuantization.Q4_0([4, -4, .. new float[30]], positive, vectorized);
        BlockQuantization.Q4_0([-4, 4, .. new float[30]], negative, vectorized);

        Assert.Equal(-0.5f, (float)BitConverter.ToHalf(positive));
        Assert.Equal(0.5f, (float)BitConverter.ToHalf(negative));
    }

    [Theory, MemberData(nameof(Paths))]
    public void A_block_of_zeros_is_zero(bool vectorized)
    {
        byte[] q8 = new byte[34], q4 = new byte[18];
        var decoded = new double[32];

        BlockQuantization.Q8_0(new float[32], q8, vectorized);
        BlockQuantization.Q4_0(new float[32], q4, vectorized);

        Assert.Equal(new byte[34], q8);
        Assert.Equal([0x00, 0x80, .. Enumerable.Repeat((byte)0x88, 16)], q4); // 0 / -8 is -0, as in ggml
        BlockQuantization.DecodeQ4_0(q4, decoded);
        Assert.All(decoded, value => Assert.Equal(0, Math.Abs(value)));
    }

    [Theory]
    [InlineData(float.NaN, false)]
    [InlineData(float.NaN, true)]
    [InlineData(float.NegativeInfinity, false)]
    [InlineData(float.NegativeInfinity, true)]
    public void What_is_not_finite_is_refused(float bad, bool vectorized)
    {
        float[] values = [.. Enumerable.Repeat(1f, 40), bad, .. new float[23]];

        Assert.Throws<ModelException>(() => BlockQuantization.Q8_0(values, new byte[68], vectorized));
        Assert.Throws<ModelException>(() => BlockQuantization.Q4_0(values, new byte[36], vectorized));
    }

    [Fact]
    public void The_vector_path_equals_the_scalar_path_at_every_magnitude()
    {
        var random = new Random(1);
        for (var exponent = -149; exponent <= 120; exponent++)
        {
            var values = Enumerable.Range(0, 320).Select(_ => (float)((random.NextDouble() - 0.5) * Math.ScaleB(1, exponent))).ToArray();
            byte[] slow8 = new byte[340], fast8 = new byte[340], slow4 = new byte[180], fast4 = new byte[180];

            BlockQuantization.Q8_0(values, slow8, vectorized: false);
            BlockQuantization.Q8_0(values, fast8, vectorized: true);
            BlockQuantization.Q4_0(values, slow4, vectorized: false);
            BlockQuantization.Q4_0(values, fast4, vectorized: true);

            Assert.Equal(slow8, fast8);
            Assert.Equal(slow4, fast4);
        }
    }

    [Fact]
    public void What_comes_back_lies_within_half_a_step()
    {
        var values = Enumerable.Range(0, 32).Select(at => (float)Math.Sin(at)).ToArray();
        var (block, decoded) = (new byte[34], new double[32]);

        BlockQuantization.Q8_0(values, block, vectorized: true);
        BlockQuantization.DecodeQ8_0(block, decoded);

        var step = (double)BitConverter.ToHalf(block);
        Assert.All(values.Zip(decoded), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, step * 0.57)); // half a step, and what the scale lost as float16
    }
}

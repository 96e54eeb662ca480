namespace Adaptation.Models.Tests;

public sealed class MatrixTests
{
    [Theory] // sizes on both sides of a tile, a vector, a chunk, and of what is worth a thread
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 7)]
    [InlineData(4, 4, 8)]
    [InlineData(5, 9, 17)]
    [InlineData(7, 66, 100)]
    [InlineData(8, 130, 1024)]
    [InlineData(13, 71, 3000)]
    [InlineData(1, 700, 1531)]
    public void Each_element_is_one_dot_product_bit_for_bit(int count, int rows, int columns)
    {
        var (matrix, x, bias) = (Drawn(rows, columns), new double[count * columns], new double[rows]);
        Fill(x, seed: 2);
        Fill(bias, seed: 3);
        var (plain, biased) = (new double[count * rows], new double[count * rows]);

        matrix.Multiply(x, count, bias: null, plain);
        matrix.Multiply(x, count, bias, biased);

        for (var i = 0; i < plain.Length; i++)
        {
            var dot = ExactMath.Dot(matrix.Row(i % rows), x.AsSpan(i / rows * columns, columns));
            Assert.Equal(BitConverter.DoubleToInt64Bits(dot), BitConverter.DoubleToInt64Bits(plain[i]));
            Assert.Equal(BitConverter.DoubleToInt64Bits(dot + bias[i % rows]), BitConverter.DoubleToInt64Bits(biased[i]));
        }
    }

    [Fact]
    public void The_identity_changes_nothing()
    {
        var (identity, x, y) = (new Matrix(19, 19), new double[19 * 6], new double[19 * 6]);
        for (var i = 0; i < 19; i++)
            identity.Values[(i * 19) + i] = 1;
        Fill(x, seed: 4);

        identity.Multiply(x, 6, bias: null, y);

        Assert.Equal(x, y);
    }

    private static Matrix Drawn(int rows, int columns)
    {
        var matrix = new Matrix(rows, columns);
        Fill(matrix.Values, seed: 1);
        return matrix;
    }

    private static void Fill(double[] values, int seed)
    {
        var random = new Random(seed);
        foreach (ref var value in values.AsSpan())
            value = random.NextDouble() - 0.5;
    }
}

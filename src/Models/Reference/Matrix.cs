using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Adaptation.Models;

/// <summary>A matrix of weights, [rows, columns] row-major; row r gives output r.</summary>
internal sealed class Matrix(int rows, int columns)
{
    // A tile is four rows by four vectors: 16 sums and 8 operands fill three quarters of the 32 registers.
    private const int Tile = 4;

    // Rows that stay in a core's second-level cache while all vectors pass by: half a megabyte.
    private const int ChunkElements = 1 << 16;

    // Below about a tenth of a millisecond of work, waking a thread costs more than it brings.
    private const long WorthThreads = 1 << 20;

    public int Rows => rows;

    public int Columns => columns;

    public double[] Values { get; } = new double[checked(rows * columns)];

    public ReadOnlySpan<double> Row(int row) => Values.AsSpan(row * columns, columns);

    /// <summary>Multiplies each of several vectors: y[t] = W x[t] + bias.</summary>
    /// <remarks>Each element is one <see cref="ExactMath.Dot"/>, bit for bit, whatever the number of vectors and threads.</remarks>
    /// <param name="x">[count, columns] or longer.</param>
    /// <param name="bias">[rows], or null.</param>
    /// <param name="y">[count, rows] or longer; every element of those is written.</param>
    public void Multiply(double[] x, int count, double[]? bias, double[] y)
    {
        var chunk = Math.Clamp(ChunkElements / columns / Tile * Tile, Tile, 64);
        var chunks = (rows + chunk - 1) / chunk;
        if ((long)count * rows * columns < WorthThreads)
            Rectangle(x, count, bias, y, 0, rows);
        else
            Parallel.For(0, chunks, i => Rectangle(x, count, bias, y, i * chunk, Math.Min(rows, (i + 1) * chunk)));
    }

    private void Rectangle(double[] x, int count, double[]? bias, double[] y, int first, int end)
    {
        Span<double> tile = stackalloc double[Tile * Tile];
        for (var t = 0; t < count; t += Tile)
        {
            var vectors = Math.Min(Tile, count - t);
            for (var r = first; r < end; r += Tile)
            {
                var height = Math.Min(Tile, end - r);
                if (vectors == Tile && height == Tile)
                    Square(x, t, r, tile);
                else if (height == Tile)
                    for (var i = 0; i < vectors; i++)
                        Column(x.AsSpan((t + i) * columns, columns), r, tile[(i * Tile)..]);
                else
                    for (var i = 0; i < vectors * height; i++)
                        tile[(i / height * Tile) + (i % height)] = ExactMath.Dot(Row(r + (i % height)), x.AsSpan((t + (i / height)) * columns, columns));
                for (var i = 0; i < vectors; i++)
                    for (var j = 0; j < height; j++)
                        y[((t + i) * rows) + r + j] = bias is null ? tile[(i * Tile) + j] : tile[(i * Tile) + j] + bias[r + j];
            }
        }
    }

    // Four rows times one vector.
    private void Column(ReadOnlySpan<double> x, int row, Span<double> tile)
    {
        ref var w = ref MemoryMarshal.GetReference(Row(row));
        ref var v = ref MemoryMarshal.GetReference(x);
        Vector512<double> s0 = default, s1 = default, s2 = default, s3 = default;
        var (whole, k) = (columns - (columns % 8), (nuint)columns);
        for (nuint at = 0; at < (nuint)whole; at += 8)
        {
            var a = Vector512.LoadUnsafe(ref v, at);
            s0 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref w, at), a, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref w, k + at), a, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref w, (2 * k) + at), a, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref w, (3 * k) + at), a, s3);
        }

        Fold(x, row, tile, s0, s1, s2, s3);
    }

    // Four rows times four vectors; named sums, because only those stay in registers.
    private void Square(double[] x, int vector, int row, Span<double> tile)
    {
        ref var w = ref MemoryMarshal.GetReference(Row(row));
        ref var v = ref MemoryMarshal.GetReference(x.AsSpan(vector * columns, Tile * columns));
        Vector512<double> s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        Vector512<double> s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
        var (whole, k) = (columns - (columns % 8), (nuint)columns);
        for (nuint at = 0; at < (nuint)whole; at += 8)
        {
            var (w0, w1) = (Vector512.LoadUnsafe(ref w, at), Vector512.LoadUnsafe(ref w, k + at));
            var (w2, w3) = (Vector512.LoadUnsafe(ref w, (2 * k) + at), Vector512.LoadUnsafe(ref w, (3 * k) + at));
            var a = Vector512.LoadUnsafe(ref v, at);
            (s00, s01) = (Vector512.FusedMultiplyAdd(w0, a, s00), Vector512.FusedMultiplyAdd(w1, a, s01));
            (s02, s03) = (Vector512.FusedMultiplyAdd(w2, a, s02), Vector512.FusedMultiplyAdd(w3, a, s03));
            a = Vector512.LoadUnsafe(ref v, k + at);
            (s10, s11) = (Vector512.FusedMultiplyAdd(w0, a, s10), Vector512.FusedMultiplyAdd(w1, a, s11));
            (s12, s13) = (Vector512.FusedMultiplyAdd(w2, a, s12), Vector512.FusedMultiplyAdd(w3, a, s13));
            a = Vector512.LoadUnsafe(ref v, (2 * k) + at);
            (s20, s21) = (Vector512.FusedMultiplyAdd(w0, a, s20), Vector512.FusedMultiplyAdd(w1, a, s21));
            (s22, s23) = (Vector512.FusedMultiplyAdd(w2, a, s22), Vector512.FusedMultiplyAdd(w3, a, s23));
            a = Vector512.LoadUnsafe(ref v, (3 * k) + at);
            (s30, s31) = (Vector512.FusedMultiplyAdd(w0, a, s30), Vector512.FusedMultiplyAdd(w1, a, s31));
            (s32, s33) = (Vector512.FusedMultiplyAdd(w2, a, s32), Vector512.FusedMultiplyAdd(w3, a, s33));
        }

        Fold(x.AsSpan(vector * columns, columns), row, tile, s00, s01, s02, s03);
        Fold(x.AsSpan((vector + 1) * columns, columns), row, tile[Tile..], s10, s11, s12, s13);
        Fold(x.AsSpan((vector + 2) * columns, columns), row, tile[(2 * Tile)..], s20, s21, s22, s23);
        Fold(x.AsSpan((vector + 3) * columns, columns), row, tile[(3 * Tile)..], s30, s31, s32, s33);
    }

    private void Fold(
        ReadOnlySpan<double> x, int row, Span<double> tile, Vector512<double> s0, Vector512<double> s1, Vector512<double> s2, Vector512<double> s3)
    {
        var whole = columns - (columns % 8);
        var rest = x[whole..];
        tile[0] = ExactMath.Fold(s0, Row(row)[whole..], rest);
        tile[1] = ExactMath.Fold(s1, Row(row + 1)[whole..], rest);
        tile[2] = ExactMath.Fold(s2, Row(row + 2)[whole..], rest);
        tile[3] = ExactMath.Fold(s3, Row(row + 3)[whole..], rest);
    }
}

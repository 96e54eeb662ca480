namespace Adaptation.Simulators.Tests;

/// <summary>Operators in float64, written from their definitions and sharing nothing with the provider.</summary>
internal static class Reference
{
    /// <param name="x">[m,k]</param>
    /// <param name="y">[k,n]</param>
    public static double[] MatMul(double[] x, double[] y, int m, int k, int n)
    {
        var z = new double[m * n];
        for (var i = 0; i < m; i++)
        {
            for (var l = 0; l < k; l++)
            {
                for (var j = 0; j < n; j++)
                    z[(i * n) + j] += x[(i * k) + l] * y[(l * n) + j];
            }
        }
        return z;
    }

    /// <param name="x">[rows,columns]</param>
    public static double[] Transpose(double[] x, int rows, int columns) =>
        [.. Enumerable.Range(0, x.Length).Select(at => x[(at % rows * columns) + (at / rows)])];

    /// <summary>3 x 3, stride 1, one row and column of padding all round.</summary>
    /// <param name="x">[n,c,side,side]</param>
    /// <param name="w">[f,c,3,3]</param>
    public static double[] Conv(double[] x, double[] w, double[] bias, int n, int c, int f, int side)
    {
        var y = new double[n * f * side * side];
        for (var at = 0; at < y.Length; at++)
        {
            var (item, feature, place) = (at / (f * side * side), at / (side * side) % f, at % (side * side));
            y[at] = bias[feature] + Enumerable.Range(0, c).Sum(channel => Around(place, side)
                .Sum(seen => x[(((item * c) + channel) * side * side) + seen.Place] * w[(((feature * c) + channel) * 9) + seen.Tap]));
        }
        return y;
    }

    /// <summary>3 x 3, stride 1, one row and column of padding all round, which counts for nothing.</summary>
    public static double[] Pool(double[] x, int side, Func<IEnumerable<double>, double> reduce) =>
        [.. Enumerable.Range(0, x.Length).Select(at =>
            reduce(Around(at % (side * side), side).Select(seen => x[(at / (side * side) * side * side) + seen.Place])))];

    /// <summary>One value of each row.</summary>
    public static double[] Rows(double[] x, int columns, Func<IEnumerable<double>, double> reduce) => [.. x.Chunk(columns).Select(reduce)];

    public static double[] Softmax(double[] x, int columns) => [.. x.Chunk(columns).SelectMany(row =>
    {
        var most = row.Max();
        var sum = row.Sum(value => Math.Exp(value - most));
        return row.Select(value => Math.Exp(value - most) / sum);
    })];

    private static IEnumerable<(int Place, int Tap)> Around(int place, int side) =>
        from tap in Enumerable.Range(0, 9)
        let row = (place / side) + (tap / 3) - 1
        let column = (place % side) + (tap % 3) - 1
        where row >= 0 && row < side && column >= 0 && column < side
        select ((row * side) + column, tap);
}

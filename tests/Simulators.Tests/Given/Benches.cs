using Adaptation.Models;

namespace Adaptation.Simulators.Tests;

/// <summary>What the simulated chip is asked.</summary>
internal static class Benches
{
    private const float Denormal = 1e-40f, SmallestNormal = 1.17549435e-38f;

    /// <summary>Every operator that the provider takes, special values, and a small network.</summary>
    public static Bench Operators()
    {
        var bench = new Bench(seed: 7);
        Elementwise(bench);
        Products(bench);
        Windows(bench);
        Reductions(bench);
        Movement(bench);
        Specials(bench);
        return bench;
    }

    /// <summary>One addition of many elements: 4 MiB each of inputs and output.</summary>
    public static Bench Large()
    {
        const int Side = 1024;
        var bench = new Bench(seed: 8);
        double[] x = bench.Sized("x", 0.5, 4, Side, Side), y = bench.Sized("y", 0.5, 4, Side, Side);
        bench.Ask(new("Add", ["x", "y"], "sum"), CaseKind.Rounded, Zip(x, y, (p, q) => p + q), Side, Side);
        return bench;
    }

    /// <summary>One product of fixed shape whose numbers depend on the seed: the same model, another question.</summary>
    public static Bench Question(int seed)
    {
        var bench = new Bench(seed);
        double[] x = bench.Sized("x", 0.5, 4, 17, 31), y = bench.Sized("y", 0.5, 4, 17, 31);
        bench.Ask(new("Mul", ["x", "y"], "product"), CaseKind.Rounded, Zip(x, y, (p, q) => p * q), 17, 31);
        return bench;
    }

    private static void Elementwise(Bench bench)
    {
        double[] x = bench.Sized("x", 0.5, 4, 17, 31), y = bench.Sized("y", 0.5, 4, 17, 31), u = bench.Uniform("u", -3, 3, 17, 31), p = bench.Uniform("p", 0.1, 9, 17, 31);
        double[] row = bench.Sized("row", 0.5, 4, 31), wide = bench.Sized("wide", 0.5, 4, 2, 2048);
        void Two(string name, Func<double, double, double> f) => bench.Ask(new(name, ["x", "y"], name.ToLowerInvariant()), CaseKind.Rounded, Zip(x, y, f), 17, 31);
        void One(string name, double[] of, string input, Func<double, double> f) => bench.Ask(new(name, [input], name.ToLowerInvariant()), CaseKind.Rounded, [.. of.Select(f)], 17, 31);
        Two("Add", (a, b) => a + b);
        Two("Sub", (a, b) => a - b);
        Two("Mul", (a, b) => a * b);
        Two("Div", (a, b) => a / b);
        One("Neg", u, "u", a => -a);
        One("Relu", u, "u", a => Math.Max(a, 0));
        One("Sigmoid", u, "u", a => 1 / (1 + Math.Exp(-a)));
        One("Tanh", u, "u", Math.Tanh);
        One("Exp", u, "u", Math.Exp);
        One("Sqrt", p, "p", Math.Sqrt);
        bench.Ask(new("Mul", ["x", "row"], "mul-broadcast"), CaseKind.Rounded, [.. x.Select((value, at) => value * row[at % 31])], 17, 31);
        bench.Ask(new("Mul", ["x", "x"], "square"), CaseKind.Rounded, [.. x.Select(value => value * value)], 17, 31);
        bench.Ask(new("Add", ["wide", "wide"], "add-long"), CaseKind.Rounded, [.. wide.Select(value => value + value)], 2, 2048);
        bench.Node(new("Cast", ["x"], "cast", ("to", 10L)));
        bench.Expect("cast", "Cast", CaseKind.Rounded, x, [17, 31], "FP16");
    }

    private static void Products(Bench bench)
    {
        double[] a = bench.Sized("a", 0.25, 2, 40, 512), b = bench.Sized("b", 0.25, 2, 512, 40), c = bench.Sized("c", 0.25, 2, 20, 64), d = bench.Sized("d", 0.25, 2, 40, 64);
        var bias = bench.Sized("bias", 0.25, 2, 40);
        bench.Ask(new("MatMul", ["a", "b"], "matmul"), CaseKind.Rounded, Reference.MatMul(a, b, 40, 512, 40), 40, 40);
        var product = Reference.MatMul(c, Reference.Transpose(d, 40, 64), 20, 64, 40);
        bench.Ask(
            new("Gemm", ["c", "d", "bias"], "gemm", ("transB", 1L), ("alpha", 0.5f), ("beta", 2f)), CaseKind.Rounded,
            [.. product.Select((value, at) => (0.5 * value) + (2 * bias[at % 40]))], 20, 40);
    }

    private static void Windows(Bench bench)
    {
        const int Side = 12;
        double[] image = bench.Sized("image", 0.5, 2, 2, 3, Side, Side), filter = bench.Sized("filter", 0.25, 1, 8, 3, 3, 3), offset = bench.Sized("offset", 0.25, 1, 8);
        long[] kernel = [3, 3], pads = [1, 1, 1, 1];
        var convolved = Reference.Conv(image, filter, offset, 2, 3, 8, Side);
        bench.Ask(new("Conv", ["image", "filter", "offset"], "conv", ("pads", pads)), CaseKind.Rounded, convolved, 2, 8, Side, Side);
        bench.Ask(new("MaxPool", ["image"], "maxpool", ("kernel_shape", kernel), ("pads", pads)), CaseKind.Rounded, Reference.Pool(image, Side, seen => seen.Max()), 2, 3, Side, Side);
        bench.Ask(
            new("AveragePool", ["image"], "averagepool", ("kernel_shape", kernel), ("pads", pads)), CaseKind.Rounded,
            Reference.Pool(image, Side, seen => seen.Average()), 2, 3, Side, Side);
        bench.Ask(new("GlobalAveragePool", ["image"], "globalaveragepool"), CaseKind.Rounded, Reference.Rows(image, Side * Side, seen => seen.Average()), 2, 3, 1, 1);
        Network(bench, convolved, Side, kernel, pads);
    }

    /// <summary>Conv, Relu, MaxPool, GlobalAveragePool, Reshape, Gemm, Softmax: [2,3,12,12] to [2,10].</summary>
    private static void Network(Bench bench, double[] convolved, int side, long[] kernel, long[] pads)
    {
        var head = bench.Sized("head", 0.25, 1, 8, 10);
        bench.Constant("flat", 2, 8);
        bench.Node(new("Conv", ["image", "filter", "offset"], "n1", ("pads", pads)));
        bench.Node(new("Relu", ["n1"], "n2"));
        bench.Node(new("MaxPool", ["n2"], "n3", ("kernel_shape", kernel), ("pads", pads)));
        bench.Node(new("GlobalAveragePool", ["n3"], "n4"));
        bench.Node(new("Reshape", ["n4", "flat"], "n5"));
        bench.Node(new("Gemm", ["n5", "head"], "n6"));
        bench.Node(new("Softmax", ["n6"], "network"));
        var pooled = Reference.Rows(Reference.Pool([.. convolved.Select(value => Math.Max(value, 0))], side, seen => seen.Max()), side * side, seen => seen.Average());
        bench.Expect("network", "network", CaseKind.Rounded, Reference.Softmax(Reference.MatMul(pooled, head, 2, 8, 10), 10), [2, 10]);
    }

    private static void Reductions(Bench bench)
    {
        const int Large = 100_003;
        double[] s = bench.Uniform("s", -4, 4, 8, 33), r = bench.Uniform("r", 0, 1, 1, Large), m = bench.Uniform("m", 0.5, 8, 127, 31);
        bench.Constant("last", 1);
        bench.Ask(new("Softmax", ["s"], "softmax", ("axis", -1L)), CaseKind.Rounded, Reference.Softmax(s, 33), 8, 33);
        bench.Ask(new("ReduceSum", ["r", "last"], "reducesum", ("keepdims", 0L)), CaseKind.Rounded, [r.Sum()], 1);
        bench.Ask(new("ReduceMean", ["m"], "reducemean", ("axes", new long[] { 1 }), ("keepdims", 1L)), CaseKind.Rounded, Reference.Rows(m, 31, seen => seen.Average()), 127, 1);
    }

    private static void Movement(Bench bench)
    {
        double[] v = bench.Sized("v", 0.5, 4, 5, 7), w = bench.Sized("w", 0.5, 4, 5, 7);
        bench.Constant("turned", 7, -1);
        bench.Constant("margin", 1, 0, 0, 2);
        bench.Ask(new("Concat", ["v", "w"], "concat", ("axis", 0L)), CaseKind.Exact, [.. v, .. w], 10, 7);
        bench.Ask(new("Transpose", ["v"], "transpose", ("perm", new long[] { 1, 0 })), CaseKind.Exact, Reference.Transpose(v, 5, 7), 7, 5);
        bench.Ask(new("Reshape", ["v", "turned"], "reshape"), CaseKind.Exact, v, 7, 5);
        bench.Ask(new("Identity", ["w"], "identity"), CaseKind.Exact, w, 5, 7);
        bench.Ask(new("Pad", ["v", "margin"], "pad"), CaseKind.Exact, [.. new double[9], .. v.Chunk(7).SelectMany(line => (double[])[.. line, 0, 0])], 6, 9);
    }

    /// <summary>Every special value with every other.</summary>
    private static void Specials(Bench bench)
    {
        float[] values =
        [
            0, -0f, 1, -3, float.PositiveInfinity, float.NegativeInfinity, float.NaN, Denormal, -Denormal, SmallestNormal / 4, SmallestNormal, float.MaxValue, -float.MaxValue, 1e30f, 1e-30f,
        ];
        var count = values.Length;
        double[] left = bench.These("left", values, count, 1), right = bench.These("right", values, 1, count);
        double[] Outer(Func<double, double, double> f) => [.. left.SelectMany(a => right.Select(b => f(a, b)))];
        bench.Ask(new("Mul", ["left", "right"], "mul-special"), CaseKind.Special, Outer((a, b) => a * b), count, count);
        bench.Ask(new("Div", ["left", "right"], "div-special"), CaseKind.Special, Outer((a, b) => a / b), count, count);
    }

    private static double[] Zip(double[] x, double[] y, Func<double, double, double> f) => [.. x.Zip(y, f)];
}

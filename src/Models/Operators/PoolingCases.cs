using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>AveragePool, MaxPool and GlobalAveragePool in two dimensions.</summary>
internal static class PoolingCases
{
    private sealed record Setting(string Words, int[] X, int[] Kernel)
    {
        public int[] Strides { get; init; } = [1, 1];

        /// <summary>The same on both sides.</summary>
        public int[] Pads { get; init; } = [0, 0];

        public int[] Dilations { get; init; } = [1, 1];

        public bool Ceil { get; init; }

        public bool CountsPadding { get; init; }

        public int[] AllPads => [.. Pads, .. Pads];
    }

    private static readonly Setting[] Settings =
    [
        new("plain", [1, 3, 9, 11], [3, 3]),
        new("pad", [2, 2, 7, 9], [3, 3]) { Pads = [1, 1], Strides = [2, 2] },
        new("tall", [1, 2, 17, 31], [5, 2]) { Strides = [3, 2], Pads = [2, 1] },
        new("ceil", [1, 2, 8, 10], [3, 3]) { Strides = [2, 2], Ceil = true },
        new("tile-edge", [1, 3, 65, 63], [2, 2]) { Strides = [2, 2] },
        new("empty", [0, 2, 5, 5], [2, 2]),
    ];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
    [
        ("AveragePool", opset => Types(opset, []).SelectMany(Average)),
        ("MaxPool", opset => Types(opset, [ElementType.Int8, ElementType.UInt8]).SelectMany(Max)),
        ("GlobalAveragePool", opset => Types(opset, []).SelectMany(Global)),
    ];

    private static IEnumerable<ElementType> Types(int opset, ElementType[] more) =>
        [.. ElementTypes.Reals.Where(type => opset >= 22 || type != ElementType.BF16), .. more];

    private static Setting[] SettingsOf(ElementType type) => type == ElementType.FP32 ? Settings : Settings[..3];

    private static IEnumerable<Draft> Average(ElementType type)
    {
        Setting[] settings = [.. SettingsOf(type), Settings[1] with { Words = "pad-counted", CountsPadding = true }];
        foreach (var setting in settings)
            yield return Average(type, setting);
        yield return Average(type, Settings[0] with { Words = "view" }) with { View = View.Transposed };
    }

    private static Draft Average(ElementType type, Setting setting) => new("AveragePool", type, $"{setting.Words}-{Draft.Word(setting.X)}", CaseKind.Rounded)
    {
        Operands = [new Operand.Drawn("x", type, setting.X, Fills.Uniform(0.5, 8))],
        Attributes = [.. Attributes(setting), new NodeAttribute.Whole("count_include_pad", setting.CountsPadding ? 1 : 0)],
        Golden = (a, at) => [Pool(at[0], setting, window => a.Round(a.Wide(a.Sum(window) / (setting.CountsPadding ? setting.Kernel[0] * setting.Kernel[1] : window.Length))))],
        Torch = $"torch.avg_pool2d(x, {Draft.List(setting.Kernel)}, {Draft.List(setting.Strides)}, {Draft.List(setting.Pads)}, {setting.Ceil}, {setting.CountsPadding})",
    };

    private static IEnumerable<Draft> Max(ElementType type)
    {
        var fill = type.IsReal() ? Fills.Sized(0.5, 8) : Fills.Integers(type.Range().Least, type.Range().Most);
        Setting[] settings = [.. SettingsOf(type), new("dilated", [1, 2, 9, 11], [3, 2]) { Dilations = [2, 3] }];
        foreach (var setting in settings)
            yield return Max(type, setting, fill);
        yield return Max(type, Settings[0] with { Words = "view" }, fill) with { View = View.Transposed };

        // below zero throughout: padding that counts as zero wins over all
        yield return Max(type, Settings[1] with { Words = "pad-negative" }, type.IsReal() ? Fills.Uniform(-8, -0.5) : type == ElementType.UInt8 ? fill : Fills.Integers(-128, -1));
    }

    /// <summary>Takes an element as it is, so that the answer is exact in every type.</summary>
    private static Draft Max(ElementType type, Setting setting, Fill fill) => new("MaxPool", type, $"{setting.Words}-{Draft.Word(setting.X)}", CaseKind.Exact)
    {
        Operands = [new Operand.Drawn("x", type, setting.X, fill)],
        Attributes = [.. Attributes(setting), new NodeAttribute.Wholes("dilations", setting.Dilations)],
        Golden = (_, at) => [Pool(at[0], setting, window => window.Max())],
        Torch = $"torch.max_pool2d(x, {Draft.List(setting.Kernel)}, {Draft.List(setting.Strides)}, {Draft.List(setting.Pads)}, {Draft.List(setting.Dilations)}, {setting.Ceil})",
    };

    private static IEnumerable<Draft> Global(ElementType type)
    {
        Draft Case(int[] shape) => new("GlobalAveragePool", type, Draft.Word(shape), CaseKind.Rounded)
        {
            Operands = [new Operand.Drawn("x", type, shape, Fills.Uniform(0.5, 8))],
            Golden = (a, at) =>
            {
                var lanes = new Lanes(at[0], 2, 3);
                var means = new Values(type, shape[0], shape[1], 1, 1);
                for (var lane = 0; lane < lanes.Count; lane++)
                    means.Reals[lane] = a.Round(a.Wide(a.Sum(lanes.Reals(lane)) / lanes.Length));
                return [means];
            },
            Torch = "torch.mean(x, [2, 3], True)",
        };
        yield return Case([1, 3, 7, 9]);
        yield return Case([2, 5, 1, 1]);
        yield return Case([1, 2, 65, 63]);
        yield return Case([1, 3, 5, 7]) with { View = View.Sliced };
    }

    private static NodeAttribute[] Attributes(Setting setting) =>
    [
        new NodeAttribute.Wholes("kernel_shape", setting.Kernel), new NodeAttribute.Wholes("strides", setting.Strides),
        new NodeAttribute.Wholes("pads", setting.AllPads), new NodeAttribute.Whole("ceil_mode", setting.Ceil ? 1 : 0),
    ];

    private static Values Pool(Values x, Setting setting, Func<double[], double> reduce)
    {
        var windows = new Windows(x.Shape, setting.Kernel, setting.Strides, setting.AllPads, setting.Dilations, setting.Ceil);
        var y = new Values(x.Type, x.Shape[0], x.Shape[1], windows.Height, windows.Width);
        var (plane, area) = (windows.Height * windows.Width, x.Shape[2] * x.Shape[3]);
        for (var at = 0; at < y.Count; at++)
        {
            double[] window = [.. windows.Taps(at % plane).Select(tap => x.Number((at / plane * area) + tap.Pixel))];
            if (x.Type.IsReal())
                y.Reals[at] = reduce(window);
            else
                y.Whole[at] = (long)reduce(window);
        }
        return y;
    }
}

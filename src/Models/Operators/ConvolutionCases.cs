using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Adaptation.Models;

/// <summary>Conv in two dimensions.</summary>
internal static class ConvolutionCases
{
    /// <param name="X">Batch, channels, height, width.</param>
    /// <param name="W">Output channels, channels per group, height, width.</param>
    private sealed record Setting(string Words, int[] X, int[] W)
    {
        public int[] Strides { get; init; } = [1, 1];

        /// <summary>Top, left, bottom, right.</summary>
        public int[] Pads { get; init; } = [0, 0, 0, 0];

        public int[] Dilations { get; init; } = [1, 1];

        public int Groups { get; init; } = 1;

        public bool Bias { get; init; }
    }

    private static readonly Setting[] Settings =
    [
        new("plain", [1, 3, 9, 11], [4, 3, 3, 3]) { Bias = true },
        new("pad-uneven", [1, 3, 7, 9], [5, 3, 3, 3]) { Pads = [0, 1, 2, 1] },
        new("depthwise", [1, 6, 9, 9], [6, 1, 3, 3]) { Groups = 6, Pads = [1, 1, 1, 1], Bias = true },
        new("dilated", [1, 2, 11, 13], [3, 2, 3, 3]) { Dilations = [2, 3], Pads = [2, 3, 2, 3] },
        new("stride", [2, 3, 17, 15], [7, 3, 3, 3]) { Strides = [2, 3], Pads = [1, 1, 1, 1], Bias = true },
        new("pointwise", [1, 31, 5, 13], [17, 31, 1, 1]),
        new("groups", [1, 8, 7, 7], [6, 4, 3, 3]) { Groups = 2, Pads = [1, 1, 1, 1] },
        new("wide-kernel", [1, 1, 19, 31], [1, 1, 5, 7]) { Pads = [2, 3, 2, 3] },
        new("tile-edge", [1, 16, 33, 31], [17, 16, 3, 3]) { Pads = [1, 1, 1, 1] },
        new("one-pixel", [1, 1, 1, 1], [1, 1, 3, 3]) { Pads = [1, 1, 1, 1] },
        new("empty", [0, 3, 5, 5], [2, 3, 3, 3]),
    ];

    public static ImmutableArray<(string, Func<int, IEnumerable<Draft>>)> Families { get; } =
        [("Conv", opset => from type in ElementTypes.Reals where opset >= 22 || type != ElementType.BF16 from draft in Drafts(type) select draft)];

    private static IEnumerable<Draft> Drafts(ElementType type)
    {
        foreach (var setting in type == ElementType.FP32 ? Settings : Settings[..5])
            yield return Case(type, setting, Fills.Sized(0.25, 2), Fills.Sized(0.25, 2));
        yield return Case(type, Settings[0] with { Words = "view" }, Fills.Sized(0.25, 2), Fills.Sized(0.25, 2)) with { View = View.Transposed };
        if (type == ElementType.FP32)
            yield return Case(type, Settings[1] with { Words = "view" }, Fills.Sized(0.25, 2), Fills.Sized(0.25, 2)) with { View = View.Sliced };

        // positive weights, so that one infinity stays one; it and the NaN must reach the windows over them and no other
        Fill spots = (draws, into) =>
        {
            Fills.Uniform(0.25, 2)(draws, into);
            (into.Reals[0], into.Reals[^1]) = (double.PositiveInfinity, double.NaN);
        };
        yield return Case(type, new("special", [1, 1, 9, 11], [2, 1, 3, 3]) { Pads = [1, 1, 1, 1] }, spots, Fills.Uniform(0.25, 2)) with { Kind = CaseKind.Special };
    }

    private static Draft Case(ElementType type, Setting setting, Fill x, Fill w)
    {
        var even = setting.Pads[0] == setting.Pads[2] && setting.Pads[1] == setting.Pads[3];
        var pads = even ? setting.Pads[..2] : [0, 0];
        var padding = even ? "" : $"x = torch.constant_pad_nd(x, {Draft.List(setting.Pads[1], setting.Pads[3], setting.Pads[0], setting.Pads[2])}, 0)\n";
        return new("Conv", type, $"{setting.Words}-{Draft.Word(setting.X)}", CaseKind.Rounded)
        {
            Operands =
            [
                new Operand.Drawn("x", type, setting.X, x), new Operand.Drawn("w", type, setting.W, w),
                .. setting.Bias ? (Operand[])[new Operand.Drawn("b", type, [setting.W[0]], w)] : [],
            ],
            Attributes =
            [
                new NodeAttribute.Wholes("kernel_shape", setting.W[2..]), new NodeAttribute.Wholes("strides", setting.Strides),
                new NodeAttribute.Wholes("pads", setting.Pads), new NodeAttribute.Wholes("dilations", setting.Dilations), new NodeAttribute.Whole("group", setting.Groups),
            ],
            Golden = (a, at) => [Convolve(a, setting, at[0], at[1], setting.Bias ? at[2] : null)],
            Torch = $"{padding}torch.conv2d(x, w, {(setting.Bias ? "b" : "None")}, {Draft.List(setting.Strides)}, {Draft.List(pads)}, {Draft.List(setting.Dilations)}, {setting.Groups})",
        };
    }

    private static Values Convolve(Arithmetic a, Setting setting, Values x, Values w, Values? bias)
    {
        var windows = new Windows(x.Shape, w.Shape[2..], setting.Strides, setting.Pads, setting.Dilations, ceil: false);
        var (channels, taps) = (w.Shape[1], w.Shape[2] * w.Shape[3]);
        var y = new Values(x.Type, x.Shape[0], w.Shape[0], windows.Height, windows.Width);
        (int Pixel, int Tap)[][] seen = [.. Enumerable.Range(0, windows.Height * windows.Width).Select(window => windows.Taps(window).ToArray())];
        var (inputs, weights) = (new List<double>(), new List<double>());
        for (var at = 0; at < y.Count; at++)
        {
            var (image, output) = Math.DivRem(at / seen.Length, w.Shape[0]);
            var first = output / (w.Shape[0] / setting.Groups) * channels;
            inputs.Clear();
            weights.Clear();
            for (var channel = 0; channel < channels; channel++)
            {
                foreach (var (pixel, tap) in seen[at % seen.Length])
                {
                    inputs.Add(x.Reals[(((image * x.Shape[1]) + first + channel) * x.Shape[2] * x.Shape[3]) + pixel]);
                    weights.Add(w.Reals[(((output * channels) + channel) * taps) + tap]);
                }
            }
            var sum = a.Dot(CollectionsMarshal.AsSpan(inputs), CollectionsMarshal.AsSpan(weights));
            y.Reals[at] = a.Round(bias is null ? sum : a.Wide(sum + bias.Reals[output]));
        }
        return y;
    }
}

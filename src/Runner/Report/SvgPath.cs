using System.Globalization;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Path data made from numbers alone, in drawing units, to a tenth.</summary>
internal sealed class SvgPath
{
    private readonly StringBuilder _data = new();

    public void Bar(double left, double bottom, double width, double height) =>
        _data.Append(CultureInfo.InvariantCulture, $"M{left:0.#} {bottom:0.#}v-{height:0.#}h{width:0.#}v{height:0.#}z");

    /// <summary>A stair step: level at <paramref name="y"/> from <paramref name="left"/> to <paramref name="right"/>, joined to the one before.</summary>
    public void Step(double left, double right, double y) => Step(left, right, y, isBroken: _data.Length == 0);

    /// <param name="isBroken">Whether it is not joined to the one before.</param>
    /// <inheritdoc cref="Step(double, double, double)"/>
    public void Step(double left, double right, double y, bool isBroken) =>
        _data.Append(CultureInfo.InvariantCulture, $"{(isBroken ? 'M' : 'L')}{left:0.#} {y:0.#}H{right:0.#}");

    public override string ToString() => _data.ToString();
}

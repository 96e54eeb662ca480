namespace Adaptation.Models;

/// <summary>A tensor laid out so that what an operator takes together lies together: the axes it works along are moved behind the others.</summary>
internal sealed class Lanes
{
    private readonly Values _moved;
    private readonly int[] _order;
    private readonly int _kept;

    /// <param name="axes">Not negative, ascending.</param>
    public Lanes(Values x, params int[] axes)
    {
        _order = [.. Enumerable.Range(0, x.Shape.Length).Except(axes), .. axes];
        _moved = Layout.Permuted(x, _order);
        _kept = x.Shape.Length - axes.Length;
        Length = Layout.Count(_moved.Shape.AsSpan(_kept));
        Count = Layout.Count(Outer);
    }

    /// <summary>Shape of the axes that stay.</summary>
    public ReadOnlySpan<int> Outer => _moved.Shape.AsSpan(0, _kept);

    public int Count { get; }

    /// <summary>Elements per lane.</summary>
    public int Length { get; }

    public ReadOnlySpan<double> Reals(int lane) => _moved.Reals.AsSpan(lane * Length, Length);

    public ReadOnlySpan<long> Whole(int lane) => _moved.Whole.AsSpan(lane * Length, Length);

    /// <summary>Lanes of the same or another length back in the place where they were.</summary>
    /// <param name="length">Of each lane of the result; there must be one axis, if it is not <see cref="Length"/>.</param>
    public Values Back(ElementType type, int length, Action<int, Memory<double>, Memory<long>> lane)
    {
        var laid = new Values(type, length == Length ? _moved.Shape : [.. Outer, length]);
        for (var at = 0; at < Count; at++)
            lane(at, type.IsReal() ? laid.Reals.AsMemory(at * length, length) : default, type.IsReal() ? default : laid.Whole.AsMemory(at * length, length));
        return Layout.Permuted(laid, Layout.Inverse(_order));
    }
}

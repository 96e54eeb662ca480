using Adaptation.Models;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Weights whose hidden channels are rotated by one: of one layer's two contributions to the residual stream, or of the model as a whole.</summary>
/// <param name="layer">The layer whose contributions are rotated; null for a model that computes the same in a rotated basis.</param>
internal sealed class Rotated(IRawWeights weights, int? layer) : IRawWeights
{
    public IReadOnlyDictionary<string, long[]> Shapes => weights.Shapes;

    public void Read(string name, Span<double> into)
    {
        var straight = new double[into.Length];
        weights.Read(name, straight);
        var shape = Shapes[name];
        var (rows, columns) = shape.Length == 2 ? ((int)shape[0], (int)shape[1]) : (1, (int)shape[0]);
        var (rowsTurned, columnsTurned) = Turned(name);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var (from, of) = (rowsTurned ? (row + rows - 1) % rows : row, columnsTurned ? (column + columns - 1) % columns : column);
                into[(row * columns) + column] = straight[(from * columns) + of];
            }
        }
    }

    public void Read(string name, long first, Span<float> into)
    {
        var whole = new double[Shapes[name].Aggregate(1L, (product, size) => product * size)];
        Read(name, whole);
        for (var at = 0; at < into.Length; at++)
            into[at] = (float)whole[first + at];
    }

    /// <summary>What writes to the stream has its rows turned, what reads from it its columns.</summary>
    private (bool Rows, bool Columns) Turned(string name)
    {
        var writes = name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
        return layer is { } one ? (writes && name.StartsWith(FormattableString.Invariant($"model.layers.{one}."), StringComparison.Ordinal), false)
            : (writes, !writes && !name.EndsWith(".bias", StringComparison.Ordinal));
    }
}

namespace Adaptation.Models;

/// <summary>Weights that can be read in pieces, which is how files larger than memory are written.</summary>
public interface IRawWeights : IWeights
{
    /// <summary>Fills with the elements that begin at <paramref name="first"/>, row-major; a float64 is rounded to nearest even. Safe for concurrent use.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The piece is not within the tensor.</exception>
    /// <exception cref="ModelException">The file is damaged.</exception>
    void Read(string name, long first, Span<float> into);
}

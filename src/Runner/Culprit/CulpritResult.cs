using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>How a search for a culprit ended.</summary>
/// <param name="Nodes">Of the model.</param>
/// <param name="Compared">Tensors that were compared within the model.</param>
/// <param name="Notes">What could not be looked at, and why.</param>
public abstract record CulpritResult(int Nodes, int Compared, ImmutableArray<string> Notes)
{
    /// <summary>A node, or a few that are computed together, answers wrongly to the reference's own inputs.</summary>
    /// <param name="Gap">Null where it gave no answer; <paramref name="What"/> says what instead.</param>
    /// <param name="What">In one sentence.</param>
    public sealed record Found(int Nodes, int Compared, ImmutableArray<string> Notes, ImmutableArray<string> Names, string Operator, TensorGap? Gap, string What, Reproducer Reproducer)
        : CulpritResult(Nodes, Compared, Notes);

    /// <summary>The model's outputs agree with the reference's, and so does every node that was asked alone.</summary>
    public sealed record NoCulprit(int Nodes, int Compared, ImmutableArray<string> Notes) : CulpritResult(Nodes, Compared, Notes);

    /// <summary>The model differs, or is refused, and no node of it alone explains that.</summary>
    /// <param name="Why">In one sentence.</param>
    public sealed record Unexplained(int Nodes, int Compared, ImmutableArray<string> Notes, string Why) : CulpritResult(Nodes, Compared, Notes);
}

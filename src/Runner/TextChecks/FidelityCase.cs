using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>One request, or a few that belong together, whose right outcome is known.</summary>
/// <param name="Name">Lowercase letters, digits and hyphens; it stands in the evidence.</param>
/// <param name="Ask">Throws <see cref="WireException"/> where there is no answer of this protocol.</param>
internal sealed record FidelityCase(string Name, Func<TextQuestions, FidelityOutcome> Ask);

/// <param name="Seen">What came of it.</param>
/// <param name="Expected">What is right, one or more.</param>
internal sealed record FidelityOutcome(string Seen, params ImmutableArray<string> Expected)
{
    /// <summary>Compares answers whose text is right only beside another answer of the same server, which must be one.</summary>
    /// <param name="basis">That other answer.</param>
    /// <param name="make">Makes the outcome of it.</param>
    public static FidelityOutcome Beside(TextReply basis, Func<TextReply, FidelityOutcome> make) =>
        basis.Status == 200 ? make(basis) : new(basis.Said(_ => ""), "an answer");
}

namespace Adaptation.Core;

/// <summary>How far a backend's distribution over the next token lies from the exact one, at one position; in nats.</summary>
/// <param name="Divergence">KL divergence of the reference from the candidate: sum of p (ln p - ln q), 0 or more.</param>
/// <param name="FlatDivergence">The same for a candidate that finds every token equally likely: what knowing nothing would score.</param>
/// <param name="SameTop">Whether both find the same token likeliest; among equals the lowest id.</param>
/// <param name="LargestDifference">Of two logits of one token.</param>
/// <param name="ReferenceLoss">-ln p of the token that follows; 0 where none does.</param>
/// <param name="CandidateLoss">-ln q of it.</param>
/// <remarks>Source: Kullback and Leibler (1951). Logits become probabilities in double precision, the greatest one taken off first.</remarks>
internal sealed record PositionScore(
    double Divergence, double FlatDivergence, bool SameTop, double LargestDifference, double ReferenceLoss, double CandidateLoss)
{
    /// <summary>Whether the exactly likeliest token is the one that follows; false where none does.</summary>
    public bool ReferenceRight { get; init; }

    /// <summary>The same of the candidate's.</summary>
    public bool CandidateRight { get; init; }

    /// <param name="reference">V finite logits.</param>
    /// <param name="candidate">As many.</param>
    /// <param name="next">The token that follows, or null.</param>
    public static PositionScore Of(ReadOnlySpan<double> reference, ReadOnlySpan<double> candidate, int? next)
    {
        var (topReference, topCandidate) = (Top(reference), Top(candidate));
        var (highestReference, highestCandidate) = (reference[topReference], candidate[topCandidate]);
        var (sumReference, sumCandidate, weighedGap, weighedLogit, largest) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (var id = 0; id < reference.Length; id++)
        {
            var (r, c) = (reference[id] - highestReference, candidate[id] - highestCandidate);
            var weight = Math.Exp(r);
            sumReference += weight;
            sumCandidate += Math.Exp(c);
            weighedGap += weight * (r - c);
            weighedLogit += weight * r;
            largest = Math.Max(largest, Math.Abs(reference[id] - candidate[id]));
        }

        var (logReference, logCandidate) = (Math.Log(sumReference), Math.Log(sumCandidate));
        return new(
            Math.Max(0, (weighedGap / sumReference) - logReference + logCandidate),
            Math.Max(0, (weighedLogit / sumReference) - logReference + Math.Log(reference.Length)),
            topReference == topCandidate,
            largest,
            next is { } at ? logReference - (reference[at] - highestReference) : 0,
            next is { } same ? logCandidate - (candidate[same] - highestCandidate) : 0)
        {
            ReferenceRight = next == topReference,
            CandidateRight = next == topCandidate,
        };
    }

    private static int Top(ReadOnlySpan<double> logits)
    {
        var top = 0;
        for (var id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[top])
                top = id;
        }

        return top;
    }
}

using Adaptation.Core;

namespace Adaptation.Benchmarks.Perplexity;

/// <summary>One position as llama-perplexity scores it: in float32, against log probabilities that it rounded to 16 bits and cut off at e^-16 of the likeliest.</summary>
/// <remarks>Only to tell its rounding from a difference: what is equal here to every digit computes the same logits. Source: tools/perplexity/perplexity.cpp, log_softmax.</remarks>
internal static class LlamaArithmetic
{
    private const float Unlikely = -16;

    public static PositionScore Score(ReadOnlySpan<float> reference, ReadOnlySpan<float> candidate, int next)
    {
        var (top, topReference, sum) = (0, 0, 0.0);
        for (var id = 1; id < candidate.Length; id++)
        {
            top = candidate[id] > candidate[top] ? id : top;
            topReference = reference[id] > reference[topReference] ? id : topReference;
        }

        foreach (var logit in candidate)
            sum += MathF.Exp(logit - candidate[top]);
        var highest = candidate[top] + (float)Math.Log(sum);
        var divergence = 0.0;
        for (var id = 0; id < candidate.Length; id++)
        {
            if (reference[id] > Unlikely)
                divergence += MathF.Exp(reference[id]) * (reference[id] - candidate[id] + highest);
        }

        return new(divergence, 0, top == topReference, 0, -reference[next], highest - candidate[next]);
    }
}

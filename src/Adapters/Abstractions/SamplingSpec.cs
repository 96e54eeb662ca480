using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Adapters.Abstractions;

/// <summary>How the next token is chosen. The steps are taken in the order of these properties.</summary>
/// <remarks>
/// The order is: bias, penalties, temperature, top-k, top-p; each works on what the one before left, and top-p on the distribution
/// renormalised after top-k. Source of the parameters: the OpenAI API reference; <see cref="TopK"/>: vLLM.
/// </remarks>
public sealed record SamplingSpec
{
    /// <summary>Added to the logits of single ids; each id once, 0 to V - 1.</summary>
    public ImmutableArray<KeyValuePair<int, double>> Bias { get; init; } = [];

    /// <summary>Taken off the logit of every id drawn before, once.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken off the logit of every id drawn before, as often as it was drawn.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Divides the logits. 0 takes the largest, of equals the lowest id, and needs no further step.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only so many of the most probable ids can be drawn, of equals the lowest; 0, V or more: all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the smallest set of the most probable ids whose share is at least this can be drawn, one at least; 0 to 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Key of the random generator.</summary>
    public ulong Seed { get; init; }
}

/// <summary>One sequence that tokens are drawn for: its rules, and what was drawn so far.</summary>
/// <param name="stream">Tells apart sequences with one seed, such as the choices of one request.</param>
public sealed class SampledSequence(SamplingSpec spec, ulong stream)
{
    private readonly Dictionary<int, int>? _counts = spec.PresencePenalty == 0 && spec.FrequencyPenalty == 0 ? null : [];

    /// <summary>The rules.</summary>
    public SamplingSpec Spec { get; } = spec;

    /// <summary>Number of tokens drawn so far.</summary>
    public long Drawn { get; private set; }

    /// <summary>How often each id was drawn; null if no rule asks for it.</summary>
    internal IReadOnlyDictionary<int, int>? Counts => _counts;

    /// <summary>The random number of the next draw.</summary>
    internal double NextUniform => Philox.Uniform(Spec.Seed, (ulong)Drawn, stream);

    internal void Record(int token)
    {
        Drawn++;
        if (_counts is not null)
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, token, out _)++;
    }
}

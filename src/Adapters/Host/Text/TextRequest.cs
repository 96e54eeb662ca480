using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>What a client asks of every choice of its request.</summary>
internal sealed record TextSpec
{
    /// <summary>As this server calls it.</summary>
    public required string Model { get; init; }

    public bool Stream { get; init; }

    public bool IncludeUsage { get; init; }

    /// <summary>Null if the client left it out.</summary>
    public int? MaxTokens { get; init; }

    public int MinTokens { get; init; }

    public bool IgnoreEndOfText { get; init; }

    public int Choices { get; init; } = 1;

    public ImmutableArray<string> Stop { get; init; } = [];

    public required SamplingSpec Sampling { get; init; }

    /// <summary>Alternatives shown beside each token; null: no log probabilities at all.</summary>
    public int? Logprobs { get; init; }

    public bool Echo { get; init; }

    public bool ReturnTokenIds { get; init; }

    /// <summary>Spell tokens of log probabilities as <c>token_id:N</c>, which is unambiguous.</summary>
    public bool SpellIds { get; init; }
}

/// <summary>Why a choice ended.</summary>
internal enum Finish
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>A token that ends texts, or a stop string.</summary>
    Stop,

    Length,

    /// <summary>The engine failed, or the client left.</summary>
    Failed,
}

/// <summary>One generated token of one choice, as the engine's thread hands it over.</summary>
/// <param name="Token">-1 for the end of a choice that asks for no token.</param>
/// <param name="Chosen">Logarithm of its probability, if asked for.</param>
/// <param name="Top">The most probable ids with theirs, if asked for.</param>
/// <param name="Failure">What the engine said, with <see cref="Finish.Failed"/>.</param>
internal readonly record struct Piece(int Choice, int Token, Finish Finish, double Chosen, Alternative[]? Top, string? Failure);

/// <summary>An id and the logarithm of its probability.</summary>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct Alternative(int Token, double Logprob);

/// <summary>A request under way: shared by the server's side, which reads, and the engine's thread, which writes.</summary>
/// <param name="prompts">One or more, none empty; each has <see cref="TextSpec.Choices"/> choices, numbered prompt by prompt.</param>
/// <param name="maxTokens">Most tokens of a choice; 0 only scores the prompt.</param>
/// <param name="arrived">Timestamp of the request.</param>
internal sealed class TextRequest(TextSpec spec, ImmutableArray<int[]> prompts, int maxTokens, long arrived)
{
    private volatile bool _isCancelled;

    public TextSpec Spec { get; } = spec;

    public ImmutableArray<int[]> Prompts { get; } = prompts;

    public int MaxTokens { get; } = maxTokens;

    public long Arrived { get; } = arrived;

    public int Choices => Prompts.Length * Spec.Choices;

    public Outbox<Piece> Outbox { get; } = new();

    /// <summary>Written before the first piece of a choice; one per prompt token but the first, if asked for.</summary>
    public Scored[]?[] PromptScores { get; } = new Scored[]?[prompts.Length * spec.Choices];

    /// <summary>Whether nobody reads any more; what is left of it is dropped.</summary>
    public bool IsCancelled => _isCancelled;

    public void Cancel() => _isCancelled = true;

    public ReadOnlyMemory<int> Prompt(int choice) => Prompts[choice / Spec.Choices];
}

/// <summary>A token of a prompt with the logarithm of its probability and the most probable ids at its place.</summary>
internal readonly record struct Scored(double Chosen, Alternative[] Top);

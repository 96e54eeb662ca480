using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>One choice on its way through the engine. Belongs to the engine's thread.</summary>
internal sealed class Generation
{
    private readonly StopMatcher? _stops;

    private readonly List<Scored>? _scores;

    public Generation(TextRequest request, int choice)
    {
        (Request, Choice) = (request, choice);
        Prompt = request.Prompt(choice);
        Sequence = new(request.Spec.Sampling, (ulong)(choice % request.Spec.Choices)); // a prompt among others draws as it would alone
        _stops = request.Spec.Stop.IsEmpty ? null : new(request.Spec.Stop);
        _scores = request.Spec is { Echo: true, Logprobs: not null } ? [] : null;
    }

    public TextRequest Request { get; }

    public int Choice { get; }

    public ReadOnlyMemory<int> Prompt { get; }

    public SampledSequence Sequence { get; }

    /// <summary>Place in the engine.</summary>
    public int Slot { get; set; }

    /// <summary>Positions that the engine holds of it.</summary>
    public int Computed { get; set; }

    public int Generated { get; private set; }

    /// <summary>The token drawn last, which the engine has not seen.</summary>
    public int Last { get; private set; }

    /// <summary>Timestamp of the first token.</summary>
    public long FirstAt { get; set; }

    public bool IsPrefilling => Computed < Prompt.Length;

    /// <summary>Whether logits are wanted at every place of the prompt.</summary>
    public bool ScoresPrompt => _scores is not null;

    /// <summary>Records what followed a place of the prompt.</summary>
    public void Score(Scored score) => _scores!.Add(score);

    /// <summary>Hands the scores over; before the first piece.</summary>
    public void GiveScores() => Request.PromptScores[Choice] = _scores?.ToArray();

    /// <summary>Takes a drawn token.</summary>
    /// <returns>Why it is the last one, or <see cref="Finish.None"/>.</returns>
    public Finish Accept(int token, Vocabulary vocabulary)
    {
        (Last, Generated) = (token, Generated + 1);
        if (!Request.Spec.IgnoreEndOfText && vocabulary.Facts.EndOfText.Contains(token))
            return Finish.Stop;
        var mayStop = Generated > Request.Spec.MinTokens;
        foreach (var next in _stops is null ? [] : vocabulary.Content(token))
        {
            if (_stops!.Add(next) > 0 && mayStop)
                return Finish.Stop;
        }
        return Generated == Request.MaxTokens ? Finish.Length : Finish.None;
    }
}

using System.Text;

namespace Adaptation.Adapters.Host;

/// <summary>A token with its probabilities, for the client.</summary>
/// <param name="Chosen">Null for the first token of a prompt, before which there is nothing.</param>
/// <param name="Offset">Characters before it in the text.</param>
internal readonly record struct ShownToken(int Token, double? Chosen, Alternative[] Top, int Offset);

/// <summary>One choice on the server's side: what arrived and has not been sent yet. Belongs to the request.</summary>
internal sealed class ChoiceText(TextRequest request, int index, string? promptText, Vocabulary vocabulary)
{
    private readonly TextAssembler _text = new(request.Spec.Stop);

    private readonly List<int> _tokens = [];

    private readonly List<ShownToken> _shown = [];

    private bool _hasBegun;

    public int Index { get; } = index;

    /// <summary>Tokens generated so far, the one that ended the choice included.</summary>
    public int Generated { get; private set; }

    public Finish Finish { get; private set; }

    /// <summary>Whether a part of this choice has been sent.</summary>
    public bool WasSent { get; private set; }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Text => _text.Sendable;

    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>Empty unless asked for.</summary>
    public IReadOnlyList<ShownToken> Shown => _shown;

    public bool HasNews => Finish != Finish.None || !_text.Sendable.IsEmpty;

    public ReadOnlyMemory<int> Prompt => request.Prompt(Index);

    /// <summary>Takes the next piece of this choice, which is no failure.</summary>
    public void Add(in Piece piece)
    {
        if (!_hasBegun)
            Begin();
        _hasBegun = true;
        if (piece.Token >= 0)
        {
            Generated++;
            _tokens.Add(piece.Token);
            if (piece.Top is { } top)
                _shown.Add(new(piece.Token, piece.Chosen, top, _text.Characters));
            _text.Add(vocabulary.Content(piece.Token), mayStop: Generated > request.Spec.MinTokens);
        }
        Finish = piece.Finish;
        if (Finish != Finish.None)
            _text.End();
    }

    /// <summary>Forgets what has been sent.</summary>
    public void Sent()
    {
        WasSent = true;
        _text.Take();
        _tokens.Clear();
        _shown.Clear();
    }

    private void Begin()
    {
        if (!request.Spec.Echo)
            return;
        var prompt = Prompt.Span;
        var scores = request.PromptScores[Index];
        for (var at = 0; scores is not null && at < prompt.Length; at++)
        {
            _shown.Add(at == 0 ? new(prompt[0], Chosen: null, [], 0) : new(prompt[at], scores[at - 1].Chosen, scores[at - 1].Top, _text.Characters));
            _text.Echo(vocabulary.Content(prompt[at]));
        }
        if (scores is not null)
            return;
        if (promptText is not null)
            _text.Echo(Encoding.UTF8.GetBytes(promptText));
        foreach (var id in promptText is null ? prompt : [])
            _text.Echo(vocabulary.Content(id));
    }
}

using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Computes one step after the other for the sequences that are running. Belongs to the engine's thread.</summary>
internal sealed class Stepper(ITokenModel model, Vocabulary vocabulary, Unfinished unfinished, TextMetrics metrics, TimeProvider time)
{
    /// <summary>Values of logits that one step may ask of a prompt that is scored: 256 MiB.</summary>
    private const int MostScoredLogits = 1 << 26;

    private readonly int _size = vocabulary.Facts.Size;

    private readonly IReadOnlySet<int>? _ends = vocabulary.Facts.EndOfText.Count == 0 ? null : vocabulary.Facts.EndOfText;

    private readonly Sampler _sampler = new(vocabulary.Facts.Size);

    private readonly TokenBatch _batch = new();

    private readonly List<Generation> _running = [];

    private readonly List<(Generation Generation, int Positions, int Wanted)> _parts = [];

    private readonly bool[] _taken = new bool[model.Sequences];

    /// <summary>Number of sequences in the engine.</summary>
    public int Running => _running.Count;

    /// <summary>Positions that the engine holds.</summary>
    public long Positions { get; private set; }

    /// <returns>False if no sequence is free.</returns>
    public bool TryAdmit(Generation generation)
    {
        var slot = Array.IndexOf(_taken, value: false);
        if (slot < 0)
            return false;
        _taken[slot] = true;
        generation.Slot = slot;
        model.Forget(slot, 0);
        _running.Add(generation);
        return true;
    }

    /// <summary>Computes one step and hands over what was drawn.</summary>
    public void Step()
    {
        Plan();
        try
        {
            var logits = model.Decode(_batch);
            var row = 0;
            foreach (var (generation, positions, wanted) in _parts)
            {
                Take(generation, positions, logits.Slice(row * _size, wanted * _size));
                row += wanted;
            }
        }
        catch (AdapterException failure)
        {
            foreach (var (generation, _, _) in _parts)
            {
                Fail(generation, failure.Message);
            }
        }
        Positions = 0;
        foreach (var generation in _running)
            Positions += generation.Computed;
    }

    /// <summary>Frees the sequences that nobody reads.</summary>
    public void DropCancelled()
    {
        for (var index = _running.Count - 1; index >= 0; index--)
        {
            if (_running[index].Request.IsCancelled)
                Fail(_running[index], "cancelled");
        }
    }

    public void FailAll(string why)
    {
        while (_running.Count > 0)
            Fail(_running[^1], why);
    }

    /// <summary>Tells the reader that a choice ended without its end.</summary>
    public static void Tell(Generation generation, string why)
    {
        generation.Request.Outbox.Add(new(generation.Choice, Token: -1, Finish.Failed, Chosen: 0, Top: null, why));
        generation.Request.Outbox.Signal();
    }

    /// <summary>One position of every sequence that generates, then prompts until the step is full.</summary>
    private void Plan()
    {
        _batch.Clear();
        _parts.Clear();
        foreach (var generation in _running)
        {
            if (generation.IsPrefilling)
                continue;
            _batch.Add(generation.Slot, generation.Last, generation.Computed, wantsLogits: true);
            _parts.Add((generation, 1, 1));
        }
        foreach (var generation in _running)
        {
            var room = model.BatchCapacity - _batch.Count;
            if (generation.IsPrefilling && room > 0)
                PlanPrompt(generation, room);
        }
    }

    private void PlanPrompt(Generation generation, int room)
    {
        var prompt = generation.Prompt.Span;
        var (from, wanted) = (generation.Computed, _batch.Wanted);
        if (generation.ScoresPrompt)
            room = Math.Min(room, Math.Max(1, MostScoredLogits / _size));
        var end = Math.Min(prompt.Length, from + room);
        for (var at = from; at < end; at++)
            _batch.Add(generation.Slot, prompt[at], at, wantsLogits: generation.ScoresPrompt || at == prompt.Length - 1);
        _parts.Add((generation, end - from, _batch.Wanted - wanted));
    }

    private void Take(Generation generation, int positions, ReadOnlySpan<float> rows)
    {
        try
        {
            if (generation.ScoresPrompt && generation.IsPrefilling)
                Score(generation, positions, rows);
            generation.Computed += positions;
            if (generation.IsPrefilling)
                return;
            if (generation.Generated == 0)
                generation.GiveScores();
            if (generation.Request.MaxTokens == 0)
                Give(generation, new(generation.Choice, Token: -1, Finish.Length, Chosen: 0, Top: null, Failure: null));
            else
                Draw(generation, rows[^_size..]);
        }
        catch (AdapterException failure)
        {
            Fail(generation, failure.Message);
        }
    }

    private void Draw(Generation generation, ReadOnlySpan<float> logits)
    {
        var spec = generation.Request.Spec;
        var mustGoOn = generation.Generated < spec.MinTokens && !spec.IgnoreEndOfText;
        var token = _sampler.Draw(logits, generation.Sequence, mustGoOn ? _ends : null);
        var finish = generation.Accept(token, vocabulary);
        var (chosen, top) = spec.Logprobs is { } count ? Probabilities(logits, token, count) : (0, null);
        Give(generation, new(generation.Choice, token, finish, chosen, top, Failure: null));
    }

    private void Give(Generation generation, Piece piece)
    {
        if (generation.Generated <= 1)
        {
            generation.FirstAt = time.GetTimestamp();
            metrics.FirstToken(time.GetElapsedTime(generation.Request.Arrived, generation.FirstAt));
        }
        metrics.Generated(piece.Token < 0 ? 0 : 1);
        if (piece.Finish != Finish.None)
        {
            metrics.Finished(piece.Finish, generation.Generated, time.GetElapsedTime(generation.FirstAt));
            Release(generation); // first, so that whoever has seen the end finds the place free
        }
        generation.Request.Outbox.Add(piece);
        generation.Request.Outbox.Signal();
    }

    private void Score(Generation generation, int positions, ReadOnlySpan<float> rows)
    {
        var prompt = generation.Prompt.Span;
        for (var row = 0; row < positions && generation.Computed + row + 1 < prompt.Length; row++)
        {
            var (chosen, top) = Probabilities(
                rows.Slice(row * _size, _size), prompt[generation.Computed + row + 1], generation.Request.Spec.Logprobs!.Value);
            generation.Score(new(chosen, top));
        }
    }

    private static (double Chosen, Alternative[] Top) Probabilities(ReadOnlySpan<float> logits, int token, int count)
    {
        var sum = Logits.LogSum(logits);
        var ids = Logits.Top(logits, count);
        var top = new Alternative[ids.Length];
        for (var index = 0; index < ids.Length; index++)
            top[index] = new(ids[index], logits[ids[index]] - sum);
        return (logits[token] - sum, top);
    }

    private void Fail(Generation generation, string why)
    {
        Release(generation);
        Tell(generation, why);
    }

    private void Release(Generation generation)
    {
        unfinished.Add(-1);
        model.Forget(generation.Slot, 0);
        _taken[generation.Slot] = false;
        _running.Remove(generation);
    }
}

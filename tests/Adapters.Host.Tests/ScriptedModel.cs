using System.Runtime.InteropServices;
using System.Text;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>A language model that computes logits from nothing but the tokens it holds of a sequence, and refuses every misuse.</summary>
/// <remarks>
/// Ids 0 to 255 are bytes, 256 begins texts, 257 ends them, 258 ends turns, 259 is two bytes, <c>é</c>'s second byte and <c>!</c>.
/// The logits of a context depend on all of it, so an answer changes if a single token is lost, doubled or another sequence's.
/// </remarks>
internal sealed class ScriptedModel : ITokenModel
{
    public const int Size = 260, Begin = 256, End = 257, EndOfTurn = 258;

    private readonly List<int>[] _kept;

    private float[] _logits = [];

    private int _inside;

    public ScriptedModel(int sequences = 4, int context = 512, int batch = 32)
    {
        (Sequences, ContextLength, BatchCapacity) = (sequences, context, batch);
        _kept = [.. Enumerable.Range(0, sequences).Select(_ => new List<int>())];
    }

    /// <summary>Answers by script: context in, next id out; null leaves it to the hash of the context.</summary>
    public Func<IReadOnlyList<int>, int?> Script { get; init; } = _ => null;

    /// <summary>Called within every step, with its positions: to wait, to fail, to count.</summary>
    public Action<TokenBatch> OnDecode { get; init; } = _ => { };

    public bool Embeds { get; init; } = true;

    /// <summary>A context that starts with this id gets a logit that is no number.</summary>
    public int? SpoilsContextOf { get; init; }

    public int StepCount
    {
        get
        {
            lock (Steps)
                return Steps.Count;
        }
    }

    /// <summary>Positions of every step, by sequence.</summary>
    public List<(int Sequence, int At)[]> Steps { get; } = [];

    public TokenModelFacts Vocabulary { get; init; } = new(Size, Begin, AddsBeginOfText: true, new HashSet<int> { End, EndOfTurn }, Template, 1000);

    /// <summary>Role, content and turn end, one after the other; refuses the role <c>nobody</c>.</summary>
    private const string Template =
        "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{% if m.role == 'nobody' %}{{ raise_exception('the template knows no role nobody') }}{% endif %}"
        + "{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

    public int Sequences { get; }

    public int ContextLength { get; }

    public int BatchCapacity { get; }

    public TensorSignature Signature { get; } = new([new("input_ids", DataType.Int64, [-1, -1])], [new("logits", DataType.FP32, [-1, -1, Size])]);

    public int[] Tokenize(string text, bool parseSpecial) => Alone(() => Encoding.UTF8.GetBytes(text).Select(value => (int)value).ToArray());

    public byte[] Bytes(int token) => token switch
    {
        Begin => [.. "<s>"u8],
        End => [.. "</s>"u8],
        EndOfTurn => [.. "<|end|>"u8],
        259 => [0xA9, (byte)'!'],
        _ => [(byte)token],
    };

    public ReadOnlySpan<float> Decode(TokenBatch batch)
    {
        Alone(() =>
        {
            Assert.InRange(batch.Count, 1, BatchCapacity);
            OnDecode(batch);
            lock (Steps)
                Steps.Add([.. batch.Positions.ToArray().Select(position => (position.Sequence, position.At))]);
            _logits = new float[batch.Wanted * Size];
            var row = 0;
            foreach (var (sequence, token, at, wants) in batch.Positions)
            {
                Assert.InRange(token, 0, Size - 1);
                Assert.Equal(_kept[sequence].Count, at);
                Assert.InRange(at, 0, ContextLength - 1);
                _kept[sequence].Add(token);
                if (wants)
                    Fill(_logits.AsSpan(Size * row++, Size), _kept[sequence]);
            }
            return 0;
        });
        return _logits;
    }

    public void Forget(int sequence, int from) => Alone(() =>
    {
        _kept[sequence].RemoveRange(from, _kept[sequence].Count - from);
        return 0;
    });

    public float[]? Embed(ReadOnlySpan<int> tokens)
    {
        var sum = tokens.ToArray().Sum();
        return Alone(() => Embeds ? new[] { sum, 0.5f, -1 } : null);
    }

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken) => Alone(() =>
    {
        var ids = MemoryMarshal.Cast<byte, long>(inputs[0].Data.Span).ToArray();
        var logits = new float[ids.Length * Size];
        for (var at = 0; at < ids.Length; at++)
            Fill(logits.AsSpan(at * Size, Size), [.. ids[..(at + 1)].Select(id => (int)id)]);
        return Task.FromResult<IReadOnlyList<Tensor>>([new(DataType.FP32, [1, ids.Length, Size], MemoryMarshal.AsBytes(logits.AsSpan()).ToArray())]);
    });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>What the model would say of a context.</summary>
    public float[] LogitsOf(IReadOnlyList<int> context)
    {
        var logits = new float[Size];
        Fill(logits, context);
        return logits;
    }

    private void Fill(Span<float> logits, IReadOnlyList<int> context)
    {
        var hash = 2166136261u;
        foreach (var id in context)
            hash = (hash ^ (uint)id) * 16777619u;
        for (var id = 0; id < Size; id++)
        {
            hash = (hash ^ (uint)id) * 16777619u;
            logits[id] = id is >= 'a' and <= 'z' or ' ' ? ((hash >> 8) % 64 / 16f) : ((hash >> 8) % 64 / 16f) - 6;
        }
        if (Script(context) is { } next)
            logits[next] = 50;
        if (context[0] == SpoilsContextOf)
            logits[^1] = float.NaN;
    }

    private T Alone<T>(Func<T> call)
    {
        Assert.Equal(1, Interlocked.Increment(ref _inside)); // the contract: one caller at a time
        try
        {
            return call();
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }
}

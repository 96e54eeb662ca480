using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Holds answers against the exact reference on the runner's side: how far each token lies behind the likeliest one.</summary>
internal sealed class ExactScorer : IDisposable
{
    private const double Nanos = 1e9;
    private const double Most = 1e6; // logits; the rest of a longer way says nothing more
    private readonly SafetensorsFile? _file;
    private readonly ExactDecoder _decoder;
    private readonly DecoderShape _shape;

    /// <param name="folder">Holds the model's runner files.</param>
    /// <exception cref="BadInputException">One of them is not what it should be.</exception>
    public ExactScorer(ReferenceModel model, string folder)
    {
        var text = model.Text!;
        try
        {
            _shape = text.Generated?.Shape ?? HfConfig.Read(Path.Combine(folder, text.Config)).Shape;
            _file = text.Generated is null ? SafetensorsFile.Open(Path.Combine(folder, text.Weights)) : null;
            IWeights weights = _file is not null ? _file : new GeneratedWeights(_shape, text.Generated!.Seed);
            _decoder = new ExactDecoder(_shape, weights);
        }
        catch (ModelException broken)
        {
            _file?.Dispose();
            throw new BadInputException([new Problem(model.File, 0, "text", broken.Message)]);
        }
    }

    public int MaxPositions => _shape.MaxPositions;

    /// <summary>The answer with its scores; as it is where it has no end within the model's positions.</summary>
    public AuditedAnswer Score(AuditedAnswer answer, ImmutableArray<int> prompt, ImmutableSortedSet<int> ends, CancellationToken cancellationToken)
    {
        if (!answer.IsAnswered || prompt.Length + answer.Ids.Length > _shape.MaxPositions)
            return answer;
        var (behind, likeliest) = (ImmutableArray.CreateBuilder<long>(answer.Ids.Length + 1), ImmutableArray.CreateBuilder<int>(answer.Ids.Length + 1));
        _decoder.Logits([.. prompt, .. answer.Ids], (position, logits) =>
        {
            var place = position - prompt.Length + 1;
            if (place < 0)
                return;
            var best = Best(logits);
            var said = double.NegativeInfinity;
            if (place < answer.Ids.Length)
                said = logits[answer.Ids[place]];
            else
            {
                foreach (var end in ends)
                    said = Math.Max(said, logits[end]);
            }

            likeliest.Add(best);
            behind.Add((long)(Math.Min(Most, logits[best] - said) * Nanos));
        }, cancellationToken);
        return answer with { Behind = behind.ToImmutable(), Likeliest = likeliest.ToImmutable() };
    }

    public void Dispose() => _file?.Dispose();

    private static int Best(ReadOnlySpan<double> logits)
    {
        var best = 0;
        for (var id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[best])
                best = id;
        }

        return best;
    }
}

using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Hidden states of a language model's first documents by the exact reference, computed once on this machine and kept.</summary>
/// <param name="keep">The folder of all that follows from this model.</param>
internal sealed class ExactLayers(string keep, DecoderShape shape, Func<ExactDecoder> decoder)
{
    /// <param name="documents">The pack's; the first of them are taken.</param>
    /// <param name="wanted">How many documents at least, and how many positions. Fewer are taken where there are no more; the clause then has too few.</param>
    /// <param name="files">Told where they lie.</param>
    public LayerPlan Load(
        ImmutableArray<(string Id, ImmutableArray<int> Ids)> documents, (long Documents, long Positions) wanted,
        ImmutableSortedDictionary<string, string>.Builder files, CancellationToken cancellationToken)
    {
        var (tensors, positions) = (ImmutableArray.CreateBuilder<GoldenLayer>(), 0L);
        foreach (var (id, ids) in documents)
        {
            if (tensors.Count >= wanted.Documents && positions >= wanted.Positions)
                break;
            var file = Path.Combine(keep, $"{id}.states.f32.gz");
            if (!File.Exists(file))
                PackedFile.Write(file, write => decoder().States([.. ids], (_, states) => write(states), cancellationToken));
            var path = $"golden/layers/{id}.f32.gz";
            files[path] = file;
            tensors.Add(new(id, LayerPlan.HiddenStates, id, path, [shape.Layers, ids.Length, shape.HiddenSize]));
            positions += ids.Length;
        }

        return new(Stacked: true, tensors.DrainToImmutable());
    }
}

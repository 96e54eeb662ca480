using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Greedy answers of the exact reference to the beginnings of documents, computed once on this machine and kept.</summary>
/// <param name="keep">The folder of all that follows from this model.</param>
/// <param name="ends">The tokens at which an answer ends.</param>
internal sealed class ExactAnswers(string keep, ImmutableSortedSet<int> ends, Func<ExactDecoder> decoder)
{
    private const int PromptTokens = 12;
    private const int Most = 96;

    public ImmutableArray<GoldenAnswer> Load(ImmutableArray<(string Id, ImmutableArray<int> Ids)> documents, DecoderShape shape, CancellationToken cancellationToken) =>
        [.. documents.Select(document => Load(document.Id, [.. document.Ids.Take(PromptTokens)], Math.Min(Most, shape.MaxPositions - PromptTokens), cancellationToken))];

    private GoldenAnswer Load(string id, ImmutableArray<int> prompt, int most, CancellationToken cancellationToken)
    {
        var file = Path.Combine(keep, $"{id}.answer-{TextFacts.Number(PromptTokens)}-{TextFacts.Number(most)}-{string.Join('-', ends.Select(end => TextFacts.Number(end)))}.json");
        if (!File.Exists(file))
        {
            var steps = decoder().Continue([.. prompt], most, ends, cancellationToken);
            RunDirectory.WriteWhole(file, JsonSerializer.SerializeToUtf8Bytes(steps.Select(step => step.Id).ToArray()));
        }

        return new(id, prompt, most, [.. JsonSerializer.Deserialize<int[]>(File.ReadAllBytes(file)) ?? throw new JsonException($"{file} is not a list of tokens; remove it")]);
    }
}

using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Turns what a driver saw into the load that verdicts are made from.</summary>
public static class TextSamples
{
    /// <summary>An answer may be this part shorter in text than it is in tokens before it counts as short.</summary>
    private const int MostTextless = 10;

    /// <param name="prompts">As many as there were requests: <see cref="TextSample.Request"/> is a place in them.</param>
    public static TextLoad ToLoad(
        TextLoadResult result, ImmutableArray<TextPrompt> prompts, TextScenario scenario, WorkloadSpec workload, ITokenizer? tokenizer)
    {
        var tally = TokenTally.Of(result.Samples, tokenizer);
        var records = ImmutableArray.CreateBuilder<TextRecord>(result.Samples.Length);
        var (arrivals, tokens) = (ImmutableArray.CreateBuilder<long>(), ImmutableArray.CreateBuilder<long>());
        var (disagreements, inexact) = (0L, 0L);
        var mostTextless = 0L;
        foreach (var (sample, counts, textless) in result.Samples.Zip(tally.ChunkTokens, tally.Textless))
        {
            var total = counts.Sum();
            mostTextless = sample.Failure is null ? Math.Max(mostTextless, textless) : mostTextless;

            // a server counts the ends that it was told to ignore, and may: that is no contradiction
            disagreements += sample.Failure is null && tally.Way != "chunks" && TokenTally.Disagrees(total, sample.Usage)
                && TokenTally.Disagrees(total + textless, sample.Usage) ? 1 : 0;
            inexact += sample.Chunks.Count(chunk => !chunk.IsExact);
            records.Add(Record(sample, prompts[sample.Request], total, arrivals.Count));
            arrivals.AddRange(sample.Chunks.Select(chunk => chunk.At));
            tokens.AddRange(counts);
        }

        return new TextLoad
        {
            Terms = new TextTerms
            {
                Scenario = scenario.Name,
                Seed = workload.Seed,
                Streams = scenario.Streams,
                RateMilli = scenario is TextScenario.Server server ? server.RateMilli : 0,
                DurationNanos = Math.Max(result.Ended, records.Count == 0 ? 0 : records.Max(record => record.Ended)),
                PromptTokens = workload.PromptTokens,
                OutputTokens = workload.OutputTokens,
                LeastOutputTokens = workload.IgnoreEos && tally.Way != "chunks" ? workload.OutputTokens - (int)Math.Min(mostTextless, Math.Max(1, workload.OutputTokens / MostTextless)) : 0,
                CountedBy = tally.Way,
                Dropped = Dropped(result.Samples, prompts.Length, scenario),
                CountDisagreements = disagreements,
                InexactChunks = inexact,
                NewConnections = result.NewConnections,
            },
            Requests = records.MoveToImmutable(),
            Arrivals = arrivals.ToImmutable(),
            ChunkTokens = tokens.ToImmutable(),
        };
    }

    private static TextRecord Record(TextSample sample, TextPrompt prompt, long tokens, int firstChunk) => new()
    {
        Due = sample.Due,
        Sent = sample.Sent,
        FirstByte = sample.FirstByte < 0 ? long.MaxValue : sample.FirstByte,
        Ended = sample.Ended,
        Status = sample.Failure is { } failure ? 1 + (int)failure : 0,
        PromptTokens = prompt.Tokens ?? (int)Math.Clamp(sample.Usage?.PromptTokens ?? 0, 0, int.MaxValue),
        OutputTokens = checked((int)tokens),
        FirstChunk = firstChunk,
        Chunks = sample.Chunks.Length,
    };

    /// <summary>Requests that were to be asked and left no record: in an open loop any of them, in a closed one those before the last.</summary>
    private static long Dropped(ImmutableArray<TextSample> samples, int requests, TextScenario scenario) =>
        (scenario is TextScenario.SingleStream or TextScenario.FixedConcurrency
            ? samples.IsEmpty ? 0 : samples.Max(sample => sample.Request) + 1
            : requests) - samples.DistinctBy(sample => sample.Request).Count();
}

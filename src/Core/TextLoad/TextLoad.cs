using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Adaptation.Core;

/// <summary>One load of streamed text as the runner saw it: raw times and counts, never a summary.</summary>
/// <remarks>Times are nanoseconds since the load began, on the runner's monotonic clock. Read with <see cref="TextLoadSeries"/>.</remarks>
public sealed record TextLoad
{
    public required TextTerms Terms { get; init; }

    /// <summary>Those that became due, in the order in which they were asked; failed ones included.</summary>
    public required ImmutableArray<TextRecord> Requests { get; init; }

    /// <summary>When each chunk with content arrived, request by request; <see cref="TextRecord.FirstChunk"/> says whose.</summary>
    public required ImmutableArray<long> Arrivals { get; init; }

    /// <summary>Tokens in each chunk, counted by the runner; as many as <see cref="Arrivals"/>.</summary>
    public required ImmutableArray<long> ChunkTokens { get; init; }

    /// <summary>Arrival of each token, ascending: what a rate is made of. Tokens of one chunk arrived together.</summary>
    public ImmutableArray<long> TokenArrivals()
    {
        var all = ImmutableArray.CreateBuilder<long>();
        for (var chunk = 0; chunk < Arrivals.Length; chunk++)
        {
            for (var token = 0L; token < ChunkTokens[chunk]; token++)
                all.Add(Arrivals[chunk]);
        }

        all.Sort();
        return all.ToImmutable();
    }
}

/// <summary>One request and what came of it.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TextRecord
{
    /// <summary>When it was to leave.</summary>
    public required long Due { get; init; }

    /// <summary>When it was handed to the socket; the due time if it never was.</summary>
    public required long Sent { get; init; }

    /// <summary>First byte of the answer, whatever it holds; <see cref="long.MaxValue"/> if there was none.</summary>
    public required long FirstByte { get; init; }

    /// <summary>End of the answer, or when the failure was noticed.</summary>
    public required long Ended { get; init; }

    /// <summary>0 for a whole, well-formed answer, otherwise 1 + the ordinal of the failure.</summary>
    public required int Status { get; init; }

    /// <summary>Counted by the runner.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Counted by the runner.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>Place of its first chunk among all.</summary>
    public required int FirstChunk { get; init; }

    public required int Chunks { get; init; }

    /// <summary>Whether the answer is whole and says something; any other misses every limit.</summary>
    public bool IsAnswered => Status == 0 && Chunks > 0;
}

/// <summary>What a load set out to do, and what the runner noticed of itself while it did.</summary>
public sealed record TextTerms
{
    /// <summary>One of <see cref="TextScenarios"/>.</summary>
    public required string Scenario { get; init; }

    /// <summary>0 or above; of the schedule and of the prompts.</summary>
    public required long Seed { get; init; }

    /// <summary>Requests at a time in a closed loop (samples per query in a multi-stream load); 0 in an open one.</summary>
    public int Streams { get; init; }

    /// <summary>Thousandths of a request per second that a Poisson schedule offers; 0 without one.</summary>
    public long RateMilli { get; init; }

    /// <summary>From its start until the last request had ended.</summary>
    public required long DurationNanos { get; init; }

    /// <summary>Tokens that each prompt was to have.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Tokens that each answer was to have.</summary>
    public int OutputTokens { get; init; }

    /// <summary>Fewer tokens than this and an answer is too short to meet its limits; 0 where a model may stop when it likes.</summary>
    public int LeastOutputTokens { get; init; }

    /// <summary>
    /// How tokens were counted: <c>ids</c> (the server's, which spell the text by the model's tokenizer), <c>tokenizer</c> (the text tokenized
    /// again), or by nothing of ours: <c>claimed-ids</c>, <c>chunks</c>.
    /// </summary>
    public required string CountedBy { get; init; }

    /// <summary>Whether the runner counted tokens for itself: nothing is judged by any other count.</summary>
    public bool IsCounted => CountedBy is "ids" or "tokenizer";

    /// <summary>Requests that were to be sent and of which there is no record. Above 0 the load is void.</summary>
    public long Dropped { get; init; }

    /// <summary>Requests of which the server's claim and the runner's count differ by more than a hundredth.</summary>
    public long CountDisagreements { get; init; }

    /// <summary>Chunks that shared one receive with a later one, so that their time is an upper bound.</summary>
    public long InexactChunks { get; init; }

    /// <summary>Connections opened while the load ran.</summary>
    public long NewConnections { get; init; }
}

/// <summary>The scenarios of the standard, as evidence spells them.</summary>
/// <remarks>Source: MLPerf inference rules, scenarios; fixed concurrency is everybody's.</remarks>
public static class TextScenarios
{
    public const string SingleStream = "single-stream";
    public const string MultiStream = "multi-stream";
    public const string Server = "server";
    public const string Offline = "offline";
    public const string Concurrency = "concurrency";

    public static ImmutableArray<string> All { get; } = [SingleStream, MultiStream, Server, Offline, Concurrency];

    /// <summary>Whether requests leave whatever the server does, so that latency counts from when each was due.</summary>
    public static bool IsOpen(string scenario) => scenario is Server or Offline or MultiStream;
}

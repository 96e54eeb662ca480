namespace Adaptation.Core.Tests;

/// <summary>Text loads as stand-in servers would answer them, worked out in virtual time.</summary>
internal static class TextLoads
{
    public const long Ms = 1_000_000;
    public const long Second = 1000 * Ms;

    /// <summary>How a stand-in answers one request.</summary>
    /// <param name="First">ns from sending to the first content.</param>
    /// <param name="Gap">ns between tokens.</param>
    /// <param name="PerChunk">Tokens that arrive together.</param>
    /// <param name="Status">As <see cref="TextRecord.Status"/>.</param>
    public sealed record Answer(long First, long Gap, int Tokens, int PerChunk = 1, int Status = 0);

    public static Answer Good { get; } = new(200 * Ms, 20 * Ms, 30);

    /// <summary>So many at a time; the next one leaves when one has ended.</summary>
    public static TextLoad Closed(int streams, int requests, Func<int, Answer> answer, string scenario = TextScenarios.Concurrency)
    {
        var free = new PriorityQueue<long, long>(Enumerable.Repeat((0L, 0L), streams));
        return Build(scenario, streams, 0, requests, i => free.Dequeue(), (_, ended) => free.Enqueue(ended, ended), answer);
    }

    /// <summary>Poisson arrivals; the stand-in has room for all.</summary>
    public static TextLoad Server(long rateMilli, int requests, Func<int, Answer> answer, long delay = 0)
    {
        var due = PoissonSchedule.Make(seed: 7, rateMilli, requests);
        return Build(TextScenarios.Server, 0, rateMilli, requests, i => due[i], (_, _) => { }, answer, delay);
    }

    /// <summary>All at once, and so many answered at a time: the first token of those that wait is as much later.</summary>
    public static TextLoad Offline(int slots, int requests, Answer answer)
    {
        var length = answer.First + (answer.Gap * (answer.Tokens - 1));
        return Build(TextScenarios.Offline, 0, 0, requests, _ => 0, (_, _) => { }, i => answer with { First = answer.First + (i / slots * length) });
    }

    /// <summary>A measurement of one load with a client that errs by 50 us.</summary>
    public static Measurement Measured(string check, TextLoad load, string prefix = "") =>
        new Measurement { Check = check }.Add(load, prefix);

    public static Measurement Add(this Measurement m, TextLoad load, string prefix)
    {
        var with = m.With(prefix, load);
        return with with
        {
            Series =
            [
                .. with.Series,
                new Series(prefix + "client_error.before", "ns", [.. 100.Times(50_000)]),
                new Series(prefix + "client_error.after", "ns", [.. 100.Times(60_000)]),
            ],
        };
    }

    /// <summary>The measurement without the load of a prefix.</summary>
    public static Measurement Drop(this Measurement m, string prefix) =>
        m with { Series = m.Series.RemoveAll(series => series.Name.StartsWith(prefix, StringComparison.Ordinal)) };

    private static TextLoad Build(
        string scenario, int streams, long rateMilli, int requests, Func<int, long> due, Action<int, long> ended, Func<int, Answer> answer, long delay = 0)
    {
        var (records, arrivals, tokens) = (new List<TextRecord>(), new List<long>(), new List<long>());
        for (var i = 0; i < requests; i++)
        {
            var (how, at, first) = (answer(i), due(i), arrivals.Count);
            var sent = at + delay;
            for (var token = 0; token < how.Tokens; token += how.PerChunk)
            {
                var last = Math.Min(token + how.PerChunk, how.Tokens) - 1;
                arrivals.Add(sent + how.First + (token * how.Gap));
                tokens.Add(last - token + 1);
            }

            var end = arrivals.Count > first ? arrivals[^1] : sent + how.First;
            records.Add(new TextRecord
            {
                Due = at,
                Sent = sent,
                FirstByte = arrivals.Count > first ? arrivals[first] : long.MaxValue,
                Ended = end,
                Status = how.Status,
                PromptTokens = 100,
                OutputTokens = how.Tokens,
                FirstChunk = first,
                Chunks = arrivals.Count - first,
            });
            ended(i, end);
        }

        return new TextLoad
        {
            Terms = new TextTerms
            {
                Scenario = scenario,
                Seed = 7,
                Streams = streams,
                RateMilli = rateMilli,
                DurationNanos = records.Max(record => record.Ended),
                PromptTokens = 100,
                OutputTokens = 30,
                LeastOutputTokens = 30,
                CountedBy = "ids",
            },
            Requests = [.. records],
            Arrivals = [.. arrivals],
            ChunkTokens = [.. tokens],
        };
    }
}

using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>A text load as series and facts of a measurement, each name under a prefix such as <c>c8.</c> or none.</summary>
/// <remarks>
/// Series, one sample per request: <c>due</c>, <c>sent</c>, <c>first_byte</c>, <c>ended</c> (ns), <c>status</c>, <c>prompt_tokens</c>,
/// <c>output_tokens</c>, <c>chunks</c> (count). One sample per chunk, request by request: <c>arrivals</c> (ns), <c>chunk_tokens</c> (count).
/// </remarks>
public static class TextLoadSeries
{
    private static readonly ImmutableArray<string> Times = ["due", "sent", "first_byte", "ended"];
    private static readonly ImmutableArray<string> Counts = ["status", "prompt_tokens", "output_tokens", "chunks"];

    /// <summary>The measurement with a load added to it.</summary>
    public static Measurement With(this Measurement measurement, string prefix, TextLoad load)
    {
        Series Each(string name, string unit, Func<TextRecord, long> of) => new(prefix + name, unit, [.. load.Requests.Select(of)]);
        return measurement with
        {
            Series =
            [
                .. measurement.Series,
                Each("due", "ns", request => request.Due),
                Each("sent", "ns", request => request.Sent),
                Each("first_byte", "ns", request => request.FirstByte),
                Each("ended", "ns", request => request.Ended),
                Each("status", "count", request => request.Status),
                Each("prompt_tokens", "count", request => request.PromptTokens),
                Each("output_tokens", "count", request => request.OutputTokens),
                Each("chunks", "count", request => request.Chunks),
                new Series(prefix + "arrivals", "ns", load.Arrivals),
                new Series(prefix + "chunk_tokens", "count", load.ChunkTokens),
            ],
            Facts = measurement.Facts.SetItems(Facts(load.Terms).Select(fact => KeyValuePair.Create(prefix + fact.Key, fact.Value))),
        };
    }

    /// <summary>Reads a load and holds it against itself; the problem says why it cannot be believed.</summary>
    /// <returns>Null if there is a problem.</returns>
    public static TextLoad? TryRead(Measurement m, string prefix, out string problem)
    {
        problem = m.Unusable("ns", [.. Times.Select(name => prefix + name), prefix + "arrivals"])
            ?? m.Unusable("count", [.. Counts.Select(name => prefix + name), prefix + "chunk_tokens"])
            ?? "";
        if (problem.Length > 0)
            return null;
        var columns = Times.Concat(Counts).Select(name => m.Samples(prefix + name)).ToImmutableArray();
        if (columns.Any(column => column.Length != columns[0].Length))
            problem = $"the series of the load '{prefix}' differ in length";
        else if (columns[0].IsEmpty)
            problem = $"the load '{prefix}' has no request";
        else if (TryReadTerms(m, prefix, out problem) is { } terms)
            return TextLoadReader.TryBuild(terms, columns, m.Samples(prefix + "arrivals"), m.Samples(prefix + "chunk_tokens"), out problem);
        return null;
    }

    private static IEnumerable<KeyValuePair<string, string>> Facts(TextTerms terms)
    {
        static KeyValuePair<string, string> Fact(string key, long value) => new(key, value.ToString(CultureInfo.InvariantCulture));
        yield return new("scenario", terms.Scenario);
        yield return new("counted_by", terms.CountedBy);
        yield return Fact("seed", terms.Seed);
        yield return Fact("streams", terms.Streams);
        yield return Fact("rate_milli", terms.RateMilli);
        yield return Fact("duration_ns", terms.DurationNanos);
        yield return Fact("wanted_prompt_tokens", terms.PromptTokens);
        yield return Fact("wanted_output_tokens", terms.OutputTokens);
        yield return Fact("least_output_tokens", terms.LeastOutputTokens);
        yield return Fact("dropped", terms.Dropped);
        yield return Fact("count_disagreements", terms.CountDisagreements);
        yield return Fact("inexact_chunks", terms.InexactChunks);
        yield return Fact("new_connections", terms.NewConnections);
    }

    private static TextTerms? TryReadTerms(Measurement m, string prefix, out string problem)
    {
        var wrong = "";
        long Number(string key, long most = long.MaxValue)
        {
            if (m.Number(prefix + key) is { } value && value <= most)
                return value;
            wrong = $"the fact {prefix}{key} is no whole number{(most < long.MaxValue ? $" up to {most}" : "")}";
            return 0;
        }

        string Word(string key, params ReadOnlySpan<string> known)
        {
            var word = m.Facts.GetValueOrDefault(prefix + key, "");
            if (!known.Contains(word))
                wrong = $"the fact {prefix}{key} is '{word}', none of {string.Join(", ", known!)}";
            return word;
        }

        var terms = new TextTerms
        {
            Scenario = Word("scenario", TextScenarios.All.AsSpan()),
            CountedBy = Word("counted_by", "ids", "tokenizer", "claimed-ids", "chunks"),
            Seed = Number("seed"),
            Streams = (int)Number("streams", int.MaxValue),
            RateMilli = Number("rate_milli"),
            DurationNanos = Number("duration_ns"),
            PromptTokens = (int)Number("wanted_prompt_tokens", int.MaxValue),
            OutputTokens = (int)Number("wanted_output_tokens", int.MaxValue),
            LeastOutputTokens = (int)Number("least_output_tokens", int.MaxValue),
            Dropped = Number("dropped"),
            CountDisagreements = Number("count_disagreements"),
            InexactChunks = Number("inexact_chunks"),
            NewConnections = Number("new_connections"),
        };
        problem = wrong;
        return wrong.Length == 0 ? terms : null;
    }
}

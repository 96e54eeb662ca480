using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges usage in streams: one chunk of it where it is asked for, last before [DONE], without choices, and right (MET-03).</summary>
/// <remarks>
/// Reads, for streams that asked for usage (include_usage), one sample per stream of: <c>on.usage_chunks</c>, how many events carried usage;
/// <c>on.events_after</c>, how many events came between the last of them and [DONE]; <c>on.choices</c>, how many choices those events had;
/// <c>on.total_tokens</c> and <c>plain.total_tokens</c>, what the stream and the same request without streaming, of the same seed, reported. For
/// streams that did not ask: <c>off.usage_chunks</c>. Without usage there are no tokens and no place: <see cref="long.MaxValue"/>.
/// </remarks>
internal static class StreamUsage
{
    private static readonly ImmutableArray<string> On = ["on.usage_chunks", "on.events_after", "on.choices", "on.total_tokens", "plain.total_tokens"];

    public static ImmutableArray<string> Limits { get; } = ["usage_chunks", "events_after_max", "choices_max", "difference_max", "streams_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Unusable("count", [.. On, "off.usage_chunks"]) is { } unusable)
            return clause.Invalid(unusable);
        var streams = m.Samples(On[0]).Length;
        if (On.FirstOrDefault(series => m.Samples(series).Length != streams) is { } uneven)
            return clause.Invalid($"{streams} streams, and {m.Samples(uneven).Length} samples of {uneven}");
        var least = clause.Limit("streams_min");
        if (streams < least || m.Samples("off.usage_chunks").Length < least)
            return clause.Found(new Verdict.Inconclusive(
                $"{streams} streams with usage and {m.Samples("off.usage_chunks").Length} without; at least {least} of each are asked for"));

        var chunks = clause.Limit("usage_chunks");
        var apart = m.Samples("on.total_tokens").Zip(m.Samples("plain.total_tokens"), (one, other) => Math.Abs(one - other)).ToImmutableArray();
        (string Words, int Count)[] faults =
        [
            ($"streams without exactly {chunks} usage chunk", m.Samples("on.usage_chunks").Count(seen => seen != chunks)),
            ("streams with events between usage and [DONE]", m.Samples("on.events_after").Count(seen => seen > clause.Limit("events_after_max"))),
            ("usage chunks with choices", m.Samples("on.choices").Count(seen => seen > clause.Limit("choices_max"))),
            ("streams whose tokens differ from the answer in one piece", Differing(m, apart, clause.Limit("difference_max"))),
            ("streams with usage that nobody asked for", m.Samples("off.usage_chunks").Count(seen => seen != 0)),
        ];
        var figures = faults.Select(fault => Reading.Counted(fault.Words, fault.Count, 0)).Append(Reading.Counted("streams", streams)).ToImmutableArray();
        var found = faults.Where(fault => fault.Count > 0).Select(fault => $"{fault.Count} {fault.Words}").ToImmutableArray();
        return found.IsEmpty
            ? clause.Found(new Verdict.Pass(), figures)
            : clause.Fails(string.Join("; ", found), "one usage chunk, last before [DONE], without choices, of the same tokens as without streaming", figures);
    }

    // Two answers that both said nothing agree on nothing.
    private static int Differing(Measurement m, ImmutableArray<long> apart, long most) =>
        apart.Where((difference, i) => difference > most || m.Samples("on.total_tokens")[i] == long.MaxValue || m.Samples("plain.total_tokens")[i] == long.MaxValue).Count();
}

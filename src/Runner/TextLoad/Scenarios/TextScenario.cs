using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How requests reach a server.</summary>
/// <remarks>Source: MLPerf inference rules for the first four.</remarks>
public abstract record TextScenario
{
    private TextScenario()
    {
    }

    /// <summary>As evidence spells it: one of <see cref="TextScenarios"/>.</summary>
    public abstract string Name { get; }

    /// <summary>Requests at a time in a closed loop, samples per query in a multi-stream load; 0 where arrivals do not depend on answers.</summary>
    public virtual int Streams => 0;

    /// <summary>The next request leaves when the one before has ended.</summary>
    public sealed record SingleStream : TextScenario
    {
        public override string Name => TextScenarios.SingleStream;

        public override int Streams => 1;
    }

    /// <summary>So many requests at once; the next query leaves when all have ended.</summary>
    public sealed record MultiStream(int SamplesPerQuery) : TextScenario
    {
        public override string Name => TextScenarios.MultiStream;

        public override int Streams => SamplesPerQuery;
    }

    /// <summary>Poisson arrivals on a schedule fixed before the load.</summary>
    /// <param name="RateMilli">Thousandths of a request per second.</param>
    public sealed record Server(long RateMilli) : TextScenario
    {
        public override string Name => TextScenarios.Server;
    }

    /// <summary>All at once.</summary>
    public sealed record Offline : TextScenario
    {
        public override string Name => TextScenarios.Offline;
    }

    /// <summary>So many at a time: the next one leaves when one has ended.</summary>
    public sealed record FixedConcurrency(int Count) : TextScenario
    {
        public override string Name => TextScenarios.Concurrency;

        public override int Streams => Count;
    }
}

/// <summary>How long a load goes on.</summary>
/// <param name="Requests">Null: as many as the duration takes.</param>
/// <param name="Duration">No request becomes due later; null: all requests are asked. At least one of the two is given.</param>
public sealed record LoadExtent(int? Requests, TimeSpan? Duration);

/// <summary>Where requests go.</summary>
/// <param name="Path">Such as <c>/v1/completions</c>.</param>
/// <param name="Headers">Sent with every request.</param>
public sealed record TextTarget(
    Transport Transport, string? TlsName, string Path, System.Collections.Immutable.ImmutableArray<KeyValuePair<string, string>> Headers);

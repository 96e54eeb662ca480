using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>A text load that may be judged: whole, of an honest client, and with a steady stage.</summary>
/// <remarks>
/// Besides the load itself (<see cref="TextLoadSeries"/>) it reads <c>client_error.before</c> and <c>client_error.after</c> under the same
/// prefix (ns): how far the same client, at the same load, was off a server whose delay is known. A client that errs says nothing of the
/// server, neither good nor bad. Source: the basis of the standard, 2.4.
/// </remarks>
/// <param name="Requests">Those that percentiles and counts are made of.</param>
internal sealed record TextEvidence(string Prefix, TextLoad Load, SteadyStage Stage, ImmutableArray<TextRecord> Requests)
{
    /// <summary>What every clause of a text load states.</summary>
    public static ImmutableArray<string> Limits { get; } =
    [
        "confidence_ppm", "client_error_p50_max_micros", "client_error_p99_max_micros", "client_error_p99_max_ppm", "lateness_p99_max_micros", "skew_max_ppm",
    ];

    private static readonly ImmutableArray<string> Sides = ["before", "after"];

    /// <param name="reason">Why nothing can be judged: what an inconclusive verdict says.</param>
    public static TextEvidence? TryRead(Clause clause, Measurement m, string prefix, out string reason)
    {
        if (TextLoadSeries.TryRead(m, prefix, out var problem) is not { } load)
        {
            reason = $"invalid evidence: {problem}";
            return null;
        }

        reason = Void(clause, m, prefix, load) ?? "";
        if (reason.Length > 0)
            return null;
        if (SteadyStage.TryFind(load) is not { } stage || stage.Of(load) is not { IsEmpty: false } requests)
        {
            reason = $"the load {Name(prefix, load)} had no steady stage; a longer one would have";
            return null;
        }

        return new(prefix, load, stage, requests);
    }

    public static int Confidence(Clause clause) => clause.Count("confidence_ppm");

    public static string Name(string prefix, TextLoad load) => prefix.Length > 0 ? prefix.TrimEnd('.') : load.Terms.Scenario;

    /// <summary>The figures that stand beside every result: the client's own error and lateness, and what failed.</summary>
    public IEnumerable<Figure> Conduct(Clause clause, Measurement m)
    {
        var (load, mark) = (Load, Prefix.Length > 0 ? $", {Prefix.TrimEnd('.')}" : "");
        yield return Reading.Counted($"requests{mark}", Requests.Length);
        yield return Reading.Counted($"failed requests{mark}", Requests.Count(request => !request.IsAnswered));
        foreach (var side in Sides)
        {
            var error = m.Samples($"{Prefix}client_error.{side}").Sort();
            yield return new($"client error p50 {side}{mark}", "us", Statistics.Percentile<long>(error.AsSpan(), 500), LimitMilli: Reading.Milli(clause.Limit("client_error_p50_max_micros")));
            yield return new($"client error p99 {side}{mark}", "us", Statistics.Percentile<long>(error.AsSpan(), 990), LimitMilli: ErrorLimit(clause, load));
        }

        var delays = TextPopulation.Of(load.Requests.Select(TextMetrics.StartDelay));
        yield return Time($"start delay p50{mark}", delays.Percentile(500, Confidence(clause)));
        yield return Time($"start delay p99{mark}", delays.Percentile(990, Confidence(clause)));
        if (OfferedRate.TryMeasure(load) is { } rate && load.Terms.Scenario == TextScenarios.Server)
            yield return new($"offered against achieved rate{mark}", "ppm", Reading.Milli(rate.SkewPpm), LimitMilli: Reading.Milli(clause.Limit("skew_max_ppm")));
        yield return Reading.Counted($"requests whose token counts disagree{mark}", load.Terms.CountDisagreements);
    }

    /// <summary>p50, p90 and p99 of one metric; those that so many requests cannot tell are left out.</summary>
    public static IEnumerable<Figure> Percentiles(string metric, TextPopulation times, Clause clause, long? p99LimitNanos = null)
    {
        foreach (var perMille in new[] { 500, 900, 990 })
        {
            if (times.Percentile(perMille, Confidence(clause)) is { } value)
                yield return new($"{metric} p{perMille / 10}", "us", value, LimitMilli: perMille == 990 ? p99LimitNanos : null);
        }
    }

    // Thousandths of a microsecond are nanoseconds.
    private static Figure Time(string name, long? nanos) => new(name, "us", nanos ?? long.MaxValue);

    private static string? Void(Clause clause, Measurement m, string prefix, TextLoad load)
    {
        var name = Name(prefix, load);
        if (load.Terms.Dropped > 0)
            return $"void: {load.Terms.Dropped} requests of the load {name} were never sent or left no record; run it again";
        foreach (var side in Sides)
        {
            var series = $"{prefix}client_error.{side}";
            if (m.Unusable("ns", series) is { } unusable)
                return $"invalid evidence: {unusable}";
            if (m.Samples(series) is not { IsEmpty: false } samples)
                return $"invalid evidence: the series {series} holds no sample";
            var error = samples.Sort();
            var (p50, p99) = (Statistics.Percentile<long>(error.AsSpan(), 500), Statistics.Percentile<long>(error.AsSpan(), 990));
            if (p50 > (Int128)clause.Limit("client_error_p50_max_micros") * 1000)
                return Erred(p50, "p50", side, name, (Int128)clause.Limit("client_error_p50_max_micros") * 1000);
            if (p99 > ErrorLimit(clause, load))
                return Erred(p99, "p99", side, name, ErrorLimit(clause, load));
        }

        return load.Terms.Scenario == TextScenarios.Server ? Late(clause, load) : null;
    }

    private static string? Late(Clause clause, TextLoad load)
    {
        ImmutableArray<long> delays = [.. load.Requests.Select(TextMetrics.StartDelay).Order()];
        var (lateness, allowed) = (Statistics.Percentile<long>(delays.AsSpan(), 990), (Int128)clause.Limit("lateness_p99_max_micros") * 1000);
        if (lateness > allowed)
            return $"void: the client sent {Reading.Duration(lateness)} (p99) after the due time, limit {Reading.Duration(allowed)}; run it on a quieter machine";
        return OfferedRate.TryMeasure(load) is { } rate && rate.SkewPpm > clause.Limit("skew_max_ppm")
            ? $"void: {rate.OfferedMilli / 1000.0:0.###} requests/s were offered and {rate.AchievedMilli / 1000.0:0.###} sent, "
                + $"{Reading.Percent(rate.SkewPpm / 1e6)} apart; limit {Reading.Percent(clause.Share("skew_max_ppm"))}"
            : null;
    }

    /// <summary>The greater of a fixed time and a share of the median first token: on a slow answer a small error tells nothing.</summary>
    private static long ErrorLimit(Clause clause, TextLoad load)
    {
        ImmutableArray<long> first = [.. load.Requests.Where(request => request.IsAnswered).Select(load.WireFirstToken).Order()];
        var median = first.IsEmpty ? 0 : Statistics.Percentile<long>(first.AsSpan(), 500);
        return (long)Int128.Min(
            Int128.Max((Int128)clause.Limit("client_error_p99_max_micros") * 1000, (Int128)median * clause.Limit("client_error_p99_max_ppm") / 1_000_000), long.MaxValue);
    }

    private static string Erred(long error, string rank, string side, string name, Int128 limit) => error == long.MaxValue
        ? $"void: the server of known delay left requests unanswered {side} the load {name}; run it again"
        : $"void: the client erred by {Reading.Duration(error)} ({rank}) {side} the load {name}, limit {Reading.Duration(limit)}; run it on a quieter machine";
}

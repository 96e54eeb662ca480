using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges whether a server keeps its latency limits at the rate that the profile declares (PERF-06).</summary>
/// <remarks>
/// Reads one server load without a prefix; see <see cref="TextEvidence"/>. Its due times are computed again from seed and rate
/// (<see cref="PoissonSchedule"/>): a closed loop that poses as an open one, whose queue nobody sees, is no evidence. TTFT, from the due
/// time, and TPOT are judged apart and both must hold. Source: MLPerf inference rules, server scenario.
/// </remarks>
internal static class SloThroughput
{
    public static ImmutableArray<string> Limits { get; } = [.. TextEvidence.Limits, "percentile_permille", "min_seconds", "declared_share_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (TextEvidence.TryRead(clause, m, "", out var reason) is not { } run)
            return clause.Found(new Verdict.Inconclusive(reason));
        if (Unlike(run.Load) is { } unlike)
            return clause.Invalid(unlike);
        if (TextClass.TryLimits(clause, plan, out reason) is not { FirstTokenNanos: { } first, PerOutputTokenNanos: { } pace } limits)
            return clause.Found(new Verdict.Inconclusive(reason));
        if (!run.Load.Terms.IsCounted)
            return clause.Found(new Verdict.Inconclusive("tokens were not counted: a chunk is not a token, and an id that a server sends is its claim; give the runner the model's tokenizer"));
        var load = run.Load;
        var firsts = TextPopulation.Of(run.Requests.Select(load.FirstToken));
        var paces = TextPopulation.Of(run.Requests.Select(request => request.OutputTokens < load.Terms.LeastOutputTokens ? long.MaxValue : load.PerOutputToken(request)));
        var goodput = Goodput.Of(load, run.Stage, limits);
        long? least = plan.Declared.RequestRateMilli is { } declared ? (long)((Int128)declared * clause.Limit("declared_share_ppm") / 1_000_000) : null;
        ImmutableArray<Figure> figures =
        [
            new("rate offered", "requests/s", load.Terms.RateMilli, LimitMilli: least),
            new("output tokens per second", "tokens/s", run.Stage.OutputRateMilli(load)),
            new("goodput", "requests/s", goodput.RequestsMilli),
            .. TextEvidence.Percentiles("TTFT", firsts, clause, first),
            .. TextEvidence.Percentiles("TPOT", paces, clause, pace),
            .. run.Conduct(clause, m),
        ];
        return clause.Found(Short(clause, load, least) ?? Reading.Gravest(
            Percentile(clause, $"a TTFT of {Reading.Duration(first)}", firsts.Later(first), firsts.Count),
            Percentile(clause, $"a TPOT of {Reading.Duration(pace)}", paces.Later(pace), paces.Count)), figures);
    }

    /// <summary>Says in what a load is not the Poisson load that it claims to be; null if it is.</summary>
    public static string? Unlike(TextLoad load)
    {
        if (load.Terms.Scenario != TextScenarios.Server)
            return $"the load is {load.Terms.Scenario}; a server load has Poisson arrivals";
        if (load.Terms.RateMilli <= 0)
            return "the load states no rate";
        var due = load.Requests.Select(request => request.Due);
        return due.SequenceEqual(PoissonSchedule.Make(load.Terms.Seed, load.Terms.RateMilli, load.Requests.Length))
            ? null : "the due times are not the Poisson schedule of the stated seed and rate: was this a closed loop?";
    }

    private static Verdict Percentile(Clause clause, string what, int misses, int requests) =>
        EarlyStopping.Judge(what, misses, requests, clause.Count("percentile_permille"), TextEvidence.Confidence(clause));

    private static Verdict.Inconclusive? Short(Clause clause, TextLoad load, long? leastRate)
    {
        var minimum = clause.Limit("min_seconds");
        if (load.Requests[^1].Due < (Int128)minimum * 1_000_000_000)
            return new($"the last request was due after {Reading.Duration(load.Requests[^1].Due)}; {minimum} s are asked for");
        return leastRate is not { } rate ? new("the profile declares no request rate; state it in requests per second")
            : load.Terms.RateMilli < rate ? new(string.Create(CultureInfo.InvariantCulture,
                $"{load.Terms.RateMilli / 1000.0:0.###} requests/s were offered; {rate / 1000.0:0.###} are asked for of what the profile declares"))
            : null;
    }
}

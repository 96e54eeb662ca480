using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges output tokens per second, all requests submitted at once, against what the profile declares (PERF-05).</summary>
/// <remarks>
/// Reads one offline load without a prefix; see <see cref="TextEvidence"/>. The time from its start to its last content, drain included, is
/// cut into equal windows, and the mean of their rates bounded after Student. Tokens are those that the runner counted.
/// </remarks>
internal static class TextThroughput
{
    public static ImmutableArray<string> Limits { get; } = [.. TextEvidence.Limits, "min_seconds", "declared_share_ppm", "windows"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (TextEvidence.TryRead(clause, m, "", out var reason) is not { } run)
            return clause.Found(new Verdict.Inconclusive(reason));
        if (run.Load.Terms.Scenario != TextScenarios.Offline)
            return clause.Invalid($"the load is {run.Load.Terms.Scenario}; offline throughput is measured with all requests submitted at once");
        if (!run.Load.Terms.IsCounted)
            return clause.Found(new Verdict.Inconclusive("tokens were not counted: a chunk is not a token, and an id that a server sends is its claim; give the runner the model's tokenizer"));
        var rates = WindowRates(run.Load, run.Stage, clause.Count("windows"));
        var (lower, upper) = Statistics.MeanBounds(rates, clause.Share("confidence_ppm"));
        var mean = Statistics.Mean(rates);
        double? limit = plan.Declared.OutputTokensMilliPerSecond is > 0 and var declared ? declared / 1000.0 * clause.Share("declared_share_ppm") : null;
        var (seconds, minimum) = (run.Stage.Length / 1e9, clause.Limit("min_seconds"));
        ImmutableArray<Figure> figures =
        [
            new("output tokens per second", "tokens/s", Reading.Milli(mean), Reading.Milli(lower), Reading.Milli(upper), limit is { } least ? Reading.Milli(least) : null),
            new("requests per second", "requests/s", run.Stage.PerSecondMilli(run.Requests.Count(request => request.IsAnswered))),
            new("duration", "s", Reading.Milli(seconds), LimitMilli: Reading.Milli(minimum)),
            .. run.Conduct(clause, m),
        ];
        var missed = run.Requests.Count(request => !request.IsAnswered || request.OutputTokens < run.Load.Terms.LeastOutputTokens);
        if (missed > 0)
            return clause.Fails($"{missed} of {run.Requests.Length} requests failed or were answered short", "a whole answer to every request", figures);
        if (run.Stage.Length < (Int128)minimum * 1_000_000_000)
            return clause.Found(new Verdict.Inconclusive(
                string.Create(CultureInfo.InvariantCulture, $"the load lasted {seconds:0.###} s; {minimum} s are asked for: submit more requests")), figures);
        return clause.Found(limit is { } asked ? Against(asked, mean, lower, upper)
            : new Verdict.Inconclusive("the profile declares no output tokens per second; state them"), figures);
    }

    private static Verdict Against(double limit, double mean, double lower, double upper)
    {
        static string Rate(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.###} tokens/s");
        return lower >= limit ? new Verdict.Pass()
            : upper < limit ? new Verdict.Fail($"{Rate(mean)}, at most {Rate(upper)}", $"{Rate(limit)} (the share asked for of what the profile declares)")
            : new Verdict.Inconclusive($"{Rate(mean)}, between {Rate(lower)} and {Rate(upper)}; limit {Rate(limit)}; a longer load or a lower declaration would decide it");
    }

    private static double[] WindowRates(TextLoad load, SteadyStage stage, int windows)
    {
        var rates = new double[windows];
        for (var chunk = 0; chunk < load.Arrivals.Length; chunk++)
            rates[(int)Int128.Clamp((Int128)(load.Arrivals[chunk] - stage.From) * windows / stage.Length, 0, windows - 1)] += load.ChunkTokens[chunk];
        for (var i = 0; i < windows; i++)
            rates[i] = rates[i] * 1e9 * windows / stage.Length;
        return rates;
    }
}

using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Reports the end-to-end latency of text answers, workload by workload, at a low and a high number of streams (PERF-04).</summary>
/// <remarks>
/// Reads, for workload I of the clause (<c>prompt_tokens_I</c>, <c>output_tokens_I</c>) and each number of streams S, the load <c>wI.cS.</c>
/// There is no pass level: what is judged is that every column is there, complete, of the length asked for, and large enough to report.
/// </remarks>
internal static class TextEndToEnd
{
    public static ImmutableArray<string> Limits { get; } =
        [.. TextEvidence.Limits, "workloads", "streams_low", "streams_high", "length_tolerance_ppm", "min_requests", "prompt_tokens_1", "output_tokens_1"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        var figures = ImmutableArray.CreateBuilder<Figure>();
        var verdicts = ImmutableArray.CreateBuilder<Verdict>();
        for (var workload = 1; workload <= clause.Count("workloads"); workload++)
        {
            foreach (var streams in new[] { clause.Count("streams_low"), clause.Count("streams_high") }.Distinct())
            {
                var prefix = string.Create(CultureInfo.InvariantCulture, $"w{workload}.c{streams}.");
                if (TextEvidence.TryRead(clause, m, prefix, out var reason) is not { } run)
                    return clause.Found(new Verdict.Inconclusive(reason), figures.ToImmutable());
                var times = TextPopulation.Of(run.Requests.Select(run.Load.EndToEnd));
                figures.AddRange(TextEvidence.Percentiles($"E2EL {prefix.TrimEnd('.')}", times, clause));
                figures.AddRange(run.Conduct(clause, m));
                verdicts.Add(Column(clause, run, workload, streams));
            }
        }

        return clause.Found(Reading.Gravest(verdicts.ToImmutable().AsSpan()), figures.ToImmutable());
    }

    private static Verdict Column(Clause clause, TextEvidence run, int workload, int streams)
    {
        var name = run.Prefix.TrimEnd('.');
        var terms = run.Load.Terms;
        var expected = terms.Scenario == TextScenarios.SingleStream ? 1 : terms.Scenario == TextScenarios.Concurrency ? terms.Streams : 0;
        if (expected != streams)
            return new Verdict.Inconclusive($"invalid evidence: the load {name} is {terms.Scenario} of {terms.Streams} streams, not {streams} parallel streams");
        var failed = run.Requests.Count(request => !request.IsAnswered);
        if (failed > 0)
            return new Verdict.Fail($"{failed} of {run.Requests.Length} requests of {name} failed", "an answer to every request");
        if (!terms.IsCounted)
            return new Verdict.Inconclusive($"the tokens of {name} were not counted: a chunk is not a token, and an id that a server sends is its claim; give the runner the model's tokenizer");
        var (prompt, output) = (Of(clause, "prompt_tokens", workload), Of(clause, "output_tokens", workload));
        var other = run.Requests.Count(request => Differs(clause, request.PromptTokens, prompt) || Differs(clause, request.OutputTokens, output));
        if (other > 0)
            return new Verdict.Inconclusive($"invalid evidence: {other} of {run.Requests.Length} requests of {name} are not of {prompt} tokens answered with {output}");
        var least = clause.Count("min_requests");
        return run.Requests.Length >= least ? new Verdict.Pass()
            : new Verdict.Inconclusive($"{run.Requests.Length} requests of {name}; {least} are asked for");
    }

    private static long Of(Clause clause, string what, int workload) => clause.Limit(string.Create(CultureInfo.InvariantCulture, $"{what}_{workload}"));

    private static bool Differs(Clause clause, long counted, long wanted) =>
        Int128.Abs((Int128)counted - wanted) * 1_000_000 > (Int128)wanted * clause.Limit("length_tolerance_ppm");
}

using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges how far the throughput of independent runs lies apart (PERF-12).</summary>
/// <remarks>
/// <para>
/// Reads, for each run N from 1 on, the series <c>run.N</c> (ns since its load began, ascending) and the facts
/// <c>run.N.duration_ns</c> and <c>run.N.container</c>, the id of a container that no other run had.
/// </para>
/// <para>
/// A run's rate is the trimmed mean of its window rates, a fifth cut off at either end. The mean would count a short stall of
/// the host; the median would let a backend crawl for half of every run, and it jumps by a whole batch where answers come in
/// batches and a window holds few of them. Each rate is bounded after Tukey and McLaughlin (1963) and Yuen (1974). The
/// coefficient of variation is bounded by the least and the greatest that rates within those bounds can show: it passes if even
/// the greatest keeps to the limit, fails if even the least exceeds it. That is wider than the stated confidence asks for, and
/// errs towards inconclusive: steady rates under noise of 5 % per window pass, a run throttled by 15 % fails, and where the
/// windows scatter so widely that a throttled run could hide among them, nothing is said.
/// </para>
/// <para>
/// Windows in which other work on the machine took more than <c>elsewhere_max_ppm</c> of its processors say nothing of the backend and are
/// set aside (<see cref="HostAccount"/>); their number is a figure. Too few left is inconclusive, and never a pass or a fail.
/// </para>
/// </remarks>
internal static class Repeatability
{
    // The greatest coefficient is looked for at every corner, of which there are two to the power of the runs.
    private const int MostRuns = 16;

    public static ImmutableArray<string> Limits { get; } = ["runs", "run_seconds", "cv_max_ppm", "windows", "confidence_ppm", "elsewhere_max_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        var runs = clause.Count("runs");
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 2, nameof(clause));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(runs, MostRuns, nameof(clause));
        if (Unlike(m, runs) is { } unlike)
            return clause.Invalid(unlike);

        var unit = plan.ModelKind == "llm" ? "tokens/s" : "samples/s"; // of text, each token is a completion
        var rates = new (double Mean, double Lower, double Upper)[runs];
        var aside = 0;
        for (var i = 0; i < runs; i++)
        {
            if (LoadRun.TryRead(m, Name(i), $"{Name(i)}.duration_ns", out var problem) is not { } run)
                return clause.Invalid(problem);
            if (run.Completed.IsEmpty)
                return clause.Fails($"run {i + 1} answered nothing", "an answer to every request");
            if (run.DurationSeconds < clause.Limit("run_seconds"))
                return clause.Found(new Verdict.Inconclusive($"run {i + 1} took {run.DurationSeconds:0.0} s; {clause.Limit("run_seconds")} s are asked for"));
            if (Windows(clause, m, run, i, ref aside, out problem) is not { } windows)
                return clause.Found(new Verdict.Inconclusive(problem));
            rates[i] = Statistics.TrimmedMeanBounds(windows, clause.Share("confidence_ppm"));
        }

        var point = Statistics.CoefficientOfVariation(Array.ConvertAll(rates, rate => rate.Mean));
        var (least, greatest) = (Least(rates), Greatest(rates));
        var max = clause.Share("cv_max_ppm");
        ImmutableArray<Figure> figures =
        [
            new(
                "coefficient of variation", "%",
                Reading.Milli(point * 100), Reading.Milli(least * 100), Reading.Milli(greatest * 100), Reading.Milli(max * 100)),
            new("windows set aside, the machine was busy with other work", "count", Reading.Milli((long)aside)),
            .. rates.Select((rate, i) => Reading.Rate($"throughput, run {i + 1}", unit, rate.Mean, rate.Lower, rate.Upper)),
        ];
        var each = string.Join(", ", rates.Select(rate => Reading.Rate(rate.Mean, unit)));
        var words = $"coefficient of variation {Reading.Percent(point)} over {runs} runs ({each})";
        return clause.Found(
            greatest <= max ? new Verdict.Pass()
            : least > max ? new Verdict.Fail($"{words}, at least {Reading.Percent(least)}", Reading.Percent(max))
            : new Verdict.Inconclusive(
                $"{words}, between {Reading.Percent(least)} and {Reading.Percent(greatest)}; limit {Reading.Percent(max)}: "
                + "the rate varies too much within the runs; a quieter machine or longer runs would decide it"), figures);
    }

    /// <summary>Rates of the windows in which the machine did little else; null with a problem if there are too few.</summary>
    private static double[]? Windows(Clause clause, Measurement m, LoadRun run, int index, ref int aside, out string problem)
    {
        var wanted = clause.Count("windows");
        if (HostAccount.TryRead(m, Name(index), out problem) is not { } account)
            return problem.Length == 0 ? run.WindowRates(wanted) : null;
        var rates = account.UndisturbedRates(run, clause.Share("elsewhere_max_ppm"));
        aside += account.Ends.Length - rates.Length;
        if (rates.Length >= wanted)
            return rates;
        problem = $"in run {index + 1} only {rates.Length} of {account.Ends.Length} windows were undisturbed, and {wanted} are needed: other work took "
            + $"{Reading.Percent(account.Elsewhere.Sum(nanos => (double)nanos) / ((double)account.Ends.LastOrDefault(1) * account.Processors))} of the processors. A quieter machine would decide it";
        return null;
    }

    private static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"run.{index + 1}");

    // More runs than asked for are as bad as fewer: somebody could have left out the odd one.
    private static string? Unlike(Measurement m, int runs)
    {
        var names = Enumerable.Range(0, runs).Select(Name).ToImmutableHashSet();
        var found = m.Series.Select(series => series.Name)
            .Where(name => name.StartsWith("run.", StringComparison.Ordinal) && name.LastIndexOf('.') == "run".Length).Order(StringComparer.Ordinal).ToImmutableArray();
        if (!names.SetEquals(found))
            return $"the runs {string.Join(", ", found)} were measured; {runs} are asked for, run.1 to {Name(runs - 1)}";
        var containers = names.Select(name => m.Facts.GetValueOrDefault($"{name}.container", "")).ToImmutableArray();
        return containers.Any(string.IsNullOrWhiteSpace) ? "not every run names its container"
            : containers.Distinct().Count() < runs ? "two runs shared a container; it is recreated for each run"
            : null;
    }

    /// <summary>The greatest coefficient within the bounds: it rises away from its minimum, so it lies at a corner.</summary>
    private static double Greatest(ReadOnlySpan<(double Mean, double Lower, double Upper)> rates)
    {
        Span<double> corner = stackalloc double[MostRuns];
        corner = corner[..rates.Length];
        var greatest = 0.0;
        for (var choice = 0; choice < 1 << rates.Length; choice++)
        {
            for (var i = 0; i < rates.Length; i++)
                corner[i] = (choice >> i & 1) == 0 ? Math.Max(0, rates[i].Lower) : rates[i].Upper;
            greatest = Math.Max(greatest, Statistics.CoefficientOfVariation(corner));
        }

        return greatest;
    }

    /// <summary>
    /// The least coefficient within the bounds: every rate as near as it can come to one common value, which is the sum of their
    /// squares over their sum (where the derivative by each rate changes its sign). Found by bisection: any such value is the one.
    /// </summary>
    private static double Least(ReadOnlySpan<(double Mean, double Lower, double Upper)> rates)
    {
        Span<double> near = stackalloc double[MostRuns];
        near = near[..rates.Length];
        var (low, high) = (0.0, 0.0);
        foreach (var rate in rates)
            high = Math.Max(high, rate.Upper);
        for (var step = 0; step < 100; step++)
        {
            var common = (low + high) / 2;
            var (sum, squares) = (0.0, 0.0);
            for (var i = 0; i < rates.Length; i++)
            {
                near[i] = Math.Clamp(common, Math.Max(0, rates[i].Lower), rates[i].Upper);
                sum += near[i];
                squares += near[i] * near[i];
            }

            if (common * sum < squares)
                low = common;
            else
                high = common;
        }

        return Statistics.CoefficientOfVariation(near);
    }
}

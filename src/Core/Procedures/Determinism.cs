using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges whether one request gets one answer, asked over and over and again after a restart (COR-12).</summary>
/// <remarks>
/// <para>
/// Reads the answer N to each request after each start: a series <c>start-S.REQUEST.N</c> (unit <c>id</c>: token ids; <c>utf8</c>: bytes of the text,
/// where a server gives no ids) or a tensor of that name; the fact <c>failed.start-S.REQUEST.N</c> says why there is none. The fact
/// <c>container.start-S</c> tells the starts apart.
/// </para>
/// <para>Without a claim of the profile nothing is asked for but an answer to every request: how alike they were is reported.</para>
/// </remarks>
internal static class Determinism
{
    private const string Failed = "failed.";
    private const string Container = "container.";

    private static readonly LocalText ReportedOnly = new("reported only: the profile claims no determinism", "仅报告：profile 未声明确定性");

    public static ImmutableArray<string> Limits { get; } = ["starts", "repeats", "distinct_max"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        var (starts, repeats) = (clause.Count("starts"), clause.Count("repeats"));
        if (Gap(m, starts, repeats, out var requests) is { } gap)
            return clause.Invalid(gap);
        if (m.FactsUnder(Failed) is { IsEmpty: false } failed)
            return clause.Fails(
                $"{failed.Count} of {requests.Length * starts * repeats} equal requests got no answer (the first: {failed.First().Value})", "an answer to every request");
        var all = ImmutableArray.CreateBuilder<Repeated>();
        foreach (var request in requests)
        {
            ImmutableArray<KeptAnswer?> answers = [.. Names(request, starts, repeats).Select(name => KeptAnswer.TryRead(name, m, files))];
            if (answers.IndexOf(null) is >= 0 and var lost)
                return clause.Invalid($"the evidence lacks the answer {Names(request, starts, repeats).ElementAt(lost)}");
            all.Add(new(request, repeats, answers!));
        }

        var (most, worst) = (clause.Limit("distinct_max"), all.MaxBy(one => one.Distinct)!);
        var figures = Figures(all.ToImmutable(), plan.Declared.Deterministic ? most : null);
        return plan.Declared.Deterministic && worst.Distinct > most
            ? clause.Fails(
                $"{worst.Distinct} different answers to the request {worst.Request}, asked {starts * repeats} times over {starts} starts; {worst.Parting}",
                $"{most}, since the profile declares `deterministic`", figures)
            : clause.Found(new Verdict.Pass(), figures) with { Note = plan.Declared.Deterministic ? null : ReportedOnly };
    }

    private static string? Gap(Measurement m, int starts, int repeats, out ImmutableArray<string> requests)
    {
        var names = m.Series.Select(series => series.Name).Concat(m.Tensors.Select(tensor => tensor.Name)).Concat(m.FactsUnder(Failed).Keys).ToImmutableArray();
        requests = [.. names.Select(name => name.Split('.')).Where(parts => parts.Length == 3).Select(parts => parts[1]).Distinct().Order(StringComparer.Ordinal)];
        if (requests.IsEmpty)
            return "no request was repeated";
        var expected = requests.SelectMany(request => Names(request, starts, repeats)).ToHashSet(StringComparer.Ordinal);
        if (names.Length != expected.Count || !expected.SetEquals(names))
            return $"{names.Length} answers are there and {expected.Count} are asked for: {requests.Length} requests, {repeats} times after each of {starts} starts";
        var containers = Enumerable.Range(1, starts).Select(start => m.Facts.GetValueOrDefault($"{Container}start-{Plain(start)}", "")).ToImmutableArray();
        return containers.Any(string.IsNullOrWhiteSpace) ? "not every start names its container"
            : containers.Distinct().Count() < starts ? "two starts shared a container: nothing was restarted"
            : null;
    }

    private static ImmutableArray<Figure> Figures(ImmutableArray<Repeated> all, long? limit) =>
    [
        .. all.Select(one => Reading.Counted($"different answers, {one.Request}", one.Distinct, limit)),
        new("the same answer again, run to run", "%", Reading.Milli(100 * all.Average(one => one.SameInRun))),
        new("the same answer again, after a restart", "%", Reading.Milli(100 * all.Average(one => one.SameAfterRestart))),
        .. all.Where(one => one.LargestDifference is not null)
            .Select(one => new Figure($"largest difference, {one.Request}", "1e-9", Reading.Milli(one.LargestDifference!.Value * 1e9))),
    ];

    private static IEnumerable<string> Names(string request, int starts, int repeats) =>
        Enumerable.Range(0, starts * repeats).Select(at => $"start-{Plain(1 + (at / repeats))}.{request}.{Plain(1 + (at % repeats))}");

    private static string Plain(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <param name="Answers">Those after the first start, then those after the second.</param>
    private sealed record Repeated(string Request, int Repeats, ImmutableArray<KeptAnswer> Answers)
    {
        public int Distinct { get; } = Kinds(Answers).Count;

        /// <summary>Share of answers that are the first one of their run again.</summary>
        public double SameInRun => Share(Answers.Select((answer, at) => (answer, at)).Where(pair => pair.at % Repeats > 0).Select(pair => pair.answer.Same(Answers[pair.at - (pair.at % Repeats)])));

        /// <summary>Share of later runs whose first answer is that of the first run again.</summary>
        public double SameAfterRestart => Share(Answers.Where((_, at) => at > 0 && at % Repeats == 0).Select(answer => answer.Same(Answers[0])));

        public double? LargestDifference => Answers.Max(answer => answer.LargestDifference(Answers[0]));

        public string Parting => Kinds(Answers)[1].Parting(Answers[0]);

        private static double Share(IEnumerable<bool> same) => same.DefaultIfEmpty(true).Average(one => one ? 1.0 : 0.0);

        private static List<KeptAnswer> Kinds(ImmutableArray<KeptAnswer> answers)
        {
            var kinds = new List<KeptAnswer>();
            foreach (var answer in answers)
            {
                if (!kinds.Any(answer.Same))
                    kinds.Add(answer);
            }

            return kinds;
        }
    }
}

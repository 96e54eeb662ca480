using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges whether an answer depends on what is computed beside it: in one batch, and in requests at the same time (COR-13).</summary>
/// <remarks>
/// <para>
/// Reads the greedy answer to each target as series of token ids (unit <c>id</c>; <c>utf8</c> where a server gives none): <c>alone.TARGET</c>, and <c>batch-B.TARGET</c> and
/// <c>together-B.TARGET</c> for each size B of the fact <c>sizes</c> (numbers, separated by a space): B prompts in one request, B requests at a time.
/// <c>failed.NAME</c> says why there is no answer, <c>refused.batch-B</c> that the server takes no batch in one request.
/// </para>
/// <para>
/// The tokens of two answers up to and with the first that differs were each chosen after the same tokens: up to there the answer alone forces the
/// other one, and what follows tells nothing. So the share of the same likeliest token is the tokens before over the tokens up to and with the
/// differing ones; its bounds are Clopper and Pearson's, as if tokens were independent of each other. All ways together pass, and each way alone can fail.
/// </para>
/// </remarks>
internal static class BatchInvariance
{
    private const string Failed = "failed.";
    private const string Refused = "refused.";
    private const string Alone = "alone.";

    public static ImmutableArray<string> Limits { get; } = ["targets", "size", "tokens", "same_top_ppm", "confidence_ppm"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (Gap(clause, m, out var targets, out var ways) is { } gap)
            return clause.Invalid(gap);
        if (m.FactsUnder(Failed) is { IsEmpty: false } failed)
            return clause.Fails($"{failed.Count} requests got no answer (the first: {failed.First().Key}, {failed.First().Value})", "an answer to every request");
        var refused = m.FactsUnder(Refused);
        ImmutableArray<Compared> all = [.. ways.Where(way => !refused.ContainsKey(way)).Select(way => Compare(way, targets, m, files))];
        var same = all.Sum(way => way.Same);
        var parted = all.Sum(way => way.Parted);
        ImmutableArray<Figure> figures = [.. all.SelectMany(way => way.Figures(targets.Length)), .. Share(clause, same, parted)];
        return clause.Found(
            plan.Declared.BatchInvariant ? Claimed(all, refused, targets.Length)
            : m.Series.Any(series => series.Unit != "id")
                ? new Verdict.Inconclusive("the server gives no token ids (return_token_ids): at which token answers part is not known")
            : Unclaimed(clause, all, same, parted), figures);
    }

    private static string? Gap(Clause clause, Measurement m, out ImmutableArray<string> targets, out ImmutableArray<string> ways)
    {
        ImmutableArray<string> names = [.. m.Series.Select(series => series.Name), .. m.FactsUnder(Failed).Keys];
        targets = [.. names.Where(name => name.StartsWith(Alone, StringComparison.Ordinal)).Select(name => name[Alone.Length..])];
        var sizes = m.Facts.GetValueOrDefault("sizes", "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ImmutableArray<string> asked = [.. sizes.SelectMany(size => new[] { $"batch-{size}", $"together-{size}" })];
        ways = asked;
        if (!sizes.Contains(clause.Limit("size").ToString(CultureInfo.InvariantCulture)))
            return $"sizes {string.Join(", ", sizes)} were asked for; {clause.Limit("size")} must be among them";
        if (targets.Length < clause.Limit("targets"))
            return $"{targets.Length} targets; {clause.Limit("targets")} are asked for";
        var refused = m.FactsUnder(Refused);
        var expected = targets.SelectMany(target => asked.Where(way => !refused.ContainsKey(way)).Select(way => $"{way}.{target}").Append(Alone + target)).ToHashSet(StringComparer.Ordinal);
        return names.Length != expected.Count || !expected.SetEquals(names) ? $"{names.Length} answers are there and {expected.Count} are asked for"
            : refused.Keys.FirstOrDefault(way => !way.StartsWith("batch-", StringComparison.Ordinal)) is { } strange ? $"{strange} cannot be refused"
            : null;
    }

    private static Compared Compare(string way, ImmutableArray<string> targets, Measurement m, IBlobs files)
    {
        var (same, parted, identical, first) = (0, 0, 0, (Target: "", Token: int.MaxValue));
        foreach (var target in targets)
        {
            var (alone, beside) = (KeptAnswer.TryRead(Alone + target, m, files)!, KeptAnswer.TryRead($"{way}.{target}", m, files)!);
            var common = alone.Common(beside);
            same += common;
            if (alone.Same(beside))
            {
                identical++;
                continue;
            }

            parted++;
            if (common + 1 < first.Token)
                first = (target, common + 1);
        }

        return new(way, same, parted, identical, first);
    }

    private static Verdict Claimed(ImmutableArray<Compared> all, ImmutableSortedDictionary<string, string> refused, int targets) =>
        all.FirstOrDefault(way => way.Parted > 0) is { } wrong
            ? new Verdict.Fail(
                $"{targets - wrong.Identical} of {targets} answers differ from those alone ({wrong.Way}: {wrong.First.Target} at token {wrong.First.Token})",
                "identical, since the profile declares `batch_invariant`")
            : refused.IsEmpty ? new Verdict.Pass()
            : new Verdict.Inconclusive($"the profile declares `batch_invariant`, and the server refuses several prompts in one request ({refused.First().Value}): batches cannot be shown");

    private static Verdict Unclaimed(Clause clause, ImmutableArray<Compared> all, int same, int parted)
    {
        var (limit, confidence) = (clause.Share("same_top_ppm"), clause.Share("confidence_ppm"));
        if (same + parted == 0)
            return new Verdict.Inconclusive("every answer is empty; nothing can be compared");
        // the sound ways must not hide the one that is not: each alone can fail, at a confidence that holds for all of them together
        var ofEach = 1 - ((1 - confidence) / all.Length);
        if (all.FirstOrDefault(way => way.Parted > 0 && 1 - way.Bounds(ofEach).Fewest < limit) is { } bad)
            return new Verdict.Fail(
                $"{bad.Way}: {Seen(bad.Same, bad.Parted)}, at most {Reading.Percent(1 - bad.Bounds(ofEach).Fewest)}: an answer depends on its neighbours", Reading.Percent(limit));
        var (_, most) = Statistics.ShareBounds(parted, same + parted, confidence);
        return 1 - most >= limit ? new Verdict.Pass() : new Verdict.Inconclusive(
            $"{Seen(same, parted)}; limit {Reading.Percent(limit)}; {Statistics.TrialsNeeded(parted, 1 - limit, confidence)} positions would show it");
    }

    private static string Seen(int same, int parted) => $"the same likeliest token at {Reading.Percent((double)same / (same + parted))} of {same + parted} positions";

    private static IEnumerable<Figure> Share(Clause clause, int same, int parted)
    {
        if (same + parted == 0)
            yield break;
        var (fewest, most) = Statistics.ShareBounds(parted, same + parted, clause.Share("confidence_ppm"));
        yield return new(
            "same likeliest token", "%", Reading.Milli(100.0 * same / (same + parted)), Reading.Milli(100 * (1 - most)), Reading.Milli(100 * (1 - fewest)),
            Reading.Milli(100 * clause.Share("same_top_ppm")));
    }

    /// <param name="Same">Tokens before the first that differs, of all targets.</param>
    /// <param name="Parted">Targets whose answer differs.</param>
    /// <param name="First">The earliest difference, counted from 1.</param>
    private sealed record Compared(string Way, int Same, int Parted, int Identical, (string Target, int Token) First)
    {
        /// <summary>Of the share of positions that differ.</summary>
        public (double Fewest, double Most) Bounds(double confidence) => Statistics.ShareBounds(Parted, Same + Parted, confidence);

        public IEnumerable<Figure> Figures(int targets)
        {
            yield return new($"identical answers, {Way}", "%", Reading.Milli(100.0 * Identical / targets));
            if (Parted > 0)
                yield return new($"first token that differs, {Way}", "count", Reading.Milli((long)First.Token));
        }
    }
}

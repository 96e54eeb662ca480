using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges whether an engine answers the same with an empty cache, with its own and with a damaged one (COR-19).</summary>
/// <remarks>
/// <para>
/// Reads for each of <see cref="CacheStarts"/> the answers <c>START.REQUEST</c> (series of unit <c>id</c> or <c>utf8</c>, or tensors), the files before and after it
/// (<see cref="CacheListing"/>) and the fact <c>container.START</c>; <c>refused.START</c> says that it ended or refused, <c>broke.START</c> how else it did not answer;
/// <c>unread</c> says why the folder could not be looked at.
/// </para>
/// <para>
/// With a damaged cache a server may end or refuse: that is loud, not wrong, and reported. With an empty or an untouched one it may not, and it may
/// never hang. What is expected is the cold start's answer: whether that one is right is for other clauses.
/// </para>
/// </remarks>
internal static class CacheEquivalence
{
    private const string AnswerAlways = "an answer with an empty cache and with an untouched one; with a damaged one an answer, or an end that can be seen";

    public static ImmutableArray<string> Limits { get; } = ["differing_max", "rtol_ppb", "atol_ceiling_ppb", "mean_kld_ppb"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Facts.TryGetValue("unread", out var unread))
            return clause.Found(new Verdict.Inconclusive($"the files of the cache could not be kept account of: {unread}"));
        if (new CacheTolerance(clause, plan) is var tolerance && tolerance.Unfit is { } unfit)
            return clause.Found(new Verdict.Inconclusive(unfit));
        if (CacheStart.TryRead(m, CacheStarts.Cold) is not { } cold)
            return clause.Invalid("no start with an empty cache, with its files before and after it, is kept");
        if (!cold.Before.Files.IsEmpty)
            return clause.Invalid("the cold start's folder was not empty");
        if ((cold.Refused ?? cold.Broke) is { } dead)
            return clause.Fails($"with an empty cache: {dead}", AnswerAlways);
        var damages = CacheStarts.Damages(cold.After.Files.Values);
        if (damages.IsEmpty)
            return clause.Found(new Verdict.Inconclusive(
                $"a cold start wrote nothing into the cache that the profile declares{(plan.Cache is { } path ? $" ({path})" : "")}; tell the engine to keep it there, or leave `serve.cache` out"));
        ImmutableArray<CacheStart> told = [.. damages.Prepend(CacheStarts.Warm).Select(name => CacheStart.TryRead(m, name)).OfType<CacheStart>()];
        return Misfit(cold, told) is { } misfit ? clause.Invalid(misfit)
            : Broken(cold, told) is { } broken ? clause.Fails(broken, AnswerAlways)
            : Missing(m, cold, damages, told) is { } missing ? clause.Invalid(missing)
            : Compare(clause, tolerance, cold, told, m, files);
    }

    /// <summary>What a start was given must be what is said of it.</summary>
    private static string? Misfit(CacheStart cold, ImmutableArray<CacheStart> told) =>
        told.FirstOrDefault(start => start.Name == CacheStarts.Warm ? !start.Before.Same(cold.After) : !start.Before.Shows(start.Name, cold.After)) switch
        {
            null => null,
            { Name: CacheStarts.Warm } => "the warm start's files are not those that the cold start left",
            var other => $"the files of the start {other.Name} do not show that damage",
        };

    private static string? Broken(CacheStart cold, ImmutableArray<CacheStart> told) =>
        told.FirstOrDefault(start => start.Name == CacheStarts.Warm) is { IsUp: false } warm ? $"with the cache that a cold start wrote: {warm.Refused ?? warm.Broke}"
        : told.FirstOrDefault(start => start.Broke is not null) is { } hung ? $"with a damaged cache ({Said(hung.Name, cold)}): {hung.Broke}"
        : null;

    private static string? Missing(Measurement m, CacheStart cold, ImmutableArray<string> damages, ImmutableArray<CacheStart> told)
    {
        if (damages.Prepend(CacheStarts.Warm).FirstOrDefault(name => !told.Any(start => start.Name == name)) is { } absent)
            return $"the start {absent}, with its files before and after it, is not kept";
        if (cold.Requests.IsEmpty)
            return "no request was made";
        if (told.FirstOrDefault(start => start.IsUp ? !start.Requests.SequenceEqual(cold.Requests) : start.Requests.Except(cold.Requests).Any()) is { } other)
            return $"the start {other.Name} answered {other.Requests.Length} requests, the cold start {cold.Requests.Length}; each is asked the same";
        var named = told.Append(cold).SelectMany(start => start.Requests.Select(request => $"{start.Name}.{request}")).ToHashSet(StringComparer.Ordinal);
        if (CacheStart.AnswerNames(m).FirstOrDefault(answer => !named.Contains(answer)) is { } stranger)
            return $"{stranger} is no answer of any start";
        var containers = told.Append(cold).Select(start => start.Container).Where(id => id.Length > 0).ToImmutableArray();
        return containers.Distinct().Count() < containers.Length ? "two starts shared a container: nothing was restarted" : null;
    }

    private static Finding Compare(Clause clause, CacheTolerance tolerance, CacheStart cold, ImmutableArray<CacheStart> told, Measurement m, IBlobs files)
    {
        var all = ImmutableArray.CreateBuilder<(CacheStart Start, string Request, Likeness Likeness)>();
        foreach (var (start, request) in told.SelectMany(start => start.Requests.Select(request => (start, request))))
        {
            if (KeptAnswer.TryRead($"{CacheStarts.Cold}.{request}", m, files) is not { } expected || KeptAnswer.TryRead($"{start.Name}.{request}", m, files) is not { } answer)
                return clause.Invalid($"the evidence lacks the answer to {request} of {CacheStarts.Cold} or {start.Name}");
            all.Add((start, request, tolerance.Compare(request, expected, answer)));
        }

        var far = all.Where(one => one.Likeness.Kind == LikenessKind.Far).ToImmutableArray();
        var figures = Figures(clause, cold, told, far.Length, [.. all.Select(one => one.Likeness)]);
        if (far.Length > clause.Limit("differing_max"))
        {
            var (start, request, likeness) = far[0];
            var how = start.Name == CacheStarts.Warm ? "warm" : $"damaged ({Said(start.Name, cold)})";
            return clause.Fails($"answers differ once the cache is {how}: of {request} {likeness.Words}; {far.Length} of {all.Count} answers differ", tolerance.Words, figures);
        }

        var undecided = all.Any(one => one.Likeness.Kind == LikenessKind.Undecided);
        var numbers = all.Any(one => one.Likeness.Distance is not null) || m.Tensors.Length > 0;
        return undecided && !numbers
            ? clause.Found(new Verdict.Inconclusive(
                "texts differ from the cold start's, the server shows no logits and the profile claims no determinism, so that other rounding looks the same; declare `deterministic`, or serve logits"), figures)
            : clause.Found(new Verdict.Pass(), figures) with { Note = Note(told) };
    }

    private static ImmutableArray<Figure> Figures(Clause clause, CacheStart cold, ImmutableArray<CacheStart> told, int far, ImmutableArray<Likeness> all) =>
    [
        Reading.Counted("answers that differ from a cold start's", far, clause.Limit("differing_max")),
        Reading.Counted("answers compared", all.Length),
        .. all.Count(one => one.Kind == LikenessKind.Undecided) is > 0 and var open ? [Reading.Counted("texts that differ, which decides nothing without a claim of determinism", open)] : ImmutableArray<Figure>.Empty,
        Reading.Counted("files in the cache after a cold start", cold.After.Files.Count),
        .. all.Max(one => one.Distance) is { } largest ? [new Figure("largest distance from a cold start's", "1e-9", Reading.Milli(largest * 1e9))] : ImmutableArray<Figure>.Empty,
        .. told.Where(start => start.Refused is not null).Select(start => Reading.Counted($"ended or refused: {CacheStarts.Words(start.Name).En}", 1)),
    ];

    private static LocalText? Note(ImmutableArray<CacheStart> told)
    {
        ImmutableArray<LocalText> refused = [.. told.Where(start => start.Refused is not null).Select(start => CacheStarts.Words(start.Name))];
        return refused.IsEmpty ? null : new(
            $"does not answer with a damaged cache ({string.Join(", ", refused.Select(words => words.En))}): it ends or refuses, and says nothing wrong",
            $"缓存损坏时（{string.Join("、", refused.Select(words => words.Zh))}）不应答：退出或拒绝，而非答错");
    }

    /// <summary>Which files a damage hit, and how.</summary>
    private static string Said(string damage, CacheStart cold)
    {
        const int Named = 2;
        var hit = CacheStarts.Damaged(damage, cold.After.Files.Values).Select(file => file.Name).ToImmutableArray();
        return $"file {string.Join(", ", hit.Take(Named))}{(hit.Length > Named ? $" and {hit.Length - Named} more" : "")}, {CacheStarts.Words(damage).En}";
    }
}

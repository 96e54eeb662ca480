using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Prompts and answers of an audit as series of a measurement: lists of lists are their lengths, and all their items in a row.</summary>
/// <remarks>
/// <c>prompt.tokens</c> (count), <c>prompt.ids</c> (id). For a set of answers, under its prefix: <c>prompt</c>, <c>status</c>, <c>end</c>, <c>tokens</c>,
/// <c>chunks</c>, <c>reported</c> (count), <c>ids</c> (id), and for those that were scored <c>scored</c> (the place in the set), <c>behind</c> (count of
/// 1e-9 logit), <c>likeliest</c> (id).
/// </remarks>
public static class AuditSeries
{
    private const string Count = "count";
    private const string Id = "id";

    public static Measurement WithPrompts(this Measurement measurement, ImmutableArray<ImmutableArray<int>> prompts) => measurement.Plus(
        new("prompt.tokens", Count, [.. prompts.Select(ids => (long)ids.Length)]), new("prompt.ids", Id, [.. prompts.SelectMany(ids => ids).Select(id => (long)id)]));

    public static Measurement WithAnswers(this Measurement measurement, string prefix, ImmutableArray<AuditedAnswer> answers)
    {
        Series Each(string name, Func<AuditedAnswer, long> of) => new(prefix + name, Count, [.. answers.Select(of)]);
        var scored = answers.Select((answer, at) => (Answer: answer, At: at)).Where(pair => pair.Answer.IsScored).ToImmutableArray();
        return measurement.Plus(
            Each("prompt", answer => answer.Prompt), Each("status", answer => answer.Status), Each("end", answer => (long)answer.End),
            Each("tokens", answer => answer.Ids.Length), Each("chunks", answer => answer.Chunks), Each("reported", answer => answer.Reported),
            new(prefix + "ids", Id, [.. answers.SelectMany(answer => answer.Ids).Select(id => (long)id)]),
            new(prefix + "scored", Count, [.. scored.Select(pair => (long)pair.At)]),
            new(prefix + "behind", Count, [.. scored.SelectMany(pair => pair.Answer.Behind)]),
            new(prefix + "likeliest", Id, [.. scored.SelectMany(pair => pair.Answer.Likeliest).Select(id => (long)id)]));
    }

    internal static bool TryReadPrompts(Measurement m, int vocabulary, out ImmutableArray<ImmutableArray<int>> prompts, out string problem)
    {
        prompts = [];
        problem = m.Unusable(Count, "prompt.tokens") ?? m.Unusable(Id, "prompt.ids") ?? "";
        if (problem.Length == 0)
            prompts = Cut(m.Samples("prompt.tokens"), m.Samples("prompt.ids"), "prompt.ids", vocabulary, ref problem);
        return problem.Length == 0;
    }

    /// <param name="answers">Empty if there is a problem.</param>
    internal static bool TryReadAnswers(
        Measurement m, string prefix, int prompts, int vocabulary, out ImmutableArray<AuditedAnswer> answers, out string problem)
    {
        answers = [];
        ImmutableArray<string> counts = [.. ((string[])["prompt", "status", "end", "tokens", "chunks", "reported", "scored", "behind"]).Select(name => prefix + name)];
        problem = m.Unusable(Count, counts.AsSpan()) ?? m.Unusable(Id, prefix + "ids", prefix + "likeliest") ?? "";
        if (problem.Length == 0)
            answers = Build(m, prefix, prompts, vocabulary, ref problem);
        if (problem.Length > 0)
            answers = [];
        return problem.Length == 0;
    }

    private static ImmutableArray<AuditedAnswer> Build(Measurement m, string prefix, int prompts, int vocabulary, ref string problem)
    {
        ImmutableArray<long> Of(string name) => m.Samples(prefix + name);
        var (prompt, status, end, chunks, reported) = (Of("prompt"), Of("status"), Of("end"), Of("chunks"), Of("reported"));
        if (((ImmutableArray<long>[])[status, end, chunks, reported, Of("tokens")]).Any(column => column.Length != prompt.Length))
            problem = $"the series of the answers '{prefix}' differ in length";
        else if (prompt.Any(at => at >= prompts))
            problem = $"an answer of '{prefix}' is to a prompt that is not there";
        else if (status.Any(value => value > byte.MaxValue) || end.Any(value => value > (long)AnswerEnd.Other) || chunks.Any(value => value > int.MaxValue))
            problem = $"an answer of '{prefix}' has a status, an end or a number of chunks that there cannot be";
        if (problem.Length > 0)
            return [];
        var ids = Cut(Of("tokens"), Of("ids"), prefix + "ids", vocabulary, ref problem);
        if (problem.Length > 0)
            return [];
        AuditedAnswer[] plain =
        [
            .. ids.Select((each, at) => new AuditedAnswer
            {
                Prompt = (int)prompt[at],
                Status = (int)status[at],
                End = (AnswerEnd)end[at],
                Ids = each,
                Chunks = (int)chunks[at],
                Reported = reported[at],
            }),
        ];
        return Scored(plain, Of("scored"), Of("behind"), Of("likeliest"), prefix, vocabulary, ref problem);
    }

    private static ImmutableArray<AuditedAnswer> Scored(
        AuditedAnswer[] answers, ImmutableArray<long> places, ImmutableArray<long> behind, ImmutableArray<long> likeliest, string prefix, int vocabulary, ref string problem)
    {
        if (places.Any(place => place >= answers.Length) || places.Distinct().Count() != places.Length)
        {
            problem = $"an answer of '{prefix}' that was scored is not there, or is there twice";
            return [];
        }

        ImmutableArray<long> lengths = [.. places.Select(place => answers[(int)place].Ids.Length + 1L)];
        var tops = Cut(lengths, likeliest, prefix + "likeliest", vocabulary, ref problem);
        if (problem.Length == 0 && behind.Length != likeliest.Length)
            problem = $"{prefix}behind has {behind.Length} samples and {prefix}likeliest {likeliest.Length}";
        var next = 0;
        for (var at = 0; at < places.Length && problem.Length == 0; at++)
        {
            var length = (int)lengths[at];
            answers[places[at]] = answers[places[at]] with { Behind = behind.Slice(next, length), Likeliest = tops[at] };
            next += length;
        }

        return [.. answers];
    }

    private static ImmutableArray<ImmutableArray<int>> Cut(ImmutableArray<long> lengths, ImmutableArray<long> all, string name, int vocabulary, ref string problem)
    {
        if (lengths.Total() != all.Length)
            problem = $"{name} has {all.Length} samples, and {lengths.Total()} are spoken of";
        else if (all.Any(id => id >= vocabulary))
            problem = $"{name} holds an id that is not in the vocabulary of {vocabulary}";
        if (problem.Length > 0)
            return [];
        var (cut, next) = (ImmutableArray.CreateBuilder<ImmutableArray<int>>(lengths.Length), 0);
        foreach (var length in lengths)
        {
            cut.Add([.. all.AsSpan().Slice(next, (int)length).ToArray().Select(id => (int)id)]);
            next += (int)length;
        }

        return cut.MoveToImmutable();
    }

    private static Measurement Plus(this Measurement measurement, params ReadOnlySpan<Series> series) => measurement with { Series = [.. measurement.Series, .. series] };
}

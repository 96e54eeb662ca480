using System.Collections.Immutable;
using System.Security.Cryptography;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One audit of one deployment (PERF-11). Belongs to one step.</summary>
internal sealed class Audit
{
    private const int MostRequests = 200_000;

    private readonly RunContext _run;
    private readonly Clause _clause;
    private readonly Deployment _server;
    private readonly int _streams;
    private readonly AuditTalk _talk;
    private readonly AuditPrompts _prompts;
    private readonly ImmutableSortedSet<int> _ends;
    private readonly List<AuditPrompt> _asked = [];
    private Measurement _measured;

    public Audit(RunContext run, TextSetting setting, Deployment server)
    {
        (_run, _server, _streams, _clause) = (run, server, setting.Streams, run.Clause("PERF-11"));
        var (text, folder) = (run.Inputs.Model.Text!, run.Prepared.RunnerFolder);
        var model = text.Generated is null ? TextModelView.Load(run.Inputs.Model, folder) : null;
        _talk = new AuditTalk(run, setting.Driver, server, (int)_clause.Limit("output_tokens"));
        _ends = model?.Ends ?? [];

        // drawn now that the server has started: nothing that it was built or started with can know it
        var seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & ((1L << 52) - 1);
        run.Journal.Append("audit-drawn", ("check", _clause.Id), ("deployment", server.Number), ("seed", seed));
        _prompts = new AuditPrompts(model, text.Prompts.Length > 0 ? Path.Combine(folder, text.Prompts) : null, run.Plan.Text!, seed);
        _measured = new Measurement
        {
            Check = _clause.Id,
            Facts = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
            [
                KeyValuePair.Create("seed", TextFacts.Number(seed)), KeyValuePair.Create("deployment", TextFacts.Number(server.Number)),
                KeyValuePair.Create("output_tokens", TextFacts.Number(_clause.Limit("output_tokens"))), KeyValuePair.Create("streams", TextFacts.Number(_streams)),
                KeyValuePair.Create("end_tokens", string.Join(' ', _ends.Select(id => TextFacts.Number(id)))),
            ]),
        };
    }

    /// <returns>Null where the server gives no token ids: then nothing that it says can be held against the reference.</returns>
    /// <exception cref="BackendBrokenException">It died, hung, or answered nothing.</exception>
    public async Task<Measurement?> MeasureAsync(CancellationToken cancellationToken)
    {
        var load = await LoadAsync(cancellationToken);
        if (load.All(answer => answer.Ids.IsEmpty))
            return null;
        var sample = Draw(load);
        var quiet = await QuietAsync(load, sample, cancellationToken);
        var longer = await LongAsync(cancellationToken);
        await PairsAsync(cancellationToken);
        await Task.Run(() => Score(load, sample, quiet, longer, cancellationToken), CancellationToken.None);
        return _measured.WithPrompts([.. _asked.Select(prompt => prompt.Ids)]);
    }

    /// <summary>The performance run: prompts that nobody has seen, as many at a time as the profile says.</summary>
    private async Task<ImmutableArray<AuditedAnswer>> LoadAsync(CancellationToken cancellationToken)
    {
        var seconds = _clause.Limit("load_seconds");
        var warm = await _talk.AskAsync([.. Fresh(4 * _streams)], _streams, stopAfter: null, cancellationToken);
        var expected = 4.0 * _streams * seconds * 1e9 / Math.Max(1, warm.Ended);
        ImmutableArray<AuditPrompt> prompts = [.. Fresh((int)Math.Clamp(2 * expected, 8 * _streams, MostRequests))];
        var result = await _talk.AskAsync(prompts, _streams, TimeSpan.FromSeconds(seconds), cancellationToken);
        var duration = Math.Min(result.Ended, seconds * 1_000_000_000);
        _measured = _measured with
        {
            Series = _measured.Series.Add(new("load.token_arrivals", "ns", [.. result.Samples.SelectMany(sample => sample.Chunks)
                .SelectMany(chunk => Enumerable.Repeat(chunk.At, chunk.TokenIds.IsDefault ? 0 : chunk.TokenIds.Length)).Where(at => at <= duration).Order()])),
            Facts = _measured.Facts.Add("load.duration_ns", TextFacts.Number(duration)),
        };
        return [.. result.Samples.Select(sample => _talk.Answer(sample, Asked(prompts[sample.Request])))];
    }

    /// <summary>By chance, and after the load: no server can answer those alone with care.</summary>
    private int[] Draw(ImmutableArray<AuditedAnswer> load)
    {
        int[] answered = [.. Enumerable.Range(0, load.Length).Where(at => load[at].IsAnswered)];
        RandomNumberGenerator.Shuffle(answered.AsSpan());
        return [.. answered.Take((int)_clause.Limit("samples")).Order()];
    }

    private async Task<ImmutableArray<AuditedAnswer>> QuietAsync(ImmutableArray<AuditedAnswer> load, int[] sample, CancellationToken cancellationToken)
    {
        var result = await _talk.AskAsync(sample.Select(at => _asked[load[at].Prompt]), streams: 1, stopAfter: null, cancellationToken);
        return [.. result.Samples.Select(answer => _talk.Answer(answer, load[sample[answer.Request]].Prompt))];
    }

    private async Task<ImmutableArray<AuditedAnswer>> LongAsync(CancellationToken cancellationToken)
    {
        var context = _run.Inputs.Model.Text!.Generated?.Shape.MaxPositions ?? TextModelView.Load(_run.Inputs.Model, _run.Prepared.RunnerFolder).Context;
        var tokens = (int)Math.Min(_clause.Limit("long_prompt_tokens"), context - _clause.Limit("output_tokens"));
        ImmutableArray<AuditPrompt> prompts = [.. Enumerable.Range(0, (int)_clause.Limit("long_prompts")).Select(_ => _prompts.Long(tokens))];
        var result = await _talk.AskAsync(prompts, streams: 1, stopAfter: null, cancellationToken);
        return [.. result.Samples.Select(sample => _talk.Answer(sample, Asked(prompts[sample.Request])))];
    }

    /// <summary>New, the same again, changed and published, in turn, so that whatever else the machine does falls on all alike.</summary>
    private async Task PairsAsync(CancellationToken cancellationToken)
    {
        const int each = 4;
        string[] names = ["fresh", "again", "changed", "published"];
        var prompts = new List<AuditPrompt>();
        for (var pair = 0; pair < _clause.Limit("pairs"); pair++)
        {
            var (fresh, at) = (_prompts.Fresh(), pair % _prompts.Published.Length);
            prompts.AddRange([fresh, fresh, _prompts.Change(at), _prompts.Published[at]]);
        }

        var result = await _talk.AskAsync(prompts, streams: 1, stopAfter: null, cancellationToken);
        foreach (var (name, place) in names.Select((name, place) => (name, place)))
        {
            TextSample[] samples = [.. result.Samples.Where(sample => sample.Request % each == place).OrderBy(sample => sample.Request)];
            _measured = _measured with
            {
                Series = _measured.Series.AddRange(
                    new Series(name, "ns", [.. samples.Select(sample => sample.Failure is null ? sample.Ended - sample.Sent : long.MaxValue)]),
                    new Series($"{name}_tokens", "count", [.. samples.Select(sample => sample.Chunks.Sum(chunk => chunk.TokenIds.IsDefault ? 0L : chunk.TokenIds.Length))])),
            };
        }
    }

    private void Score(
        ImmutableArray<AuditedAnswer> load, int[] sample, ImmutableArray<AuditedAnswer> quiet, ImmutableArray<AuditedAnswer> longer, CancellationToken cancellationToken)
    {
        using var scorer = new ExactScorer(_run.Inputs.Model, _run.Prepared.RunnerFolder);
        AuditedAnswer Scored(AuditedAnswer answer) => scorer.Score(answer, _asked[answer.Prompt].Ids, _ends, cancellationToken);
        var all = load.ToArray();
        foreach (var at in sample)
            all[at] = Scored(all[at]);
        var known = sample.ToDictionary(at => all[at].Prompt, at => all[at]);

        // the same answer to the same prompt has the same scores
        AuditedAnswer Again(AuditedAnswer answer) => known.TryGetValue(answer.Prompt, out var same) && same.IsScored && answer.IsAnswered && same.Ids.SequenceEqual(answer.Ids)
            ? answer with { Behind = same.Behind, Likeliest = same.Likeliest } : Scored(answer);
        _measured = _measured.WithAnswers("load.", [.. all]).WithAnswers("quiet.", [.. quiet.Select(Again)]).WithAnswers("long.", [.. longer.Select(Scored)]);
    }

    private IEnumerable<AuditPrompt> Fresh(int count) => Enumerable.Range(0, count).Select(_ => _prompts.Fresh());

    private int Asked(AuditPrompt prompt)
    {
        _asked.Add(prompt);
        return _asked.Count - 1;
    }
}

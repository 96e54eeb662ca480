using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges whether a server under measurement is the server that was checked (PERF-11), after MLPerf's compliance tests.</summary>
/// <remarks>
/// <para>
/// TEST01: a sample, drawn after the load, of the answers given under load, each token held against the exact reference: likeliest or a near tie.
/// TEST04: a prompt asked again, and a published one, is answered no faster than one never seen. TEST06: every answer begins and ends as the model
/// does, and is as long as it says. TEST07: the share of likeliest tokens under load. TEST09: answers under load are as long as alone. Beside them:
/// answers to long prompts, tokens per event, and whether the rate at the load's end is that of its beginning.
/// </para>
/// <para>
/// Reads <see cref="AuditSeries"/> under <c>load.</c>, <c>quiet.</c> and <c>long.</c>; <c>load.token_arrivals</c> (ns) with the fact
/// <c>load.duration_ns</c>; pairs of times <c>fresh</c>/<c>again</c> and <c>changed</c>/<c>published</c> (<see cref="AuditTimes.SpeedUp"/>); facts
/// <c>seed</c>, <c>deployment</c>, <c>output_tokens</c>, <c>end_tokens</c>. An answer that breaks a rule of TEST06 counts there and nowhere else.
/// Source: mlcommons/inference, compliance TEST01, 04, 06, 07 and 09.
/// </para>
/// </remarks>
internal static class BenchmarkIntegrity
{
    public static ImmutableArray<string> Limits { get; } =
    [
        "output_tokens", "load_seconds", "windows", "samples", "pairs", "long_prompts", "long_prompt_tokens", "shared_prefix_tokens",
        "near_tie_16bit_micro", "near_tie_8bit_micro", "near_tie_4bit_micro", "misses_max_ppm", "same_top_ppm", "same_top_8bit_ppm", "same_top_4bit_ppm",
        "speedup_max_ppm", "length_tolerance_ppm", "slowdown_max_ppm", "tokens_per_event_max_milli", "confidence_ppm",
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (plan.Text is not { } text)
            return clause.Found(new Verdict.Inconclusive("the plan has no golden documents, so that nothing says what the model answers"));
        if (AuditEvidence.TryRead(clause, text, m, out var problem) is not { } audit)
            return clause.Invalid(problem);
        var noted = new Noted();
        if (TooFew(clause, audit) is { } few)
            noted.Doubts.Add(few);
        Rules(audit, noted);
        Tokens(clause, audit, noted);
        Lengths(clause, audit, noted);
        Cached(clause, m, "again", "fresh", "a prompt asked again", noted);
        Cached(clause, m, "published", "changed", "a published prompt", noted);
        Streams(clause, audit, noted);
        Rate(clause, audit, noted);
        ImmutableArray<Figure> figures = [.. noted.Figures];
        return noted.Faults.Count > 0 ? clause.Fails(string.Join("; ", noted.Faults), "as fast, as long and as right under load, again and alone as when checked", figures)
            : clause.Found(noted.Doubts.Count > 0 ? new Verdict.Inconclusive(string.Join("; ", noted.Doubts)) : new Verdict.Pass(), figures);
    }

    private static string? TooFew(Clause clause, AuditEvidence audit)
    {
        var (load, quiet, longer) = (Scored(audit.Load), Scored(audit.Quiet), Scored(audit.Long));
        return load < clause.Limit("samples") || quiet < clause.Limit("samples") || longer < clause.Limit("long_prompts")
            ? $"{load} answers under load, {quiet} alone and {longer} to long prompts were scored; "
                + $"{clause.Limit("samples")}, {clause.Limit("samples")} and {clause.Limit("long_prompts")} are asked for"
            : null;
    }

    private static int Scored(ImmutableArray<AuditedAnswer> answers) => answers.Count(answer => answer is { IsAnswered: true, IsScored: true });

    // TEST06
    private static void Rules(AuditEvidence audit, Noted noted)
    {
        var all = ((ImmutableArray<AuditedAnswer>[])[audit.Load, audit.Quiet, audit.Long]).SelectMany(answers => answers).Where(answer => answer.IsAnswered).ToArray();
        var broken = all.Select(audit.Rules.Broken).Where(rule => rule is not null).CountBy(rule => rule!, StringComparer.Ordinal)
            .OrderByDescending(rule => rule.Value).ThenBy(rule => rule.Key, StringComparer.Ordinal).ToArray();
        noted.Figures.Add(Reading.Counted("answers that break a rule", broken.Sum(rule => rule.Value), 0));
        noted.Figures.Add(Reading.Counted("answers", all.Length));
        if (broken.Length > 0)
            noted.Faults.Add($"TEST06: of {all.Length} answers {string.Join(", ", broken.Select(rule => $"{rule.Value} {rule.Key}"))}");
    }

    // TEST01 and TEST07
    private static void Tokens(Clause clause, AuditEvidence audit, Noted noted)
    {
        var (load, quiet, longer) = (Score(clause, audit, audit.Load), Score(clause, audit, audit.Quiet), Score(clause, audit, audit.Long));
        var most = clause.Share("misses_max_ppm");
        foreach (var (name, score) in new[] { ("under load", load), ("alone", quiet), ("after long prompts", longer) })
        {
            if (score is null)
                continue;
            noted.Figures.Add(new($"tokens {name} that are not the model's", "%", Reading.Milli(100 * score.Missed), Reading.Milli(100 * score.Lower), Reading.Milli(100 * score.Upper), Reading.Milli(100 * most)));
            noted.Figures.Add(new($"likeliest tokens {name}", "%", Reading.Milli(100 * score.Top), LimitMilli: Reading.Milli(100 * audit.Limits.SameTop)));
            if (score.Lower <= most && score.Upper > most)
                noted.Doubts.Add($"TEST01: {score.Misses} of {score.Tokens} tokens {name} are not the model's, which may be more than {Reading.Percent(most)}; score more answers");
        }

        if (quiet is { } alone && alone.Lower > most)
            noted.Faults.Add($"TEST01: {alone.Words} even alone, so that another model answers, or greedy requests are not answered greedily");
        else if (load is { } loaded && loaded.Lower > most)
            noted.Faults.Add($"TEST01: {loaded.Words} under load, {Reading.Percent(quiet?.Missed ?? 0)} alone: under load another model answers");
        else if (longer is { } full && full.Lower > most)
            noted.Faults.Add($"TEST01: {full.Words} after long prompts, {Reading.Percent(quiet?.Missed ?? 0)} after short ones: long prompts are not read whole");
        else if (load is { } told && told.TopUpper < audit.Limits.SameTop)
            noted.Faults.Add($"TEST07: {Reading.Percent(told.Top)} of tokens under load are the model's likeliest, limit {Reading.Percent(audit.Limits.SameTop)}: it computes less exactly than declared");
    }

    private static Scores? Score(Clause clause, AuditEvidence audit, ImmutableArray<AuditedAnswer> answers)
    {
        var behind = audit.Lawful(answers).SelectMany(answer => answer.Behind.SkipLast(1)).ToArray();
        if (behind.Length == 0)
            return null;
        var (misses, others) = (behind.Count(by => by > audit.Limits.Tie), behind.Count(by => by > 0));
        var confidence = clause.Share("confidence_ppm");
        var (lower, upper) = Statistics.ShareBounds(misses, behind.Length, confidence);
        return new(behind.Length, misses, lower, upper, 1 - ((double)others / behind.Length), 1 - Statistics.ShareBounds(others, behind.Length, confidence).Lower);
    }

    // TEST09
    private static void Lengths(Clause clause, AuditEvidence audit, Noted noted)
    {
        var alone = audit.Quiet.Where(answer => answer.IsAnswered).ToLookup(answer => answer.Prompt);
        var pairs = audit.Load.Where(answer => answer is { IsAnswered: true, IsScored: true }).SelectMany(answer => alone[answer.Prompt].Take(1).Select(one => (Load: answer, Quiet: one))).ToArray();
        var (load, quiet) = (pairs.Sum(pair => (long)pair.Load.Ids.Length), pairs.Sum(pair => (long)pair.Quiet.Ids.Length));
        if (quiet == 0)
        {
            noted.Doubts.Add("TEST09: no prompt was answered both under load and alone");
            return;
        }

        var (ratio, room) = ((double)load / quiet, clause.Share("length_tolerance_ppm"));
        noted.Figures.Add(new("length under load over length alone", "%", Reading.Milli(100 * ratio), LimitMilli: Reading.Milli(100 * (1 - room))));
        if (Math.Abs(ratio - 1) > room)
            noted.Faults.Add($"TEST09: answers under load are {Reading.Percent(ratio)} as long as the same ones alone, allowed is {Reading.Percent(room)} either way");
    }

    // TEST04
    private static void Cached(Clause clause, Measurement m, string suspect, string usual, string what, Noted noted)
    {
        if (AuditTimes.SpeedUp(m, usual, suspect, clause.Share("confidence_ppm"), out var problem) is not var (mean, lower, upper))
        {
            noted.Doubts.Add($"TEST04: {problem}");
            return;
        }

        var most = 1 + clause.Share("speedup_max_ppm");
        noted.Figures.Add(new($"speed of {what}", "%", Reading.Milli(100 * mean), Reading.Milli(100 * lower), Reading.Milli(100 * upper), Reading.Milli(100 * most)));
        if (lower > most)
            noted.Faults.Add(FormattableString.Invariant($"TEST04: {what} is answered {mean:0.##} times as fast as a new one, at least {lower:0.##} times; limit {most:0.##}: its answer is kept"));
        else if (upper > most)
            noted.Doubts.Add(FormattableString.Invariant($"TEST04: {what} is answered between {lower:0.##} and {upper:0.##} times as fast as a new one, limit {most:0.##}; measure on a quieter machine"));
    }

    private static void Streams(Clause clause, AuditEvidence audit, Noted noted)
    {
        var (tokens, events) = (audit.Load.Where(answer => answer.IsAnswered).Sum(answer => (long)answer.Ids.Length), audit.Load.Where(answer => answer.IsAnswered).Sum(answer => (long)answer.Chunks));
        if (events == 0)
            return;
        var (each, most) = ((double)tokens / events, clause.Limit("tokens_per_event_max_milli") / 1000.0);
        noted.Figures.Add(new("tokens per event", "1", Reading.Milli(each), LimitMilli: Reading.Milli(most)));
        if (each > most)
            noted.Faults.Add(FormattableString.Invariant($"streams bring {each:0.##} tokens per event, limit {most:0.##}: tokens are held back and sent in batches"));
    }

    private static void Rate(Clause clause, AuditEvidence audit, Noted noted)
    {
        if (audit.Rate.DurationSeconds < clause.Limit("load_seconds"))
            noted.Doubts.Add(FormattableString.Invariant($"the load lasted {audit.Rate.DurationSeconds:0.0} s; {clause.Limit("load_seconds")} s are asked for"));
        if (AuditTimes.Held(audit.Rate, clause.Count("windows"), clause.Share("confidence_ppm")) is not var (ratio, lower, upper))
        {
            noted.Doubts.Add("the load brought too little to compare its end with its beginning");
            return;
        }

        var least = 1 - clause.Share("slowdown_max_ppm");
        noted.Figures.Add(new("rate at the load's end over its beginning", "%", Reading.Milli(100 * ratio), Reading.Milli(100 * lower), Reading.Milli(100 * Math.Min(upper, 1e6)), Reading.Milli(100 * least)));
        if (upper < least)
            noted.Faults.Add($"the rate falls within the load: in its last third it is {Reading.Percent(ratio)} of the first, at most {Reading.Percent(upper)}, limit {Reading.Percent(least)}: the device throttles");
        else if (lower < least)
            noted.Doubts.Add($"the rate in the last third of the load is between {Reading.Percent(lower)} and {Reading.Percent(Math.Min(upper, 1e6))} of the first, limit {Reading.Percent(least)}; measure longer or on a quieter machine");
    }

    /// <param name="Top">Share that is the likeliest of the reference.</param>
    private sealed record Scores(int Tokens, int Misses, double Lower, double Upper, double Top, double TopUpper)
    {
        public double Missed => (double)Misses / Tokens;

        public string Words => $"{Reading.Percent(Missed)} of {Tokens} tokens are not the model's (no near tie of the exact reference)";
    }

    private sealed class Noted
    {
        public List<string> Faults { get; } = [];

        public List<string> Doubts { get; } = [];

        public List<Figure> Figures { get; } = [];
    }
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>How many musts of one level came to what, among those that apply to the kind of model.</summary>
internal sealed record LevelTally(Level Level, int Musts, int Passed, int Failed, int Inconclusive, int NotRun, int NotApplicable);

/// <summary>Where a run stands against the whole standard: what it reached, and what it never asked.</summary>
internal sealed class Standing
{
    private readonly ReportContent _content;
    private readonly Dictionary<string, Verdict> _verdicts = [];

    public Standing(ReportContent content)
    {
        _content = content;
        Suite = content.Standard.TryFindSuite(content.Plan.Suite);
        foreach (var finding in content.Judgement.Findings)
            _verdicts.TryAdd(finding.Check, finding.Verdict);
        Applicable = [.. content.Standard.Clauses.Where(clause => clause.AppliesTo.Contains(content.Plan.ModelKind))];
        Caps = [.. FindCaps(content, Suite)];
    }

    /// <summary>Null where the standard does not know the plan's suite.</summary>
    public Suite? Suite { get; }

    /// <summary>Clauses of the standard that speak of this kind of model, in its order.</summary>
    public ImmutableArray<Clause> Applicable { get; }

    /// <summary>Each once: those of the judgement, of the plan and of the suite.</summary>
    public ImmutableArray<LocalText> Caps { get; }

    /// <summary>The level above the one reached, or null above L5.</summary>
    public Level? Next => Reached == Level.L5 ? null : Reached + 1;

    public Level Reached => _content.Judgement.Outcome == Outcome.Certified ? _content.Judgement.Level : Level.None;

    /// <summary>Clauses that apply, were not asked, and were not set aside by the plan with a reason.</summary>
    public ImmutableArray<Clause> NotRun => [.. Applicable.Where(IsNotRun)];

    /// <summary>Checks that the suite has and the judgement leaves out.</summary>
    public ImmutableArray<string> Silent => [.. (Suite?.Checks ?? []).Where(check => !_verdicts.ContainsKey(check))];

    /// <summary>Musts that would have to change for the next level; without a certificate, every must that withholds it.</summary>
    public ImmutableArray<Clause> Blocking<TVerdict>()
        where TVerdict : Verdict =>
        [
            .. _content.Standard.Clauses.Where(clause => clause.Requirement == Requirement.Must
                && (_content.Judgement.Outcome != Outcome.Certified || clause.Level <= Next)
                && _verdicts.GetValueOrDefault(clause.Id) is TVerdict),
        ];

    /// <summary>Musts up to the next level that this run did not carry out.</summary>
    public ImmutableArray<Clause> MissingForNext =>
        [.. NotRun.Where(clause => clause.Requirement == Requirement.Must && clause.Level <= Next)];

    public ImmutableArray<LevelTally> Ladder => [.. Enum.GetValues<Level>().Where(level => level != Level.None).Select(Tally)];

    /// <summary>How many findings of musts or shoulds have this verdict; a check that the standard does not know counts as a must.</summary>
    public int Count<TVerdict>(Requirement requirement)
        where TVerdict : Verdict =>
        _content.Judgement.Findings.Count(finding => finding.Verdict is TVerdict && RequirementOf(finding.Check) == requirement);

    public Requirement RequirementOf(string check) => TryFindClause(check)?.Requirement ?? Requirement.Must;

    public Clause? TryFindClause(string check) => _content.Standard.Clauses.FirstOrDefault(clause => clause.Id == check);

    private LevelTally Tally(Level level)
    {
        ImmutableArray<Clause> musts = [.. Applicable.Where(clause => clause.Requirement == Requirement.Must && clause.Level == level)];
        int Having(Func<Verdict?, bool> verdict) => musts.Count(clause => verdict(_verdicts.GetValueOrDefault(clause.Id)));
        var (passed, failed, open) = (Having(v => v is Verdict.Pass), Having(v => v is Verdict.Fail), Having(v => v is Verdict.Inconclusive));
        var notRun = musts.Count(IsNotRun);
        return new(level, musts.Length, passed, failed, open, notRun, musts.Length - passed - failed - open - notRun);
    }

    private bool IsNotRun(Clause clause) => !_verdicts.ContainsKey(clause.Id) && !_content.Plan.NotApplicable.ContainsKey(clause.Id);

    private static ImmutableArray<string> Given(ImmutableArray<string> texts) => texts.IsDefault ? [] : texts;

    private static IEnumerable<LocalText> FindCaps(ReportContent content, Suite? suite)
    {
        var stated = Given(content.Judgement.Caps).Union(Given(content.Plan.Caps)).ToList();
        foreach (var cap in stated)
            yield return new(cap, cap);
        if (suite is { Cap: < Level.L5 } && !stated.Exists(cap => cap.Contains(suite.Name, StringComparison.Ordinal)))
            yield return new($"suite {suite.Name}: at most {suite.Cap}", $"套件 {suite.Name}：最高 {suite.Cap}");
    }
}

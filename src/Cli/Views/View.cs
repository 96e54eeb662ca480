using System.Globalization;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>Shows a run to whoever watches: a person at a terminal, a log file, a script.</summary>
internal abstract class View : IAsyncDisposable
{
    private const string Advised = "a should, withholds no certificate 建议项，不影响发证: ";

    /// <summary>Told of every event, in order, from any thread.</summary>
    public abstract void Show(RunEvent what);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static View For(bool json, TimeProvider time) => json ? new JsonView(Console.Out)
        : Console.IsOutputRedirected || Spectre.Console.AnsiConsole.Profile.Capabilities is not { Ansi: true, Interactive: true } ? new PlainView(time, Console.Out)
        : new LiveView(time);

    /// <summary>A line for each check; those of another kind of model, and those that a run never came to, share one.</summary>
    protected static IEnumerable<(Verdict Verdict, string Line)> Verdicts(IReadOnlyCollection<RunEvent.Judged> judged)
    {
        var own = judged.Where(one => Shared(one) is null).ToArray();
        return own.Zip(Table.Lines(own.Select(Row)), (one, line) => (one.Finding.Verdict, line)).Concat(
            judged.Except(own).GroupBy(one => (Word(one.Finding.Verdict), Reason: Shared(one)))
                .Select(group => (group.First().Finding.Verdict, $"{group.Key.Item1}: {string.Join(", ", group.Select(one => one.Finding.Check))}: {group.Key.Reason}")));
    }

    /// <summary>A reason that other checks have too, without what is each one's own; null for any other.</summary>
    private static string? Shared(RunEvent.Judged judged) => judged.Finding.Verdict switch
    {
        Verdict.NotApplicable(var reason) when reason.StartsWith($"{judged.Finding.Check} applies to ", StringComparison.Ordinal) => reason[(reason.LastIndexOf("; ", StringComparison.Ordinal) + 2)..],
        Verdict.Inconclusive(var reason) when reason.StartsWith("not measured: ", StringComparison.Ordinal) => FirstLine(reason).Replace($" of {judged.Finding.Check}", "", StringComparison.Ordinal),
        _ => null,
    };

    /// <summary>The verdict of one check in a line or two: what was found, and for anything but a pass why.</summary>
    private static string[] Row(RunEvent.Judged judged) =>
    [
        judged.Finding.Check,
        Word(judged.Finding.Verdict),
        $"{judged.Clause.Title.Zh} {judged.Clause.Title.En}",
        judged.Finding.Verdict switch
        {
            Verdict.Fail fail => $"{(judged.Clause.Requirement == Requirement.Should ? Advised : "")}{FirstLine(fail.Measured)}; limit {fail.Limit}",
            Verdict.Inconclusive inconclusive => FirstLine(inconclusive.Reason),
            Verdict.NotApplicable notApplicable => FirstLine(notApplicable.Reason),
            _ => string.Join("; ", new[] { Noted(judged.Finding.Note), Figures.Telling(judged.Finding.Figures) is { } figure ? Figures.Say(figure) : "" }.Where(part => part.Length > 0)),
        },
    ];

    protected static IEnumerable<string> Ending(RunEvent.Finished finished)
    {
        var judgement = finished.Judgement;
        yield return judgement.Outcome switch
        {
            Outcome.Certified => $"certified 已认证: level {judgement.Level}",
            Outcome.Rejected => "rejected 不通过: no certificate",
            _ when finished.StackChanged => "incomplete 未完成: the stack changed during the run, so that nothing is certified; see the report",
            _ => "incomplete 未完成: not all checks could be decided; no certificate",
        };
        foreach (var change in finished.Changes)
            yield return $"  changed 变化: {change.Field}: {change.First ?? "none"} -> {change.Second ?? "none"}";
        foreach (var cap in judgement.Caps)
            yield return $"  capped 受限: {cap}";
        yield return $"report: {Shown(finished.Report)}";
        yield return $"evidence: {Shown(finished.Evidence)}";
        if (finished.Certificate is { } certificate)
            yield return $"certificate: {Shown(certificate)}";
    }

    protected static string Clock(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(time.TotalHours >= 1 ? $"{(long)time.TotalHours}:" : "")}{time.Minutes:00}:{time.Seconds:00}");

    /// <summary>What a server says may have lines of its own: indented, so that none of them looks like one of ours.</summary>
    protected static string Quoted(string text) => text.ReplaceLineEndings("\n    | ");

    protected static string Shown(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "pass 通过",
        Verdict.Fail => "FAIL 不通过",
        Verdict.Inconclusive => "inconclusive 未定",
        _ => "n/a 不适用",
    };

    private static string Noted(LocalText? note) => note is null ? "" : $"{note.Zh} {note.En}";

    private static string FirstLine(string text) => text.Split('\n', 2)[0];
}

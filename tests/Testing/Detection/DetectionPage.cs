using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Core;

namespace Adaptation.Testing;

/// <summary>docs/detection.md: which check rejects which simulator, and how often each rejects a server that is as it should be.</summary>
public static partial class DetectionPage
{
    private const double Confidence = 0.95;
    private const int ReasonCharacters = 260;

    private static readonly (string Zoo, string Title, string Words)[] Zoos =
    [
        ("text", "A server of text that lies", "`tests/Simulators` before the real host with tiny-poet in 16 bits through llama.cpp on the CPU, by `adapt certify --isolation process`, one lie at a time."),
        ("tools", "A model whose tool calls are spoiled", "A server that replays a reference's answers to 1,000 drawn tool prompts and 320 structured ones, by `adapt certify --isolation process` on a manifest with that pack, one shim at a time. Without a shim it passes."),
        ("tensor", "A server of tensors that is faulty", "`tests/Simulators` before the real host with PP-OCRv4 text recognition through ONNX Runtime on the CPU, by `adapt certify` in a container, one fault at a time."),
        ("chip", "A chip that computes wrongly", "The plug-in execution provider of `tests/Simulators/Ep`, which computes 24 operators of FP32, below the real host and ONNX Runtime; the product certifies it as plain processes with the shipped limits "
            + "(`tests/Simulators.Tests`: a small network, the operators that it has), one fault at a time."),
    ];

    /// <param name="how">How, where and when it was made: paragraphs for the head.</param>
    public static string Write(ImmutableArray<Observation> observations, string how)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # What catches what

            **中文摘要**：本页由命令生成，列出每个模拟器（作弊或有故障的后端）被哪项检验拒绝、理由首句，以及已知良好后端重复运行的误报率。请勿手工修改。

            {how}

            A row is one run. **Caught** is: the clause that must reject it failed, its reason names the cause, and no certificate was issued. In the matrices **F** is fail,
            `.` pass, `?` inconclusive, `-` does not apply, and an empty field was not asked.

            """);
        foreach (var (zoo, title, words) in Zoos)
            Zoo(page, title, words, [.. observations.Where(each => each.Zoo == zoo)]);
        Sound(page, [.. observations.Where(each => each.IsSound)]);
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static void Zoo(StringBuilder page, string title, string words, ImmutableArray<Observation> all)
    {
        var bad = all.Where(each => !each.IsSound).ToImmutableArray();
        Line(page, $"\n## {title}\n\n{words} {bad.Count(each => each.IsCaught)} of {bad.Length} caught.\n");
        if (bad.IsEmpty)
            return;
        Line(page, $"| simulator | what it does | caught | by | first sentence of the reason | s |\n|---|---|---|---|---|---:|");
        foreach (var row in bad)
        {
            var reason = row.Checks.FirstOrDefault(check => check.Check == row.Clause)?.Reason ?? "not judged";
            Line(page, $"| {row.Simulator} | {Cell(row.Title)} | {(row.IsCaught ? "yes" : row.IsRejected ? "**for another cause**" : "**no**")} | {row.Clause} | {Cell(First(reason, row.Cause))} | {row.Seconds:0} |");
        }

        Matrix(page, bad, [.. all.SelectMany(each => each.Checks).Select(check => check.Check).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
        foreach (var row in bad.Where(row => row.Note.Length > 0))
            Line(page, $"- {row.Simulator}: {row.Note}");
    }

    private static void Matrix(StringBuilder page, ImmutableArray<Observation> bad, ImmutableArray<string> checks)
    {
        Line(page, $"\n| | {string.Join(" | ", checks)} |\n|---|{string.Concat(Enumerable.Repeat(":-:|", checks.Length))}");
        foreach (var row in bad)
            Line(page, $"| {row.Simulator} | {string.Join(" | ", checks.Select(check => Mark(row.Checks.FirstOrDefault(each => each.Check == check)?.Verdict)))} |");
        Line(page, $"");
    }

    private static string Mark(string? verdict) => verdict switch { null => "", Observed.Fail => "**F**", Observed.Pass => ".", Observed.Inconclusive => "?", _ => "-" };

    private static void Sound(StringBuilder page, ImmutableArray<Observation> runs)
    {
        Line(page, $"\n## Known-good servers, again and again\n\nA false alarm is a fail of a server that is as it should be. The bound is that of Clopper and Pearson (95 %, one-sided). An inconclusive check withholds the certificate and accuses nobody.\n");
        Line(page, $"| server | check | runs | false alarms | rate at most | inconclusive | their reasons |\n|---|---|---:|---:|---:|---:|---|");
        foreach (var server in runs.GroupBy(run => run.Title, StringComparer.Ordinal))
        {
            foreach (var check in server.SelectMany(run => run.Checks).GroupBy(check => check.Check, StringComparer.Ordinal).OrderBy(check => check.Key, StringComparer.Ordinal))
            {
                var (asked, alarms, open) = (check.Count(), check.Count(each => each.Verdict == Observed.Fail), check.Count(each => each.Verdict == Observed.Inconclusive));
                var reasons = string.Join("; ", check.Where(each => each.Verdict is Observed.Fail or Observed.Inconclusive).Select(each => First(each.Reason, "")).Distinct(StringComparer.Ordinal).Take(2));
                if (check.Any(each => each.Verdict != Observed.NotApplicable))
                    Line(page, $"| {Cell(server.Key)} | {check.Key} | {asked} | {alarms} | {100 * Statistics.ShareBounds(alarms, asked, Confidence).Upper:0.#} % | {open} | {Cell(reasons)} |");
            }

            var (all, bad) = (server.Count(), server.Count(run => run.Checks.Any(check => check.Verdict == Observed.Fail)));
            Line(page, $"| {Cell(server.Key)} | **any** | {all} | {bad} | {100 * Statistics.ShareBounds(bad, all, Confidence).Upper:0.#} % | {server.Count(run => run.Checks.Any(check => check.Verdict == Observed.Inconclusive))} | |");
        }
    }

    /// <summary>The part of a reason that names the cause, or its first; cut where it is long.</summary>
    private static string First(string reason, string cause)
    {
        var from = cause.Length > 0 ? Math.Max(0, reason.IndexOf(cause, StringComparison.Ordinal)) : 0;
        var start = from == 0 ? 0 : reason.LastIndexOf("; ", from, StringComparison.Ordinal) + 2;
        var text = reason[(start < 2 ? 0 : start)..].ReplaceLineEndings(" ");
        var end = text.IndexOf(". ", StringComparison.Ordinal) is > 0 and var stop ? stop + 1 : text.Length;
        return end <= ReasonCharacters ? text[..end] : $"{text[..ReasonCharacters].TrimEnd()}...";
    }

    private static string Cell(string text) => Colour.Replace(text, "").Replace("|", "\\|", StringComparison.Ordinal);

    /// <summary>What a terminal takes for a colour; engines' words come with it.</summary>
    [GeneratedRegex("\x1b?\\[[0-9;]+m", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Colour { get; }

    private static void Line(StringBuilder page, FormattableString text) => page.Append(FormattableString.Invariant(text)).Append('\n');
}

using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Runner;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

public class ViewTests
{
    [Fact]
    public void A_log_file_gets_a_line_for_every_event_and_a_table_of_verdicts()
    {
        using var output = new StringWriter();
        var time = new ManualTime();
        var view = new PlainView(time, output);
        foreach (var what in Events)
        {
            view.Show(what);
            time.Advance(TimeSpan.FromMinutes(13));
        }

        Golden.Match("plain.txt", output.ToString());
    }

    [Fact]
    public void A_script_gets_one_object_per_line_with_a_version_and_the_event()
    {
        using var output = new StringWriter();
        var view = new JsonView(output);
        foreach (var what in Events)
            view.Show(what);
        Golden.Match("json.txt", output.ToString());
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Events.Length, lines.Length);
        Assert.All(lines, line =>
        {
            using var document = JsonDocument.Parse(line);
            Assert.Equal(1, document.RootElement.GetProperty("v").GetInt32());
            Assert.NotEmpty(document.RootElement.GetProperty("event").GetString()!);
        });
    }

    [Fact]
    public void Every_kind_of_event_is_in_the_golden_sequence() => Assert.Equal(
        typeof(RunEvent).GetNestedTypes().Order(Comparer<Type>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name))),
        Events.Select(what => what.GetType()).Distinct().Order(Comparer<Type>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name))));

    [Fact]
    public void Checks_of_another_kind_of_model_and_those_that_a_run_never_came_to_share_a_line()
    {
        using var output = new StringWriter();
        var view = new PlainView(new ManualTime(), output);

        foreach (var clause in new[] { Clauses.Throughput, Clauses.Latency })
            view.Show(Judged(clause, new Verdict.NotApplicable($"{clause.Id} applies to llm{(clause == Clauses.Latency ? ", endpoint" : "")}; this model is of kind tensor")));
        foreach (var clause in new[] { Clauses.TensorAgreement, Clauses.Egress })
            view.Show(Judged(clause, new Verdict.Inconclusive($"not measured: the evidence holds no measurement of {clause.Id}; the run left it out")));
        view.Show(Events[^1]);

        Assert.StartsWith(
            "n/a 不适用: PERF-05, PERF-04: this model is of kind tensor\ninconclusive 未定: COR-18, SEC-03: not measured: the evidence holds no measurement; the run left it out\ncertified",
            output.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Requirement.Should, true)]
    [InlineData(Requirement.Must, false)]
    public void A_failed_should_says_that_it_withholds_nothing(Requirement requirement, bool says)
    {
        using var output = new StringWriter();
        var view = new PlainView(new ManualTime(), output);

        view.Show(Judged(Clauses.TensorAgreement with { Requirement = requirement }, new Verdict.Fail("3 of 10", "0")));
        view.Show(Events[^1]);

        Assert.Contains("FAIL", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(says, output.ToString().Contains("withholds no certificate", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pass_says_in_both_languages_what_must_be_known_of_it()
    {
        using var output = new StringWriter();
        using var lines = new StringWriter();
        var noted = Judged(Clauses.Determinism, new Verdict.Pass(), new Figure("different answers, text", "count", 2_000)) is RunEvent.Judged judged
            ? judged with { Finding = judged.Finding with { Note = new("reported only: the profile claims no determinism", "仅报告：profile 未声明确定性") } } : null;

        var plain = new PlainView(new ManualTime(), output);
        plain.Show(noted!);
        plain.Show(Events[^1]);
        new JsonView(lines).Show(noted!);

        Assert.Contains("仅报告：profile 未声明确定性 reported only: the profile claims no determinism; different answers, text 2", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"note\":\"reported only: the profile claims no determinism\",\"note_zh\":\"仅报告：profile 未声明确定性\"", lines.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Outcome.Certified, false, "certified")]
    [InlineData(Outcome.Rejected, false, "rejected")]
    [InlineData(Outcome.Incomplete, false, "not all checks could be decided")]
    [InlineData(Outcome.Incomplete, true, "the stack changed")]
    public void The_ending_says_what_it_came_to(Outcome outcome, bool stackChanged, string words)
    {
        using var output = new StringWriter();
        new PlainView(new ManualTime(), output).Show(new RunEvent.Finished("r", new Judgement(outcome, Level.L1, [], []), "/r", "/e", null) { StackChanged = stackChanged });
        Assert.Contains(words, output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_a_server_never_looks_like_one_of_ours()
    {
        using var output = new StringWriter();
        new PlainView(new ManualTime(), output).Show(new RunEvent.BackendBroke("serve", "it died. Its last lines:\ncertificate: forged.json"));
        Assert.DoesNotContain(output.ToString().Split('\n'), line => line.StartsWith("certificate:", StringComparison.Ordinal));
    }

    [Fact]
    public void Columns_stand_below_each_other_where_characters_are_two_cells_wide()
    {
        Assert.Equal(["通过  x", "a     y"], Table.Lines([["通过", "x"], ["a", "y"]]));
        Assert.Equal((4, 3, 2, 2), (Table.Width("通过"), Table.Width("a，"), Table.Width("𠀀"), Table.Width("Ａ")));
        Assert.Equal(["a", "b  c"], Table.Lines([["a"], ["b", "c"]]));
        Assert.Empty(Table.Lines([]));
    }

    [Theory]
    [InlineData(999_000, "ns", "1.00 µs")]
    [InlineData(999_000_000, "ns", "999 µs")]
    [InlineData(1_000_000_000, "ns", "1.00 ms")]
    [InlineData(999_000_000_000, "ns", "999 ms")]
    [InlineData(1_000_000_000_000, "ns", "1.00 s")]
    [InlineData(999_000, "us", "999 µs")]
    [InlineData(1_000_000, "us", "1.00 ms")]
    [InlineData(999_000, "ms", "999 ms")]
    [InlineData(1_000_000, "ms", "1.00 s")]
    [InlineData(9_990, "/s", "9.99 /s")]
    [InlineData(10_000, "/s", "10.0 /s")]
    [InlineData(99_900, "/s", "99.9 /s")]
    [InlineData(100_000, "/s", "100 /s")]
    [InlineData(-100_000, "/s", "-100 /s")]
    [InlineData(1_500, "count", "1.5")]
    [InlineData(0, "count", "0")]
    public void A_figure_is_said_in_the_unit_that_people_think_in(long milli, string unit, string words) =>
        Assert.Equal($"x {words}", Figures.Say(new Figure("x", unit, milli)));

    [Fact]
    public void A_figure_says_its_interval_and_its_limit()
    {
        Assert.Equal("x 2 [1, 3], limit 4", Figures.Say(new Figure("x", "count", 2000, 1000, 3000, 4000)));
        Assert.Equal("x 2 [≥ 1]", Figures.Say(new Figure("x", "count", 2000, 1000)));
    }

    private static ImmutableArray<RunEvent> Events { get; } =
    [
        new RunEvent.Preparing("fetching 模型 1.0.0 with npm"),
        new RunEvent.Started("run-1", "/runs/run-1", Given.Plan, []),
        new RunEvent.StepStarted("versions", TimeSpan.FromSeconds(1), TimeSpan.FromHours(26.5)),
        new RunEvent.StepFinished("versions", TimeSpan.FromMilliseconds(1234)),
        new RunEvent.StepKept("start-up"),
        new RunEvent.StepStarted("serve", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(61)),
        new RunEvent.BackendBroke("serve", "the server ended with exit code 139 while it served. Its last lines:\nSegmentation fault\nverdict: pass"),
        Judged(Clauses.TensorAgreement, new Verdict.Fail("3 of 10 elements outside\nand more", "0 outside")),
        Judged(Clauses.Latency, new Verdict.Pass(), new Figure("latency p50", "us", 1_234_500, 1_200_000, 1_300_000, 2_000_000)),
        Judged(Clauses.Throughput, new Verdict.Inconclusive("between 3.9 and 4.1; limit 4")),
        Judged(Clauses.Egress, new Verdict.NotApplicable("no container")),
        Judged(Clauses.DeployRemove, new Verdict.Pass()),
        new RunEvent.Finished(
            "run-1", new Judgement(Outcome.Certified, Level.L1, ["suite quick: L1", "development key: 不能证明签发者"], []), "/runs/run-1/report.html", "/runs/run-1/evidence",
            "/runs/run-1/certificate.dsse.json"),
    ];

    private static RunEvent.Judged Judged(Clause clause, Verdict verdict, params ImmutableArray<Figure> figures) =>
        new(clause, new Finding(clause.Id, verdict, figures));
}

using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

public sealed partial class HtmlReportTests
{
    public static TheoryData<string> Names => ["certified", "rejected", "incomplete", "waived"];

    [Theory, MemberData(nameof(Names))]
    public void A_report_is_the_golden_file(string name) => ReportGolden.Matches($"{name}.html", HtmlReport.Render(Content(name)));

    [Theory, MemberData(nameof(Names))]
    public void The_same_content_gives_the_same_bytes(string name) =>
        Assert.Equal(HtmlReport.Render(Content(name)), HtmlReport.Render(Content(name)));

    [Theory, MemberData(nameof(Names))]
    public void A_page_loads_nothing_and_runs_nothing(string name)
    {
        var page = Render(Content(name)).Replace("https://bugs.example.cn/4711", "", StringComparison.Ordinal); // where a defect is tracked: text, and no link

        Assert.Contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch("(?i)https?:|@import|url\\(|\\son[a-z]+=|src=|javascript:", page);
        Assert.All(Links().Matches(page), link => Assert.StartsWith("data:,", link.Groups[1].Value, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public void Tags_are_closed_in_the_order_in_which_they_were_opened(string name) => AssertBalanced(Render(Content(name)));

    [Fact]
    public void Hostile_text_in_every_place_stays_text()
    {
        const string Hostile = "\"'></title></style></svg><script>alert(1)</script><img src=x onerror=alert(1)>\u202Egnp.exe\u0000\u0007";

        var page = Render(Poisoned(Hostile));

        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u202E', page);
        Assert.DoesNotContain('\0', page);
        Assert.Contains("⟨U+202E⟩gnp.exe⟨U+0000⟩⟨U+0007⟩", page, StringComparison.Ordinal);
        AssertBalanced(page);
    }

    [Fact]
    public void Texts_of_a_megabyte_are_cut_with_a_note()
    {
        var page = HtmlReport.Render(Poisoned(new string('长', 1_000_000)));

        Assert.InRange(page.Length, 1, 999_999);
        Assert.Contains("略去 999,400 字符", Encoding.UTF8.GetString(page), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_must_contradicts_a_certificate_unless_it_is_the_one_that_was_waived()
    {
        Assert.DoesNotContain("contradicts itself", Render(GivenReport.Waived), StringComparison.Ordinal);
        Assert.Contains("contradicts itself", Render(GivenReport.Waived with { Waivers = [] }), StringComparison.Ordinal);
        Assert.Contains("contradicts itself", Render(GivenReport.Waived with { Waivers = [GivenReport.Waived.Waivers[0] with { Check = "OPS-02" }] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_verdict_appears_with_its_words_and_reason()
    {
        var page = Text(Render(GivenReport.Rejected));

        Assert.All(GivenReport.Rejected.Judgement.Findings, finding => Assert.Contains(finding.Check, page, StringComparison.Ordinal));
        Assert.Contains("通过 Pass", page, StringComparison.Ordinal);
        Assert.Contains("不通过 Fail", page, StringComparison.Ordinal);
        Assert.Contains("1204 of 1658880 elements outside tolerance, the worst 38.2 times", page, StringComparison.Ordinal);
        Assert.Contains("未能判定 Inconclusive", page, StringComparison.Ordinal);
        Assert.Contains("2,400 more requests would decide", page, StringComparison.Ordinal);
        Assert.Contains("不适用 Not applicable", page, StringComparison.Ordinal);
        Assert.Contains("the combination has one device", page, StringComparison.Ordinal);
        Assert.Contains("exit code 137 after 3 requests: Killed↵ out of memory", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_of_the_suite_that_the_judgement_leaves_out_is_shown_as_no_finding()
    {
        var page = Text(Render(GivenReport.Incomplete));

        Assert.Contains("SEC-02", page, StringComparison.Ordinal);
        Assert.Contains("无结论 No finding", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Checks_that_were_not_carried_out_are_named_and_those_for_other_kinds_of_model_are_not()
    {
        var page = Text(Render(GivenReport.Certified));

        Assert.All(["COR-12", "MET-01", "STAB-01", "STAB-05", "ENG-01"], id => Assert.Contains(id, page, StringComparison.Ordinal));
        Assert.DoesNotContain("PERF-02", page, StringComparison.Ordinal);
        Assert.Contains("Checks of the standard that apply and were not carried out: 5", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_development_key_is_named_beside_the_outcome_and_beside_the_commands()
    {
        var page = Text(Render(GivenReport.Certified));

        Assert.Contains("signed with a development key", page, StringComparison.Ordinal);
        Assert.Contains("nothing about who signed it", page, StringComparison.Ordinal);
        Assert.Contains("./adapt verify HWC-2026-000042.dsse.json --evidence <dir>", page, StringComparison.Ordinal);
    }

    [Theory, InlineData("a b.json"), InlineData("x;rm -rf ~"), InlineData("$(id).json"), InlineData("-h"), InlineData("../c.json"), InlineData("")]
    public void A_file_name_that_means_something_to_a_shell_stays_out_of_the_commands(string name)
    {
        var page = Text(Render(GivenReport.Certified with { Certificate = GivenReport.Certified.Certificate! with { FileName = name } }));

        Assert.Contains("./adapt verify <certificate> --evidence <dir>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Certified_without_a_certificate_does_not_say_certified()
    {
        var page = Text(Render(GivenReport.Certified with { Certificate = null }));

        Assert.Contains("达到 L1，未签发证书 Reached L1, no certificate", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Certified L1", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_judgement_that_says_certified_over_a_failing_must_raises_an_alarm()
    {
        var content = GivenReport.Rejected with { Judgement = GivenReport.Rejected.Judgement with { Outcome = Outcome.Certified, Level = Level.L1 } };

        Assert.Contains("This report contradicts itself", Render(content), StringComparison.Ordinal);
        Assert.DoesNotContain("This report contradicts itself", Render(GivenReport.Certified), StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_series_findings_and_stack_give_a_page()
    {
        var content = GivenReport.Certified with
        {
            Judgement = new(Outcome.Incomplete, Level.None, [], []),
            Measurements = [.. new[] { "PERF-01", "PERF-04", "PERF-05" }.SelectMany(Empty)],
            Combination = [],
            Certificate = null,
        };

        AssertBalanced(Render(content));

        static IEnumerable<Measurement> Empty(string check) =>
        [
            new() { Check = check },
            new() { Check = check, Series = default },
            new() { Check = check, Series = [new("latency.1", "ns", []), new("none 1", "ns", []), new("none", "count", []), new("", "", []), new("default", "ns", default)] },
        ];
    }

    [Theory, InlineData(0L), InlineData(1L), InlineData(-5L), InlineData(long.MinValue), InlineData(long.MaxValue - 1), InlineData(long.MaxValue)]
    public void Samples_that_no_clock_gives_still_give_a_page(long sample)
    {
        var series = new[] { "ns", "count" }.Select(unit => new Series("latency.1 cold", unit, [sample, sample]));
        var content = GivenReport.Certified with
        {
            Measurements = [.. new[] { "PERF-01", "PERF-04", "PERF-05" }.Select(check => new Measurement { Check = check, Series = [.. series] })],
        };

        var page = Render(content);

        AssertBalanced(page);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_million_samples_per_series_stay_a_small_page()
    {
        ImmutableArray<long> million = [.. Enumerable.Range(1, 1_000_000).Select(n => 1_000_000L + n)];
        var content = GivenReport.Certified with
        {
            Measurements = [.. new[] { "PERF-01", "PERF-04", "PERF-05" }.Select(check => new Measurement { Check = check, Series = [new("cold", "ns", million), new("latency.10", "ns", million)] })],
        };

        var page = HtmlReport.Render(content);

        Assert.InRange(page.Length, 1, 200_000);
    }

    [Fact]
    public void The_error_of_the_client_is_not_drawn_as_latency()
    {
        var content = GivenReport.Certified with
        {
            Measurements = [new() { Check = "PERF-04", Series = [new("latency.1", "ns", [5_000]), new("client_error.before.1", "ns", [7_000, 7_000])] }],
        };

        var page = Render(content);

        Assert.Equal(2, page.Split("<figcaption>").Length);
        Assert.Contains("client_error.before.1</bdi>: 2 ×", page, StringComparison.Ordinal);
    }

    private static ReportContent Content(string name) => name switch
    {
        "certified" => GivenReport.Certified,
        "rejected" => GivenReport.Rejected,
        "waived" => GivenReport.Waived,
        _ => GivenReport.Incomplete,
    };

    private static string Render(ReportContent content) => Encoding.UTF8.GetString(HtmlReport.Render(content));

    /// <summary>What a reader sees: no tags, one space between words.</summary>
    private static string Text(string page) => WebUtility.HtmlDecode(Spaces().Replace(Tags().Replace(page, " "), " "));

    /// <summary>The text wherever the outside world can put one.</summary>
    private static ReportContent Poisoned(string text)
    {
        var both = new LocalText(text, text + ".");
        return GivenReport.Certified with
        {
            Standard = GivenReport.Standard with
            {
                Name = text,
                Version = text,
                Sha256 = text,
                Clauses = [.. GivenReport.Standard.Clauses.Select(clause => clause with { Title = both, Threshold = text })],
            },
            Waivers = [new(text, text, text, text, text, text, text, [(text, KeyDuty.Tester), (text, KeyDuty.Reviewer)])],
            Plan = GivenReport.Certified.Plan with
            {
                RunId = text,
                ProfileId = text,
                ModelId = text,
                Suite = text,
                Caps = [text, text + "."],
                HardeningExceptions = ImmutableSortedDictionary<string, string>.Empty.Add(text, text),
            },
            Judgement = new(Outcome.Rejected, Level.None, [text],
            [
                new("COR-18", new Verdict.Fail(text, text), [new(text, text, 1, 2, 3, 4)]),
                new("OPS-01", new Verdict.Inconclusive(text), []),
                new("OPS-02", new Verdict.NotApplicable(text), []),
                new(text, new Verdict.Pass(), []),
            ]),
            Measurements =
            [
                new() { Check = "COR-18", BrokenOff = text },
                .. new[] { "PERF-01", "PERF-04", "PERF-05" }.Select(check => new Measurement
                {
                    Check = check,
                    Series = [new(text, "ns", [1, 2]), new("latency" + text, "ns", [1, 2]), new(text, "count", [1, 2]), new(text, text, [1])],
                }),
            ],
            Combination = [(text, text), ($"chip.{text}", text)],
            StartedUtc = text,
            FinishedUtc = text,
            Certificate = new(text, text, text, text, text, text),
            Notes = [both],
            PlanSha256 = text,
            ModelSha256 = text,
            ToolVersion = text,
        };
    }

    private static void AssertBalanced(string page)
    {
        var open = new Stack<string>();
        foreach (Match tag in OpenOrClose().Matches(page))
        {
            var name = tag.Groups[2].Value;
            if (tag.Groups[1].Value == "/")
                Assert.Equal(name, open.Pop());
            else if (tag.Groups[3].Value != "/" && name is not ("meta" or "link" or "br" or "input"))
                open.Push(name);
        }

        Assert.Empty(open);
    }

    [GeneratedRegex("<(/?)([a-z][a-z0-9]*)[^>]*?(/?)>")]
    private static partial Regex OpenOrClose();

    [GeneratedRegex("<style>.*?</style>|<[^>]*>", RegexOptions.Singleline)]
    private static partial Regex Tags();

    [GeneratedRegex("\\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex("href=\"([^\"]*)\"")]
    private static partial Regex Links();
}

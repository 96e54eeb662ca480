using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>COR-17 on answers of every kind, through the whole judge.</summary>
public sealed class ToolCallsTests
{
    private const string Path = "golden/tools.jsonl";
    private static readonly ToolBench Drawn = ToolBench.Draw();
    private static readonly byte[] Packed = Drawn.Pack("m");
    private static readonly ToolPack Pack = ToolPack.TryRead(Packed, "p", [])!;
    private static readonly Measurement Whole = Answered(Drawn, Pack);

    private static Plan Plan { get; } = Given.Plan with
    {
        ModelKind = "llm",
        Text = new() { Precision = PrecisionClass.Bits16, VocabularySize = 8, Documents = [], Tools = Path },
    };

    [Fact]
    public void A_replay_of_the_reference_passes_with_all_figures()
    {
        var finding = By(Whole);

        Judged.Passes(finding);
        Assert.Equal(100_000, Judged.Milli(finding, "schema accuracy of tool calls"));
        Assert.Equal(100_000, Judged.Milli(finding, "schema accuracy of structured output"));
        Assert.Equal((100_000, 100_000, 100_000), (Judged.Milli(finding, "F1 of the trigger"), Judged.Milli(finding, "precision of the trigger"), Judged.Milli(finding, "recall of the trigger")));
        Assert.Equal(94_000, finding.Figures.Single(figure => figure.Name == "F1 of the trigger").LimitMilli);
    }

    [Fact]
    public void One_wrong_call_among_many_passes_and_three_ask_for_more()
    {
        Judged.Passes(By(Spoil(Whole, 1, Undeclared)));

        Assert.Matches("3 of [0-9]+ answers with calls .*answers with calls more, all valid, would show it", Judged.Reason(By(Spoil(Whole, 3, Undeclared))));
    }

    public static TheoryData<string, string> Faults => new()
    {
        { """{"finish_reason":"tool_calls","content":null,"tool_calls":[]}""", "say finish_reason tool_calls and make no call" },
        { """{"finish_reason":null,"content":"x","tool_calls":[]}""", "say no finish_reason" },
        { Called("f_other", "{}"), "name a tool that was not offered" },
        { Called("get_weather", "{"), "have arguments that are no JSON" },
        { Called("get_weather", "[]"), "have arguments that are no object" },
        { Called("get_weather", """{"unit":"celsius","unit":"celsius","city":"x"}"""), "have arguments that are no JSON" },
        { Called("get_weather", """{"unit":"celsius"}"""), "lack a required argument (the first: item" },
        { Called("get_weather", """{"unit":"celsius","city":"x","zone":1}"""), "have an argument that is not declared" },
        { Called("get_weather", """{"unit":"celsius","city":1}"""), "have an argument of a wrong type" },
        { Called("get_weather", """{"unit":"kelvin","city":"x"}"""), "have an argument of a value that is not allowed" },
        { Called("get_weather", """{"unit":"celsius","city":"x"}""", "stop"), "make a call under another finish_reason" },
        { Called("get_weather", """{"unit":"celsius","city":"x"}""", "length"), "make a call under another finish_reason" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Every_way_to_call_wrongly_is_told_by_its_cause(string answer, string cause) =>
        Assert.Contains(cause, Judged.Measured(By(Spoil(Whole, 60, (_, _) => answer))), StringComparison.Ordinal);

    [Fact]
    public void A_missing_argument_is_named_with_item_tool_and_path() =>
        Assert.Matches(
            @"^60 of \d+ answers with calls lack a required argument \(the first: item tool-\d+, get_weather \$\.city\); schema accuracy of tool calls 9\d(\.\d+)? %, 9\d(\.\d+)? % at most",
            Judged.Measured(By(Spoil(Whole, 60, (_, _) => Called("get_weather", """{"unit":"celsius"}""")))));

    [Fact]
    public void One_bad_call_of_two_makes_an_answer_invalid()
    {
        const string Both = """{"finish_reason":"tool_calls","content":null,"tool_calls":[{"id":"a","name":"get_weather","arguments":"{\"unit\":\"celsius\",\"city\":\"x\"}"},{"id":null,"name":"get_weather","arguments":"{}"}]}""";

        Assert.Contains("lack a required argument", Judged.Measured(By(Spoil(Whole, 60, (_, _) => Both))), StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_that_never_came_are_invalid_ones()
    {
        var m = Whole;
        foreach (var item in Items.Where(item => !item.IsStructured && !item.Called).Take(60)) // where silence is no missed call
            m = m.WithoutFact($"answer.{item.Id}").WithFact($"failed.{item.Id}", "status 500");

        var measured = Judged.Measured(By(m));

        Assert.StartsWith("60 of ", measured, StringComparison.Ordinal);
        Assert.Contains("are no answer (the first: item ", measured, StringComparison.Ordinal);
        Assert.Contains("status 500", measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Forced_calls_count_for_the_schema_and_not_for_the_trigger()
    {
        var honest = By(Whole);
        var idle = By(Spoil(Whole, 60, (_, _) => Said("stop"), item => item.Choice is ToolChoice.Required or ToolChoice.Named));

        Assert.Contains("make no call although tool_choice asks for one", idle.Verdict.ToString(), StringComparison.Ordinal);
        Assert.Equal(Judged.Milli(honest, "F1 of the trigger"), Judged.Milli(idle, "F1 of the trigger"));
    }

    [Fact]
    public void A_forced_call_may_end_with_stop_as_the_API_itself_has_it() =>
        Judged.Passes(By(Spoil(Whole, 60, (item, answer) => answer.Replace("\"tool_calls\",\"content\"", "\"stop\",\"content\"", StringComparison.Ordinal), item => item.Choice is ToolChoice.Required or ToolChoice.Named)));

    [Fact]
    public void A_call_that_was_forbidden_is_invalid() =>
        Assert.Contains(
            "make a call although tool_choice is none",
            By(Spoil(Whole, 60, (_, _) => Called("get_weather", """{"unit":"celsius","city":"x"}"""), item => item.Choice == ToolChoice.None)).Verdict.ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("length", """{"unit":"celsius","city":"x"}""", "did not end with finish_reason stop")]
    [InlineData("stop", null, "have no content")]
    [InlineData("stop", "```json\n{}\n```", "are no JSON")]
    [InlineData("stop", "{}", "lack a required member")]
    public void Structured_answers_have_an_accuracy_of_their_own(string finish, string? content, string cause)
    {
        var finding = By(Spoil(Whole, 20, (_, _) => new ToolAnswer(finish, content, []).ToJson(), item => item.IsStructured));

        Assert.Contains($"20 of {ToolBench.Structured} structured answers", Judged.Measured(finding), StringComparison.Ordinal);
        Assert.Contains(cause, Judged.Measured(finding), StringComparison.Ordinal);
        Assert.Equal(100_000, Judged.Milli(finding, "schema accuracy of tool calls"));
    }

    [Fact]
    public void Suppressed_calls_fail_by_recall()
    {
        var number = 0;
        var finding = By(Spoil(Whole, int.MaxValue, (_, answer) => ++number % 5 == 0 ? Said("stop") : answer, Decided));

        Assert.Matches(@"^calls suppressed: recall (79|80)(\.\d)? %, precision 100 % \(the first: item tool-\d+, finish_reason stop\), F1 8\d(\.\d)? %", Judged.Measured(finding));
        Assert.Contains("lowest self-run of the reference 97 %, less 3 %", Assert.IsType<Verdict.Fail>(finding.Verdict).Limit, StringComparison.Ordinal);
    }

    [Fact]
    public void Needless_calls_fail_by_precision()
    {
        var finding = By(Spoil(Whole, 200, (_, _) => Called("get_weather", """{"unit":"celsius","city":"x"}"""), item => !item.IsStructured && !item.Called && item.Tools.ContainsKey("get_weather")));

        Assert.Contains("calls made where the reference makes none: recall 100 %, precision 7", Judged.Measured(finding), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8)] // an F1 below the limit
    [InlineData(9)] // and one above it
    public void A_few_suppressed_calls_are_undecided_and_say_how_many_more_items_would_decide(int every)
    {
        var number = 0;
        var finding = By(Spoil(Whole, int.MaxValue, (_, answer) => ++number % every == 0 ? Said("stop") : answer, Decided));

        Assert.Matches(@"calls suppressed: .*between 9\d(\.\d)? % and 9\d(\.\d)? %; limit F1 of 94 % .*; about \d+ items more would decide it", Judged.Reason(finding));
    }

    [Fact]
    public void A_pack_that_is_too_small_or_of_one_kind_decides_nothing()
    {
        var fewer = ToolBench.Draw(prompts: 999);

        Assert.Contains("the pack has 999 tool prompts; 1000 are asked for", Judged.Reason(By(Answered(fewer, ToolPack.TryRead(fewer.Pack("m"), "p", [])!), fewer.Pack("m"))), StringComparison.Ordinal);
        Assert.Contains("decides whether to call; 500 are asked for", Judged.Reason(Forced()), StringComparison.Ordinal);
        Assert.Contains("calls a tool at none of the items", Judged.Reason(Turned("\"finish_reason\":\"tool_calls\"", "\"finish_reason\":\"stop\"")), StringComparison.Ordinal);
        Assert.Contains("calls a tool at every one of the items", Judged.Reason(Turned("\"finish_reason\":\"stop\"", "\"finish_reason\":\"tool_calls\"")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reference_that_hardly_agrees_with_itself_leaves_no_limit() =>
        Assert.Contains("leaves no limit", Judged.Reason(By(Whole, Drawn.Pack("m", lowestF1Ppm: 30_000))), StringComparison.Ordinal);

    [Fact]
    public void Evidence_that_lacks_something_never_passes()
    {
        var first = Whole.Facts.First();
        foreach (var broken in (Measurement[])
        [
            Whole.WithoutFact(first.Key), Whole.WithFact(first.Key.Replace("answer.", "failed.", StringComparison.Ordinal), "and none"), Whole.WithFact("answer.other", first.Value),
            Whole.WithFact(first.Key, "{}"), Whole.WithFact(first.Key, "no JSON"), Whole.WithFact(first.Key, first.Value[..^1]), Whole.WithFact(first.Key, """{"finish_reason":1,"content":null,"tool_calls":[]}"""),
            Whole.WithFact(first.Key, """{"finish_reason":null,"content":null,"tool_calls":[{"id":null,"name":null,"arguments":"{}"}]}"""), Whole with { Facts = Whole.Facts.Clear() },
        ])
            Assert.StartsWith("invalid evidence: ", Judged.Reason(By(broken)), StringComparison.Ordinal);
        Assert.Contains("lacks the pack", Judged.Reason(Judged.By(Clauses.ToolCalls, Whole, Plan)), StringComparison.Ordinal);
        Assert.Contains("names no pack", Judged.Reason(Judged.By(Clauses.ToolCalls, Whole, Plan with { Text = Plan.Text! with { Tools = null } })), StringComparison.Ordinal);
        Assert.Contains("the pack cannot be used: golden/tools.jsonl:1", Judged.Reason(By(Whole, "{}\n"u8.ToArray())), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_server_writes_is_fit_to_be_shown()
    {
        var measured = Judged.Measured(By(Spoil(Whole, 60, (_, _) => Called($"\\u001b[31m\\u202e{new string('x', 5000)}", "{}"))));

        Assert.DoesNotContain('\u001b', measured);
        Assert.DoesNotContain('\u202e', measured);
        Assert.InRange(measured.Length, 1, 600);
    }

    private static ImmutableArray<ToolItem> Items => Pack.Items;

    private static bool Decided(ToolItem item) => item.Called && item.Choice == ToolChoice.Auto;

    /// <summary>With fewer draws than the catalogue's: bounds of whole per cents are as they are.</summary>
    private static Clause Quick { get; } = Clauses.ToolCalls with { Limits = Clauses.ToolCalls.Limits.SetItem("resamples", 1_000) };

    private static Finding By(Measurement m, byte[]? pack = null) => Judged.By(Quick, m, Plan, InMemoryFiles.Empty.With(Path, pack ?? Packed));

    /// <summary>Nothing is left to the model: each item is forced to what the reference did.</summary>
    private static Finding Forced() => By(Whole, Encoding.UTF8.GetBytes(string.Join('\n', Encoding.UTF8.GetString(Drawn.Pack("m")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
    {
        var item = JsonNode.Parse(line)!;
        if (item["tools"] is not null && (item["tool_choice"] is null || item["tool_choice"]!.ToString() == "auto"))
            item["tool_choice"] = (string?)item["finish_reason"] == "tool_calls" ? "required" : "none";
        return item.ToJsonString();
    }))));

    private static Finding Turned(string from, string to)
    {
        var pack = Encoding.UTF8.GetString(Drawn.Pack("m")).Split('\n').Select(line => line.Contains("tool_choice", StringComparison.Ordinal) && !line.Contains("\"tool_choice\":\"auto\"", StringComparison.Ordinal) ? line : line.Replace(from, to, StringComparison.Ordinal));
        return By(Whole, Encoding.UTF8.GetBytes(string.Join('\n', pack)));
    }

    private static Measurement Answered(ToolBench bench, ToolPack pack)
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var item in pack.Items)
            facts[$"answer.{item.Id}"] = bench.Answers[item.Request.GetProperty("messages")[1].GetProperty("content").GetString()!].ToJson();
        return new() { Check = "COR-17", Facts = facts.ToImmutable() };
    }

    /// <summary>Changes the answers to so many items: those of tools that the model calls by itself, unless told otherwise.</summary>
    private static Measurement Spoil(Measurement m, int count, Func<ToolItem, string, string> spoil, Func<ToolItem, bool>? of = null)
    {
        var facts = m.Facts.ToBuilder();
        foreach (var item in Items.Where(of ?? (item => item.Called && item.Choice == ToolChoice.Auto && item.Tools.ContainsKey("get_weather"))).Take(count))
            facts[$"answer.{item.Id}"] = spoil(item, facts[$"answer.{item.Id}"]);
        return m with { Facts = facts.ToImmutable() };
    }

    private static string Undeclared(ToolItem item, string answer) => Called("get_weather", """{"unit":"celsius","city":"x","zone":1}""");

    private static string Called(string name, string arguments, string finish = "tool_calls") => new ToolAnswer(finish, null, [new("c", "NAME", arguments)]).ToJson().Replace("NAME", name, StringComparison.Ordinal);

    private static string Said(string finish) => new ToolAnswer(finish, "No.", []).ToJson();

}

using System.Text;
using System.Text.Json.Nodes;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>COR-17's requests over a real socket, its evidence through the real judge.</summary>
public sealed class ToolQuestionsTests
{
    private static readonly ToolBench Drawn = ToolBench.Draw();
    private static readonly byte[] Pack = Drawn.Pack("m");

    [Fact]
    public async Task A_replay_of_the_reference_passes() => Assert.IsType<Verdict.Pass>((await JudgedAsync(ToolShim.None)).Verdict);

    [Theory]
    [InlineData(ToolShim.DropArgument, "answers with calls lack a required argument (the first: item tool-")]
    [InlineData(ToolShim.SuppressCalls, "calls suppressed: recall ")]
    [InlineData(ToolShim.CallNeedlessly, "calls made where the reference makes none: recall 100 %, precision ")]
    [InlineData(ToolShim.BreakArguments, "answers with calls have arguments that are no JSON")]
    [InlineData(ToolShim.RepeatArgument, "answers with calls have arguments that are no JSON")]
    [InlineData(ToolShim.InventTools, "answers with calls name a tool that was not offered")]
    [InlineData(ToolShim.AnnounceOnly, "answers with calls say finish_reason tool_calls and make no call")]
    [InlineData(ToolShim.EndOtherwise, "answers with calls make a call under another finish_reason")]
    [InlineData(ToolShim.FailNowAndThen, "are no answer (the first: item ")]
    [InlineData(ToolShim.DropMember, "structured answers lack a required member")]
    public async Task A_shim_fails_and_its_cause_is_named(ToolShim shim, string cause) =>
        Assert.Contains(cause, Assert.IsType<Verdict.Fail>((await JudgedAsync(shim)).Verdict).Measured, StringComparison.Ordinal);

    [Fact]
    public async Task A_request_is_greedy_and_whole_and_tells_nothing_of_what_is_expected()
    {
        var seen = new List<JsonObject>();
        await MeasureAsync(request =>
        {
            lock (seen)
                seen.Add(request);
            return GivenWire.PlainJson(Said("x"));
        });

        Assert.Equal(ToolBench.Prompts + ToolBench.Structured, seen.Count);
        Assert.All(seen, request =>
        {
            Assert.Equal((0, 256), (request["temperature"]!.GetValue<int>(), request["max_tokens"]!.GetValue<int>()));
            Assert.Empty(request.Select(member => member.Key).Except(["messages", "tools", "tool_choice", "response_format", "max_tokens", "temperature", "model"]));
        });
    }

    [Theory]
    [InlineData("""{"choices":[]}""", "choices has 0 elements")]
    [InlineData("""{"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"message":{"content":"b"},"finish_reason":"stop"}]}""", "choices has 2 elements")]
    [InlineData("""{"choices":[1]}""", "choices[0] holds a value of kind Number")]
    [InlineData("""{"choices":[{"finish_reason":"stop"}]}""", "message is missing")]
    [InlineData("""{"choices":[{"message":{"tool_calls":{}}}]}""", "tool_calls is of kind Object")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}}]}""", "function.arguments is of kind Object")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]}""", "function.name is missing")]
    [InlineData("""{"choices":[{"message":{"content":[]}}]}""", "content is of kind Array")]
    [InlineData("""{"choices":[{"message":{"content":"a\ud800"}}]}""", "content is not valid Unicode")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"a\u0000\"}}]}", "is not JSON")]
    [InlineData("no JSON", "is not JSON")]
    public async Task What_is_no_answer_is_kept_with_what_it_said(string body, string why)
    {
        var m = await MeasureAsync(_ => GivenWire.PlainJson(body));

        Assert.Equal(ToolBench.Prompts + ToolBench.Structured, m.Facts.Count);
        Assert.All(m.Facts, fact =>
        {
            Assert.StartsWith("failed.", fact.Key, StringComparison.Ordinal);
            Assert.Contains(why, fact.Value, StringComparison.Ordinal);
            Assert.Contains($"It said: {body[..7]}", fact.Value, StringComparison.Ordinal);
            Assert.DoesNotContain('\0', fact.Value);
        });
    }

    [Fact]
    public async Task What_a_server_gives_no_end_is_kept_in_bounds_and_calls_beside_it_whole()
    {
        var m = await MeasureAsync(request => GivenWire.PlainJson(request.ContainsKey("tools") ? Said(new string('x', 60_000)) : Said(new string('x', 30_000))));

        Assert.All(m.Facts, fact => Assert.InRange(fact.Value.Length, 1, 20 << 10));
        Assert.Equal(ToolBench.Prompts, m.Facts.Count(fact => fact.Key.StartsWith("answer.", StringComparison.Ordinal)));
        Assert.All(m.Facts.Where(fact => fact.Key.StartsWith("failed.", StringComparison.Ordinal)), fact => Assert.Contains("characters, and 20480 are kept", fact.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_evidence_of_a_hostile_server_can_be_read_again()
    {
        var m = await MeasureAsync(_ => GivenWire.PlainJson("""{"choices":[{"message":{"content":"\u0000\u202e\ud83d\ude00\"\\","tool_calls":[{"id":"\u0000","function":{"name":"\u0000","arguments":"\u0000"}}]},"finish_reason":"\u0000"}]}"""));

        var again = Certificates.MeasurementFile.Read(Certificates.MeasurementFile.Write(m));

        Assert.Equal(m.Facts, again.Facts);
        Assert.IsType<Verdict.Fail>(Of(again).Verdict);
    }

    [Fact]
    public async Task A_server_that_hangs_up_for_good_is_no_wrong_answer() =>
        Assert.Equal(WireFailure.Broken, (await Assert.ThrowsAsync<WireException>(() => MeasureAsync(_ => null))).Kind);

    private static async Task<Finding> JudgedAsync(ToolShim shim)
    {
        var replay = new ToolReplay(Drawn, shim);
        return Of(await MeasureAsync(request => replay.TryAnswer(request) is var (status, body) ? GivenWire.PlainJson(body.ToJsonString(), status) : GivenWire.PlainJson("{}", 400)));
    }

    private static Finding Of(Measurement m)
    {
        var plan = Given.Plan with { ModelKind = "llm", Text = new() { Precision = PrecisionClass.Bits16, VocabularySize = 8, Documents = [], Tools = "golden/tools.jsonl" } };
        return Judge.Run(Given.Standard(Clauses.ToolCalls), new Evidence(plan, [m], InMemoryFiles.Empty.With("golden/tools.jsonl", Pack))).Finding("COR-17");
    }

    private static string Said(string content) => new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject { ["message"] = new JsonObject { ["content"] = content }, ["finish_reason"] = "stop" }),
    }.ToJsonString();

    /// <param name="answer">Null: the server hangs up.</param>
    private static async Task<Measurement> MeasureAsync(Func<JsonObject, byte[]?> answer)
    {
        using var server = ScriptedServer.OnUnixSocket(peer =>
        {
            while (peer.ReadRequest())
            {
                var request = Encoding.UTF8.GetString(peer.Request);
                if (answer(JsonNode.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])!.AsObject()) is not { } bytes)
                    return;
                peer.Send(bytes);
            }
        });
        TextQuestions Open() => new(server.Transport, "m", GivenWire.Ample, TimeProvider.System, new UsageTally(), (_, _) => { }, TestContext.Current.CancellationToken);
        return await new ToolQuestions(Open, ToolPack.TryRead(Pack, "p", [])!, streams: 4).MeasureAsync();
    }
}

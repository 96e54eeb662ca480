using System.Text;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class ToolPackTests
{
    private const string Head = """{"schema":"adaptation.tool-pack/v1","model":"m","reference":"r","self_runs":4,"f1_lowest_ppm":900000,"max_tokens":64}""";
    private const string Tool = """{"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":{"type":"object"}}}""";
    private const string Item = $$"""{"id":"one","messages":[{"role":"user","content":"hi"}],"tools":[{{Tool}}],"finish_reason":"tool_calls"}""";
    private const string Asked = """{"id":"two","messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}""";

    [Fact]
    public void A_pack_says_what_is_asked_and_what_the_reference_did()
    {
        var pack = Assert.IsType<ToolPack>(ToolPack.TryRead(Bytes(Head, Item, Asked), "p", []));

        Assert.Equal(("m", "r", 4L, 900_000L, 64, 2), (pack.Model, pack.Reference, pack.SelfRuns, pack.LowestF1Ppm, pack.MaxTokens, pack.Items.Length));
        Assert.Equal((true, ToolChoice.Auto, false), (pack.Items[0].Called, pack.Items[0].Choice, pack.Items[0].IsStructured));
        Assert.True(pack.Items[1].IsStructured);
    }

    [Fact]
    public void A_request_holds_what_is_asked_and_not_what_the_reference_did()
    {
        var pack = ToolPack.TryRead(Bytes(Head, Item, Asked), "p", [])!;

        Assert.Equal(["messages", "tools"], pack.Items[0].Request.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["messages", "response_format"], pack.Items[1].Request.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public void The_generator_of_the_controls_makes_a_pack_of_both_kinds()
    {
        var problems = new List<Problem>();
        var pack = ToolPack.TryRead(ToolBench.Draw().Pack("m"), "p", problems);

        Assert.Empty(problems);
        Assert.Equal((ToolBench.Prompts, ToolBench.Structured), (pack!.Items.Count(item => !item.IsStructured), pack.Items.Count(item => item.IsStructured)));
        Assert.Equal(Enum.GetValues<ToolChoice>(), pack.Items.Select(item => item.Choice).Distinct().Order());
    }

    [Theory]
    [InlineData("", "", "p:1: is empty")]
    [InlineData(Head, "", "p:2: there is no item")]
    [InlineData("{}", Item, "p:1: schema: is missing")]
    [InlineData("""{"schema":"adaptation.tool-pack/v2","model":"m","reference":"r","self_runs":4,"f1_lowest_ppm":1,"max_tokens":1}""", Item, "p:1: schema: is `adaptation.tool-pack/v2`")]
    [InlineData("""{"schema":"adaptation.tool-pack/v1","model":"m","reference":"r","self_runs":0,"f1_lowest_ppm":1,"max_tokens":1}""", Item, "p:1: self_runs: is 0")]
    [InlineData("""{"schema":"adaptation.tool-pack/v1","model":"m","reference":"r","self_runs":1,"f1_lowest_ppm":1000001,"max_tokens":1}""", Item, "p:1: f1_lowest_ppm: is 1000001")]
    [InlineData("""{"schema":"adaptation.tool-pack/v1","model":"m","reference":"","self_runs":1,"f1_lowest_ppm":1,"max_tokens":1.5}""", Item, "p:1: max_tokens: is 1.5")]
    [InlineData("""{"schema":"adaptation.tool-pack/v1","model":"m","reference":"r","self_runs":1,"f1_lowest_ppm":1,"max_tokens":1,"seed":1}""", Item, "p:1: seed: is no member that is known")]
    [InlineData(Head, "[]", "p:2: is JSON of kind Array")]
    [InlineData(Head, "{\"id\":", "p:2: is not one JSON object on one line")]
    [InlineData(Head, """{"id":"a","id":"b"}""", "p:2: is not one JSON object on one line")]
    [InlineData(Head, $$"""{"id":"One","messages":[{}],"tools":[{{Tool}}],"finish_reason":"stop"}""", "p:2: id: `One` is not an id")]
    [InlineData(Head, $$"""{"id":"a","messages":[],"tools":[{{Tool}}],"finish_reason":"stop"}""", "p:2: messages: is no array of one message")]
    [InlineData(Head, $$"""{"id":"a","messages":[1],"tools":[{{Tool}}],"finish_reason":"stop"}""", "p:2: messages")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}],"finish_reason":"length"}""", "p:2: finish_reason: is `length`")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}]}""", "p:2: finish_reason: is missing")]
    [InlineData(Head, """{"id":"a","messages":[{}],"tools":[],"finish_reason":"stop"}""", "p:2: tools: is empty")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[1,{{Tool}}],"finish_reason":"stop"}""", "p:2: tools[0]: is of kind Number")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}},{{Tool}}],"finish_reason":"stop"}""", "p:2: tools[1].function.name: `f` is there twice")]
    [InlineData(Head, """{"id":"a","messages":[{}],"tools":[{"type":"function","function":{"name":"f"}}],"finish_reason":"stop"}""", "p:2: tools[0].function.parameters: is missing")]
    [InlineData(Head, """{"id":"a","messages":[{}],"tools":[{"type":"retrieval"}],"finish_reason":"stop"}""", "p:2: tools[0].type: is `retrieval`")]
    [InlineData(Head, """{"id":"a","messages":[{}],"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"a":{"pattern":"x"}}}}}],"finish_reason":"stop"}""",
        "p:2: tools[0].function.parameters.properties.a.pattern: is no keyword that is checked here")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}],"tool_choice":"any","finish_reason":"stop"}""", "p:2: tool_choice: is \"any\"")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}],"tool_choice":{"type":"function","function":{"name":"g"} },"finish_reason":"tool_calls"}""", "p:2: tool_choice.function.name: `g` is none of the tools")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}],"tool_choice":"required","finish_reason":"stop"}""", "p:2: finish_reason: is not what tool_choice asks for")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}],"tool_choice":"none","finish_reason":"tool_calls"}""", "p:2: finish_reason: is not what tool_choice asks for")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}],"finish_reason":"stop","temperature":1}""", "p:2: temperature: is no member that is known")]
    [InlineData(Head, """{"id":"a","messages":[{}],"response_format":{"type":"json_object"}}""", "p:2: response_format.type: is `json_object`")]
    [InlineData(Head, """{"id":"a","messages":[{}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"if":true}}}}""", "p:2: response_format.json_schema.schema.if: is no keyword")]
    [InlineData(Head, $$"""{"id":"a","messages":[{}],"tools":[{{Tool}}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{} } },"finish_reason":"stop"}""", "p:2: tools: is no member")]
    public void What_is_wrong_with_a_pack_is_said_with_line_and_member(string head, string item, string problem)
    {
        var problems = new List<Problem>();

        Assert.Null(ToolPack.TryRead(head.Length == 0 ? Array.Empty<byte>() : Bytes(item.Length == 0 ? [head] : [head, item]), "p", problems));
        Assert.Contains(problems, said => said.ToString().StartsWith(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void An_id_that_is_there_twice_is_refused_where_it_is_there_again()
    {
        var problems = new List<Problem>();

        Assert.Null(ToolPack.TryRead(Bytes(Head, Item, Asked, Item), "p", problems));
        Assert.Equal("p:4: id: `one` is there twice", Assert.Single(problems).ToString());
    }

    [Fact]
    public void A_request_that_is_there_twice_under_two_ids_is_refused_since_it_would_count_twice()
    {
        var problems = new List<Problem>();

        // the same in other words: a space, an escape, members the other way round
        var spelled = Item.Replace("\"one\"", "\"three\"", StringComparison.Ordinal).Replace("\"hi\"", "\"\\u0068i\"", StringComparison.Ordinal).Replace("{\"role\":\"user\",", "{ ", StringComparison.Ordinal)
            .Replace("i\"}]", "i\",\"role\":\"user\"}]", StringComparison.Ordinal);
        Assert.NotEqual(Item, spelled);
        Assert.Null(ToolPack.TryRead(Bytes(Head, Item, Asked, spelled), "p", problems));
        Assert.Equal("p:4: asks what line 2 asks; each item is another request", Assert.Single(problems).ToString());
    }

    [Fact]
    public void Bytes_that_are_no_text_and_packs_beyond_all_measure_are_refused_and_few_problems_said()
    {
        var (problems, many) = (new List<Problem>(), new List<Problem>());

        Assert.Null(ToolPack.TryRead((byte[])[.. Bytes(Head), 0xff, (byte)'\n'], "p", problems));
        Assert.StartsWith("p:2: is not UTF-8", Assert.Single(problems).ToString(), StringComparison.Ordinal);
        Assert.Null(ToolPack.TryRead(Bytes([Head, .. Enumerable.Repeat("{}", 5000)]), "p", many));
        Assert.Equal(20, many.Count);
        Assert.Null(ToolPack.TryRead(Bytes([Head, .. Enumerable.Range(0, ToolPack.MostItems + 1).Select(at => Item.Replace("one", $"i{at}", StringComparison.Ordinal).Replace("\"hi\"", $"\"hi {at}\"", StringComparison.Ordinal))]), "p", problems));
        Assert.Contains("at most 4000", problems[^1].Message, StringComparison.Ordinal);
    }

    private static byte[] Bytes(params IEnumerable<string> lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
}

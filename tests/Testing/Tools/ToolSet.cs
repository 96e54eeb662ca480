using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Adaptation.Testing;

/// <summary>A tool of the generator: its schema, and arguments that keep to it. The first member of the arguments is a required one.</summary>
/// <param name="Draw">Given a source of numbers below an end.</param>
internal sealed record ToolDraft(string Name, string Parameters, Func<Func<int, int>, string> Draw)
{
    public JsonNode Declared() => new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = Name, ["description"] = $"Does what {Name} says.", ["parameters"] = JsonNode.Parse(Parameters) },
    };
}

/// <summary>Tools whose schemas use every keyword that the standard's validator knows for arguments.</summary>
internal static class ToolSet
{
    private static readonly ImmutableArray<string> Cities = ["成都", "Oslo", "Nairobi", "東京", "São Paulo", "Ürümqi"];

    public static ImmutableArray<ToolDraft> All { get; } =
    [
        new("get_weather", """
            {"type":"object","properties":{"unit":{"enum":["celsius","fahrenheit"]},"city":{"type":"string","minLength":1,"maxLength":40},"days":{"type":"integer","minimum":1,"maximum":10}},
             "required":["unit","city"],"additionalProperties":false}
            """,
            below => $$"""{"unit":"{{(below(2) == 0 ? "celsius" : "fahrenheit")}}","city":"{{Cities[below(Cities.Length)]}}","days":{{1 + below(10)}}{{(below(3) == 0 ? ".0" : "")}}}"""),
        new("convert_currency", """
            {"type":"object","properties":{"amount":{"type":"number","exclusiveMinimum":0,"multipleOf":0.01},"from":{"$ref":"#/$defs/code"},"to":{"$ref":"#/$defs/code"}},
             "required":["amount","from","to"],"additionalProperties":false,"$defs":{"code":{"type":"string","minLength":3,"maxLength":3}}}
            """,
            below => $$"""{"amount":{{1 + below(9999)}}.{{below(100):00}},"from":"CNY","to":"{{(below(2) == 0 ? "NOK" : "KES")}}"}"""),
        new("set_alarm", """
            {"type":"object","properties":{"time":{"type":"array","prefixItems":[{"type":"integer","minimum":0,"exclusiveMaximum":24},{"type":"integer","minimum":0,"exclusiveMaximum":60}],"items":false,"minItems":2},
             "days":{"type":"array","items":{"enum":["mon","tue","wed","thu","fri","sat","sun"]},"uniqueItems":true,"maxItems":7},"label":{"type":["string","null"]}},
             "required":["time"],"additionalProperties":false}
            """,
            below => $$"""{"time":[{{below(24)}},{{below(60)}}],"days":["mon","sun"],"label":{{(below(2) == 0 ? "null" : "\"up\"")}}}"""),
        new("find_rows", """
            {"type":"object","properties":{"where":{"anyOf":[{"type":"string","minLength":1},{"type":"object","minProperties":1,"additionalProperties":{"type":["string","number","boolean"]}}]},
             "page":{"allOf":[{"type":"integer"},{"not":{"const":0}}]}},"required":["where"]}
            """,
            below => below(2) == 0 ? $$"""{"where":"id = {{below(1000)}}"}""" : $$"""{"where":{"id":{{below(1000)}},"open":true},"page":{{1 + below(9)}}}"""),
    ];
}

using System.Diagnostics;
using System.Text.Json;

namespace Adaptation.Core.Tests;

/// <summary>Each keyword by what the specification says of it (JSON Schema 2020-12, core 10 and validation 6).</summary>
public sealed class JsonSchemaTests
{
    [Theory]
    [InlineData("""{"type":"null"}""", "null", "0")]
    [InlineData("""{"type":"boolean"}""", "true", "\"true\"")]
    [InlineData("""{"type":"string"}""", "\"\"", "1")]
    [InlineData("""{"type":"number"}""", "1.5", "\"1.5\"")]
    [InlineData("""{"type":"object"}""", "{}", "[]")]
    [InlineData("""{"type":"array"}""", "[]", "{}")]
    [InlineData("""{"type":"integer"}""", "1.0", "1.5")] // 6.1.1: a number with a zero fractional part
    [InlineData("""{"type":"integer"}""", "10e-1", "1e-1")]
    [InlineData("""{"type":"integer"}""", "1e400", "1e-400")]
    [InlineData("""{"type":"integer"}""", "-0.0", "0.5")]
    [InlineData("""{"type":["string","null"]}""", "null", "false")]
    [InlineData("""{"enum":["a",1,null,{"b":[1]}]}""", "{\"b\":[1.0]}", "{\"b\":[2]}")]
    [InlineData("""{"enum":["a",1,null]}""", "1.0e0", "\"1\"")]
    [InlineData("""{"const":{"a":1,"b":2}}""", """{"b":2,"a":1}""", """{"b":2}""")]
    [InlineData("""{"const":false}""", "false", "0")] // 4.2.2: false is not 0
    [InlineData("""{"minimum":1.1}""", "1.1", "1.09999999999999999999999")]
    [InlineData("""{"maximum":9007199254740992}""", "9007199254740992", "9007199254740993")] // which are one double
    [InlineData("""{"exclusiveMinimum":0}""", "1e-9999", "0e9")]
    [InlineData("""{"exclusiveMaximum":3}""", "2.99", "3.0")]
    [InlineData("""{"minimum":-2}""", "-1", "-3")]
    [InlineData("""{"minimum":10}""", "\"a text has no size\"", "9")]
    [InlineData("""{"multipleOf":0.01}""", "19.99", "19.995")] // 19.99 / 0.01 is no integer among doubles
    [InlineData("""{"multipleOf":3}""", "1.2e1", "1e400")]
    [InlineData("""{"multipleOf":3}""", "0", "0.3")]
    [InlineData("""{"multipleOf":0.0001}""", "0.0075", "0.00751")]
    [InlineData("""{"minLength":2}""", "\"ab\"", "\"\\ud83d\\ude00\"")] // one character beyond the basic plane
    [InlineData("""{"maxLength":1}""", "\"\\ud83d\\ude00\"", "\"ab\"")]
    [InlineData("""{"minItems":1.0}""", "[0]", "[]")]
    [InlineData("""{"maxItems":1}""", "[0]", "[0,0]")]
    [InlineData("""{"uniqueItems":true}""", "[1,true,\"1\",{}]", "[1,1.0]")]
    [InlineData("""{"uniqueItems":true}""", """[{"a":1,"b":2},{"a":2,"b":1}]""", """[{"a":1,"b":2},{"b":2,"a":1}]""")]
    [InlineData("""{"minProperties":1}""", """{"a":0}""", "{}")]
    [InlineData("""{"maxProperties":0}""", "{}", """{"a":0}""")]
    [InlineData("""{"required":["a"]}""", """{"a":null}""", """{"A":1}""")]
    [InlineData("""{"properties":{"a":{"type":"string"}}}""", """{"b":1}""", """{"a":1}""")]
    [InlineData("""{"properties":{"a":true},"additionalProperties":false}""", """{"a":1}""", """{"a":1,"b":1}""")]
    [InlineData("""{"properties":{"a":true},"additionalProperties":{"type":"string"}}""", """{"a":1,"b":""}""", """{"b":1}""")]
    [InlineData("""{"additionalProperties":false}""", "{}", """{"a":1}""")]
    [InlineData("""{"items":{"type":"integer"}}""", "[1,2]", "[1,\"2\"]")]
    [InlineData("""{"items":false}""", "[]", "[1]")]
    [InlineData("""{"prefixItems":[{"type":"string"}]}""", "[\"a\",1]", "[1]")]
    [InlineData("""{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}""", "[\"a\",1]", "[\"a\",\"b\"]")]
    [InlineData("""{"prefixItems":[true,{"type":"string"}],"items":false}""", "[1]", "[1,\"a\",2]")]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":2}]}""", "1", "3")]
    [InlineData("""{"anyOf":[{"minimum":5},{"maximum":1}]}""", "1", "3")]
    [InlineData("""{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}""", "4", "6")]
    [InlineData("""{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}""", "9", "5")]
    [InlineData("""{"not":{"type":"integer"}}""", "1.5", "2")]
    [InlineData("""{"$ref":"#/$defs/a","minimum":2,"$defs":{"a":{"type":"integer"}}}""", "2", "1")] // 2020-12: what stands beside $ref holds too
    [InlineData("""{"properties":{"x":{"$ref":"#/$defs/b"}},"$defs":{"a":{"const":1},"b":{"items":{"$ref":"#/$defs/a"}}}}""", """{"x":[1]}""", """{"x":[2]}""")]
    [InlineData("""{"title":"t","description":"d","default":1,"examples":[],"$comment":"c","format":"email","type":"string"}""", "\"no mail address\"", "1")]
    public void A_keyword_lets_through_what_the_specification_does(string schema, string valid, string invalid)
    {
        Assert.Null(Read(schema).Check(Json(valid)));
        Assert.NotNull(Read(schema).Check(Json(invalid)));
    }

    [Fact]
    public void True_and_false_are_schemas() => Assert.Equal((true, false), (Read("true").Check(Json("1")) is null, Read("false").Check(Json("1")) is null));

    [Theory]
    [InlineData("""{"properties":{"a":{"properties":{"b":{"items":{"type":"string"}}}}}}""", """{"a":{"b":["",1]}}""", SchemaFaultKind.WrongType, "$.a.b[1]")]
    [InlineData("""{"properties":{"a":{"required":["b"]}}}""", """{"a":{}}""", SchemaFaultKind.MissingMember, "$.a.b")]
    [InlineData("""{"additionalProperties":false}""", """{"x":1}""", SchemaFaultKind.UndeclaredMember, "$.x")]
    [InlineData("""{"properties":{"a":{"enum":[1]}}}""", """{"a":2}""", SchemaFaultKind.WrongValue, "$.a")]
    public void A_fault_says_what_it_is_and_where(string schema, string value, object kind, string path)
    {
        var fault = Read(schema).Check(Json(value));

        Assert.Equal(((SchemaFaultKind)kind, path), (fault!.Kind, fault.Path));
    }

    [Theory]
    [InlineData("""{"pattern":"^a$"}""", "s.pattern: is no keyword that is checked here")]
    [InlineData("""{"properties":{"a":{"requried":["b"]}}}""", "s.properties.a.requried: is no keyword that is checked here")]
    [InlineData("""{"patternProperties":{}}""", "s.patternProperties")]
    [InlineData("""{"if":true}""", "s.if")]
    [InlineData("""{"dependentRequired":{}}""", "s.dependentRequired")]
    [InlineData("""{"unevaluatedProperties":false}""", "s.unevaluatedProperties")]
    [InlineData("""{"nullable":true}""", "s.nullable")]
    [InlineData("""{"definitions":{}}""", "s.definitions")]
    [InlineData("""{"$id":"x"}""", "s.$id")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#"}""", "s.$schema")]
    [InlineData("""{"items":{"$schema":"https://json-schema.org/draft/2020-12/schema"}}""", "s.items.$schema")]
    [InlineData("""{"type":"float"}""", "s.type: `float` is none of")]
    [InlineData("""{"type":[]}""", "s.type")]
    [InlineData("""{"type":["string","string"]}""", "s.type: names string twice")]
    [InlineData("""{"type":1}""", "s.type")]
    [InlineData("""{"required":"a"}""", "s.required")]
    [InlineData("""{"required":[1]}""", "s.required")]
    [InlineData("""{"required":["a","a"]}""", "s.required")]
    [InlineData("""{"enum":[]}""", "s.enum")]
    [InlineData("""{"minimum":"1"}""", "s.minimum: is of kind String; expected a number")]
    [InlineData("""{"multipleOf":0}""", "s.multipleOf")]
    [InlineData("""{"multipleOf":-1}""", "s.multipleOf")]
    [InlineData("""{"multipleOf":1234567890123456789012345678901234567890123}""", "more than 40 digits")]
    [InlineData("""{"minLength":-1}""", "s.minLength")]
    [InlineData("""{"maxItems":1.5}""", "s.maxItems")]
    [InlineData("""{"maxItems":1e99}""", "s.maxItems")]
    [InlineData("""{"uniqueItems":1}""", "s.uniqueItems")]
    [InlineData("""{"properties":[]}""", "s.properties")]
    [InlineData("""{"properties":{"a":1}}""", "s.properties.a: is of kind Number; expected a schema")]
    [InlineData("""{"items":[{}]}""", "s.items: is of kind Array")] // of older dialects
    [InlineData("""{"anyOf":[]}""", "s.anyOf")]
    [InlineData("""{"additionalProperties":{"bogus":1}}""", "s.additionalProperties.bogus")]
    [InlineData("""{"prefixItems":[true,{"bogus":1}]}""", "s.prefixItems[1].bogus")]
    [InlineData("""{"oneOf":[true,{"bogus":1}]}""", "s.oneOf[1].bogus")]
    [InlineData("""{"not":{"bogus":1}}""", "s.not.bogus")]
    [InlineData("""{"$defs":{"unused":{"bogus":1}}}""", "s.$defs.unused.bogus")]
    [InlineData("""{"items":{"$defs":{}}}""", "s.items.$defs")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "s.$ref: refers to #/$defs/none, which is not there")]
    [InlineData("""{"$ref":"#"}""", "s.$ref")]
    [InlineData("""{"$ref":"https://example.org/s"}""", "s.$ref")]
    [InlineData("""{"$ref":"#/properties/a","properties":{"a":true}}""", "s.$ref")]
    [InlineData("""{"$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}""", "from within itself")]
    [InlineData("""{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}""", "from within itself")]
    [InlineData("""{"format":1}""", "s.format")]
    [InlineData("1", "s: is of kind Number; expected a schema")]
    public void A_schema_that_would_be_checked_in_part_is_refused_with_its_path(string schema, string problem) =>
        Assert.Contains(Problems(schema), said => said.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void References_in_a_long_row_are_refused_and_do_not_end_the_process()
    {
        const int Definitions = 3_000;
        var row = Enumerable.Range(0, Definitions).Select(at => "\"d" + at + "\":{\"$ref\":\"#/$defs/d" + (at + 1) + "\"}");

        Assert.Contains(Problems("{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + string.Join(',', row) + "}}"), said => said.Contains("lies behind 64 references", StringComparison.Ordinal));
    }

    [Fact]
    public void References_that_double_at_every_step_are_refused_and_cost_nothing()
    {
        const string Step = """
            "dA":{"allOf":[{"$ref":"#/$defs/dB"},{"$ref":"#/$defs/dB"}]}
            """;
        var definitions = Enumerable.Range(0, 60).Select(at => Step.Replace("dA", $"d{at}", StringComparison.Ordinal).Replace("dB", $"d{at + 1}", StringComparison.Ordinal));
        var schema = "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + string.Join(',', definitions) + ",\"d60\":{\"type\":\"string\"}}}";

        Assert.Contains(Problems(schema), said => said.Contains("at most 2000", StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_of_huge_exponents_cost_no_more_than_their_digits()
    {
        var watch = Stopwatch.StartNew();
        var huge = Json($"1e{new string('9', 2000)}");

        Assert.Null(Read("""{"type":"integer","minimum":1e999999999999,"multipleOf":5}""").Check(huge));
        Assert.NotNull(Read("""{"multipleOf":3}""").Check(huge));
        Assert.NotNull(Read("""{"type":"integer"}""").Check(Json($"1e-{new string('9', 2000)}")));
        Assert.Null(Read($$"""{"enum":[1e{{new string('9', 2000)}}]}""").Check(Json($"10e{new string('9', 1999)}8")));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("{} {}")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":1} // done")]
    [InlineData("```json\n{}\n```")]
    [InlineData("")]
    public void Text_that_two_readers_could_take_for_two_things_is_no_JSON(string text) => Assert.Null(JsonText.TryParse(text, out _));

    [Fact]
    public void Nesting_without_end_is_no_JSON() => Assert.Null(JsonText.TryParse(new string('[', 100_000), out _));

    internal static JsonSchema Read(string schema)
    {
        var problems = new List<string>();
        var read = JsonSchemaReader.Read(Json(schema), "s", (path, message) => problems.Add($"{path}: {message}"));
        Assert.Empty(problems);
        return read;
    }

    private static List<string> Problems(string schema)
    {
        var problems = new List<string>();
        JsonSchemaReader.Read(Json(schema), "s", (path, message) => problems.Add($"{path}: {message}"));
        return problems;
    }

    private static JsonElement Json(string text) => Assert.NotNull(JsonText.TryParse(text, out _));
}

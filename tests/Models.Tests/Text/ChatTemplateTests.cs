using System.Text.Json;

namespace Adaptation.Models.Tests;

public sealed class ChatTemplateTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly JsonElement Messages = JsonElement.Parse("""[{"role":"system","content":"S"},{"role":"user","content":"Uvw"}]""");

    public static TheoryData<string> Published =>
        ["Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "GLM-4.6", "ByteDance-Seed-OSS"];

    [Theory, MemberData(nameof(Published))]
    public void Published_templates_render_as_Jinja_renders_them(string name)
    {
        var template = ChatTemplate.Parse(File.ReadAllText(PathOf($"{name}.jinja")));
        using var recorded = JsonDocument.Parse(File.ReadAllBytes(PathOf("rendered.json")));
        var cases = recorded.RootElement.GetProperty("cases").EnumerateArray().Zip(recorded.RootElement.GetProperty("rendered").GetProperty(name).EnumerateArray());

        Assert.All(cases, recordedCase =>
        {
            var (given, expected) = recordedCase;
            if (expected.ValueKind == JsonValueKind.Null)
                Assert.Throws<ModelException>(() => template.Render(Input(given)));
            else
                Assert.Equal(expected.GetString(), template.Render(Input(given)));
        });
    }

    [Fact]
    public void Each_part_of_the_language_does_what_Jinja_does()
    {
        using var recorded = JsonDocument.Parse(File.ReadAllBytes(PathOf("small.json")));

        Assert.All(recorded.RootElement.EnumerateArray(), pair => Assert.Equal(pair[1].GetString(), Render(pair[0].GetString()!)));
    }

    [Fact]
    public void The_messages_alone_suffice()
    {
        var template = ChatTemplate.Parse("{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}{% if add_generation_prompt %}!{% endif %}{{ tools is none }}");

        Assert.Equal("<s>system:S;user:Uvw;!True", template.Render(Messages, tools: null, addGenerationPrompt: true, "<s>", "</s>"));
    }

    [Theory]
    [InlineData("a\n{{ raise_exception('roles must alternate') }}", "line 2: the template refuses: roles must alternate")]
    [InlineData("{% for x in range(99999) %}{% for y in range(99999) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "deep")]
    [InlineData("{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}", "16 million")]
    [InlineData("{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}", "16 million")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}", "16 million")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}", "16 million")]
    [InlineData("{% set ns = namespace(x=[1],y=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}", "compared")]
    [InlineData("{{ range(1000000) }}", "range of more than")]
    [InlineData("{{ 'x' * 1000000000 }}", "repeated")]
    [InlineData("{{ strftime_now('%j') }}", "%j")]
    [InlineData("{{ messages.append(1) }}", "sandbox")]
    [InlineData("{{ nothing.role }}", "'nothing' is undefined")]
    [InlineData("{{ nothing() }}", "'nothing' is undefined")]
    [InlineData("{{ 'a' + 1 }}", "cannot be applied")]
    [InlineData("{{ 1 / 0 }}", "division by zero")]
    [InlineData("{{ 'a' | sparkle }}", "the filter sparkle is not supported")]
    [InlineData("{{ 'a' is sparkly }}", "the test sparkly is not supported")]
    [InlineData("{{ '<'|safe + 'b' }}", "safe")]
    [InlineData("{{ nothing | tojson }}", "cannot be written as JSON")]
    public void What_cannot_be_rendered_is_said_with_its_line(string template, string words) =>
        Assert.Contains(words, Assert.Throws<ModelException>(() => Render(template)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ a")]
    [InlineData("{% if a %}")]
    [InlineData("{% endif %}")]
    [InlineData("{% include 'x' %}")]
    [InlineData("{% raw %}{{{% endraw %}")]
    [InlineData("{# a")]
    [InlineData("{{ 'a }}")]
    [InlineData("{{ a ** b }}")]
    [InlineData("{{ a ! b }}")]
    [InlineData("{{ (1 }}")]
    [InlineData("{% set a.b.c = 1 %}")]
    [InlineData("{% for x in y recursive %}{% endfor %}")]
    [InlineData("{{ }}")]
    [InlineData("{{ a b }}")]
    [InlineData("{{ '\\ud800' }}")]
    public void What_is_malformed_or_not_supported_is_refused_when_it_is_read(string template) => Assert.Throws<ModelException>(() => ChatTemplate.Parse(template));

    [Fact]
    public void Nesting_without_end_is_refused_and_does_not_end_the_process()
    {
        Assert.Throws<ModelException>(() => ChatTemplate.Parse("{{ " + new string('(', 100_000)));
        Assert.Throws<ModelException>(() => ChatTemplate.Parse(string.Concat(Enumerable.Repeat("{% if a %}", 100_000))));
        Assert.Throws<ModelException>(() => ChatTemplate.Parse("{{ " + string.Concat(Enumerable.Repeat("not ", 100_000))));
    }

    [Fact]
    public void Without_a_clock_the_time_is_refused() =>
        Assert.Contains("asks for the time", Assert.Throws<ModelException>(() =>
            ChatTemplate.Parse("{{ strftime_now('%Y') }}").Render(Messages, tools: null, addGenerationPrompt: false, null, null)).Message, StringComparison.Ordinal);

    private static string Render(string template) => ChatTemplate.Parse(template).Render(new() { Messages = Messages, AddGenerationPrompt = true, Now = Now });

    private static ChatTemplateInput Input(JsonElement given) => new()
    {
        Messages = given.GetProperty("messages"),
        Tools = given.TryGetProperty("tools", out var tools) ? tools : null,
        AddGenerationPrompt = given.GetProperty("gen").GetBoolean(),
        BeginOfText = "<s>",
        EndOfText = "</s>",
        Variables = given.TryGetProperty("vars", out var variables) ? variables.EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value) : [],
        Now = Now,
    };

    private static string PathOf(string name) => Path.Combine(Vocabularies.Folder, "templates", name);
}

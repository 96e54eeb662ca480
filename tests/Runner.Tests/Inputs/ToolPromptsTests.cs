using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

public sealed class ToolPromptsTests : IDisposable
{
    private static readonly string Poet = Path.Combine(Golden.Root, "reference-models/tiny-poet/model.yaml");
    private readonly TempFolder _folder = new();

    [Fact]
    public void A_manifest_may_name_a_pack_among_its_files()
    {
        var problems = new List<Problem>();
        var model = ReferenceModelReader.TryRead(_folder.Write("model.yaml", Manifest(pinned: true)), "m.yaml", problems);

        Assert.Empty(problems);
        Assert.Equal("golden/tools.jsonl", model!.Text!.Tools);
        Assert.Null(ReferenceModelReader.TryRead(Poet, "m.yaml", problems)!.Text!.Tools);
    }

    [Fact]
    public void A_pack_that_is_not_pinned_is_refused()
    {
        var problems = new List<Problem>();
        ReferenceModelReader.TryRead(_folder.Write("model.yaml", Manifest(pinned: false)), "m.yaml", problems);

        Assert.Contains("`golden/tools.jsonl` is not among runner_files", Assert.Single(problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pack_of_another_model_or_with_a_schema_that_would_be_checked_in_part_stops_everything_with_its_line()
    {
        var model = ReferenceModelReader.TryRead(Poet, "models/m.yaml", [])!;
        var drawn = System.Text.Encoding.UTF8.GetString(ToolBench.Draw(prompts: 5, structured: 1).Pack("tiny-poet"));
        _folder.Write("tools.jsonl", drawn);
        Assert.Equal(6, ToolPrompts.Load(model, "tools.jsonl", _folder.Path).Items.Length);

        _folder.Write("tools.jsonl", drawn.Replace("\"tiny-poet\"", "\"other\"", StringComparison.Ordinal));
        Assert.StartsWith("models/tools.jsonl:1: model: is `other`", Refused(model), StringComparison.Ordinal);

        _folder.Write("tools.jsonl", drawn.Replace("\"required\":", "\"requires\":", StringComparison.Ordinal));
        Assert.Contains("requires: is no keyword that is checked here", Refused(model), StringComparison.Ordinal);
        Assert.StartsWith("models/tools.jsonl:2: tools[0].function.parameters.", Refused(model), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Refused(ReferenceModel model) => Assert.Throws<BadInputException>(() => ToolPrompts.Load(model, "tools.jsonl", _folder.Path)).Problems[0].ToString();

    private static string Manifest(bool pinned)
    {
        var text = File.ReadAllText(Poet).Replace("  chat_template: chat_template.jinja\n", "  chat_template: chat_template.jinja\n  tools: golden/tools.jsonl\n", StringComparison.Ordinal);
        return pinned ? text.Replace("text:  ", $"  - {{path: golden/tools.jsonl, bytes: 1, sha256: {new string('a', 64)}}}\ntext:  ", StringComparison.Ordinal) : text;
    }
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks a language model whose manifest names a pack of tool prompts to call tools and to keep to schemas (COR-17).</summary>
internal sealed class ToolStep : IStep
{
    public static ImmutableArray<string> All { get; } = ["COR-17"];

    public string Name => "tools";

    public LocalText Title { get; } = new("Ask for tool calls and structured output", "请求工具调用与结构化输出");

    public ImmutableArray<string> Checks => All;

    public bool IsFor(string modelKind) => modelKind == "llm";

    public TimeSpan Expected(RunContext run) => TimeSpan.FromMinutes(2);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var model = run.Inputs.Model;
        var pack = ToolPrompts.Load(model, model.Text!.Tools!, run.Prepared.RunnerFolder);
        var (server, _) = await run.StartServerAsync(beforeStart: null, cancellationToken);
        await using var running = server;
        var talk = new ServerTalk(run, server);
        var measured = ImmutableArray<Measurement>.Empty;
        await talk.DoAsync("was asked to call tools", async token =>
        {
            var questions = new ToolQuestions(() => talk.Open(token), pack, Math.Min(run.Inputs.Profile.Server.Streams, Neighbours.Most));
            measured = [await Task.Run(questions.MeasureAsync, CancellationToken.None)];
        }, cancellationToken);
        return measured;
    }
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>
/// Asks the same again, in one run and after a restart (COR-12), and a language model beside neighbours (COR-13), over its whole window (COR-15) and at a
/// task (COR-10, COR-11): each start is a container of its own.
/// </summary>
internal sealed class BehaviourStep : IStep
{
    public string Name => "behaviour";

    public LocalText Title { get; } = new("Ask again, after a restart, beside neighbours, at full length, at a task", "重复请求、重启后重复、并行邻居、长上下文、任务");

    public ImmutableArray<string> Checks { get; } = ["COR-10", "COR-11", "COR-12", "COR-13", "COR-15"];

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(run.Includes("COR-10") ? 40 : 8);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var measured = ImmutableArray.CreateBuilder<Measurement>();
        var sheet = new AnswerSheet();
        var starts = run.Includes("COR-12") ? run.Clause("COR-12").Limit("starts") : 1;
        for (var start = 1; start <= starts; start++)
        {
            // with a cache of its own, or a server could keep its answers there and give them again, new container or not
            var (server, _) = await run.StartServerAsync(run.Deployer.EmptyCache(), beforeStart: null, cancellationToken);
            await using var running = server;
            var talk = new ServerTalk(run, server);
            await talk.DoAsync("was asked the same again", token => AskAgainAsync(run, server, talk, sheet, start, token), cancellationToken);
            if (start > 1)
                continue;
            if (run.Includes("COR-15") && run.HasTensorFace)
                measured.Add(new Measurement { Check = "COR-15", Tensors = await TextServeStep.LogitsAsync(run, server, run.Prepared.Golden.Long, cancellationToken) });
            if (run.Includes("COR-13"))
                await talk.DoAsync("was asked beside neighbours", async token => measured.Add(await BesideAsync(run, talk, token)), cancellationToken);
            if (run.Includes("COR-10") || run.Includes("COR-11"))
                await talk.DoAsync("was at a task", async token => measured.AddRange(await AtTaskAsync(run, talk, token)), cancellationToken);
        }

        return run.Includes("COR-12") ? [.. measured, sheet.Measured("COR-12")] : measured.ToImmutable();
    }

    private static Task AskAgainAsync(RunContext run, Deployment server, ServerTalk talk, AnswerSheet sheet, int start, CancellationToken cancellationToken) =>
        !run.Includes("COR-12") ? Task.CompletedTask : Task.Run(
            () =>
            {
                var again = new SameAgain(sheet, run.Clause("COR-12").Limit("repeats"));
                again.Started(server, start);
                if (run.HasTensorFace)
                    again.Tensors(run, server, start, cancellationToken);
                if (run.Plan.ModelKind != "llm")
                    return;
                using var questions = talk.Open(cancellationToken);
                again.Texts(questions, start);
            }, CancellationToken.None);

    private static Task<ImmutableArray<Measurement>> AtTaskAsync(RunContext run, ServerTalk talk, CancellationToken cancellationToken)
    {
        var model = TextModelView.Load(run.Inputs.Model, run.Prepared.RunnerFolder);
        var tasks = new Tasks(
            () => talk.Open(cancellationToken), text => [.. model.Tokenizer.Encode(text, parseSpecial: false)], run.Plan, Math.Min(run.Inputs.Profile.Server.Streams, Neighbours.Most));
        return Task.Run(() => tasks.MeasureAsync(run.Clause("COR-10"), new EvidenceBlobs(run.Directory.Evidence)), CancellationToken.None);
    }

    private static Task<Measurement> BesideAsync(RunContext run, ServerTalk talk, CancellationToken cancellationToken)
    {
        var clause = run.Clause("COR-13");
        var size = (int)clause.Limit("size");
        ImmutableArray<int> sizes = [.. new[] { size, Math.Clamp(run.Inputs.Profile.Server.Streams, 2, Neighbours.Most) }.Distinct().Order()];
        ImmutableArray<ImmutableArray<int>> documents = [.. run.Plan.Text!.Documents.Select(document => document.Tokens)];
        return Task.Run(
            () => new Neighbours(() => talk.Open(cancellationToken), documents, (int)clause.Limit("targets"), (int)clause.Limit("tokens")).MeasureAsync(sizes), CancellationToken.None);
    }
}

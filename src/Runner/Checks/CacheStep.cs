using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Starts the server with the cache that its profile declares empty, as the cold start left it, and damaged in every way of <see cref="CacheStarts"/>, and asks each the same (COR-19).</summary>
/// <remarks>Its folder is no other step's. A start that breaks off is written down, not thrown: what a damage does is what is asked.</remarks>
internal sealed class CacheStep : IStep
{
    public string Name => "caches";

    public LocalText Title { get; } = new("Start with the cache empty, warm and damaged", "缓存为空、已有、损坏时启动");

    public ImmutableArray<string> Checks { get; } = ["COR-19"];

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(12);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var sheet = new AnswerSheet();
        var folder = new CacheFolder(run.Deployer.EmptyCache()!, run.Deployer.Scratch.Folder("kept"));
        try
        {
            await StartAllAsync(run, folder, sheet, cancellationToken);
        }
        catch (InvalidDataException unread)
        {
            sheet.Fact("unread", TextFacts.Bounded(unread.Message));
        }

        return [sheet.Measured("COR-19")];
    }

    private static async Task StartAllAsync(RunContext run, CacheFolder folder, AnswerSheet sheet, CancellationToken cancellationToken)
    {
        if (!await StartAsync(run, folder, sheet, CacheStarts.Cold, cancellationToken))
            return;
        var written = folder.List();
        if (CacheStarts.Damages(written) is not { IsEmpty: false } damages)
            return;
        folder.Keep(written);
        if (!await StartAsync(run, folder, sheet, CacheStarts.Warm, cancellationToken))
            return;
        foreach (var damage in damages)
        {
            folder.Restore();
            folder.Damage(damage);
            if (!await StartAsync(run, folder, sheet, damage, cancellationToken))
                return;
        }
    }

    /// <returns>Whether there is more to learn: not after a start that broke off where it may not.</returns>
    private static async Task<bool> StartAsync(RunContext run, CacheFolder folder, AnswerSheet sheet, string start, CancellationToken cancellationToken)
    {
        Note(sheet, $"{start}.before", folder);
        var end = await TryAskAsync(run, folder, sheet, start, cancellationToken);
        Note(sheet, $"{start}.after", folder);
        return end is null || (end != BackendEnd.Silent && start is not (CacheStarts.Cold or CacheStarts.Warm));
    }

    /// <returns>How it broke off; null if it answered everything.</returns>
    private static async Task<BackendEnd?> TryAskAsync(RunContext run, CacheFolder folder, AnswerSheet sheet, string start, CancellationToken cancellationToken)
    {
        try
        {
            var (server, _) = await run.StartServerAsync(folder.Path, beforeStart: null, cancellationToken);
            await using var running = server;
            sheet.Fact($"container.{start}", server.Container.Id);
            await new ServerTalk(run, server).DoAsync("was asked", token => Task.Run(() => Ask(run, server, sheet, start, token), CancellationToken.None), cancellationToken);
            return null;
        }
        catch (BackendBrokenException broken)
        {
            sheet.Fact($"{(broken.End == BackendEnd.Silent ? "broke" : "refused")}.{start}", TextFacts.Bounded(broken.Message));
            return broken.End;
        }
    }

    /// <exception cref="WireException">It did not answer.</exception>
    private static void Ask(RunContext run, Deployment server, AnswerSheet sheet, string start, CancellationToken cancellationToken)
    {
        var isText = run.Plan.ModelKind == "llm";
        if (run.HasTensorFace)
            AskTensors(run, server, sheet, start, isText ? 1 : run.Prepared.Golden.Inputs.Length, cancellationToken);
        if (!isText)
            return;
        // a request that a damaged server leaves unanswered is no sign of a missing network, which is what counts are for
        using var questions = new TextQuestions(
            server.Transport, run.Inputs.ServedName, run.Inputs.Profile.Server.AnswerWithin, run.Time, new UsageTally(),
            (answered, took) => server.Count(answered ? 1 : 0, answered ? 1 : 0, took), cancellationToken);
        AskText(questions, sheet, $"{start}.text", TextQuestions.CompletionRoute, Asked.Completion(Asked.Long, temperature: 0, Fidelity.Seed));
        AskText(questions, sheet, $"{start}.chat", TextQuestions.ChatRoute, Asked.Chat(Asked.Long, temperature: 0, Fidelity.Seed));
    }

    private static void AskTensors(RunContext run, Deployment server, AnswerSheet sheet, string start, int inputs, CancellationToken cancellationToken)
    {
        using var client = new OipClient(server.Transport, run.Time, WireLimits.Default);
        var buffer = new AnswerBuffer();
        foreach (var input in run.Prepared.Golden.Inputs.Take(inputs))
        {
            var asked = run.Time.GetTimestamp();
            var outputs = run.Prepared.InOrder(client.Infer(run.Prepared.Request(server.Transport, input), buffer, run.Inputs.Profile.Server.AnswerWithin, cancellationToken).Parse());
            server.Count(asked: 1, answered: 1, run.Time.GetElapsedTime(asked));
            foreach (var (at, output) in outputs.Index())
                sheet.Keep($"{start}.{GoldenPack.AnswerName(input.Id, at)}", new TensorFile("", run.Directory.KeepAnswer("caches", output.Data.Span), output.DataType, output.Shape));
        }
    }

    private static void AskText(TextQuestions questions, AnswerSheet sheet, string name, string route, JsonObject body)
    {
        var reply = questions.Ask(route, body);
        if (reply.Status != 200)
            throw new WireException(WireFailure.ServerError, $"{route} was answered with status {reply.Status}") { Status = reply.Status };
        sheet.Keep(name, reply.First);
    }

    private static void Note(AnswerSheet sheet, string moment, CacheFolder folder)
    {
        var files = folder.List();
        sheet.Fact($"files.{moment}", TextFacts.Number(files.Length));
        foreach (var file in files)
            sheet.Fact($"file.{moment}.{file.Name}", file.State);
    }
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One deployment without a model, which is handed the reference model with tensors inside it made outputs: what leaves its parts (COR-06).</summary>
internal sealed class LayerStep : IStep
{
    private const string Doing = "was asked for tensors inside the model";

    public string Name => "layers";

    public LocalText Title { get; } = new("Compare tensors inside the model", "逐层比对模型内部张量");

    public ImmutableArray<string> Checks { get; } = ["COR-06"];

    public bool IsFor(string modelKind) => modelKind == "tensor";

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(3);

    /// <summary>Why no tensors inside a model can be had from a profile's server; null if they can.</summary>
    public static string? WhyNot(RunInputs inputs, GoldenInputs golden) =>
        OperatorFormat.TryOf(inputs.Profile.Server, out var reason) is not { } format ? reason
        : !format.File.EndsWith(".onnx", StringComparison.Ordinal) ? $"the adapter {inputs.Profile.Server.Adapter!.Name} opens no ONNX file, and tensors inside a model are made outputs of one"
        : golden.Layers is null ? $"the golden pack of {inputs.Model.Id} has no exact values of tensors inside the model"
        : null;

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var plan = run.Plan.Layers ?? throw new InvalidOperationException("no exact layers"); // the planner left such models out
        var graph = CulpritModel.Read(Path.Combine(run.Prepared.ModelFolder, run.Inputs.Model.Files[0].Path)).Graph;
        await using var server = await run.Deployer.StartProfiledRepositoryAsync(cancellationToken);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        var (facts, tensors) = (ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal), ImmutableArray.CreateBuilder<TensorFile>());
        try
        {
            using var wire = new OperatorWire(server.Transport, run.Time, run.Inputs.Profile.Server.AnswerWithin);
            foreach (var ofInput in plan.Tensors.GroupBy(golden => golden.Input))
            {
                var reading = await ReadAsync(run, server, wire, graph, [.. ofInput], either.Token);
                foreach (var golden in ofInput)
                {
                    if (reading.Values.TryGetValue(golden.Name, out var tapped))
                        tensors.Add(LayerQuestions.Keep(run, golden.Id, tapped.First));
                    else
                        facts[$"unread.{golden.Id}"] = reading.Unread[golden.Name];
                }
            }
        }
        catch (WireException broken)
        {
            throw await server.ExplainAsync(Doing, broken, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await server.ExplainAsync(Doing, null, cancellationToken);
        }

        return [new Measurement { Check = "COR-06", Facts = facts.ToImmutable(), Tensors = tensors.DrainToImmutable() }];
    }

    private static Task<TapReading> ReadAsync(
        RunContext run, Deployment server, OperatorWire wire, OnnxGraph graph, ImmutableArray<GoldenLayer> wanted, CancellationToken cancellationToken)
    {
        var input = run.Prepared.Golden.Inputs.First(candidate => candidate.Id == wanted[0].Input);
        var talk = new ModelTalk("the server", (question, token) => Task.Run(
            () =>
            {
                var asked = run.Time.GetTimestamp();
                var reply = wire.Ask(question, token);
                server.Count(asked: 1, answered: reply is OperatorReply.Answered ? 1 : 0, run.Time.GetElapsedTime(asked));
                return reply;
            },
            CancellationToken.None));
        return TensorTaps.ReadAsync(graph, input.Tensors, talk, [.. wanted.Select(golden => golden.Name)], _ => "FP32", cancellationToken);
    }
}

using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Asks a backend one question after the other: load, infer, infer again (and again), unload. Blocks its thread; not safe for concurrent use.</summary>
/// <remarks>
/// <para>
/// The second request sends the same bytes. A backend that wrote into the memory of its inputs, or kept what it should not, shows where that changes
/// the second answer; what happened to the server's own copy of the inputs, the wire does not show. That an answer has exactly the bytes which
/// its type and shape ask for, and that nothing follows them, is checked with every answer: there is no room behind an output for stray writes
/// to be seen in.
/// </para>
/// <para>Every model is called the same, so that nothing tells the backend which check is asking.</para>
/// </remarks>
/// <param name="limit">For each request.</param>
internal sealed class OperatorWire(Transport transport, TimeProvider time, TimeSpan limit) : IDisposable
{
    private const string Name = "m";

    private static readonly WireLimits Limits = new() { BodyBytes = 256 << 20 };

    private readonly OipClient _client = new(transport, time, Limits);
    private readonly AnswerBuffer _buffer = new();

    /// <exception cref="WireException">The connection broke, or an answer came too late: the server died or hangs.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public OperatorReply Ask(OperatorQuestion question, CancellationToken cancellationToken)
    {
        if (Try("load", () => _client.LoadModel(Name, question.File, question.Content, limit, cancellationToken), out var status) is { } unloaded)
            return status is >= 400 and < 500 ? new OperatorReply.Refused(unloaded.Seen) : unloaded;
        var reply = AskLoaded(question, cancellationToken);
        return Try("unload", () => _client.UnloadModel(Name, limit, cancellationToken), out _) is { } kept && reply is OperatorReply.Answered ? kept : reply;
    }

    public void Dispose() => _client.Dispose();

    private OperatorReply AskLoaded(OperatorQuestion question, CancellationToken cancellationToken)
    {
        var named = question;
        OperatorReply? failed = Try("metadata", () => named = WithServerNames(question, cancellationToken), out _);
        if (failed is not null)
            return failed;
        var request = InferRequest.Create(transport, Name, named.Inputs, named.Outputs);
        var rounds = ImmutableArray.CreateBuilder<ImmutableArray<WireTensor>>(question.Asks);
        while (failed is null && rounds.Count < question.Asks)
        {
            ImmutableArray<WireTensor> round = [];
            failed = Try(Which(rounds.Count), () => round = Infer(request, named, cancellationToken), out _);
            rounds.Add(rounds.Count > 0 && Same(rounds[^1], round) ? rounds[^1] : round);
        }

        return failed ?? new OperatorReply.Answered(rounds.ToImmutable());
    }

    private static string Which(int before) => before switch { 0 => "first answer", 1 => "second answer", _ => FormattableString.Invariant($"answer {before + 1}") };

    /// <summary>An ONNX file names its tensors; of any other format the server says what it calls them, in their order.</summary>
    private OperatorQuestion WithServerNames(OperatorQuestion question, CancellationToken cancellationToken)
    {
        if (question.File.EndsWith(".onnx", StringComparison.Ordinal))
            return question;
        var model = _client.ReadModelMetadata(Name, limit, cancellationToken);
        if (model.Inputs.Length != question.Inputs.Length || model.Outputs.Length != question.Outputs.Length)
        {
            throw WireException.Protocol(
                $"The server says that the model has {model.Inputs.Length} inputs and {model.Outputs.Length} outputs; it has {question.Inputs.Length} and {question.Outputs.Length}.");
        }

        return question with
        {
            Inputs = [.. question.Inputs.Zip(model.Inputs, (input, told) => input with { Name = told.Name })],
            Outputs = [.. model.Outputs.Select(output => output.Name)],
        };
    }

    private ImmutableArray<WireTensor> Infer(InferRequest request, OperatorQuestion question, CancellationToken cancellationToken)
    {
        var outputs = _client.Infer(request, _buffer, limit, cancellationToken).Parse();
        return [.. question.Outputs.Select(name => outputs.First(output => output.Name == name)).Select(output => output with { Data = output.Data.ToArray() })];
    }

    private static bool Same(ImmutableArray<WireTensor> first, ImmutableArray<WireTensor> again) => first.Zip(again).All(pair =>
        pair.First.DataType == pair.Second.DataType && pair.First.Shape.SequenceEqual(pair.Second.Shape) && pair.First.Data.Span.SequenceEqual(pair.Second.Data.Span));

    private static OperatorReply.Failed? Try(string what, Action call, out int? status)
    {
        status = null;
        try
        {
            call();
            return null;
        }
        catch (WireException failed) when (failed.Kind is WireFailure.ServerError or WireFailure.Protocol)
        {
            status = failed.Status;
            return new(what, failed.Message);
        }
    }
}

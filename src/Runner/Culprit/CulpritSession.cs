using System.Collections.Immutable;
using System.Security.Cryptography;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One set of inputs of a model.</summary>
public sealed record CulpritInput(string Id, ImmutableArray<WireTensor> Tensors)
{
    /// <summary>What its outputs must be, from the model's golden pack, which the reference is held to first; empty where there is no such pack.</summary>
    public ImmutableArray<GoldenOutput> Golden { get; init; } = [];
}

/// <param name="Name">Of the output.</param>
/// <param name="Expected">As the line says.</param>
public sealed record GoldenOutput(string Name, GoldenLine Line, ReadOnlyMemory<byte> Expected, double Rtol, double Atol);

/// <summary>What a culprit is looked for in.</summary>
/// <param name="Name">Id or file name, as the user gave it.</param>
/// <param name="Inputs">Tried in this order, until one differs; at least one.</param>
/// <param name="Accuracy">COR-01: the band.</param>
/// <param name="Tool">Version of the program.</param>
public sealed record CulpritRequest(string Name, CulpritModel Model, ImmutableArray<CulpritInput> Inputs, Clause Accuracy, string Tool);

/// <summary>Finds the first node of a model that a tested server computes wrongly.</summary>
public sealed class CulpritSession
{
    private readonly ModelTalk _reference, _tested;
    private readonly Action<CulpritEvent> _tell;

    /// <param name="reference">Trusted; what it answers is expected.</param>
    /// <param name="tell">Told what is done as it is done.</param>
    public CulpritSession(IModelServer reference, IModelServer tested, TimeProvider time, Action<CulpritEvent> tell)
        : this(ModelTalk.With(reference, time), ModelTalk.With(tested, time), tell)
    {
    }

    internal CulpritSession(ModelTalk reference, ModelTalk tested, Action<CulpritEvent> tell) => (_reference, _tested, _tell) = (reference, tested, tell);

    /// <exception cref="BrokenEnvironmentException">A server does not start, or the reference does not answer as it must.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<CulpritResult> RunAsync(CulpritRequest request, CancellationToken cancellationToken)
    {
        var (input, whole, refusal) = await ChooseAsync(request, cancellationToken);
        var graph = request.Model.Graph;
        var search = new CulpritSearch(graph, input.Tensors, _reference, _tested, request.Accuracy, _tell);
        if (await search.RunAsync(whole, cancellationToken) is { } hit)
        {
            ImmutableArray<string> names = [.. hit.Nodes.Select(node => node.Name)];
            var facts = new ReproducerFacts(
                request.Name, request.Model.Sha256, input.Id, names, hit.Nodes[^1].Operator, _reference.Name, _tested.Name, hit.What, request.Tool);
            return new CulpritResult.Found(
                graph.Nodes.Length, search.Compared, search.Notes, names, hit.Nodes[^1].Operator, hit.Gap, hit.What,
                new Reproducer(hit.Part.Cut, hit.Part.Inputs, hit.Part.Expected, facts));
        }

        return whole is { IsWithin: true }
            ? new CulpritResult.NoCulprit(graph.Nodes.Length, search.Compared, search.Notes)
            : new CulpritResult.Unexplained(
                graph.Nodes.Length, search.Compared, search.Notes,
                whole is null
                    ? $"the tested server does not answer the model ({refusal}), and no node alone answers wrongly"
                    : "the model's outputs leave the band, and no node, nor a few together, does when fed the reference's inputs: either rounding adds up over the model, or the fault does not show every time");
    }

    /// <summary>Asks the whole model, as it is, with one input after the other, until an answer leaves the band.</summary>
    /// <returns>That input, or the first one where none differs; Whole: null where the tested server did not answer, and then why.</returns>
    private async Task<(CulpritInput Input, TensorGap? Whole, string Refusal)> ChooseAsync(CulpritRequest request, CancellationToken cancellationToken)
    {
        (CulpritInput, TensorGap)? within = null;
        foreach (var input in request.Inputs)
        {
            _tell(new CulpritEvent.Stage($"asking {request.Name} whole, input {input.Id}", $"以输入 {input.Id} 运行整个模型"));
            var outputs = request.Model.Outputs;
            var right = await _reference.AskAsync(request.Model.Bytes, input.Tensors, outputs, cancellationToken);
            if (right is not OperatorReply.Answered expected)
                throw new BrokenEnvironmentException($"The reference {_reference.Name} does not answer {request.Name} with input {input.Id}: {TensorTaps.Why(right)} Choose another --reference, or mend the model or its inputs.");
            Require(input, expected.First);
            var reply = await _tested.AskAsync(request.Model.Bytes, input.Tensors, outputs, cancellationToken);
            if (reply is not OperatorReply.Answered seen)
            {
                _tell(new CulpritEvent.Stage($"{_tested.Name} does not answer: {TensorTaps.Why(reply)}", "被测端未给出应答"));
                return (input, null, TensorTaps.Why(reply));
            }

            var gap = expected.First.Zip(seen.First, (e, s) => TensorGap.Between(request.Accuracy, e, s))
                .Concat(expected.First.Zip(seen.Again, (e, s) => TensorGap.Between(request.Accuracy, e, s))).Aggregate(TensorGap.Worse);
            _tell(new CulpritEvent.Compared(request.Model.Graph.Nodes.Length, request.Model.Graph.Nodes.Length, gap.Name, "output", CulpritScope.Model, gap));
            if (!gap.IsWithin)
                return (input, gap, "");
            within ??= (input, gap);
        }

        return (within!.Value.Item1, within.Value.Item2, "");
    }

    /// <summary>A reference that is itself wrong would accuse everyone else.</summary>
    private void Require(CulpritInput input, ImmutableArray<WireTensor> answer)
    {
        foreach (var golden in input.Golden)
        {
            var line = golden.Line;
            var given = answer.FirstOrDefault(output => output.Name == golden.Name);
            var comparison = new Comparison(golden.Rtol, golden.Atol);
            var isLike = given is not null && given.DataType == line.DataType && given.Shape.SequenceEqual(line.Shape) && given.Data.Length == golden.Expected.Length;
            if (isLike)
                comparison.Add(line, given!.Data.Span, golden.Expected.Span);
            if (!isLike || comparison.Outside > 0)
            {
                throw new BrokenEnvironmentException(
                    $"The reference {_reference.Name} does not agree with the golden pack on input {input.Id}, output {golden.Name} "
                    + $"({(isLike ? $"{comparison.Outside} of {comparison.Count} elements" : "another type or shape")}): it cannot say what is right. Choose another --reference.");
            }
        }
    }
}

/// <summary>An ONNX model that can be taken apart.</summary>
public sealed class CulpritModel
{
    /// <summary>Of the largest file: a load request holds it in base64, and a server of ours takes 256 MiB.</summary>
    public const int MostBytes = 188 << 20;

    private CulpritModel(byte[] bytes, OnnxGraph graph) => (Bytes, Graph, Sha256) = (bytes, graph, Convert.ToHexStringLower(SHA256.HashData(bytes)));

    public string Sha256 { get; }

    internal byte[] Bytes { get; }

    internal OnnxGraph Graph { get; }

    internal ImmutableArray<string> Outputs => [.. Graph.Outputs.Select(output => output.Name)];

    /// <exception cref="BadInputException">It is no ONNX model, or one that cannot be taken apart or handed over.</exception>
    public static CulpritModel Read(string file)
    {
        try
        {
            var length = new FileInfo(file).Length;
            if (length > MostBytes)
                throw new InvalidDataException($"it has {length} bytes; {MostBytes} are the most that can be handed to a server in one request");
            var bytes = File.ReadAllBytes(file);
            var graph = OnnxGraph.Read(bytes);
            if (graph.Inputs.Concat(graph.Outputs).FirstOrDefault(value => value.Value.Uncarried is not null) is { } other)
                throw new InvalidDataException($"`{other.Name}` is {other.Value.Uncarried}, and the Open Inference Protocol carries tensors of its own types only");
            return graph.Outputs.IsEmpty ? throw new InvalidDataException("its graph has no output") : new(bytes, graph);
        }
        catch (Exception wrong) when (wrong is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(file, 0, "", $"no culprit can be looked for in it: {wrong.Message}")]);
        }
    }
}

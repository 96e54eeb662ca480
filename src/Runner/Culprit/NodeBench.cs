using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What came of asking a part of a model by itself.</summary>
internal abstract record Look
{
    private Look()
    {
    }

    /// <param name="Gap">The worst over all outputs and both answers.</param>
    public sealed record Compared(TensorGap Gap, Part Part) : Look;

    /// <summary>The tested server took the part and gave no answer.</summary>
    public sealed record Failed(string What, Part Part) : Look;

    /// <summary>It cannot be told whether the tested server is right.</summary>
    public sealed record Open(string Why) : Look;
}

/// <summary>A part that was asked by itself, with what it was fed and what the reference answered.</summary>
internal sealed record Part(OnnxCut Cut, ImmutableArray<WireTensor> Inputs, ImmutableArray<WireTensor> Expected);

/// <summary>Asks parts of a model by themselves, fed what the reference made before them: a part is judged by its own arithmetic alone.</summary>
/// <param name="known">Every tensor of the model that could be read, as the reference has it, and the model's inputs.</param>
internal sealed class NodeBench(OnnxGraph graph, ModelTalk reference, ModelTalk tested, Clause accuracy, ImmutableDictionary<string, WireTensor> known)
{
    /// <param name="nodes">In the order of the model; the last one's outputs are compared.</param>
    public async Task<Look> AskAsync(ImmutableArray<GraphNode> nodes, CancellationToken cancellationToken)
    {
        if (TryCut(nodes, out var missing) is not var (cut, inputs, outputs))
            return new Look.Open($"the reference's value of `{missing}` could not be read");
        var model = cut.Write();
        var right = await reference.AskAsync(model, inputs, outputs, cancellationToken);
        if (right is not OperatorReply.Answered expected)
            return new Look.Open($"the reference does not answer it either: {TensorTaps.Why(right)}");
        if (Worst(expected.First, expected.Again) is { IsWithin: false })
            return new Look.Open("the reference's answers to the same inputs differ from each other: the operator draws at random");
        var part = new Part(cut with { Outputs = [.. expected.First.Select(OnnxCut.Declare)] }, inputs, expected.First);
        return await tested.AskAsync(part.Cut.Write(), inputs, outputs, cancellationToken) switch
        {
            OperatorReply.Refused refused => new Look.Open($"the tested server refuses it: {refused.Reason}"),
            OperatorReply.Failed failed => new Look.Failed($"{failed.What}: {failed.Seen}", part),
            OperatorReply.Answered seen => new Look.Compared(TensorGap.Worse(Worst(expected.First, seen.First), Worst(expected.First, seen.Again)), part),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>A node with those right before it, until one such group answers wrongly: a fault that shows only where an engine computes several nodes as one.</summary>
    /// <returns>The smallest group of 2, 4 or 8 that does not answer rightly, or null.</returns>
    public async Task<(ImmutableArray<GraphNode> Nodes, Look Look)?> TryGroupAsync(GraphNode last, Action<ImmutableArray<GraphNode>, Look> tell, CancellationToken cancellationToken)
    {
        const int Largest = 8;
        var group = new SortedDictionary<int, GraphNode> { [last.At] = last };
        for (var size = 2; size <= Largest; size *= 2)
        {
            while (group.Count < size && Nearest(group) is { } before)
                group.Add(before.At, before);
            ImmutableArray<GraphNode> nodes = [.. group.Values];
            var look = await AskAsync(nodes, cancellationToken);
            tell(nodes, look);
            if (look is Look.Failed or Look.Compared { Gap.IsWithin: false })
                return (nodes, look);
            if (group.Count < size)
                break; // there is nothing before it
        }

        return null;
    }

    public TensorGap Worst(ImmutableArray<WireTensor> expected, ImmutableArray<WireTensor> seen) =>
        expected.Zip(seen, (right, value) => TensorGap.Between(accuracy, right, value)).Aggregate(TensorGap.Worse);

    private GraphNode? Nearest(SortedDictionary<int, GraphNode> group) => group.Values.SelectMany(node => node.Inputs)
        .Where(name => !graph.Constant.Contains(name)).Select(name => graph.Makers.GetValueOrDefault(name)).OfType<GraphNode>()
        .Where(node => !group.ContainsKey(node.At)).MaxBy(node => node.At);

    /// <summary>What reaches a part from outside it: constants go into the model, as the engine may insist on them, and everything else is fed.</summary>
    private (OnnxCut Cut, ImmutableArray<WireTensor> Inputs, ImmutableArray<string> Outputs)? TryCut(ImmutableArray<GraphNode> nodes, out string missing)
    {
        var made = nodes.SelectMany(node => node.Outputs).ToHashSet(StringComparer.Ordinal);
        var outer = nodes.SelectMany(node => node.Inputs).Distinct(StringComparer.Ordinal).Where(name => !made.Contains(name) && !graph.Held.ContainsKey(name)).ToImmutableArray();
        ImmutableArray<string> outputs = [.. nodes[^1].Outputs.Where(known.ContainsKey)];
        missing = outer.FirstOrDefault(name => !known.ContainsKey(name)) ?? (outputs.IsEmpty ? nodes[^1].Outputs.FirstOrDefault("") : "");
        if (outputs.IsEmpty || missing.Length > 0)
            return null;
        ImmutableArray<WireTensor> inputs = [.. outer.Where(name => !graph.Constant.Contains(name)).Select(name => known[name])];
        var cut = new OnnxCut(
            graph, nodes, [.. inputs.Select(OnnxCut.Declare)], [.. outputs.Select(name => OnnxCut.Declare(name, known[name].DataType))],
            [.. outer.Where(graph.Constant.Contains).Select(name => known[name])]);
        return (cut, inputs, outputs);
    }
}

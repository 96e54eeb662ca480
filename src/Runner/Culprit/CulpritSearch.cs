using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Looks in one model, on one set of inputs, for the first node that answers wrongly. Used once.</summary>
/// <remarks>
/// All tensors of the model are read from both servers. The nodes whose outputs leave the band are then asked alone, in order, each fed the reference's values: one
/// that still leaves it is at fault; one that does not was only fed what others had made wrong, or what honest rounding had added up to. A fault that hides as
/// soon as tensors are made outputs (an engine then no longer computes those nodes as one) is found by cutting the model ever shorter behind its first wrong output.
/// </remarks>
internal sealed class CulpritSearch(
    OnnxGraph graph, ImmutableArray<WireTensor> inputs, ModelTalk reference, ModelTalk tested, Clause accuracy, Action<CulpritEvent> tell)
{
    private const int MostShown = 5;

    private readonly List<string> _notes = [];
    private int _compared;

    /// <summary>What a search hands back besides how it ended: the part that answered wrongly.</summary>
    internal sealed record Hit(ImmutableArray<GraphNode> Nodes, Part Part, TensorGap? Gap, string What);

    public ImmutableArray<string> Notes => [.. _notes.Distinct(StringComparer.Ordinal)];

    public int Compared => _compared;

    /// <param name="whole">How the whole model, as it is, answered: null where it gave no answer.</param>
    /// <returns>Null where no part answers wrongly.</returns>
    public async Task<Hit?> RunAsync(TensorGap? whole, CancellationToken cancellationToken)
    {
        ImmutableArray<string> names = [.. graph.Nodes.SelectMany(node => node.Outputs)];
        tell(new CulpritEvent.Stage($"reading {names.Length} tensors of {graph.Nodes.Length} nodes from {reference.Name}", $"由参考端读取 {names.Length} 个中间张量"));
        var right = await TensorTaps.ReadAsync(graph, inputs, reference, names, _ => null, cancellationToken);
        foreach (var (name, why) in right.Unread)
            _notes.Add($"the reference's `{name}` cannot be read: {why}");
        var known = right.Values.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.First, StringComparer.Ordinal).SetItems(inputs.Select(input => KeyValuePair.Create(input.Name, input)));
        var bench = new NodeBench(graph, reference, tested, accuracy, known);
        var suspects = whole is null ? graph.Nodes : await SuspectsAsync(bench, right, cancellationToken);
        if (await FirstWrongAloneAsync(bench, suspects, cancellationToken) is { } alone)
            return alone;
        return suspects.IsEmpty && whole is { IsWithin: false } ? await BisectAsync(bench, right, whole.Name, cancellationToken) : null;
    }

    /// <summary>The nodes of which an output leaves the band within the model, or could not be read there.</summary>
    private async Task<ImmutableArray<GraphNode>> SuspectsAsync(NodeBench bench, TapReading right, CancellationToken cancellationToken)
    {
        ImmutableArray<string> names = [.. graph.Nodes.SelectMany(node => node.Outputs).Where(right.Values.ContainsKey)];
        tell(new CulpritEvent.Stage($"reading {names.Length} tensors from {tested.Name}", $"由被测端读取 {names.Length} 个中间张量"));
        var seen = await TensorTaps.ReadAsync(graph, inputs, tested, names, name => right.Values[name].First.DataType, cancellationToken);
        var (suspects, shown) = (ImmutableArray.CreateBuilder<GraphNode>(), 0);
        foreach (var node in graph.Nodes)
        {
            if (node.Outputs.Any(seen.Unread.ContainsKey))
                suspects.Add(node);
            else if (GapOf(bench, node, right, seen) is { } gap && !gap.IsWithin)
            {
                suspects.Add(node);
                if (++shown <= MostShown) // what comes after a wrong node is mostly wrong too
                    tell(new CulpritEvent.Compared(node.At + 1, graph.Nodes.Length, node.Name, node.Operator, CulpritScope.Model, gap));
            }
        }

        tell(new CulpritEvent.Stage($"{_compared} tensors compared; {suspects.Count} of {graph.Nodes.Length} nodes leave the band or cannot be read there", $"已比对 {_compared} 个张量，{suspects.Count} 个节点超出容差带或无法读取"));
        return suspects.ToImmutable();
    }

    private TensorGap? GapOf(NodeBench bench, GraphNode node, TapReading right, TapReading seen)
    {
        ImmutableArray<string> names = [.. node.Outputs.Where(seen.Values.ContainsKey)];
        if (names.IsEmpty)
            return null;
        _compared += names.Length;
        ImmutableArray<WireTensor> expected = [.. names.Select(name => right.Values[name].First)];
        return TensorGap.Worse(
            bench.Worst(expected, [.. names.Select(name => seen.Values[name].First)]), bench.Worst(expected, [.. names.Select(name => seen.Values[name].Again)]));
    }

    private async Task<Hit?> FirstWrongAloneAsync(NodeBench bench, ImmutableArray<GraphNode> suspects, CancellationToken cancellationToken)
    {
        foreach (var node in suspects)
        {
            var look = await bench.AskAsync([node], cancellationToken);
            Tell([node], look, CulpritScope.Alone);
            if (TryHit([node], look) is { } hit)
                return hit;
        }

        return null;
    }

    private async Task<Hit?> GroupAsync(NodeBench bench, GraphNode last, CancellationToken cancellationToken) =>
        await bench.TryGroupAsync(last, (nodes, look) => Tell(nodes, look, CulpritScope.Group), cancellationToken) is var (nodes, look) ? TryHit(nodes, look) : null;

    /// <summary>Binary search for the first node at which the model, ended there, answers wrongly.</summary>
    private async Task<Hit?> BisectAsync(NodeBench bench, TapReading right, string output, CancellationToken cancellationToken)
    {
        ImmutableArray<GraphNode> nodes = [.. graph.Behind([output]).Where(node => node.Outputs.Any(right.Values.ContainsKey))];
        tell(new CulpritEvent.Stage($"the model differs, and no tensor of it once all can be read: cutting it at {nodes.Length} nodes", $"整体有差异而逐张量无差异：对 {nodes.Length} 个节点二分截断"));
        var (good, bad) = (-1, nodes.Length - 1);
        while (bad - good > 1)
        {
            var middle = (good + bad) / 2;
            var isWrong = await IsWrongCutAsync(bench, right, nodes[middle], cancellationToken);
            (good, bad) = isWrong ? (good, middle) : (middle, bad);
        }

        if (bad < 0)
            return null;
        var look = await bench.AskAsync([nodes[bad]], cancellationToken);
        Tell([nodes[bad]], look, CulpritScope.Alone);
        return TryHit([nodes[bad]], look) ?? await GroupAsync(bench, nodes[bad], cancellationToken);
    }

    private async Task<bool> IsWrongCutAsync(NodeBench bench, TapReading right, GraphNode node, CancellationToken cancellationToken)
    {
        var name = node.Outputs.First(right.Values.ContainsKey);
        var reply = await TensorTaps.AskAsync(graph, inputs, tested, [name], tensor => right.Values[tensor].First.DataType, cancellationToken);
        if (reply is not OperatorReply.Answered answered)
        {
            tell(new CulpritEvent.Open(node.At + 1, graph.Nodes.Length, node.Name, node.Operator, TensorTaps.Why(reply)));
            return reply is OperatorReply.Failed;
        }

        ImmutableArray<WireTensor> expected = [right.Values[name].First];
        var gap = TensorGap.Worse(bench.Worst(expected, answered.First), bench.Worst(expected, answered.Again));
        tell(new CulpritEvent.Compared(node.At + 1, graph.Nodes.Length, node.Name, node.Operator, CulpritScope.Beginning, gap));
        return !gap.IsWithin;
    }

    private void Tell(ImmutableArray<GraphNode> nodes, Look look, CulpritScope how)
    {
        var last = nodes[^1];
        switch (look)
        {
            case Look.Compared compared:
                tell(new CulpritEvent.Compared(last.At + 1, graph.Nodes.Length, last.Name, last.Operator, how, compared.Gap));
                break;
            case Look.Failed failed:
                tell(new CulpritEvent.Open(last.At + 1, graph.Nodes.Length, last.Name, last.Operator, failed.What));
                break;
            case Look.Open open:
                _notes.Add($"{last.Name} ({last.Operator}) is left open: {open.Why}");
                tell(new CulpritEvent.Open(last.At + 1, graph.Nodes.Length, last.Name, last.Operator, open.Why));
                break;
        }
    }

    private static Hit? TryHit(ImmutableArray<GraphNode> nodes, Look look) => look switch
    {
        Look.Compared { Gap.IsWithin: false } compared => new(nodes, compared.Part, compared.Gap, Words(compared.Gap)),
        Look.Failed failed => new(nodes, failed.Part, null, $"it takes the node and gives no answer; {failed.What}"),
        _ => null,
    };

    private static string Words(TensorGap gap) =>
        FormattableString.Invariant($"{gap.Outside} of {gap.Count} elements of {gap.Name} differ; the worst at {gap.Where}: seen {gap.Seen}, expected {gap.Expected}, tolerance {gap.Tolerance}");
}

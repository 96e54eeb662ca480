using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges what leaves each layer of a model against the exact values (COR-06): a locator of faults, beside the decision on outputs.</summary>
/// <remarks>
/// Reads one tensor per <see cref="GoldenLayer"/>, named by its id. Facts: <c>output.N</c>, the outputs that a language model's server lists;
/// <c>metadata</c>, what it said instead of listing any; <c>adapter</c>, where the server is our host with an adapter that shows layers; <c>unread.ID</c>, what a server said instead of an answer.
/// Cosine and relative L2 per layer and input in float64, over the whole tensor of the layer; the worst input counts. A cosine does not see a
/// factor, so the relative L2 is reported beside it. Source of the limit: msprobe's default.
/// </remarks>
internal static class LayerAgreement
{
    private const string Wanted = "FP32 tensors of the shape that the model gives, all of them finite";

    public static ImmutableArray<string> Limits { get; } = ["cosine_min_ppm", "positions_min", "documents_min", "tensors_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (plan.Text is { Precision: PrecisionClass.Bits4 })
            return clause.Found(new Verdict.NotApplicable($"{clause.Id} is for weights of 8 bits and more: rounding to 4 bits alone leaves its limit on some models; COR-08 decides"));
        if (plan.Layers is not { } layers)
            return clause.Found(new Verdict.Inconclusive("the plan has no exact values inside the model; nothing can be compared"));
        if (Unfit(layers) is { } unfit)
            return clause.Found(new Verdict.Inconclusive($"the plan's exact layers cannot be used: {unfit}"));
        if (layers.Stacked && NotShown(m) is { } hidden)
            return clause.Found(hidden);
        if (Unread(layers, m) is { } unread)
            return clause.Found(unread);
        if (Strange(layers, m) is { } strange)
            return clause.Invalid(strange);
        if (TooFew(clause, layers) is { } few)
            return clause.Found(new Verdict.Inconclusive(few));
        var (pairs, wrong) = (ImmutableArray.CreateBuilder<LayerPair>(), new List<string>());
        foreach (var golden in layers.Tensors)
        {
            var verdict = LayerPair.TryRead(layers, golden, m.Tensors.First(tensor => tensor.Name == golden.Id), files, pairs);
            if (verdict is Verdict.Fail fail)
                wrong.Add(fail.Measured);
            else if (verdict is not null)
                return clause.Found(verdict);
        }

        return wrong.Count > 0
            ? clause.Fails($"{wrong.Count} of {layers.Tensors.Length} answers in the wrong form: {string.Join("; ", wrong.Take(3))}", Wanted)
            : Judge(clause, layers, [.. pairs.GroupBy(pair => pair.Layer).OrderBy(group => group.Key).Select(Worst)]);
    }

    private static LayerPair Worst(IEnumerable<LayerPair> ofOneLayer) => ofOneLayer.MinBy(pair => pair.Cosine)!;

    private static Finding Judge(Clause clause, LayerPlan plan, ImmutableArray<LayerPair> layers)
    {
        var limit = clause.Share("cosine_min_ppm");
        var figures = Figures(plan, layers, limit);
        var outside = layers.Where(layer => !(layer.Cosine > limit)).ToImmutableArray();
        if (outside is not [var first, ..])
            return clause.Found(new Verdict.Pass(), figures);
        var all = outside.Length == layers.Length - first.Layer;
        var at = layers.Length == 1 || (first.Layer == layers.Length - 1) ? $"at {first.Title}" : all ? $"from {first.Title} on" : $"first at {first.Title}";
        var turned = first.Turned(limit) is { } by ? $"; its channels look rotated by {by} of {first.Channels}" : "";
        var what = first.Problem ?? string.Create(CultureInfo.InvariantCulture, $"cosine {first.Cosine:0.######}, relative L2 {first.RelativeL2:0.####}");
        return clause.Fails(
            $"{at} ({outside.Length} of {layers.Length} layers): {what}, input {first.Input}{turned}",
            string.Create(CultureInfo.InvariantCulture, $"cosine above {limit:0.######} after every layer"), figures);
    }

    private static ImmutableArray<Figure> Figures(LayerPlan plan, ImmutableArray<LayerPair> layers, double limit)
    {
        var far = layers.MaxBy(layer => layer.RelativeL2)!;
        return
        [
            new("smallest cosine", "%", Reading.Milli(100 * layers.Min(layer => layer.Cosine)), LimitMilli: Reading.Milli(100 * limit)),
            new("largest relative L2", "1e-6", Reading.Milli(far.RelativeL2 * 1e6)),
            Reading.Counted("layer of the largest relative L2", far.Layer),
            new("relative L2 of the first layer", "1e-6", Reading.Milli(layers[0].RelativeL2 * 1e6)),
            new("relative L2 of the last layer", "1e-6", Reading.Milli(layers[^1].RelativeL2 * 1e6)),
            Reading.Counted("layers", layers.Length),
            .. plan.Stacked ? [Reading.Counted("positions", plan.Tensors.Sum(tensor => tensor.Shape[1])), Reading.Counted("documents", plan.Tensors.Length)] : Array.Empty<Figure>(),
        ];
    }

    /// <summary>What is wrong with the plan, whatever was measured; null if it can be used.</summary>
    private static string? Unfit(LayerPlan plan) =>
        plan.Tensors.IsDefaultOrEmpty ? "there is none"
        : Reading.Twice(plan.Tensors.Select(tensor => tensor.Id)) is { } twice ? $"{twice} is there twice"
        : plan.Tensors.FirstOrDefault(tensor => !IsPossible(tensor.Shape)) is { } shapeless ? $"{shapeless.Id} has no possible shape"
        : !plan.Stacked ? null
        : Reading.Twice(plan.Tensors.Select(tensor => tensor.Input)) is { } same ? $"the document {same} cannot count twice"
        : plan.Tensors.FirstOrDefault(tensor => tensor.Shape is not [var layers, _, var width] || layers != plan.Tensors[0].Shape[0] || width != plan.Tensors[0].Shape[^1])
            is { } other ? $"{other.Id} has the shape [{string.Join(',', other.Shape)}], not [L, T, D] with one L and one D for all"
        : null;

    private static bool IsPossible(ImmutableArray<long> shape) =>
        !shape.IsDefaultOrEmpty && shape.All(size => size > 0) && GoldenTensor.Bytes(shape) is var bytes && bytes > 0 && bytes < int.MaxValue;

    /// <summary>A server need not show its layers: COR-07 decides without them. Our own host does show them, and one that does not is not ours.</summary>
    private static Verdict? NotShown(Measurement m)
    {
        var outputs = m.FactsUnder("output.");
        if (outputs.IsEmpty && !m.Facts.ContainsKey("metadata"))
            return new Verdict.Inconclusive("invalid evidence: what outputs the server lists was not kept");
        if (outputs.ContainsValue(LayerPlan.HiddenStates))
            return null;
        if (!m.Tensors.IsEmpty)
            return new Verdict.Inconclusive($"invalid evidence: answers were kept of an output {LayerPlan.HiddenStates} that the server does not list");
        return m.Facts.TryGetValue("adapter", out var adapter)
            ? new Verdict.Inconclusive($"the adapter {adapter} shows what its model's layers compute, and this server lists no output {LayerPlan.HiddenStates}: it is not the host that the profile starts, or the model's kind is one whose layers the adapter cannot name")
            : new Verdict.NotApplicable(
                outputs.IsEmpty ? $"the server shows no layers: it does not say what outputs its model has ({m.Facts["metadata"]})"
                : $"the server shows no layers: it lists {string.Join(", ", outputs.Values.Order(StringComparer.Ordinal).Take(8).Select(name => $"`{name}`"))}, and no {LayerPlan.HiddenStates}");
    }

    private static Verdict.Fail? Unread(LayerPlan plan, Measurement m)
    {
        var unread = plan.Tensors.Where(tensor => m.Facts.ContainsKey($"unread.{tensor.Id}")).ToImmutableArray();
        return unread is [var first, ..]
            ? new($"{unread.Length} of {plan.Tensors.Length} tensors were not answered; {first.Name} on {first.Input}: {m.Facts[$"unread.{first.Id}"]}", "an answer for every layer")
            : null;
    }

    private static string? Strange(LayerPlan plan, Measurement m)
    {
        var (asked, answered) = (plan.Tensors.Select(tensor => tensor.Id).ToHashSet(), m.Tensors.Select(tensor => tensor.Name).ToHashSet());
        return asked.FirstOrDefault(id => !answered.Contains(id)) is { } missing ? $"no answer for {missing} is kept; {answered.Count} of {asked.Count} are"
            : answered.FirstOrDefault(id => !asked.Contains(id)) is { } stranger ? $"{stranger} is no layer of the plan" : null;
    }

    private static string? TooFew(Clause clause, LayerPlan plan)
    {
        if (!plan.Stacked)
            return plan.Tensors.Length < clause.Limit("tensors_min") ? $"{plan.Tensors.Length} tensors; {clause.Limit("tensors_min")} are asked for" : null;
        var positions = plan.Tensors.Sum(tensor => tensor.Shape[1]);
        return positions < clause.Limit("positions_min") || plan.Tensors.Length < clause.Limit("documents_min")
            ? $"{positions} positions in {plan.Tensors.Length} documents; {clause.Limit("positions_min")} in {clause.Limit("documents_min")} are asked for" : null;
    }
}

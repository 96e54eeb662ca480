using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>Exact tensors drawn from a seed, and answers to them.</summary>
/// <param name="Reference">By tensor, then by layer.</param>
internal sealed record LayerCase(LayerPlan Plan, ImmutableArray<ImmutableArray<float[]>> Reference, Measurement Measurement, InMemoryFiles Files)
{
    public static LayerCase Stacked() => Of(true, [.. Enumerable.Range(0, 3).Select(_ => ImmutableArray.Create<long>(5, 100, 16))]);

    public static LayerCase Parts(params ImmutableArray<ImmutableArray<long>> shapes) => Of(false, shapes);

    public Finding Judge(params ReadOnlySpan<(string Key, long Value)> limits)
    {
        var clause = Clauses.LayerAgreement;
        foreach (var (key, value) in limits)
            clause = clause with { Limits = clause.Limits.SetItem(key, value) };
        return Judged.By(clause, Measurement, Given.Plan with { ModelKind = Plan.Stacked ? "llm" : "tensor", Layers = Plan }, Files);
    }

    /// <param name="answer">Tensor, layer and exact values to what is answered.</param>
    public LayerCase Answering(Func<int, int, float[], float[]> answer)
    {
        var files = Files;
        for (var at = 0; at < Reference.Length; at++)
            files = files.With($"outputs/doc-{at}", Bytes([.. Reference[at].SelectMany((values, layer) => answer(at, layer, values))]));
        return this with { Files = files };
    }

    public LayerCase Naming(Func<TensorFile, TensorFile> change) => this with { Measurement = Measurement with { Tensors = [.. Measurement.Tensors.Select(change)] } };

    public LayerCase With(string path, byte[] content) => this with { Files = Files.With(path, content) };

    public LayerCase Without(string path) => this with { Files = Files.Without(path) };

    public static byte[] Packed(float[] values)
    {
        using var bytes = new MemoryStream();
        using (var packed = new GZipStream(bytes, CompressionLevel.Fastest))
            packed.Write(Bytes(values));
        return bytes.ToArray();
    }

    private static LayerCase Of(bool stacked, ImmutableArray<ImmutableArray<long>> shapes)
    {
        var random = new Random(7);
        var reference = shapes.Select(shape => Enumerable.Range(0, stacked ? (int)shape[0] : 1)
            .Select(_ => Enumerable.Range(0, (int)shape.Skip(stacked ? 1 : 0).Aggregate(1L, (product, size) => product * size)).Select(_ => (random.NextSingle() * 2) - 1).ToArray()).ToImmutableArray()).ToImmutableArray();
        var golden = shapes.Select((shape, at) => new GoldenLayer($"doc-{at}", stacked ? LayerPlan.HiddenStates : $"part.{at}", stacked ? $"doc-{at}" : "line", $"golden/doc-{at}", shape));
        var files = InMemoryFiles.Empty;
        for (var at = 0; at < shapes.Length; at++)
            files = files.With($"golden/doc-{at}", Packed([.. reference[at].SelectMany(values => values)])).With($"outputs/doc-{at}", Bytes([.. reference[at].SelectMany(values => values)]));
        var measurement = new Measurement
        {
            Check = "COR-06",
            Facts = stacked ? Given.Facts(("output.0", "logits"), ("output.1", LayerPlan.HiddenStates), ("adapter", "llamacpp")) : Given.Facts(),
            Tensors = [.. shapes.Select((shape, at) => new TensorFile($"doc-{at}", $"outputs/doc-{at}", "FP32", shape))],
        };
        return new(new(stacked, [.. golden]), reference, measurement, files);
    }

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}

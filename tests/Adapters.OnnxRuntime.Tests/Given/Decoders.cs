using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;
using Adaptation.Models;

namespace Adaptation.Testing.Tensors;

/// <summary>Small decoders with drawn weights, of every form that a graph must get right, and what float64 arithmetic makes of them.</summary>
internal static class Decoders
{
    private static readonly DecoderShape Plain = new()
    {
        Architecture = DecoderArchitecture.Llama,
        VocabularySize = 48,
        HiddenSize = 24,
        IntermediateSize = 40,
        Layers = 2,
        AttentionHeads = 6,
        KeyValueHeads = 2,
        HeadSize = 4,
        NormEpsilon = 1e-5,
        RopeTheta = 10_000,
        MaxPositions = 16,
        TiedEmbeddings = false,
    };

    /// <summary>By name: an output matrix of its own and groups of three queries; biases and as many keys as queries; one key for all, and heads that are narrower than the model.</summary>
    private static readonly Dictionary<string, DecoderShape> Shapes = new(StringComparer.Ordinal)
    {
        ["llama, untied, groups of three"] = Plain,
        ["qwen2, tied, no groups"] = Plain with { Architecture = DecoderArchitecture.Qwen2, VocabularySize = 64, HiddenSize = 32, AttentionHeads = 4, KeyValueHeads = 4, HeadSize = 8, RopeTheta = 1e6, TiedEmbeddings = true },
        ["llama, one key, narrow heads"] = Plain with { Layers = 1, HiddenSize = 20, AttentionHeads = 2, KeyValueHeads = 1, HeadSize = 6 },
    };

    public static TheoryData<string, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int>();
            foreach (var name in Shapes.Keys)
                foreach (var (batch, tokens) in ((int, int)[])[(1, 1), (1, Plain.MaxPositions), (3, 5)])
                    cases.Add(name, batch, tokens);
            return cases;
        }
    }

    /// <summary>Writes one in float32 and gives its bytes.</summary>
    public static byte[] Export(string name, Func<DecoderShape, IRawWeights, string, WriteOptions, CancellationToken, WrittenFile> write)
    {
        var folder = Directory.CreateTempSubdirectory("decoder-").FullName;
        try
        {
            return File.ReadAllBytes(write(Shapes[name], Weights(name), Path.Combine(folder, "model"), new(), TestContext.Current.CancellationToken).Path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Every row of a batch has other tokens, so that rows that mix show.</summary>
    public static Tensor Ids(string name, int batch, int tokens) =>
        new(DataType.Int64, [batch, tokens], MemoryMarshal.AsBytes<long>([.. Enumerable.Range(0, batch * tokens).Select(at => (long)Id(name, at))]).ToArray());

    /// <summary>Holds logits [batch, tokens, V] against float64.</summary>
    public static void AssertExact(string name, int batch, int tokens, Tensor logits)
    {
        var decoder = new ExactDecoder(Shapes[name], Weights(name));
        double[] exact = [.. Enumerable.Range(0, batch).SelectMany(row => decoder.Logits([.. Enumerable.Range(row * tokens, tokens).Select(at => Id(name, at))], TestContext.Current.CancellationToken))];
        var seen = MemoryMarshal.Cast<byte, float>(logits.Data.Span).ToArray();
        Assert.Equal([batch, tokens, Shapes[name].VocabularySize], logits.Shape);
        Assert.Equal(exact.Length, seen.Length);
        Assert.All(exact.Zip(seen), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1e-5 + (1e-5 * Math.Abs(pair.First))));
    }

    private static GeneratedWeights Weights(string name) => new(Shapes[name], seed: 7);

    private static int Id(string name, int at) => ((at * 29) + (at * at * 5) + 3) % Shapes[name].VocabularySize;
}

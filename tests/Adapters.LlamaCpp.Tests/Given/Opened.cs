using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>A model opened through an adapter, with the file that it was made from.</summary>
internal sealed class Opened : IAsyncDisposable
{
    private readonly LlamaCppAdapter _adapter;
    private readonly string _folder;

    private Opened(LlamaCppAdapter adapter, ITokenModel model, string folder) => (_adapter, Model, _folder) = (adapter, model, folder);

    /// <summary>Keys and values in full precision, so that only the order of sums differs between two ways to compute the same.</summary>
    public static LlamaCppSpec Cpu => new()
    {
        Library = Engine.Cpu,
        Threads = 1,
        ContextLength = 256,
        Sequences = 4,
        Batch = 256,
        MicroBatch = 64,
        Cache = CacheType.F32,
    };

    public ITokenModel Model { get; }

    public AdapterFacts Facts => _adapter.Facts;

    public static Task<Opened> Async(GgufFile file) => Async(file.Write(), Cpu);

    public static Task<Opened> Async(GgufFile file, LlamaCppSpec spec) => Async(file.Write(), spec);

    public static async Task<Opened> Async(byte[] file, LlamaCppSpec spec)
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.gguf"), file);
        try
        {
            var adapter = LlamaCppAdapter.Load(spec);
            var opened = await adapter.OpenAsync(new(folder), TestContext.Current.CancellationToken);
            return new(adapter, Assert.IsType<ITokenModel>(opened, exactMatch: false), folder);
        }
        catch (AdapterException)
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Logits after each of the tokens, which go on where the sequence ends.</summary>
    public float[] Decode(int sequence, int from, params ReadOnlySpan<int> tokens)
    {
        var batch = new TokenBatch();
        foreach (var token in tokens)
            batch.Add(sequence, token, from + batch.Count, wantsLogits: true);
        return Model.Decode(batch).ToArray();
    }

    /// <summary>Logits alone, as the wire asks for them.</summary>
    public async Task<float[]> InferAsync(int rows, params int[] tokens) => Floats(await OutputAsync(0, rows, tokens));

    public async Task<Tensor> OutputAsync(int place, int rows, params int[] tokens)
    {
        var ids = new Tensor(DataType.Int32, [rows, tokens.Length / rows], MemoryMarshal.AsBytes(tokens.AsSpan()).ToArray());
        var model = Assert.IsType<ISelectiveModel>(Model, exactMatch: false);
        return Assert.Single(await model.InferAsync([ids], [place], TestContext.Current.CancellationToken));
    }

    public static float[] Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        await _adapter.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Compares logits element by element.</summary>
internal static class Logits
{
    public static void Near(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance = 1e-5f)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.NotEqual(0, expected.Length);
        var worst = 0f;
        for (var index = 0; index < expected.Length; index++)
        {
            Assert.True(float.IsFinite(actual[index]), $"element {index} is {actual[index]}");
            worst = Math.Max(worst, Math.Abs(expected[index] - actual[index]));
        }
        Assert.True(worst <= tolerance, $"the worst element differs by {worst}; {tolerance} is allowed");
    }
}

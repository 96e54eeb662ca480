using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch.Tests;

/// <summary>A model opened from bytes through an adapter.</summary>
internal sealed class Opened : IAsyncDisposable
{
    private readonly LibTorchAdapter _adapter;

    private Opened(LibTorchAdapter adapter, ITensorModel model) => (_adapter, Model) = (adapter, model);

    public ITensorModel Model { get; }

    public AdapterFacts Facts => _adapter.Facts;

    public static Task<Opened> Source(string source) => Source(source, Torch.Cpu);

    public static Task<Opened> Source(string source, LibTorchSpec spec) => Async("model.py", Encoding.UTF8.GetBytes(source), spec);

    public static Task<Opened> Archive(byte[] archive) => Async("model.pt", archive, Torch.Cpu);

    public static async Task<Opened> Async(string file, byte[] content, LibTorchSpec spec)
    {
        var adapter = LibTorchAdapter.Load(spec);
        return new(adapter, await adapter.OpenAsync(file, content, TestContext.Current.CancellationToken));
    }

    public Task<IReadOnlyList<Tensor>> InferAsync(params Tensor[] inputs) => Model.InferAsync(inputs, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        await _adapter.DisposeAsync();
    }

    public static Tensor Floats(ImmutableArray<long> shape, params float[] values) =>
        new(DataType.FP32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public static Tensor Whole(params long[] values) =>
        new(DataType.Int64, values.Length == 1 ? [] : [values.Length], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public static float[] Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

/// <summary>A model opened through an adapter, with the file that it was made from.</summary>
internal sealed class Opened : IAsyncDisposable
{
    private readonly OnnxRuntimeAdapter _adapter;
    private readonly string _folder;

    private Opened(OnnxRuntimeAdapter adapter, ITensorModel model, string folder) => (_adapter, Model, _folder) = (adapter, model, folder);

    public ITensorModel Model { get; }

    public AdapterFacts Facts => _adapter.Facts;

    public static Task<Opened> Async(byte[] model) => Async(model, Cpu);

    public static OnnxRuntimeSpec Cpu => new() { Library = Testing.Onnx.Engine.Library, Threads = 1 };

    public static async Task<Opened> Async(byte[] model, OnnxRuntimeSpec spec)
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), model);
        var adapter = OnnxRuntimeAdapter.Load(spec);
        try
        {
            var opened = await adapter.OpenAsync(new(folder), TestContext.Current.CancellationToken);
            return new(adapter, Assert.IsType<ITensorModel>(opened, exactMatch: false), folder);
        }
        catch (AdapterException)
        {
            await adapter.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    public Task<IReadOnlyList<Tensor>> InferAsync(params Tensor[] inputs) => Model.InferAsync(inputs, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        await _adapter.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public static Tensor Floats(ImmutableArray<long> shape, params float[] values) =>
        new(DataType.FP32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public static float[] Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();
}

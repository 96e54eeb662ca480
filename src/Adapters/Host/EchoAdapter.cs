using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Answers with what it was sent, at once: what a wire costs is measured against it.</summary>
internal sealed class EchoAdapter : IAdapter
{
    public AdapterFacts Facts { get; } = new() { Engine = "echo", EngineVersion = "1", Platform = "adaptation_echo", Device = "none" };

    public Task<IModel> OpenAsync(ModelFolder folder, CancellationToken cancellationToken) => Task.FromResult<IModel>(new Echo());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>x of any shape in, the same bytes out as y.</summary>
    private sealed class Echo : ITensorModel
    {
        public TensorSignature Signature { get; } = new([new("x", DataType.FP32, Shape: null)], [new("y", DataType.FP32, Shape: null)]);

        public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken) => Task.FromResult(inputs);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

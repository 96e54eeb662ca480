namespace Adaptation.Adapters.Abstractions;

/// <summary>An adapter that opens models handed to it while it serves: what the host's model repository routes need. Safe for concurrent use.</summary>
public interface IModelLoader
{
    /// <summary>Loads a model from the bytes of one file.</summary>
    /// <param name="file">A plain name whose ending tells the format: <c>model.onnx</c>, <c>model.pt</c> (TorchScript archive), <c>model.py</c> (TorchScript source).</param>
    /// <param name="content">Unchanged until the task completes; not needed after it.</param>
    /// <exception cref="AdapterException">The model cannot run here: an operator, a type or a format that the engine does not support, or bytes that are no model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing stays loaded.</exception>
    Task<ITensorModel> OpenAsync(string file, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);
}

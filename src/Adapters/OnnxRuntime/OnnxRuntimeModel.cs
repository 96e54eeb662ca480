using System.Buffers;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>One session. Answers are computed on the calling thread; ONNX Runtime lets several run at once.</summary>
internal sealed unsafe class OnnxRuntimeModel : ITensorModel
{
    private readonly OrtApi _api;
    private readonly SessionHandle _session;
    private readonly OrtTensors _tensors;
    private readonly Utf8List _inputNames;
    private readonly Utf8List _outputNames;
    private readonly string _path;

    public OnnxRuntimeModel(OrtApi api, SessionHandle session, string path)
    {
        (_api, _session, _path) = (api, session, path);
        nint allocator; // the engine's own, never freed
        api.Check(((delegate* unmanaged<nint*, nint>)api[OrtSlot.GetAllocatorWithDefaultOptions])(&allocator), "No allocator");
        Signature = OrtSignature.Read(api, session, allocator, $"Model {path}");
        if (Signature.Inputs.Any(input => input.Type == DataType.Bytes))
            api.Require(OrtVersion.ByteStrings, $"to feed the strings of {path}");
        _tensors = new(api, allocator);
        _inputNames = new([.. Signature.Inputs.Select(input => input.Name)]);
        _outputNames = new([.. Signature.Outputs.Select(output => output.Name)]);
    }

    public TensorSignature Signature { get; }

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken)
    {
        Signature.Require(inputs);
        try
        {
            return Task.FromResult<IReadOnlyList<Tensor>>(Infer(inputs, cancellationToken));
        }
        catch (AdapterException failure)
        {
            return Task.FromException<IReadOnlyList<Tensor>>(failure);
        }
        catch (OperationCanceledException cancelled)
        {
            return Task.FromCanceled<IReadOnlyList<Tensor>>(cancelled.CancellationToken);
        }
    }

    public ValueTask DisposeAsync()
    {
        _session.Dispose();
        _tensors.Dispose();
        _inputNames.Dispose();
        _outputNames.Dispose();
        return ValueTask.CompletedTask;
    }

    private Tensor[] Infer(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pins = new MemoryHandle[inputs.Count];
        var values = new ValueHandle?[inputs.Count];
        var kept = false;
        try
        {
            _session.DangerousAddRef(ref kept);
            for (var index = 0; index < inputs.Count; index++)
            {
                pins[index] = inputs[index].Data.Pin();
                values[index] = _tensors.Bind(inputs[index], pins[index]);
            }
            return Run(values, cancellationToken);
        }
        finally
        {
            foreach (var value in values)
                value?.Dispose();
            foreach (var pin in pins)
                pin.Dispose();
            if (kept)
                _session.DangerousRelease();
        }
    }

    private Tensor[] Run(ValueHandle?[] inputs, CancellationToken cancellationToken)
    {
        var count = Signature.Outputs.Length;
        var (given, made) = (new nint[inputs.Length], new nint[count]);
        for (var index = 0; index < inputs.Length; index++)
            given[index] = inputs[index]!.Native;
        var options = cancellationToken.CanBeCanceled ? _tensors.CreateRunOptions() : null;
        using (options)
        using (cancellationToken.UnsafeRegister(static state => ((RunTermination)state!).Ask(), options is null ? null : new RunTermination(_api, options)))
            fixed (nint* givenFirst = given, madeFirst = made)
            {
                var status = ((delegate* unmanaged<nint, nint, nint*, nint*, nint, nint*, nint, nint*, nint>)_api[OrtSlot.Run])(
                    _session.Native, options?.Native ?? 0, _inputNames.Pointer, givenFirst, inputs.Length, _outputNames.Pointer, count, madeFirst);
                if (_api.TryGetFailure(status) is { } failure)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw new AdapterException($"Model {_path} cannot answer: ONNX Runtime {_api.Version} says: {failure}");
                }
            }
        return TakeOutputs(made);
    }

    /// <summary>Copies every output once, into memory that the caller owns.</summary>
    private Tensor[] TakeOutputs(nint[] made)
    {
        var handles = Array.ConvertAll(made, native => new ValueHandle(_api, native));
        try
        {
            return Array.ConvertAll(handles, _tensors.Copy);
        }
        finally
        {
            foreach (var handle in handles)
                handle.Dispose();
        }
    }

    /// <summary>Asks a run to end at the next node.</summary>
    private sealed class RunTermination(OrtApi api, RunOptionsHandle options)
    {
        public void Ask() => _ = api.TryGetFailure(((delegate* unmanaged<nint, nint>)api[OrtSlot.RunOptionsSetTerminate])(options.Native));
    }
}

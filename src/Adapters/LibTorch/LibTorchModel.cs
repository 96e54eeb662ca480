using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch;

/// <summary>A <c>forward</c> of TorchScript. Answers are computed on the calling thread; torch lets several run at once.</summary>
/// <remarks>
/// Inputs are called as the code calls the arguments of <c>forward</c>; those with a default value keep it. Outputs are called by the fields of a
/// named tuple, else <c>OUTPUT__0</c> and on, as Triton calls them. The code of a tensor says neither type nor rank, so the signature leaves both
/// free; an <c>int</c>, <c>float</c> or <c>bool</c> is one number of INT64, FP64 or BOOL.
/// </remarks>
internal sealed unsafe class LibTorchModel : ITensorModel
{
    private const int Inputs = 0, Outputs = 1;

    private readonly TorchLibrary _library;
    private readonly ModelHandle _model;
    private readonly string _path;

    public LibTorchModel(TorchLibrary library, ModelHandle model, string path)
    {
        (_library, _model, _path) = (library, model, path);
        Signature = new(Side(Inputs), Side(Outputs));
    }

    public TensorSignature Signature { get; }

    public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken)
    {
        Signature.Require(inputs);
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<IReadOnlyList<Tensor>>(cancellationToken);
        try
        {
            var answer = Infer(inputs);
            // torch cannot be interrupted: an answer that nobody waits for is computed and dropped
            return cancellationToken.IsCancellationRequested
                ? Task.FromCanceled<IReadOnlyList<Tensor>>(cancellationToken)
                : Task.FromResult<IReadOnlyList<Tensor>>(answer);
        }
        catch (AdapterException failure)
        {
            return Task.FromException<IReadOnlyList<Tensor>>(failure);
        }
    }

    public ValueTask DisposeAsync()
    {
        _model.Dispose();
        return ValueTask.CompletedTask;
    }

    private ImmutableArray<TensorSpec> Side(int side) =>
        [.. Enumerable.Range(0, ((delegate* unmanaged<nint, int, int>)_library[TorchSymbol.count])(_model.Native, side)).Select(index => Describe(side, index))];

    private TensorSpec Describe(int side, int index)
    {
        var name = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, int, int, nint>)_library[TorchSymbol.name])(_model.Native, side, index)) ?? "";
        var type = ((delegate* unmanaged<nint, int, int, int>)_library[TorchSymbol.type])(_model.Native, side, index);
        var isScalar = ((delegate* unmanaged<nint, int, int, int>)_library[TorchSymbol.is_scalar])(_model.Native, side, index) != 0;
        return new(name, type < 0 ? null : (DataType)type, isScalar ? [] : null);
    }

    private Tensor[] Infer(IReadOnlyList<Tensor> inputs)
    {
        var count = inputs.Count;
        var pins = new MemoryHandle[2 * count];
        var given = new NativeTensor[count];
        var kept = false;
        try
        {
            _model.DangerousAddRef(ref kept);
            for (var index = 0; index < count; index++)
            {
                var input = inputs[index];
                pins[2 * index] = input.Data.Pin();
                pins[(2 * index) + 1] = input.Shape.AsMemory().Pin();
                given[index] = new()
                {
                    Type = (int)input.Type,
                    Rank = input.Shape.Length,
                    Shape = (long*)pins[(2 * index) + 1].Pointer,
                    Data = pins[2 * index].Pointer,
                    Bytes = input.Data.Length,
                };
            }
            return Run(given);
        }
        finally
        {
            foreach (var pin in pins)
                pin.Dispose();
            if (kept)
                _model.DangerousRelease();
        }
    }

    private Tensor[] Run(NativeTensor[] given)
    {
        using var text = new NativeText();
        nint made = 0;
        fixed (NativeTensor* first = given)
        {
            _library.Check(
                ((delegate* unmanaged<nint, NativeTensor*, int, nint*, byte*, long, int>)_library[TorchSymbol.run])(
                    _model.Native, first, given.Length, &made, text.Bytes, NativeText.Room),
                text, $"Model {_path} cannot answer");
        }
        using var answer = new AnswerHandle(_library, made);
        var outputs = new Tensor[Signature.Outputs.Length];
        for (var index = 0; index < outputs.Length; index++)
            outputs[index] = Take(answer, index);
        return outputs;
    }

    /// <summary>Copies an output once, into memory that the caller owns.</summary>
    private Tensor Take(AnswerHandle answer, int index)
    {
        using var text = new NativeText();
        NativeTensor output;
        _library.Check(
            ((delegate* unmanaged<nint, int, NativeTensor*, byte*, long, int>)_library[TorchSymbol.output])(answer.Native, index, &output, text.Bytes, NativeText.Room),
            text, $"Output {Signature.Outputs[index].Name} of model {_path} cannot be read");
        if (output.Bytes > Array.MaxLength)
            throw new AdapterException($"Output {Signature.Outputs[index].Name} has {output.Bytes} bytes; {Array.MaxLength} can be carried. Ask for a smaller batch.");
        var bytes = GC.AllocateUninitializedArray<byte>((int)output.Bytes);
        new ReadOnlySpan<byte>(output.Data, bytes.Length).CopyTo(bytes);
        return new((DataType)output.Type, [.. new ReadOnlySpan<long>(output.Shape, output.Rank)], bytes);
    }
}

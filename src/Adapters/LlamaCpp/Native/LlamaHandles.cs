using System.Runtime.InteropServices;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>Loaded weights; freed once the last context of theirs is.</summary>
internal sealed unsafe class ModelHandle : SafeHandle
{
    private readonly LlamaLibrary _library;

    public ModelHandle(LlamaLibrary library, nint native)
        : base(0, ownsHandle: true)
    {
        _library = library;
        SetHandle(native);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>For a call during which the caller keeps the model from being disposed.</summary>
    public nint Native => IsClosed ? throw new ObjectDisposedException(nameof(LlamaCppModel)) : handle;

    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged<nint, void>)_library[LlamaSymbol.llama_model_free])(handle);
        return true;
    }
}

/// <summary>A native context, which keeps the weights that it computes with.</summary>
internal sealed unsafe class ContextHandle : SafeHandle
{
    private readonly LlamaLibrary _library;
    private readonly ModelHandle _model;

    public ContextHandle(LlamaLibrary library, ModelHandle model, nint native)
        : base(0, ownsHandle: true)
    {
        (_library, _model) = (library, model);
        var added = false;
        model.DangerousAddRef(ref added);
        SetHandle(native);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>For a call during which the caller keeps the model from being disposed.</summary>
    public nint Native => IsClosed ? throw new ObjectDisposedException(nameof(LlamaCppModel)) : handle;

    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged<nint, void>)_library[LlamaSymbol.llama_free])(handle);
        _model.DangerousRelease();
        return true;
    }
}

/// <summary>A word of native memory that a cancellation sets and an engine's callback reads.</summary>
internal sealed unsafe class CancelFlag : IDisposable
{
    private int* _word = (int*)NativeMemory.AllocZeroed(sizeof(int));

    public nint Address => (nint)_word;

    /// <summary><c>ggml_abort_callback</c>: true ends the computation.</summary>
    public static nint StopCallback => (nint)(delegate* unmanaged<nint, byte>)&Stop;

    /// <summary><c>llama_progress_callback</c>: false ends the loading.</summary>
    public static nint ProgressCallback => (nint)(delegate* unmanaged<float, nint, byte>)&GoOn;

    /// <summary>Sets the word when the token is cancelled, until the registration is disposed, which waits for a callback under way.</summary>
    public CancellationTokenRegistration Follow(CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(static state => Volatile.Write(ref *((CancelFlag)state!)._word, 1), this);

    public void Clear() => Volatile.Write(ref *_word, 0);

    public void Dispose()
    {
        NativeMemory.Free(_word);
        _word = null;
    }

    [UnmanagedCallersOnly]
    private static byte Stop(nint word) => Volatile.Read(ref *(int*)word) == 0 ? (byte)0 : (byte)1;

    [UnmanagedCallersOnly]
    private static byte GoOn(float share, nint word) => Volatile.Read(ref *(int*)word) == 0 ? (byte)1 : (byte)0;
}

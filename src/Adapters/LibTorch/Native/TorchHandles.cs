using System.Runtime.InteropServices;

namespace Adaptation.Adapters.LibTorch;

/// <summary>Owns one object of the shim.</summary>
internal abstract unsafe class TorchHandle : SafeHandle
{
    private readonly nint _free;

    protected TorchHandle(TorchLibrary library, TorchSymbol free, nint native)
        : base(0, ownsHandle: true)
    {
        _free = library[free];
        SetHandle(native);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>For a call during which the caller keeps this object from being disposed.</summary>
    public nint Native => IsClosed ? throw new ObjectDisposedException(GetType().Name) : handle;

    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged<nint, void>)_free)(handle);
        return true;
    }
}

internal sealed class ModelHandle(TorchLibrary library, nint native) : TorchHandle(library, TorchSymbol.free_model, native);

internal sealed class AnswerHandle(TorchLibrary library, nint native) : TorchHandle(library, TorchSymbol.free_answer, native);

/// <summary>adaptation_tensor of the shim's header. Types are numbered as in <see cref="Abstractions.DataType"/>; a test holds the two together.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTensor
{
    public int Type;
    public int Rank;
    public long* Shape;
    public void* Data;
    public long Bytes;
}

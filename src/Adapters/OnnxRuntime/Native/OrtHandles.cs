using System.Runtime.InteropServices;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Owns one native object and keeps the object that it depends on alive until it is released.</summary>
internal abstract unsafe class OrtHandle : SafeHandle
{
    private readonly OrtApi _api;
    private readonly OrtSlot _release;
    private readonly SafeHandle? _parent;

    protected OrtHandle(OrtApi api, OrtSlot release, nint native, SafeHandle? parent = null)
        : base(0, ownsHandle: true)
    {
        (_api, _release) = (api, release);
        if (parent is not null)
        {
            var added = false;
            parent.DangerousAddRef(ref added);
            _parent = parent;
        }
        SetHandle(native);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>For a call during which the caller keeps this object from being disposed.</summary>
    public nint Native => IsClosed ? throw new ObjectDisposedException(GetType().Name) : handle;

    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged<nint, void>)_api[_release])(handle);
        _parent?.DangerousRelease();
        return true;
    }
}

internal sealed class EnvHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseEnv, native);

internal sealed class SessionOptionsHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseSessionOptions, native);

internal sealed class SessionHandle(OrtApi api, nint native, EnvHandle env) : OrtHandle(api, OrtSlot.ReleaseSession, native, env);

internal sealed class MemoryInfoHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseMemoryInfo, native);

internal sealed class ValueHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseValue, native);

internal sealed class TypeInfoHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseTypeInfo, native);

internal sealed class ShapeInfoHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseTensorTypeAndShapeInfo, native);

internal sealed class RunOptionsHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseRunOptions, native);

internal sealed class CudaOptionsHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseCudaOptions, native);

internal sealed class CannOptionsHandle(OrtApi api, nint native) : OrtHandle(api, OrtSlot.ReleaseCannOptions, native);

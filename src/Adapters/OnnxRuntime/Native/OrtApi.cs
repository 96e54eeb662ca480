using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>The function table of one loaded ONNX Runtime library. Safe for concurrent use; never unloaded, since engines keep threads.</summary>
internal sealed unsafe class OrtApi
{
    private readonly nint* _base;
    private readonly nint* _table;

    private OrtApi(string path, string version, nint* entry, nint* table)
    {
        (Path, Version) = (path, version);
        _base = entry;
        _table = table;
    }

    public string Path { get; }

    /// <summary>As the library spells it: 1.30.0.</summary>
    public string Version { get; }

    /// <summary>Opens a library and takes its table at the lowest version that serves sessions at all.</summary>
    /// <exception cref="AdapterException">The file is missing, is no ONNX Runtime, or is too old.</exception>
    public static OrtApi Load(string path)
    {
        var library = EngineLibrary.Open(path, "Give the path of libonnxruntime.so inside the image.");
        if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out var export))
            throw new AdapterException($"{path} is no ONNX Runtime: it does not export OrtGetApiBase. Give the path of libonnxruntime.so.");

        var entry = ((delegate* unmanaged<nint*>)export)();
        var version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)entry[1])()) ?? "of unknown version";
        var table = ((delegate* unmanaged<uint, nint*>)entry[0])(OrtVersion.Base);
        return table is null ? throw TooOld(path, version, OrtVersion.Base, "to run a model") : new(path, version, entry, table);
    }

    /// <summary>Makes sure that the entries of an API version exist before one of them is called.</summary>
    /// <exception cref="AdapterException">The library is older.</exception>
    public void Require(uint version, string purpose)
    {
        if (!Has(version))
            throw TooOld(Path, Version, version, purpose);
    }

    public bool Has(uint version) => ((delegate* unmanaged<uint, nint*>)_base[0])(version) is not null;

    /// <summary>An entry of the table, to be cast to its signature by the caller.</summary>
    public nint this[OrtSlot slot] => _table[(int)slot];

    /// <summary>Turns a status into an exception, and frees it.</summary>
    /// <exception cref="AdapterException"><paramref name="status"/> is not null.</exception>
    public void Check(nint status, string what)
    {
        if (TryGetFailure(status) is { } failure)
            throw new AdapterException($"{what}: ONNX Runtime {Version} says: {failure}");
    }

    /// <summary>The engine's words, or null if all went well; the status is freed.</summary>
    public string? TryGetFailure(nint status)
    {
        if (status == 0)
            return null;
        var message = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)this[OrtSlot.GetErrorMessage])(status));
        ((delegate* unmanaged<nint, void>)this[OrtSlot.ReleaseStatus])(status);
        return message ?? "nothing";
    }

    private static AdapterException TooOld(string path, string version, uint wanted, string purpose) => new(
        $"{path} is ONNX Runtime {version}; {purpose} takes API version {wanted}, which came with ONNX Runtime 1.{wanted}. Use a newer build.");
}

/// <summary>A zero-terminated UTF-8 copy of a text, for one call.</summary>
internal readonly unsafe ref struct Utf8(string text)
{
    private readonly nint _bytes = Marshal.StringToCoTaskMemUTF8(text);

    public static implicit operator nint(Utf8 text) => text._bytes;

    public void Dispose() => Marshal.FreeCoTaskMem(_bytes);
}

/// <summary>An array of zero-terminated UTF-8 texts, for as long as native code reads it.</summary>
internal sealed unsafe class Utf8List : SafeHandle
{
    private readonly int _count;

    public Utf8List(IReadOnlyList<string> texts)
        : base(0, ownsHandle: true)
    {
        var list = (nint*)NativeMemory.AllocZeroed((nuint)Math.Max(1, texts.Count), (nuint)sizeof(nint));
        SetHandle((nint)list);
        for (; _count < texts.Count; _count++)
            list[_count] = Marshal.StringToCoTaskMemUTF8(texts[_count]);
    }

    public override bool IsInvalid => handle == 0;

    public nint* Pointer => (nint*)handle;

    protected override bool ReleaseHandle()
    {
        for (var index = 0; index < _count; index++)
            Marshal.FreeCoTaskMem(Pointer[index]);
        NativeMemory.Free(Pointer);
        return true;
    }
}

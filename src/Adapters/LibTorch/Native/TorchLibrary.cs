using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch;

/// <summary>Functions of the shim, by the names of shim/adaptation_torch.h without their prefix.</summary>
internal enum TorchSymbol
{
    abi,
    version,
    load_plugin,
    devices,
    open_device,
    set_threads,
    open_archive,
    open_source,
    count,
    name,
    type,
    is_scalar,
    run,
    output,
    free_answer,
    free_model,
}

/// <summary>One loaded shim with the torch behind it. Safe for concurrent use; never unloaded, since torch keeps threads.</summary>
internal sealed unsafe class TorchLibrary
{
    private const int Abi = 1;

    private const string Prefix = "adaptation_torch_";

    private readonly nint[] _exports;

    private TorchLibrary(string path, nint[] exports) => (Path, _exports) = (path, exports);

    public string Path { get; }

    /// <summary>Of the headers that the shim was compiled against, and of the library, which has computed as they say.</summary>
    public string Version { get; private set; } = "of unknown version";

    /// <summary>A function, to be cast to its signature by the caller.</summary>
    public nint this[TorchSymbol symbol] => _exports[(int)symbol];

    /// <exception cref="AdapterException">The file is missing, is no shim or another one, or torch itself does not start.</exception>
    public static TorchLibrary Load(string path)
    {
        var handle = EngineLibrary.Open(path, "Compile src/Adapters/LibTorch/shim inside the image and give the path of what comes out.", "Does it find the libtorch that it was compiled against?");
        var library = new TorchLibrary(path, Resolve(handle, path));
        library.Start();
        return library;
    }

    /// <summary>Asks for a text.</summary>
    /// <exception cref="AdapterException">The function failed.</exception>
    public string Ask(TorchSymbol symbol, string what)
    {
        using var text = new NativeText();
        Check(((delegate* unmanaged<byte*, long, int>)this[symbol])(text.Bytes, NativeText.Room), text, what);
        return text.ToString();
    }

    /// <summary>Hands over a text, and gives back what is answered.</summary>
    /// <exception cref="AdapterException">The function failed.</exception>
    public string Ask(TorchSymbol symbol, string argument, string what)
    {
        using var text = new NativeText();
        using var bytes = new Utf8(argument);
        Check(((delegate* unmanaged<byte*, byte*, long, int>)this[symbol])(bytes.Bytes, text.Bytes, NativeText.Room), text, what);
        return text.ToString();
    }

    /// <exception cref="AdapterException"><paramref name="result"/> is not 0.</exception>
    public void Check(int result, NativeText text, string what)
    {
        if (result != 0)
            throw new AdapterException($"{what}: torch {Version} says: {text.ToString().ReplaceLineEndings(" ").Trim()}");
    }

    public void SetThreads(int threads)
    {
        using var text = new NativeText();
        Check(((delegate* unmanaged<int, byte*, long, int>)this[TorchSymbol.set_threads])(threads, text.Bytes, NativeText.Room), text, $"{threads} threads cannot be set");
    }

    private static nint[] Resolve(nint handle, string path)
    {
        if (!NativeLibrary.TryGetExport(handle, Prefix + TorchSymbol.abi, out var abi))
            throw new AdapterException($"{path} is no shim of ours: it does not export {Prefix}{TorchSymbol.abi}. Compile src/Adapters/LibTorch/shim.");
        var seen = ((delegate* unmanaged<int>)abi)();
        if (seen != Abi)
            throw new AdapterException($"{path} has interface {seen}; this host speaks {Abi}. Compile the shim of this host's own source.");
        return [.. Enum.GetValues<TorchSymbol>().Select(symbol => NativeLibrary.TryGetExport(handle, Prefix + symbol, out var export)
            ? export
            : throw new AdapterException($"{path} does not export {Prefix}{symbol}. Compile the shim again."))];
    }

    private void Start() => Version = Ask(TorchSymbol.version, $"{Path} does not compute");
}

/// <summary>Room for a text that the shim writes.</summary>
internal readonly unsafe ref struct NativeText
{
    public const int Room = 4096;

    public NativeText()
    {
        Bytes = (byte*)NativeMemory.Alloc(Room);
        Bytes[0] = 0;
    }

    public byte* Bytes { get; }

    public override string ToString() => Marshal.PtrToStringUTF8((nint)Bytes) ?? "";

    public void Dispose() => NativeMemory.Free(Bytes);
}

/// <summary>A zero-terminated UTF-8 copy of a text, for one call.</summary>
internal readonly unsafe ref struct Utf8(string text)
{
    public byte* Bytes { get; } = (byte*)Marshal.StringToCoTaskMemUTF8(text);

    public void Dispose() => Marshal.FreeCoTaskMem((nint)Bytes);
}

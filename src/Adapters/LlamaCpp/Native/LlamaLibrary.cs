using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>One build of llama.cpp: its functions, its log and its devices. Safe for concurrent use.</summary>
/// <remarks>
/// Loaded once per process and never unloaded: backends register themselves in it for good and keep threads. Two different builds
/// in one process would share whatever library of theirs has the same soname; the host loads one.
/// </remarks>
internal sealed unsafe class LlamaLibrary
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, LlamaLibrary> Loaded = new(StringComparer.Ordinal);

    private readonly nint[] _exports;

    private LlamaLibrary(string path, nint[] exports) => (Path, _exports) = (path, exports);

    public string Path { get; }

    /// <summary>As the library spells it, and the commit that it was built from: <c>v0.5.0 (de3ff81)</c>.</summary>
    public string Version { get; private set; } = "of unknown version";

    /// <summary>What the processor offers and the build uses, as the library spells it.</summary>
    /// <remarks>Read once: the library writes it into one string of its own at every call, and two calls at once corrupt the heap.</remarks>
    public string SystemInfo { get; private set; } = "";

    public LlamaLog Log { get; } = LlamaLog.OfProcess;

    /// <summary>What the backends found at start, in the engine's order.</summary>
    public IReadOnlyList<LlamaDevice> Devices { get; private set; } = [];

    /// <summary>A function, to be cast to its signature by the caller.</summary>
    public nint this[LlamaSymbol symbol] => _exports[(int)symbol];

    /// <summary>Loads the libraries beside <paramref name="path"/>, and those of its backends.</summary>
    /// <param name="path">libllama, or a folder with one.</param>
    /// <exception cref="AdapterException">A file is missing or no library, a function is missing, or the structs are laid out otherwise.</exception>
    public static LlamaLibrary Load(string path)
    {
        var file = System.IO.Path.GetFullPath(LlamaFiles.Find(path));
        lock (Gate)
        {
            if (Loaded.TryGetValue(file, out var known))
                return known;
            var library = new LlamaLibrary(file, LlamaFiles.Resolve(file));
            library.Start();
            Loaded.Add(file, library);
            return library;
        }
    }

    private string Text(LlamaSymbol symbol) => Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)this[symbol])()) ?? "";

    private void Start()
    {
        LlamaAbi.CheckDefaults(this);
        Version = $"{Text(LlamaSymbol.llama_version)} ({Text(LlamaSymbol.ggml_commit)})";
        Log.Capture(this);
        using var folder = new Utf8(System.IO.Path.GetDirectoryName(Path)!);
        ((delegate* unmanaged<nint, void>)this[LlamaSymbol.ggml_backend_load_all_from_path])(folder);
        ((delegate* unmanaged<void>)this[LlamaSymbol.llama_backend_init])();
        Devices = LlamaDevice.ReadAll(this);
        SystemInfo = Text(LlamaSymbol.llama_print_system_info).Trim();
        if (Devices.Count == 0)
        {
            throw new AdapterException(
                $"{Path} found no device to compute on, not even the CPU: llama.cpp {Version} says: {Log.Tail()}. "
                + "Put the libggml-*.so of a backend that fits this machine beside it.");
        }
    }
}

/// <summary>Where the libraries of a build lie, and the addresses of their functions.</summary>
internal static class LlamaFiles
{
    private const string Remedy = "Give the path of libllama.so inside the image.";

    /// <summary>The path itself, or the libllama of a folder.</summary>
    /// <exception cref="AdapterException">There is none.</exception>
    public static string Find(string path)
    {
        if (File.Exists(path))
            return path;
        if (!Directory.Exists(path))
            throw new AdapterException($"llama.cpp library {path} does not exist. {Remedy}");
        return First(path, "libllama.*")
            ?? throw new AdapterException($"Folder {path} holds no libllama.so. Give the folder of a llama.cpp build with shared libraries.");
    }

    /// <summary>Loads the build's own libraries first, by absolute path, so that no other of the same name can stand in.</summary>
    /// <exception cref="AdapterException">One cannot be loaded, or a function is missing.</exception>
    public static nint[] Resolve(string llama)
    {
        var folder = Path.GetDirectoryName(llama)!;
        nint[] handles = [.. new[] { First(folder, "libggml-base.so*"), First(folder, "libggml.*"), llama }.OfType<string>().Select(file => EngineLibrary.Open(file, Remedy))];
        var symbols = Enum.GetValues<LlamaSymbol>();
        var exports = new nint[symbols.Length];
        var missing = new List<string>();
        foreach (var symbol in symbols)
        {
            exports[(int)symbol] = handles.Select(handle => NativeLibrary.TryGetExport(handle, symbol.ToString(), out var address) ? address : 0)
                .FirstOrDefault(address => address != 0);
            if (exports[(int)symbol] == 0)
                missing.Add(symbol.ToString());
        }
        return missing.Count == 0 ? exports : throw new AdapterException(
            $"{llama} is no llama.cpp that this adapter can use: it does not export {string.Join(", ", missing.Take(6))}"
            + (missing.Count > 6 ? $" and {missing.Count - 6} more" : "") + ". Use a build of llama.cpp v0.5.0 with shared libraries.");
    }

    /// <summary>Of several names for one library (libllama.so, libllama.so.0) the shortest.</summary>
    private static string? First(string folder, string pattern) => Directory.GetFiles(folder, pattern)
        .Where(file => Path.GetFileName(file).Contains(".so", StringComparison.Ordinal))
        .OrderBy(file => file.Length).ThenBy(file => file, StringComparer.Ordinal).FirstOrDefault();
}

/// <summary>A zero-terminated UTF-8 copy of a text, for one call.</summary>
internal readonly unsafe ref struct Utf8(string text)
{
    private readonly nint _bytes = Marshal.StringToCoTaskMemUTF8(text);

    public static implicit operator nint(Utf8 text) => text._bytes;

    public void Dispose() => Marshal.FreeCoTaskMem(_bytes);
}

using System.Buffers.Text;
using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>Copies what leaves each layer, while a context that was made with it computes. One caller at a time.</summary>
/// <remarks>
/// The scheduler asks of every tensor whether it is wanted, computes up to one that is, waits for the device and hands it over.
/// Source: <c>ggml_backend_sched_eval_callback</c> in ggml/include/ggml-backend.h, and <c>cb(cur, "l_out", il)</c> at the end of each layer in
/// src/models of llama.cpp v0.5.0. A context without a tap has no callback at all, and computes as it did.
/// </remarks>
internal sealed unsafe class LayerTap : IDisposable
{
    /// <summary>Architectures whose graphs name the residual stream after each layer so, as read in their sources; of others nothing is shown.</summary>
    private static readonly HashSet<string> Named = new(StringComparer.Ordinal) { "llama", "qwen2", "qwen3" };

    private readonly LlamaLibrary _library;
    private readonly int _width;
    private readonly int[] _rows;
    private GCHandle _self;
    private float* _to;
    private long _stride;
    private int _wanted;
    private string? _strange;

    public LayerTap(LlamaLibrary library, int layers, int width)
    {
        (_library, _width, _rows) = (library, width, new int[layers]);
        _self = GCHandle.Alloc(this);
    }

    public nint Address => GCHandle.ToIntPtr(_self);

    /// <summary><c>ggml_backend_sched_eval_callback</c>: whether a tensor is wanted, or may go on after one that was.</summary>
    public static nint Callback => (nint)(delegate* unmanaged<nint, byte, nint, byte>)&Look;

    public static bool Names(string? architecture) => architecture is not null && Named.Contains(architecture);

    /// <summary>Says where the next computation's states go.</summary>
    /// <param name="to">Of layer 0; it stays where it is until <see cref="End"/>.</param>
    /// <param name="stride">Elements from one layer to the next.</param>
    /// <param name="positions">T of this computation.</param>
    public void Begin(float* to, long stride, int positions)
    {
        _to = to;
        (_stride, _wanted, _strange) = (stride, positions, null);
        Array.Clear(_rows);
    }

    /// <summary>Makes sure that every layer gave every position.</summary>
    /// <remarks>This is also the proof that the library read the callback where it was written: no function tells.</remarks>
    /// <exception cref="AdapterException">One did not, or gave something else.</exception>
    public void End(string path)
    {
        _to = null;
        var missing = Array.FindIndex(_rows, rows => rows != _wanted);
        if (_strange is null && missing < 0)
            return;
        throw new AdapterException(
            $"Model {path} does not show what its layers compute: {_strange ?? $"layer {missing} gave {_rows[missing]} of {_wanted} positions"}. "
            + $"Its logits can be had; its graph in {_library.Path} (llama.cpp {_library.Version}) is not built as this adapter expects.");
    }

    public void Dispose()
    {
        if (_self.IsAllocated)
            _self.Free();
    }

    [UnmanagedCallersOnly]
    private static byte Look(nint tensor, byte isQuestion, nint self)
    {
        var tap = (LayerTap)GCHandle.FromIntPtr(self).Target!;
        if (tap.Layer(tensor) is not { } layer || tap._to is null)
            return isQuestion == 0 ? (byte)1 : (byte)0;
        if (isQuestion == 0)
            tap.Copy(tensor, layer);
        return 1;
    }

    /// <returns>The number in <c>l_out-N</c>, or null for any other name.</returns>
    private int? Layer(nint tensor)
    {
        var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(((delegate* unmanaged<nint, byte*>)_library[LlamaSymbol.ggml_get_name])(tensor));
        return name.StartsWith("l_out-"u8) && Utf8Parser.TryParse(name[6..], out int layer, out var read) && read == name.Length - 6 && layer >= 0 && layer < _rows.Length
            ? layer : null;
    }

    /// <remarks>Throws nothing: there is native code above it.</remarks>
    private void Copy(nint tensor, int layer)
    {
        var bytes = ((delegate* unmanaged<nint, nuint>)_library[LlamaSymbol.ggml_nbytes])(tensor);
        var elements = ((delegate* unmanaged<nint, long>)_library[LlamaSymbol.ggml_nelements])(tensor);
        var rows = elements / _width;
        if (bytes != (nuint)elements * sizeof(float) || rows * _width != elements || rows > _wanted - _rows[layer]
            || ((delegate* unmanaged<nint, byte>)_library[LlamaSymbol.ggml_is_contiguous])(tensor) == 0)
        {
            _strange ??= $"layer {layer} gives {elements} elements in {bytes} bytes, where at most {_wanted - _rows[layer]} positions of {_width} float32 are expected";
            return;
        }

        var place = _to + (layer * _stride) + ((long)_rows[layer] * _width);
        ((delegate* unmanaged<nint, void*, nuint, nuint, void>)_library[LlamaSymbol.ggml_backend_tensor_get])(tensor, place, 0, bytes);
        _rows[layer] += (int)rows;
    }
}

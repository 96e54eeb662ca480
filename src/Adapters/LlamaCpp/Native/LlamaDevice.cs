using System.Globalization;
using System.Runtime.InteropServices;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>A device that a backend offers.</summary>
/// <param name="Native">Valid as long as the library is loaded.</param>
/// <param name="Name">Short, and what a profile names: <c>CPU</c>, <c>Vulkan0</c>, <c>CANN0</c>.</param>
/// <param name="Description">In the driver's words.</param>
/// <param name="TotalBytes">Memory of the device; 0 where the backend does not say.</param>
internal sealed record LlamaDevice(nint Native, string Name, string Description, bool IsCpu, long TotalBytes)
{
    private const long Mebibyte = 1 << 20;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name} ({Description}{(TotalBytes > 0 ? $", {TotalBytes / Mebibyte} MiB" : "")})");

    public static unsafe IReadOnlyList<LlamaDevice> ReadAll(LlamaLibrary library)
    {
        const int Cpu = 0;
        var devices = new LlamaDevice[(int)((delegate* unmanaged<nint>)library[LlamaSymbol.ggml_backend_dev_count])()];
        for (var index = 0; index < devices.Length; index++)
        {
            var native = ((delegate* unmanaged<nint, nint>)library[LlamaSymbol.ggml_backend_dev_get])(index);
            devices[index] = new(
                native,
                Text(library, LlamaSymbol.ggml_backend_dev_name, native),
                Text(library, LlamaSymbol.ggml_backend_dev_description, native),
                ((delegate* unmanaged<nint, int>)library[LlamaSymbol.ggml_backend_dev_type])(native) == Cpu,
                Memory(library, native).Total);
        }
        return devices;
    }

    /// <summary>Bytes now; both 0 where the backend does not say. The CPU's says that all of its memory is free.</summary>
    public (long Free, long Total) Memory(LlamaLibrary library) => Memory(library, Native);

    private static unsafe (long Free, long Total) Memory(LlamaLibrary library, nint native)
    {
        nint free, total;
        ((delegate* unmanaged<nint, nint*, nint*, void>)library[LlamaSymbol.ggml_backend_dev_memory])(native, &free, &total);
        return (free, total);
    }

    private static unsafe string Text(LlamaLibrary library, LlamaSymbol symbol, nint device) =>
        Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)library[symbol])(device))?.Trim() ?? "";
}

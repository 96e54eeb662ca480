using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>Whether the kernel holds its clock to be kept by something outside the machine (NTP, PTP).</summary>
/// <remarks>Source: adjtimex(2), which only reads where no mode is given; its structure has 208 bytes on 64-bit Linux.</remarks>
internal static partial class ClockState
{
    private const int Unsynchronised = 5; // TIME_ERROR

    /// <returns>Null where the kernel does not say.</returns>
    public static bool? IsSynchronised()
    {
        Span<byte> state = stackalloc byte[256];
        state.Clear();
        return AdjustTime(ref MemoryMarshal.GetReference(state)) switch { < 0 => null, Unsynchronised => false, _ => true };
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdjustTime(ref byte state);
}

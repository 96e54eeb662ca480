using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Where the native libraries lie; a test without them fails and says what is missing.</summary>
internal static class Engine
{
    public static string Cpu => Required("ADAPTATION_LLAMA_LIB", "the folder of the engine pack llamacpp-cpu");

    public static string Vulkan => Required("ADAPTATION_LLAMA_VULKAN_LIB", "the folder of the engine pack llamacpp-vulkan");

    private static string Required(string variable, string what)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(path) || !(File.Exists(path) || Directory.Exists(path)))
        {
            throw new InvalidOperationException(
                $"{variable} is {(string.IsNullOrEmpty(path) ? "not set" : $"{path}, which does not exist")}. Set it to {what}; ./test does so.");
        }
        return path;
    }

    /// <summary>The engine hides drivers that compute on the CPU unless told.</summary>
    /// <remarks>
    /// Native code reads the environment of the C library, which .NET copies at start and does not write to. Before any test runs: to set
    /// a variable while another thread reads one is undefined.
    /// </remarks>
    [ModuleInitializer]
    internal static unsafe void ShowSoftwareDevices()
    {
        var setenv = (delegate* unmanaged<nint, nint, int, int>)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "setenv");
        var (name, value) = (Marshal.StringToCoTaskMemUTF8("GGML_VK_VISIBLE_DEVICES"), Marshal.StringToCoTaskMemUTF8("0"));
        _ = setenv(name, value, 1);
        Marshal.FreeCoTaskMem(name);
        Marshal.FreeCoTaskMem(value);
    }
}

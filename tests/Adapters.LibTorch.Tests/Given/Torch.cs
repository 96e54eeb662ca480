using Adaptation.Testing.Torch;

namespace Adaptation.Adapters.LibTorch.Tests;

/// <summary>What adapters are opened on.</summary>
internal static class Torch
{
    private static readonly string Native = Path.Combine(AppContext.BaseDirectory, "Native");

    /// <summary>The shim as the image of containers/libtorch-cpu compiles it.</summary>
    public static string Shim => Compiled.Shim;

    /// <summary>A vendor's plug-in: the device privateuseone, which multiplies in a way of its own.</summary>
    public static string Plugin => Compiled.Library(Native, "plugin_device.cpp");

    /// <summary>A shim of another interface.</summary>
    public static string OtherShim => Compiled.Library(Native, "other_shim.cpp");

    public static LibTorchSpec Cpu => new() { Library = Shim, Threads = 1 };
}

using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch;

/// <summary>Which torch to use, and how.</summary>
public sealed record LibTorchSpec
{
    /// <summary>Path of <c>libadaptation_torch.so</c>, compiled against the torch of the image: see <c>shim/</c>.</summary>
    public required string Library { get; init; }

    /// <summary>As torch spells it: <c>cpu</c>, <c>cuda:0</c>, <c>npu</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Libraries that bring devices, loaded in this order before one is named.</summary>
    public ImmutableArray<string> Plugins { get; init; } = [];

    /// <summary>Threads within one operator on the CPU, for the whole process; null leaves it to torch.</summary>
    public int? Threads { get; init; }

    /// <summary>Changes a spec by options given as texts: <c>device</c>, and <c>plugins</c> with a colon between paths.</summary>
    /// <exception cref="AdapterException">An option does not exist; the message names it.</exception>
    public LibTorchSpec With(ImmutableSortedDictionary<string, string> options)
    {
        var spec = this;
        foreach (var (name, text) in options)
        {
            spec = name switch
            {
                "device" => spec with { Device = text },
                "plugins" => spec with { Plugins = [.. text.Split(':', StringSplitOptions.RemoveEmptyEntries)] },
                _ => throw new AdapterException($"Option {name} does not exist; libtorch takes device and plugins."),
            };
        }
        return spec;
    }

    /// <exception cref="AdapterException">A choice is none.</exception>
    internal void Validate()
    {
        if (Device.Length is 0 or > 64 || !Device.All(c => c is '_' or ':' || char.IsAsciiLetterOrDigit(c)))
            throw new AdapterException($"Option device is '{Device}'; a name such as cpu, cuda:0 or npu is expected.");
        if (Threads is < 1)
            throw new AdapterException($"Threads is {Threads}; 1 or more is expected.");
    }
}

using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;
using Adaptation.Core;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Which build of ONNX Runtime to use, and how.</summary>
public sealed record OnnxRuntimeSpec
{
    /// <summary>The provider that every build has.</summary>
    public const string Cpu = "CPUExecutionProvider";

    /// <summary>Path of <c>libonnxruntime.so</c>: the vendor's own build.</summary>
    public required string Library { get; init; }

    /// <summary>As the build lists it (<c>CANNExecutionProvider</c>), as its options call it (<c>QNN</c>), or as a plug-in library names it.</summary>
    public string Provider { get; init; } = Cpu;

    /// <summary>Handed to the provider as they are.</summary>
    public ImmutableSortedDictionary<string, string> ProviderOptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Path of a plug-in library that brings <see cref="Provider"/>; null if the build has it.</summary>
    public string? ProviderLibrary { get; init; }

    /// <summary>False: a model of which a part would run on the CPU instead is refused.</summary>
    public bool CpuFallback { get; init; } = true;

    /// <summary>Threads within one operator on the CPU; null leaves it to the engine.</summary>
    public int? Threads { get; init; }

    /// <exception cref="AdapterException">A number is out of range, or two of the choices contradict each other.</exception>
    internal void Validate()
    {
        if (Provider == Cpu && !CpuFallback)
            throw new AdapterException($"{Cpu} without CPU fallback leaves nothing to run on. Name the device's provider, or allow the fallback.");
        if (Provider == Cpu && ProviderLibrary is not null)
            throw new AdapterException($"{ProviderLibrary} is to bring a provider, and {Cpu} is built in. Name the provider that the library brings.");
        if (Provider == Cpu && ProviderOptions.Count > 0)
            throw new AdapterException($"{Cpu} takes no options, and got {string.Join(", ", ProviderOptions.Keys)}. Leave them out.");
        if (Threads is < 1 or > EngineThreads.Most)
            throw new AdapterException($"Threads is {Threads}; 1 to {EngineThreads.Most} is expected.");
    }
}

using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;
using Adaptation.Core;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>Which build of llama.cpp to use, and how.</summary>
public sealed record LlamaCppSpec
{
    /// <summary>The device that every build has.</summary>
    public const string Cpu = "CPU";

    /// <summary>Path of <c>libllama.so</c>, or of the folder that it lies in; its backends lie beside it.</summary>
    public required string Library { get; init; }

    /// <summary>As the build lists them: <c>CPU</c> alone, or accelerators such as <c>Vulkan0</c> and <c>CANN0</c>, which share the layers.</summary>
    public ImmutableArray<string> Devices { get; init; } = [Cpu];

    /// <summary>Layers that an accelerator computes, counted from the last; null gives it all. The CPU computes the rest.</summary>
    public int? DeviceLayers { get; init; }

    /// <summary>Threads on the CPU, for single tokens and for batches alike.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Positions of one sequence; a model that was trained for fewer keeps to those.</summary>
    public int ContextLength { get; init; } = 4096;

    /// <summary>Sequences that are kept at a time. Memory grows with this times <see cref="ContextLength"/>.</summary>
    public int Sequences { get; init; } = 8;

    /// <summary>Most positions of one call.</summary>
    public int Batch { get; init; } = 2048;

    /// <summary>Most positions that the engine computes in one go.</summary>
    public int MicroBatch { get; init; } = 512;

    /// <summary>Fused attention, which rounds differently.</summary>
    public bool FlashAttention { get; init; }

    /// <summary>Element type of the keys and values that are kept.</summary>
    public CacheType Cache { get; init; } = CacheType.F16;

    /// <summary>How a text becomes one vector; null as the model's file says, and none if it says nothing.</summary>
    public Pooling? Pooling { get; init; }

    /// <summary>Reads all weights once at start and refuses those that are no numbers.</summary>
    public bool CheckWeights { get; init; } = true;

    /// <exception cref="AdapterException">A number is out of range, or two choices contradict each other.</exception>
    internal void Validate()
    {
        const int Most = 1 << 20;
        foreach (var (name, value, most) in new[]
        {
            (nameof(Threads), Threads, EngineThreads.Most), (nameof(ContextLength), ContextLength, 1 << 24), (nameof(Sequences), Sequences, 256),
            (nameof(Batch), Batch, Most), (nameof(MicroBatch), MicroBatch, Most),
        })
        {
            if (value < 1 || value > most)
                throw new AdapterException($"{name} is {value}; 1 to {most} is expected.");
        }
        if (Batch < Sequences)
            throw new AdapterException($"Batch is {Batch}, less than the {Sequences} sequences, which must all fit into one step. Raise it.");
        if (Devices.IsDefaultOrEmpty)
            throw new AdapterException($"No device is named. Name {Cpu}, or an accelerator of the build.");
        if (Devices.Length > 1 && Devices.Contains(Cpu))
            throw new AdapterException($"{Cpu} stands beside {string.Join(", ", Devices.Remove(Cpu))}. Name accelerators only: the CPU computes what they leave.");
        if (DeviceLayers is < 0)
            throw new AdapterException($"DeviceLayers is {DeviceLayers}; 0 or more is expected.");
        if (DeviceLayers is > 0 && Devices.Contains(Cpu))
            throw new AdapterException($"DeviceLayers is {DeviceLayers}, and {Cpu} is the only device. Name an accelerator, or leave it out.");
    }
}

/// <summary>Element type of kept keys and values; the number is that of <c>ggml_type</c>.</summary>
public enum CacheType
{
    /// <summary>4 bytes: for numeric checks.</summary>
    F32 = 0,

    /// <summary>2 bytes: the engine's own choice.</summary>
    F16 = 1,

    /// <summary>34 bytes for 32 elements; wants flash attention.</summary>
    Q8_0 = 8,
}

/// <summary>How the vectors of a text's tokens become one; the number is that of <c>llama_pooling_type</c>.</summary>
public enum Pooling
{
    /// <summary>Embeds nothing.</summary>
    None = 0,

    /// <summary>The average of all tokens.</summary>
    Mean = 1,

    /// <summary>That of the first token.</summary>
    First = 2,

    /// <summary>That of the last token.</summary>
    Last = 3,
}

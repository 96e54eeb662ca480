namespace Adaptation.Core;

/// <summary>How many threads on the CPU a profile, the host and its engines may ask for.</summary>
public static class EngineThreads
{
    /// <summary>What the narrowest engine takes.</summary>
    /// <remarks>Source: <c>GGML_MAX_N_THREADS</c> in ggml/include/ggml.h of llama.cpp v0.5.0.</remarks>
    public const int Most = 512;
}

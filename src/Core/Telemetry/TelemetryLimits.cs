namespace Adaptation.Core;

/// <summary>How much a telemetry file may hold: what the runner keeps of a step, and what a verifier takes on. A log that has more is refused, never read in part.</summary>
/// <remarks>A step of eight hours with four sources stays below each of them.</remarks>
public static class TelemetryLimits
{
    /// <summary>Of the file.</summary>
    public const int Bytes = 96 << 20;

    public const int Sources = 16, Words = 64, Phases = 1000, Readings = 150_000;

    /// <summary>Characters of one reading, and of what does not change of a source.</summary>
    public const int OneText = 1 << 16;

    /// <summary>Characters of all distinct texts.</summary>
    public const int Texts = 32 << 20;

    /// <summary>Characters of all readings, a text counted as often as it was read: what has to be looked at, however small the file.</summary>
    public const int Read = 64 << 20;
}

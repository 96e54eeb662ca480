using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What one check saw: raw samples with units, never a summary.</summary>
public sealed record Measurement
{
    /// <summary>Clause id.</summary>
    public required string Check { get; init; }

    public ImmutableArray<Series> Series { get; init; } = [];

    /// <summary>What probes read, as they read it.</summary>
    public ImmutableSortedDictionary<string, string> Facts { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableArray<TensorFile> Tensors { get; init; } = [];

    /// <summary>How the backend broke off (died, hung, flooded its log), or null. Such a measurement fails: it is what we came to see.</summary>
    public string? BrokenOff { get; init; }

    /// <summary>The samples of a series, or empty if there is none of that name.</summary>
    public ImmutableArray<long> Samples(string series) =>
        Series.FirstOrDefault(candidate => candidate.Name == series)?.Samples ?? [];
}

/// <param name="Unit">ns, bytes or count.</param>
/// <param name="Samples">In the order in which they were taken; a request that failed is <see cref="long.MaxValue"/>.</param>
public sealed record Series(string Name, string Unit, ImmutableArray<long> Samples);

/// <summary>One tensor that a backend answered with, kept whole.</summary>
/// <param name="Name">The golden line's id.</param>
/// <param name="Path">In the evidence: little-endian, row-major bytes.</param>
/// <param name="DataType">As the Open Inference Protocol spells it (FP32).</param>
public sealed record TensorFile(string Name, string Path, string DataType, ImmutableArray<long> Shape);

/// <summary>The files of an evidence bundle by their path in it.</summary>
public interface IBlobs
{
    /// <exception cref="FileNotFoundException">The bundle has no such file.</exception>
    ReadOnlyMemory<byte> Read(string path);
}

/// <summary>Everything a judgement is made from, besides the standard.</summary>
public sealed record Evidence(Plan Plan, ImmutableArray<Measurement> Measurements, IBlobs Files);

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Writes down what stack this is, as the runner's own probes read it (OPS-02).</summary>
internal sealed class VersionStep : IStep
{
    public string Name => "versions";

    public LocalText Title { get; } = new("Read the versions of the stack", "读取软硬件栈版本");

    public ImmutableArray<string> Checks { get; } = ["OPS-02"];

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(0.1);

    public Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken) =>
        Task.FromResult<ImmutableArray<Measurement>>(
        [
            new Measurement
            {
                Check = "OPS-02",
                Facts = run.Facts.ToImmutableSortedDictionary(pair => $"version.{pair.Key}", pair => pair.Value, StringComparer.Ordinal),
            },
        ]);
}

using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What the texts of a log say: each distinct one is taken apart once, however many readings point at it. A pure function, remembered.</summary>
internal sealed class TelemetryTexts
{
    private readonly ConcurrentDictionary<string, ImmutableSortedDictionary<string, string>> _files = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, ImmutableArray<DeviceSample>>> _devices = new(StringComparer.Ordinal);

    /// <summary>As <see cref="FileLines.Read"/>.</summary>
    public ImmutableSortedDictionary<string, string> Files(string text) => _files.GetOrAdd(text, FileLines.Read);

    /// <param name="tool">As <see cref="ToolFormats"/> spells it; of another there are no devices.</param>
    public ImmutableArray<DeviceSample> Devices(string tool, string text) => ToolFormats.Find(tool) is not { } format ? []
        : _devices.GetOrAdd(tool, _ => new(ReferenceEqualityComparer.Instance)).GetOrAdd(text, printed => format.Read(printed).Devices);
}

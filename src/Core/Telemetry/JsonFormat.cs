using System.Globalization;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>A tool that prints one JSON object.</summary>
/// <param name="read">Takes devices and versions out of the object; may throw what a document of another shape makes it throw.</param>
internal sealed class JsonFormat(string name, Func<JsonElement, ToolReading> read) : ToolFormat(name)
{
    /// <summary>Moore Threads, <c>mthreads-gmi -q --json</c>; the key of the power ends with a blank.</summary>
    public static JsonFormat MooreThreads { get; } = new("mthreads-gmi-json", root => new(
        [.. root.GetProperty("GPU").EnumerateArray().Select(MooreThreadsDevice)],
        Text(root, "Driver Version") is { } driver ? ToolReading.Empty.Versions.Add(ToolVersions.Driver, driver) : ToolReading.Empty.Versions));

    /// <summary>Vastai, <c>vasmi show --display-format=json</c>; devices are told apart by their PCI addresses.</summary>
    public static JsonFormat Vastai { get; } = new("vasmi", root => new([.. root.GetProperty("elem").EnumerateArray().Select(VastaiDevice)], ToolReading.Empty.Versions));

    private protected override bool ShowsItsEnd => true;

    private protected override ToolReading ReadWhole(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var reading = read(document.RootElement);
            return reading.Devices.DistinctBy(device => device.Id, StringComparer.Ordinal).Count() == reading.Devices.Length ? reading : ToolReading.Empty;
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return ToolReading.Empty; // cut, or of another shape
        }
    }

    private static DeviceSample MooreThreadsDevice(JsonElement gpu) => new()
    {
        Id = gpu.GetProperty("Index") is { ValueKind: JsonValueKind.Number } number ? number.GetInt32().ToString(CultureInfo.InvariantCulture) : gpu.GetProperty("Index").GetString() ?? throw new FormatException(),
        Name = Text(gpu, "Product Name"),
        MemoryUsed = Value(gpu, "FB Memory Usage", "Used") is { } used ? ToolValue.Mebibytes(used, isBare: false) : null,
        MemoryTotal = Value(gpu, "FB Memory Usage", "Total") is { } total ? ToolValue.Mebibytes(total, isBare: false) : null,
        Utilisation = Value(gpu, "Utilization", "Gpu") is { } busy ? ToolValue.Percent(busy, isBare: false) : null,
        Temperature = Value(gpu, "Temperature", "GPU Current Temp") is { } degrees ? ToolValue.Celsius(degrees, isBare: false) : null,
        Power = (Value(gpu, "Power Readings", "Power Draw ") ?? Value(gpu, "Power Readings", "Power Draw")) is { } watts ? ToolValue.Watts(watts, isBare: false) : null,
    };

    private static DeviceSample VastaiDevice(JsonElement elem)
    {
        var values = elem.GetProperty("vals");
        string? Of(string key) => Value(values, key, "value");
        return new()
        {
            Id = Text(elem, "pci_bus") ?? throw new FormatException(),
            Bus = Text(elem, "pci_bus"),
            Power = Of("Power Draw") is { } watts ? ToolValue.Watts(watts, isBare: false) : null,
            Temperature = Of("Temperature") is { } degrees ? ToolValue.Celsius(degrees, isBare: false) : null,
            Utilisation = Of("Utilization") is { } busy ? ToolValue.Percent(busy, isBare: false) : null,
            MemoryShare = Of("Memory Utilization") is { } share ? ToolValue.Percent(share, isBare: false) : null,
            MemoryTotal = (Of("Physical") ?? Of("Physical memory")) is { } total ? ToolValue.Mebibytes(total, isBare: false) : null,
        };
    }

    private static string? Value(JsonElement element, string block, string key) =>
        element.TryGetProperty(block, out var inside) && inside.ValueKind == JsonValueKind.Object ? Text(inside, key) : null;

    private static string? Text(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String && value.GetString()!.Trim() is { Length: > 0 } text && !ToolValue.IsAbsent(text) ? text : null;
}

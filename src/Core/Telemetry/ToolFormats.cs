using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>The outputs that can be read, by the names that profiles give them. A tool that prints in several ways has one name.</summary>
public static class ToolFormats
{
    private static readonly ImmutableSortedDictionary<string, ToolFormat> All = new ToolFormat[]
    {
        Any("brsmi", LineFormat.Biren),
        Any("bmsophon", LineFormat.Sophgo),
        Any("cnmon", VendorTables.Cambricon),
        Any("efsmi", VendorTables.Enflame, VendorFields.EnflameQuery),
        Any("hrut_somstatus", LineFormat.Horizon),
        Any("hy-smi", VendorTables.HygonDcu, VendorTables.HygonHcu),
        Any("ixsmi", VendorTables.Iluvatar),
        Any("mthreads-gmi", VendorTables.MooreThreads, JsonFormat.MooreThreads),
        Any("mx-smi", VendorTables.MetaX),
        Any("npu-smi", VendorTables.Ascend, VendorFields.AscendCommon),
        Any("ppu-smi", CsvFormat.THead),
        Any("rknpu", LineFormat.Rockchip),
        Any("vasmi", JsonFormat.Vastai),
        Any("xpu-smi", VendorTables.Kunlunxin),
    }.ToImmutableSortedDictionary(format => format.Name, format => format, StringComparer.Ordinal);

    /// <summary>In the order of their spelling.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <returns>Null for a tool whose output is not known.</returns>
    public static ToolFormat? Find(string name) => All.GetValueOrDefault(name);

    private static ToolFormat Any(string name, params ReadOnlySpan<ToolFormat> ways) => ways.Length == 1 && ways[0].Name == name ? ways[0] : new EitherFormat(name, [.. ways]);

    /// <summary>Reads in the one way that finds devices; where two do, the text is of none of them.</summary>
    private sealed class EitherFormat(string name, ImmutableArray<ToolFormat> ways) : ToolFormat(name)
    {
        private protected override bool ShowsItsEnd => true; // each way sees to that itself

        private protected override ToolReading ReadWhole(string text)
        {
            ToolReading[] read = [.. ways.Select(way => way.Read(text))];
            ToolReading[] found = [.. read.Where(reading => !reading.Devices.IsEmpty)];
            return found.Length == 1 ? found[0] : found.Length > 1 ? ToolReading.Empty : read.FirstOrDefault(reading => reading.Versions.Count > 0) ?? ToolReading.Empty;
        }
    }
}

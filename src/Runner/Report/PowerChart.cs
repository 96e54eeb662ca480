using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Power over the time of a step, and how the machine was under its load: only what was read.</summary>
internal static class PowerChart
{
    private const double Left = 8, Right = 452, Top = 24, Bottom = 120;
    private const int MostSlices = 120;

    public static void Write(HtmlText page, string name, TelemetryLog log)
    {
        if (log.Phases.LastOrDefault(phase => phase.Name != TelemetryPhase.Idle) is not { } load)
            return;
        var from = log.Phase(TelemetryPhase.Idle)?.From ?? load.From;
        var seconds = (load.To - from) / 1e9;
        var watts = PowerSlices.Of(log, from, load.To, (int)Math.Clamp(seconds, 1, MostSlices));
        page.Add($"<figure><figcaption><bdi>{name}</bdi></figcaption>");
        if (watts.Any(slice => slice is not null))
            WritePicture(page, watts, (load.From - from) / (double)(load.To - from), seconds);
        page.Add($"<dl class=\"legend\">");
        if (watts.Any(slice => slice is not null))
        {
            // one bar of the picture is the mean of so long: a peak between two readings is not in it
            var each = Number(seconds / watts.Length);
            ChartLegend.Entry(page, new($"highest mean of {each} s", $"最高功率（{each} 秒均值）"), $"{Number(watts.Max() ?? 0)} W");
            ChartLegend.Entry(page, new("counted by", "计量来源"), Sources(PowerSlices.Parts(log)));
        }
        else
            ChartLegend.Entry(page, new("power", "功率"), new LocalText("not measured", "未测量"));
        WriteMachine(page, TelemetrySummary.Of(log, load.From, load.To));
        page.Add($"</dl></figure>");
    }

    private static string Sources(ImmutableArray<string> parts)
    {
        const int most = 3;
        return string.Join(", ", parts.Take(most)) + (parts.Length > most ? $" + {parts.Length - most}" : "");
    }

    private static void WritePicture(HtmlText page, ImmutableArray<double?> watts, double loadAt, double seconds)
    {
        var (path, width, top) = (new SvgPath(), (Right - Left) / watts.Length, watts.Max() is > 0 and var most ? most : 1);
        var isBroken = true;
        for (var slice = 0; slice < watts.Length; slice++)
        {
            if (watts[slice] is { } level)
                path.Step(Left + slice * width, Left + (slice + 1) * width, Bottom - (Bottom - Top) * level / top, isBroken);
            isBroken = watts[slice] is null;
        }

        var mark = Left + ((Right - Left) * loadAt);
        page.Add($"""
            <svg viewBox="0 0 460 142" role="img"><title>功率随时间变化 · Power over time</title>
            <path class="line" d="{path}"/><path class="declared" d="M{mark} {Top}V{Bottom}"/>
            <text class="declared-text" x="{Math.Clamp(mark + 4, 70, 380)}" y="{Top - 8}">负载 load</text>
            <text x="{Left}" y="{Top - 8}">{Number(top)} W</text><text x="{Right}" y="{Bottom - 4}" text-anchor="end">0 W</text>
            <path class="axis" d="M{Left} {Bottom}H{Right}"/><text x="{Left}" y="{Bottom + 16}">0 s</text>
            <text x="{Right}" y="{Bottom + 16}" text-anchor="end">{Number(seconds)} s</text></svg>
            """);
    }

    private static void WriteMachine(HtmlText page, TelemetrySummary seen)
    {
        void Entry(string en, string zh, string? value)
        {
            if (value is not null)
                ChartLegend.Entry(page, new(en, zh), value);
        }

        Entry("processors busy", "处理器占用", seen.BusyShare is { } busy ? $"{Number(100 * busy)} %" : null);
        Entry("least memory free", "最少可用内存", seen.MemoryAvailable is { } free ? $"{Number(free / 1073741824.0)} GiB" : null);
        Entry("processor clock", "处理器频率", seen.ClockMegahertz is { } clock ? $"{Number(clock)} MHz" : null);
        Entry("hottest sensor", "最高温度", seen.Hottest is { } hottest ? $"{Number(hottest)} °C" : null);
        Entry("throttled for heat", "过热降频次数", seen.Throttled is { } throttled ? HumanNumber.Plain(throttled) : null);
        Entry("devices busy", "加速卡占用", seen.Utilisation is { } utilisation ? $"{HumanNumber.Plain(Math.Round(utilisation, 1))} %" : null);
        Entry("hottest device", "加速卡最高温度", seen.DeviceHottest is { } device ? $"{HumanNumber.Plain(device)} °C" : null);
        Entry("device memory, most", "加速卡显存峰值", seen.DeviceMemory is { } memory ? $"{HumanNumber.Plain(memory.Most)} MiB" : null);
    }

    private static string Number(double number) => HumanNumber.Plain((decimal)Math.Round(Math.Clamp(number, -1e18, 1e18), 1));
}

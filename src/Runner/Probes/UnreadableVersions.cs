using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Versions that OPS-02 wants of a stack and that nothing can show: no fact says where they stand, and the chip's management tool does not print them. Whatever else a run measures, it ends without a certificate.</summary>
public static class UnreadableVersions
{
    /// <summary>What tools print besides devices, as the readers of <see cref="ToolFormats"/> find it; a tool that is not here prints none of these.</summary>
    private static readonly ImmutableArray<(string Part, ImmutableArray<string> Tools)> Printed =
    [
        ("driver", ["bmsophon", "brsmi", "cnmon", "efsmi", "ixsmi", "mthreads-gmi", "mx-smi", "rknpu", "xpu-smi"]),
        ("toolkit", ["brsmi", "mx-smi", "xpu-smi"]),
        ("firmware", ["cnmon", "efsmi", "mx-smi"]),
    ];

    /// <param name="form">In which devices get into the container; null where none is chosen.</param>
    /// <returns>Of <see cref="VersionProbe.Parts"/>, in their order.</returns>
    public static ImmutableArray<string> Of(Profile profile, LaunchForm? form) => [.. VersionProbe.Parts.Where(part => IsWanted(profile, part, form) && !IsShown(profile, part))];

    /// <summary>Whether OPS-02 asks for it.</summary>
    internal static bool IsWanted(Profile profile, string part, LaunchForm? form) => part switch
    {
        "framework" => profile.Image.Engine is null,
        "plugin" => StackProbe.HasPlugin(profile),
        "runtime" => form == LaunchForm.Toolkit,
        _ => profile.Chip.Kind == "pci",
    };

    private static bool IsShown(Profile profile, string part)
    {
        var probe = profile.Facts.Probe($"probe.{part}");
        return part is "framework" or "plugin" ? probe?.File is not null
            : probe is not null || (part == "driver" && profile.Chip.KernelModule is not null)
                || (profile.Facts.Text("telemetry.tool") is { } tool && !profile.Facts.Texts("telemetry.command").IsEmpty && Printed.Any(printed => printed.Part == part && printed.Tools.Contains(tool)));
    }

    /// <summary>What it means, and what to do about it.</summary>
    public static LocalText Words(Profile profile, string part) => Words(
        part, profile.File.StartsWith("hardware-profiles/", StringComparison.Ordinal) ? new LocalText($"a copy of {profile.File}", "配置副本") : new LocalText(profile.File, profile.File));

    private static LocalText Words(string part, LocalText place) => part is "framework" or "plugin"
        ? new($"no source states where the image keeps it: OPS-02 will fail, and there will be no certificate. State facts.probe.{part} in {place.En}: the file of the image in which the version stands, and a pattern",
            $"无来源记载其在镜像中的位置：OPS-02 将不通过，无法发证；请在{place.Zh}中写明 facts.probe.{part}（镜像内文件与匹配式）")
        : new($"no source states where it stands, and no tool prints it: OPS-02 will fail, and there will be no certificate. State facts.probe.{part} in {place.En}: the file or command of this machine that shows it, and a pattern",
            $"无来源记载其位置，管理工具亦不显示：OPS-02 将不通过，无法发证；请在{place.Zh}中写明 facts.probe.{part}（文件或命令与匹配式）");
}

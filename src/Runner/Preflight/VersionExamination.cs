using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Versions that can be read before anything is started.</summary>
/// <param name="Runtime">Of the vendor's container toolkit; null where it was not read.</param>
internal sealed record VersionExamination(ImmutableArray<Examination> Examinations, string? Runtime)
{
    private static readonly ImmutableArray<string> Chinese = ["驱动版本", "主机软件栈版本", "固件版本", "框架版本", "插件版本", "运行时版本"];

    /// <summary>A run reads these in the image and never asks the machine for them.</summary>
    private static readonly ImmutableArray<string> OfImage = ["framework", "plugin"];

    public static async Task<VersionExamination> ExamineAsync(PreflightSpec spec, LaunchForm? form, ToolExamination tool, CancellationToken cancellationToken)
    {
        if (!spec.NeedsDevices)
            return new([Subject("driver").NotNeeded("a CPU has none of its own", "CPU 无独立驱动"), Of(spec, "framework", form, null)], null);
        var facts = spec.Facts with { All = spec.Facts.All.RemoveRange(OfImage.Select(part => $"probe.{part}")) };
        string[] silent = [.. VersionProbe.Parts.Where(part => tool.IsSilent && facts.Probe($"probe.{part}") is { Command: [var program, ..] } && program == tool.Program)];
        var asked = facts with { All = facts.All.RemoveRange(silent.Select(part => $"probe.{part}")) };
        var readings = await VersionProbe.ReadAsync(asked, spec.Machine, cancellationToken);
        return new(
            [.. VersionProbe.Parts.Select(part => silent.Contains(part) ? Subject(part).Unknown($"{tool.Program} would say, and gave no answer", $"应由 {tool.Program} 给出，但其无应答") : Of(spec, part, form, readings.FirstOrDefault(reading => reading.Part == part)))],
            readings.FirstOrDefault(reading => reading.Part == "runtime")?.Value);
    }

    private static Subject Subject(string part) => new($"version.{part}", part switch { "toolkit" => "version of software stack on the host", _ => $"version of {part}" }, Chinese[VersionProbe.Parts.IndexOf(part)]);

    private static Examination Of(PreflightSpec spec, string part, LaunchForm? form, VersionReading? reading)
    {
        var subject = Subject(part);
        if (UnreadableVersions.Of(spec.Profile, form).Contains(part))
            return subject.Unknown(UnreadableVersions.Words(spec.Profile, part).En, UnreadableVersions.Words(spec.Profile, part).Zh) with { PreventsRun = true };
        if (OfImage.Contains(part))
        {
            return part == "framework" && spec.Profile.Image.Engine is { } pack ? subject.NotNeeded($"the engine pack {pack} is pinned by its digests", $"引擎包 {pack} 由摘要固定")
                : spec.Facts.Probe($"probe.{part}")?.File is { } inside ? subject.Unknown($"a run reads it in {inside} of the image", $"运行时读取镜像内的 {inside}")
                : subject.NotNeeded("the server reaches the chip without one", "该服务不经插件");
        }

        if (reading is null)
        {
            return UnreadableVersions.IsWanted(spec.Profile, part, form) ? subject.Unknown("the management tool prints it; a run takes it from there", "由管理工具显示，运行时读取")
                : subject.NotNeeded("no run asks for it in this form", "此启动方式无需");
        }

        if (reading.Value is { } version)
            return subject.Ok($"{version}  ({reading.Place})", $"{version}（{reading.Place}）");
        var probe = spec.Facts.Probe($"probe.{part}")!;
        // only a driver must be on the machine itself: the rest may be in the image alone, and of a module that is not loaded enough is said above
        var isAbsent = probe.File is { } file ? !spec.Machine.Exists(file) && !IsOfModule(spec, file) : spec.Machine.Find(probe.Command[0]) is null; // of the management tool enough is said above
        return part == "driver" && isAbsent
            ? subject.Missing(reading.Problem!, $"未读到：{reading.Place}", new Remedy(new("install the vendor's driver; it brings what is read here", "请安装厂商驱动"), probe.File is null ? $"command -v {probe.Command[0]}" : $"ls -l {probe.File}"))
            : subject.Unknown($"not read: {reading.Problem}", $"未读到：{reading.Place}");
    }

    private static bool IsOfModule(PreflightSpec spec, string file) => spec.KernelModule is { } module && file == $"/sys/module/{module}/version";
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Whether the host paths that a container is to get are there: a container engine refuses a start without one of them.</summary>
internal static class MountExamination
{
    private static readonly Subject Subject = new("mounts", "host paths to mount", "挂载路径");

    public static Examination Examine(PreflightSpec spec, LaunchPlan? plan)
    {
        if (!spec.NeedsDevices)
            return Subject.NotNeeded("a CPU needs none", "CPU 无需");
        if (plan is { Form: not LaunchForm.Plain })
            return Subject.NotNeeded("the vendor's toolkit or device interface adds them by itself", "由厂商容器工具自动添加");
        if (spec.Facts.All.GetValueOrDefault("launch.mounts")?.Value is null)
            return Subject.Unknown("which ones the driver needs is not stated by any source", "所需路径无来源记载");
        ImmutableArray<string> paths = [.. (plan?.Mounts ?? []).Select(mount => mount.Source)];
        if (paths.IsEmpty)
            return Subject.NotNeeded("sources state that there are none", "来源记载为无");
        string[] absent = [.. paths.Where(path => !spec.Machine.Exists(path))];
        return absent.Length == 0 ? Subject.Ok(string.Join(", ", paths), string.Join("、", paths))
            : Subject.Missing($"not there: {string.Join(", ", absent)}", $"不存在：{string.Join("、", absent)}",
                new(new("see which of them this driver has; it is the vendor's driver that brings them", "查看本机驱动具备哪些路径（由厂商驱动提供）"), $"ls -ld {string.Join(' ', paths)}"),
                new(new("leave out of a copy of the profile (`launch.mounts`) what this version of the driver does without", "若该版本驱动不含此路径，在配置副本的 launch.mounts 中去掉"), $"adapt profile show {spec.Asked}"));
    }
}

/// <summary>Whether the container engine has the base image, and how it is got, with a registry and without.</summary>
internal static class ImageExamination
{
    private static readonly Subject Subject = new("image", "base image", "基础镜像");

    public static Examination Examine(PreflightSpec spec)
    {
        var name = spec.Profile.Image.Base;
        if (name == ProfileReader.Unknown)
            return Subject.Unknown("no source states an image of this stack: a run is refused until a copy of the profile names one under `image.base`", "无来源记载镜像；需在配置副本的 image.base 中写明，否则拒绝运行",
                new Remedy(new("images that sources mention, if any", "来源提到的镜像"), $"adapt profile show {spec.Asked} | grep ^images")) with
            { PreventsRun = true };
        if (spec.Profile.Image.Engine == ProfileReader.Unknown)
            return Subject.Unknown("no source states an engine pack for this processor: a run is refused until a copy of the profile names one under `image.engine`", "无来源记载该处理器的引擎包；需在配置副本的 image.engine 中写明") with { PreventsRun = true };
        ImmutableArray<LocalText> notes = [.. Notes(name)];
        return (spec.HasImage switch
        {
            _ when IsMadeHere(spec) => spec.HasImage == true ? Subject.Ok($"{name} is there", $"{name} 已就绪") : Subject.Ok($"{name} is pulled or made of this machine's packages by the first run", $"首次运行时拉取 {name}，或由本机软件包制作"),
            true => Subject.Ok($"{name} is there", $"{name} 已就绪"),
            null => Subject.Unknown($"no container engine can be asked for {name}", $"无可查询的容器引擎：{name}"),
            false => Subject.Missing($"{name} is not in the container engine", $"容器引擎中没有 {name}", Get(spec, name)),
        }) with
        { Notes = notes };
    }

    /// <summary>An engine of our own ends with this program, so that nothing can be loaded into it from outside.</summary>
    private static ImmutableArray<Remedy> Get(PreflightSpec spec, string name) =>
    [
        spec.KeepsImages ? new(new("with a registry in reach", "可联网时"), $"adapt prepare --profile {spec.Asked}") : new(new("with a registry in reach", "可联网时"), $"docker pull {name}"),
        new(new("without: on a machine that has it", "离线时，在有该镜像的机器上"), $"docker save -o image.tar {name}"),
        new(new("and here, into the machine's own Docker", "再在本机，装入本机的 Docker"), spec.KeepsImages ? "sudo systemctl start docker && docker load -i image.tar" : "docker load -i image.tar"),
    ];

    /// <summary>A plain distribution is stood in for; what a vendor's image brings, nothing here can replace.</summary>
    private static bool IsMadeHere(PreflightSpec spec) => !spec.Profile.Image.Packages.IsEmpty
        || spec.Profile.Image.Base.StartsWith("debian:", StringComparison.Ordinal) || spec.Profile.Image.Base.StartsWith("ubuntu:", StringComparison.Ordinal);

    private static IEnumerable<LocalText> Notes(string name)
    {
        if (name.Contains('@', StringComparison.Ordinal))
            yield break;
        var tag = name[(name.LastIndexOf('/') + 1)..];
        yield return tag.Contains(':', StringComparison.Ordinal)
            ? new("a tag can come to mean another image; a certificate is on the digest that the engine reports", "标签可能指向其他镜像；证书以引擎报告的摘要为准")
            : new("neither tag nor digest: an engine takes this for `latest`, which can be anything", "既无标签也无摘要：引擎按 latest 处理，内容不定");
    }
}

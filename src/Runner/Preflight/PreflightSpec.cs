using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>What is to be examined, and what of the machine its files do not say.</summary>
public sealed record PreflightSpec(Profile Profile, HostMachine Machine)
{
    /// <summary>Devices, as the chip's tools number them.</summary>
    public ImmutableArray<int> Indices { get; init; } = [0];

    /// <summary>Whether somebody chose the devices.</summary>
    public bool IsChosen { get; init; }

    /// <summary>Null for the first that is known of the chip.</summary>
    public LaunchForm? Form { get; init; }

    /// <summary>Of the processor, as facts write it: <c>amd64</c>, <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Null where no container engine can be had.</summary>
    public ContainerEngineDescription? Engine { get; init; }

    /// <summary>Whether the engine has the base image; null where it cannot be asked.</summary>
    public bool? HasImage { get; init; }

    /// <summary>Where the tool keeps packages, runs, and the images of a container engine of its own.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Whether the engine is one of our own, whose images lie in <see cref="DataFolder"/>.</summary>
    public bool KeepsImages { get; init; }

    /// <summary>Free for this user where <see cref="DataFolder"/> lies; null where that cannot be read.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Management tools are known to hang with the driver.</summary>
    public TimeSpan ToolLimit { get; init; } = TimeSpan.FromSeconds(10);

    internal ProfileFacts Facts => Profile.Facts;

    /// <summary>The profile as it is asked for again: by its id, or by the file of a copy.</summary>
    public string Asked => Profile.File == Path.Combine("hardware-profiles", $"{Profile.Id}.yaml") ? Profile.Id : Profile.File;

    internal bool NeedsDevices => LaunchPlanner.IsNeeded(Profile);

    /// <summary>The module whose version is the driver's: stated by the profile, or the one whose version its facts read.</summary>
    internal string? KernelModule => Profile.Chip.KernelModule
        ?? (Facts.Probe("probe.driver")?.File?.Split('/') is ["", "sys", "module", var module, "version"] ? module : null);

    /// <summary>Who loads the driver: what to type where the driver's own module is known, and what to look at where it is not.</summary>
    internal ImmutableArray<Remedy> LoadDriver => KernelModule is { } module
        ? [new(new("load the driver's module", "加载驱动模块"), $"sudo modprobe {module}"), new(new("why it does not load", "查看加载失败原因"), $"sudo dmesg | grep -i {module} | tail -20")]
        : [new(new("the profile does not know the name of the driver's module: install the vendor's driver, start again, and see whether one is in use", "配置未知驱动模块名：请安装厂商驱动并重启，再查看是否已绑定"), $"lspci -nnk{Vendor}")];

    /// <summary>For lspci: this vendor's devices alone, where the id is known.</summary>
    internal string Vendor => (Profile.Chip.PciId ?? Facts.Texts("pci").FirstOrDefault())?[..4] is { } vendor ? $" -d {vendor}:" : "";
}

/// <summary>All that was found out about a machine before a profile is started on it.</summary>
/// <param name="Form">That was examined; null for a CPU, and where no form is known.</param>
/// <param name="Forms">Those that are known of the chip.</param>
public sealed record PreflightReport(LaunchForm? Form, ImmutableArray<LaunchForm> Forms, ImmutableArray<Examination> Examinations);

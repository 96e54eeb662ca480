using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Looks at a machine before anything is started: what of it is ready for a profile, what is missing, and what nobody can say.</summary>
/// <remarks>Reads the machine and the engine's own description, runs tools that only read, and changes nothing.</remarks>
public static class Preflight
{
    /// <summary>Says what is wrong with what is asked for, before anything is looked at.</summary>
    /// <exception cref="BadInputException">The form is not known of the chip, or the numbers are no devices.</exception>
    public static void Refuse(PreflightSpec spec) => Plan(spec);

    /// <exception cref="BadInputException">As <see cref="Refuse"/>.</exception>
    public static async Task<PreflightReport> ExamineAsync(PreflightSpec spec, CancellationToken cancellationToken)
    {
        var (plan, forms) = Plan(spec);
        var pci = PciDevice.ReadAll(spec.Machine);
        var tool = await ToolExamination.ExamineAsync(spec, cancellationToken);
        var versions = await VersionExamination.ExamineAsync(spec, plan?.Form, tool, cancellationToken);
        return new(plan?.Form, forms,
        [
            HostExamination.Processor(spec), HostExamination.Stated(spec),
            PciExamination.Examine(spec, pci),
            ModuleExamination.Examine(spec),
            .. NodeExamination.Examine(spec, plan),
            tool.Tool, tool.Health,
            .. versions.Examinations,
            .. ToolkitExamination.Examine(spec, plan, versions.Runtime),
            MountExamination.Examine(spec, plan),
            ImageExamination.Examine(spec),
            ResourceExamination.Disk(spec), ResourceExamination.Memory(spec), ResourceExamination.MemoryLock(spec),
            HostExamination.Numa(spec, pci, tool), HostExamination.Clock(spec), HostExamination.Governor(spec),
        ]);
    }

    private static (LaunchPlan? Plan, ImmutableArray<LaunchForm> Forms) Plan(PreflightSpec spec)
    {
        if (!spec.NeedsDevices)
            return spec.Form is null && !spec.IsChosen ? (null, []) : throw new BadInputException([new(spec.Profile.File, 0, "chip.kind", "is cpu: there are no devices to launch with; leave out --form and --devices")]);
        var planner = new LaunchPlanner(spec.Profile, spec.Machine.Exists);
        ImmutableArray<LaunchForm> forms = planner.Forms;
        if (spec.Form is null && forms.IsEmpty)
            return (null, forms);
        var problems = new List<Problem>();
        if (ChipNodes.WhyUncounted(spec.Indices) is { } uncounted)
            throw new BadInputException([uncounted]);
        // left open, it is what a run takes: the first that this machine's engine can do
        var chosen = spec.Form ?? forms.Cast<LaunchForm?>().FirstOrDefault(form => ToolkitExamination.IsAble(spec, planner.TryPlan(form!.Value, spec.Indices, []))) ?? forms[0];
        return planner.TryPlan(chosen, spec.Indices, problems) is { } plan ? (plan, forms) : throw new BadInputException([.. problems]);
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Whether the container engine can hand devices in by the chosen form. It never says so itself: a request that it does not understand is ignored without a word.</summary>
internal static partial class ToolkitExamination
{
    /// <summary>The first version of the Engine API that takes devices of the Container Device Interface as documented.</summary>
    private static readonly Version CdiSince = new(1, 44);

    private static readonly ImmutableArray<string> CdiFolders = ["/etc/cdi", "/var/run/cdi"];

    private static readonly Subject Form = new("toolkit", "container toolkit", "容器工具"), Least = new("toolkit.version", "least version of container toolkit", "容器工具最低版本");

    /// <param name="version">That is installed; null where it was not read.</param>
    public static ImmutableArray<Examination> Examine(PreflightSpec spec, LaunchPlan? plan, string? version) => !spec.NeedsDevices
        ? [Form.NotNeeded("a CPU needs none", "CPU 无需"), Least.NotNeeded("a CPU needs none", "CPU 无需")]
        : [OfForm(spec, plan) with { Notes = [.. Stated(spec, plan)] }, OfVersion(spec, plan, version)];

    /// <summary>Whether nothing that the form needs of the container engine is missing.</summary>
    public static bool IsAble(PreflightSpec spec, LaunchPlan? plan) => plan is not null && OfForm(spec, plan).State != ExaminationState.Missing;

    private static Examination OfForm(PreflightSpec spec, LaunchPlan? plan) => plan switch
    {
        null => Form.Unknown("no form of a start is known: neither nodes, nor a runtime, nor a kind of device interface", "没有已知的设备注入方式") with { PreventsRun = true },
        { Form: LaunchForm.Plain } => Form.NotNeeded("devices are handed in as nodes and mounts (form plain)", "以设备节点与挂载直接注入（plain）"),
        _ when spec.Engine is not { IsContainer: true } engine => Form.Unknown("no container engine can be asked", "无可查询的容器引擎"),
        { Form: LaunchForm.Toolkit } => OfRuntime(spec, spec.Engine, plan.Runtime!),
        _ => OfCdi(spec, spec.Engine, plan),
    };

    private static Examination OfRuntime(PreflightSpec spec, ContainerEngineDescription engine, string runtime)
    {
        var list = engine.Runtimes.IsEmpty ? "none" : string.Join(", ", engine.Runtimes);
        return engine.Runtimes.Contains(runtime, StringComparer.Ordinal) ? Form.Ok($"runtime {runtime} is known to {engine.Name} {engine.Version}", $"{engine.Name} {engine.Version} 已注册运行时 {runtime}")
            : Form.Missing(
                $"{engine.Name} does not know the runtime {runtime}; it knows: {list}. Without it a container starts without its devices", $"{engine.Name} 未注册运行时 {runtime}（已有：{list}）；缺少它时容器能启动但没有设备",
                [
                    new(new("install the vendor's container toolkit, which enters its runtime under `runtimes` in this file; then", "安装厂商容器工具，它会把运行时写入该文件的 runtimes；然后重启引擎"), "cat /etc/docker/daemon.json && sudo systemctl restart docker"),
                    new(new("see that it is there", "确认已注册"), "docker info --format '{{json .Runtimes}}'"),
                    .. OtherForms(spec, LaunchForm.Toolkit),
                ]);
    }

    private static Examination OfCdi(PreflightSpec spec, ContainerEngineDescription engine, LaunchPlan plan)
    {
        var api = Version.TryParse(engine.ApiVersion, out var parsed) ? parsed : null;
        if (api is null || api < CdiSince)
            return Form.Missing($"{engine.Name} {engine.Version} has API {engine.ApiVersion}; the Container Device Interface wants {CdiSince} or newer", $"{engine.Name} {engine.Version} 的 API 为 {engine.ApiVersion}；CDI 需要 {CdiSince} 或更高",
                [new(new("install Docker Engine 25 or newer, and see", "安装 Docker 25 或更高版本后查看"), "docker version --format '{{.Server.APIVersion}}'"), .. OtherForms(spec, LaunchForm.Cdi)]);
        if (engine.CdiFolders.IsEmpty)
            return Form.Missing($"{engine.Name} {engine.Version} has the Container Device Interface off", $"{engine.Name} {engine.Version} 未启用 CDI",
                [new(new("put `\"features\": {\"cdi\": true}` into /etc/docker/daemon.json, and restart", "在 /etc/docker/daemon.json 写入 \"features\": {\"cdi\": true} 并重启"), "sudo systemctl restart docker"), .. OtherForms(spec, LaunchForm.Cdi)]);
        var kind = spec.Facts.Text("launch.cdi")!;
        (string File, string Text)[] files = [.. engine.CdiFolders.Union(CdiFolders, StringComparer.Ordinal).SelectMany(folder => spec.Machine.List(folder).Select(name => $"{folder}/{name}")).Where(IsSpecification)
            .Select(file => (file, spec.Machine.TryRead(file) ?? "")).Where(file => Kinds().Matches(file.Item2).Any(match => match.Groups["value"].Value == kind))];
        if (files.Length == 0)
            return Form.Missing($"no file in {string.Join(", ", engine.CdiFolders)} specifies the kind {kind}", $"{string.Join("、", engine.CdiFolders)} 中没有 {kind} 的规范文件",
                [new(new("the vendor's container toolkit writes it; see which kinds there are", "由厂商容器工具生成；查看已有的 kind"), $"grep -rs kind {string.Join(' ', engine.CdiFolders)}"), .. OtherForms(spec, LaunchForm.Cdi)]);
        string[] named = [.. files.SelectMany(file => Names().Matches(file.Text)).Select(match => match.Groups["value"].Value)];
        string[] absent = [.. plan.Indices.Select(index => index.ToString(CultureInfo.InvariantCulture)).Except(named, StringComparer.Ordinal)];
        var (found, typed) = (string.Join(", ", files.Select(file => file.File)), $"grep -n name {string.Join(' ', files.Select(file => file.File))}");
        return absent.Length == 0 ? Form.Ok($"{string.Join(", ", plan.CdiDevices)} specified in {found}", $"{found} 已声明 {string.Join("、", plan.CdiDevices)}")
            : Form.Missing($"{found} does not name {string.Join(", ", absent.Select(one => $"{kind}={one}"))}", $"{found} 未声明 {string.Join("、", absent.Select(one => $"{kind}={one}"))}",
                [new(new("see which it names; the vendor's toolkit writes the file anew", "查看已声明的设备；用厂商工具重新生成"), typed), .. OtherForms(spec, LaunchForm.Cdi)]);
    }

    private static bool IsSpecification(string file) => file.EndsWith(".json", StringComparison.Ordinal) || file.EndsWith(".yaml", StringComparison.Ordinal) || file.EndsWith(".yml", StringComparison.Ordinal);

    private static IEnumerable<Remedy> OtherForms(PreflightSpec spec, LaunchForm tried)
    {
        if (tried != LaunchForm.Plain && new LaunchPlanner(spec.Profile, spec.Machine.Exists).Forms.Contains(LaunchForm.Plain))
            yield return new(new("or go without, by nodes and mounts", "或不用容器工具，改为直接注入节点"), $"adapt doctor --profile {spec.Asked} --devices {string.Join(',', spec.Indices)} --form plain");
    }

    private static IEnumerable<LocalText> Stated(PreflightSpec spec, LaunchPlan? plan)
    {
        if (plan is { Form: LaunchForm.Plain } && spec.Facts.Text("launch.toolkit") == "required")
            yield return new("the vendor's guides start with the toolkit; that this form works is not stated", "厂商指南要求使用容器工具；直接注入是否可行无来源记载");
        if (spec.Facts.Text("launch.toolkit") is null)
            yield return new("whether a toolkit is needed is not stated by any source", "是否需要容器工具无来源记载");
    }

    private static Examination OfVersion(PreflightSpec spec, LaunchPlan? plan, string? version)
    {
        if (plan is null or { Form: LaunchForm.Plain } || spec.Facts.Text("launch.toolkit") == "none")
            return Least.NotNeeded("no toolkit takes part", "未使用容器工具");
        if (spec.Facts.Text("launch.toolkit_least") is not { } least)
            return Least.Unknown("the least version is not stated by any source", "最低版本无来源记载");
        if (version is null)
            return Least.Unknown($"{least} or newer; which one is installed is not known", $"需 {least} 或更高；已装版本未知");
        return Parse(version) is { } installed && Parse(least) is { } wanted
            ? installed >= wanted ? Least.Ok($"{version}, {least} or newer is wanted", $"{version}，要求 {least} 或更高")
                : Least.Missing($"{version} is installed; {least} or newer is wanted", $"已装 {version}；需要 {least} 或更高",
                    new Remedy(new("install a newer one of the vendor's container toolkit, then", "安装更新的厂商容器工具，然后"), "sudo systemctl restart docker"))
            : Least.Unknown($"{version} is installed and {least} wanted: these cannot be compared", $"已装 {version}，要求 {least}：无法比较");
    }

    /// <summary>The numbers at its head; a version that has letters in it is compared by what stands before them.</summary>
    private static Version? Parse(string text) => Numbers().Match(text) is { Success: true } match && Version.TryParse(match.Groups["numbers"].Value, out var version) ? version : null;

    [GeneratedRegex(@"\Av?(?<numbers>[0-9]+(\.[0-9]+){1,3})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Numbers();

    [GeneratedRegex(@"(?m)[""']?\bkind[""']?\s*:\s*[""']?(?<value>[A-Za-z0-9./_-]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Kinds();

    [GeneratedRegex(@"[""']?\bname[""']?\s*:\s*[""']?(?<value>[A-Za-z0-9_.:-]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Names();
}

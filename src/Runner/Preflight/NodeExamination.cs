using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Whether each device node that a container is to get is there, is a device, and no other name of one that is counted already; and whether the container's user may use it.</summary>
internal static class NodeExamination
{
    private const UnixFileMode OwnerBoth = UnixFileMode.UserRead | UnixFileMode.UserWrite, GroupBoth = UnixFileMode.GroupRead | UnixFileMode.GroupWrite, OtherBoth = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static readonly Subject Nodes = new("nodes", "device nodes", "设备节点"), Access = new("access", "access to device nodes", "设备节点权限");

    public static ImmutableArray<Examination> Examine(PreflightSpec spec, LaunchPlan? plan)
    {
        if (!spec.NeedsDevices)
            return [Nodes.NotNeeded("a CPU has none", "CPU 无需"), Access.NotNeeded("a CPU has none", "CPU 无需")];
        var planned = Names(spec);
        if (planned.IsEmpty)
            return
            [
                Nodes.Unknown("no source states any node of the chip", "设备节点无来源记载") with { PreventsRun = plan is null or { Form: LaunchForm.Plain } },
                Access.Unknown("no node is known", "节点未知"),
            ];
        var all = planned.SelectMany(node => Expand(spec.Machine, node)).ToImmutableArray();
        return [OfNodes(spec, planned, all), OfAccess(spec, plan, all)];
    }

    /// <summary>Those of the plain form: the vendor's toolkit and the device interface hand in the same ones.</summary>
    private static ImmutableArray<string> Names(PreflightSpec spec) =>
        [.. (new LaunchPlanner(spec.Profile, spec.Machine.Exists).TryPlan(LaunchForm.Plain, spec.Indices, [])?.Devices ?? []).Union(spec.Profile.Container.Devices, StringComparer.Ordinal)];

    /// <summary>A folder stands for the devices in it, as it does for a container engine; links to others are none of their own.</summary>
    private static Planned[] Expand(HostMachine machine, string path)
    {
        if (!machine.IsFolder(path))
            return [new(path, machine.TryNode(path), null)];
        var folder = path.TrimEnd('/');
        Planned[] devices =
        [
            .. machine.List(path).Select(name => $"{folder}/{name}").Where(inside => machine.TryLink(inside) is null).Select(inside => new Planned(inside, machine.TryNode(inside), folder))
                .Where(one => one.Node is { Kind: DeviceNodeKind.Character }),
        ];
        return devices.Length > 0 ? devices : [new(path, machine.TryNode(path), null)];
    }

    private static Examination OfNodes(PreflightSpec spec, ImmutableArray<string> planned, ImmutableArray<Planned> all)
    {
        List<(string En, string Zh, ImmutableArray<Remedy> Remedies)> ills = [];
        foreach (var (path, _, _) in all.Where(one => one.Node is null))
            ills.Add(($"{path} is not there", $"{path} 不存在", [.. There(spec.Machine, path), .. spec.LoadDriver]));
        foreach (var (path, node, _) in all.Where(one => one.Node is { Kind: not DeviceNodeKind.Character }))
        {
            var (en, zh) = node!.Value.Kind == DeviceNodeKind.Block ? ("a block device", "块设备") : spec.Machine.IsFolder(path) ? ("a folder without a device in it", "不含设备的文件夹") : ("a file", "普通文件");
            ills.Add(($"{path} is {en}, not a character device", $"{path} 是{zh}，不是字符设备",
                [new(new("a start of a container without the driver leaves such things behind: remove it, and let the driver make its node", "多因未加载驱动时启动容器所致：请删除，并由驱动重新创建节点"), $"sudo rm -r {path}"), .. spec.LoadDriver]));
        }

        foreach (var same in all.Where(one => one.Node is { Kind: DeviceNodeKind.Character }).GroupBy(one => (one.Node!.Value.Major, one.Node.Value.Minor)).Where(group => group.Count() > 1))
        {
            var names = string.Join(' ', same.Select(one => one.Path));
            ills.Add(($"{names} are one device ({same.First().Node}) under {same.Count()} names", $"{names} 是同一设备（{same.First().Node}）的 {same.Count()} 个名字",
                [new(new("compare their numbers; remove the wrong one, and let the driver make its node", "比较设备号，删除错误的节点，由驱动重新创建"), $"ls -l {names}"), .. spec.LoadDriver]));
        }

        if (ills.Count > 0)
            return Nodes.Missing(string.Join("; ", ills.Select(ill => ill.En)), string.Join("；", ills.Select(ill => ill.Zh)), [.. ills.SelectMany(ill => ill.Remedies).Distinct()]);
        var seen = string.Join(", ", all.Select(one => $"{one.Path} {one.Node}"));
        ImmutableArray<LocalText> notes = [.. Optional(spec, planned)];
        return spec.Facts.Texts("devices.each").IsEmpty
            ? Nodes.Unknown($"{seen}; which node belongs to which device is not stated by any source", $"{seen}；各设备对应的节点无来源记载") with { Notes = notes }
            : Nodes.Ok(seen, seen) with { Notes = notes };
    }

    /// <summary>What there is instead of a node with a number.</summary>
    private static IEnumerable<Remedy> There(HostMachine machine, string path)
    {
        var stem = path.TrimEnd('/').TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        var (folder, name) = (Path.GetDirectoryName(stem)!, Path.GetFileName(stem));
        ImmutableArray<string> there = stem.Length == path.Length || name.Length == 0 ? [] : machine.List(folder, $"{name}*");
        if (there.Any(one => one.Length > name.Length && char.IsAsciiDigit(one[^1])))
            yield return new(new($"the machine has {string.Join(", ", there)}: choose among those with --devices", $"本机有 {string.Join("、", there)}：请用 --devices 从中选择"), $"ls -l {stem}*");
    }

    private static IEnumerable<LocalText> Optional(PreflightSpec spec, ImmutableArray<string> planned)
    {
        string[] absent = [.. spec.Facts.Texts("devices.optional").SelectMany(node => new NodePattern(node).Of(spec.Indices)).Except(planned, StringComparer.Ordinal)];
        if (absent.Length > 0)
            yield return new($"not here, and only some machines have them: {string.Join(", ", absent)}", $"本机没有（仅部分机器具备）：{string.Join("、", absent)}");
    }

    private static Examination OfAccess(PreflightSpec spec, LaunchPlan? plan, ImmutableArray<Planned> all)
    {
        Planned[] devices = [.. all.Where(one => one.Node is { Kind: DeviceNodeKind.Character })];
        if (devices.Length == 0)
            return Access.Unknown("no node is there to look at", "没有可检查的节点");
        var (known, groups) = (spec.Machine.Groups(), plan?.Groups ?? []);
        var (user, group) = spec.Profile.Container.User.Split(':') is [var first, var second] && uint.TryParse(first, out var uid) && uint.TryParse(second, out var gid) ? (uid, gid) : (10001u, 10001u);
        uint[] members = [group, .. groups.Select(name => uint.TryParse(name, out var number) ? number : known.FirstOrDefault(pair => pair.Value == name, new(uint.MaxValue, "")).Key)];
        Planned[] shut = [.. devices.Where(one => !MayUse(one.Node!.Value, user, members))];
        // a folder has devices of others too, such as a server's display: one of them that can be used may be the chip's
        Planned[] closed = [.. shut.Where(one => one.Folder is null || devices.Where(other => other.Folder == one.Folder).All(shut.Contains))];
        var who = $"{spec.Profile.Container.User}{(groups.IsEmpty ? "" : $" + {string.Join(", ", groups)}")}";
        string Words(IEnumerable<Planned> some) => string.Join(", ", some.Select(one => $"{one.Path} (mode {Convert.ToString((int)one.Node!.Value.Mode, 8)}, owner {one.Node.Value.UserId}:{known.GetValueOrDefault(one.Node.Value.GroupId, Text(one.Node.Value.GroupId))})"));
        var rest = Words(shut.Except(closed));
        ImmutableArray<LocalText> notes = [.. Notes(spec, groups, known), .. rest.Length == 0 ? [] : ImmutableArray.Create(new LocalText($"and not {rest}: whether the chip's is among them is not known", $"以下除外：{rest}；其中是否有该芯片的节点未知"))];
        if (closed.Length == 0)
            return Access.Ok($"the container's user {who} may read and write {(rest.Length == 0 ? "all of them" : "them")}", $"容器用户 {who} 可读写节点") with { Notes = notes };
        return Access.Missing($"the container's user {who} may not read and write {Words(closed)}", $"容器用户 {who} 无权读写 {Words(closed)}", Open(spec, closed)) with { Notes = notes };
    }

    /// <summary>The kernel asks the first that fits: owner, then group, then others. A container has no capability to pass that by.</summary>
    private static bool MayUse(DeviceNode node, uint user, uint[] groups) =>
        node.UserId == user ? node.Mode.HasFlag(OwnerBoth) : groups.Contains(node.GroupId) ? node.Mode.HasFlag(GroupBoth) : node.Mode.HasFlag(OtherBoth);

    private static ImmutableArray<Remedy> Open(PreflightSpec spec, Planned[] closed)
    {
        uint[] owners = [.. closed.Select(one => one.Node!.Value).Where(node => node.Mode.HasFlag(GroupBoth) && node.GroupId != 0).Select(node => node.GroupId).Distinct()];
        return
        [
            .. owners.Length == 1 && spec.Profile.Container.User.Split(':') is [var user, _]
                ? [new Remedy(new($"give the container the nodes' group, in a copy of the profile: `user: \"{user}:{owners[0]}\"` under `container`", $"在配置副本的 container 下写 user: \"{user}:{owners[0]}\"，使容器属于节点的组"), null)]
                : ImmutableArray<Remedy>.Empty,
            new(new("open them to all users, until the next start of the machine", "对所有用户开放（重启前有效）"), $"sudo chmod a+rw {string.Join(' ', closed.Select(one => one.Path))}"),
        ];
    }

    private static IEnumerable<LocalText> Notes(PreflightSpec spec, ImmutableArray<string> groups, Dictionary<uint, string> known)
    {
        if (spec.Profile.Container.User.StartsWith("0:", StringComparison.Ordinal))
            yield return new("the container's user is root, without the capabilities that root has elsewhere; SEC-01 counts it", "容器用户为 root，但不具备额外能力；SEC-01 会记录");
        string[] named = [.. groups.Where(group => !uint.TryParse(group, out _))];
        if (named.Length > 0)
            yield return new($"the groups {string.Join(", ", named)} are handed over by this machine's numbers: {Numbers(named, known)}; a run is refused where one is unknown", $"组 {string.Join("、", named)} 按本机编号传入：{Numbers(named, known)}；编号未知时拒绝运行");
    }

    private static string Numbers(string[] names, Dictionary<uint, string> known) =>
        string.Join(", ", names.Select(name => known.Any(pair => pair.Value == name) ? Text(known.First(pair => pair.Value == name).Key) : "unknown"));

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    /// <param name="Node">Null where there is nothing of that name.</param>
    /// <param name="Folder">That is planned in its place; null where it is planned itself.</param>
    private sealed record Planned(string Path, DeviceNode? Node, string? Folder);
}

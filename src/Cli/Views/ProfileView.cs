using System.Globalization;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>A profile for people: what would be run, then every fact, then the sources that the facts cite.</summary>
internal sealed class ProfileView(TextWriter output)
{
    private const int KeyWidth = 23;
    private const string Unknown = "unknown 未知", None = "none 无";

    /// <summary>Of flags that guides use and nothing here hands over.</summary>
    private const string NeverApplied = "launch.vendor_flags";

    private readonly List<string> _sources = [];

    /// <param name="lacks">What keeps it from being run or certified; empty where nothing does.</param>
    public void Show(ProfileFile file, IEnumerable<string> lacks)
    {
        Line($"{file.Id}  {file.Name.Zh}  {file.Name.En}");
        foreach (var extended in file.Facts.Extended)
            Line($"  extends 继承: {extended.Shown}");
        if (file.Stack is { } stack)
            Stack(stack);
        if (lacks.ToArray() is { Length: > 0 } words)
            Line($"  lacks 缺: {string.Join(", ", words)}  (adapt profile check {file.Id} says what to do 查看补齐办法)");
        Line($"  known 已知: {Known(file)}");
        output.WriteLine();
        foreach (var fact in file.Facts.Ordered)
            Fact(fact);
        if (_sources.Count > 0)
            output.WriteLine("\nsources 来源");
        for (var at = 0; at < _sources.Count; at++)
            Line($"{$"[{Number(at + 1)}]",-6}{_sources[at]}", 6);
    }

    /// <summary>Such as <c>41/66</c>; of a processor's stack, of the keys that are not about accelerators. Empty for a profile that states no facts.</summary>
    public static string Count(ProfileFile file) => file.Facts.All.IsEmpty ? "" : Counted(file) is var (known, all) ? $"{Number(known)}/{Number(all)}" : "";

    private static (int Known, int All) Counted(ProfileFile file) => file.Stack is { Chip.Kind: "cpu" }
        ? (file.Facts.All.Values.Count(fact => fact.Value is not null && !ProfileFacts.IsOfAccelerators(fact.Key)), ProfileFacts.KeysOfProcessors) : (file.Facts.Known, ProfileFacts.Keys);

    private static string Known(ProfileFile file) => file.Facts.All.IsEmpty ? "no facts of the chip are stated; what is above is all  未列出芯片资料，以上即全部"
        : file.Stack is { Chip.Kind: "cpu" } ? $"{Count(file)}; {Number(ProfileFacts.Keys - ProfileFacts.KeysOfProcessors)} keys of accelerators are not applicable 加速卡专用项不适用" : Count(file);

    private void Stack(Profile stack)
    {
        var (chip, server) = (stack.Chip, stack.Server);
        Line($"  chip 芯片: {chip.Vendor} {chip.Model}{(chip.Kind == "cpu" ? ", a processor 处理器" : $", pci {chip.PciId ?? Unknown}, {Number(chip.Count)} {(chip.Count == 1 ? "device" : "devices")} 个设备")}{(chip.KernelModule is { } module ? $", kernel module 内核模块 {module}" : "")}");
        Line($"  image 镜像: {Image(stack.Image)}, built on it by 构建目录 {stack.Image.Folder}{(stack.Image.Engine is { } pack ? $", engine pack 引擎包 {(pack == "unknown" ? Unknown : pack)}" : "")}");
        Line($"  versions 版本: {(stack.Versions.IsEmpty ? "none stated 未写明" : string.Join(", ", stack.Versions.Select(version => $"{version.Key} {version.Value}")))}");
        Line($"  serve 服务: {(server.Protocol == WireProtocol.OpenAi ? "OpenAI protocol" : "Open Inference Protocol")}, {(server.Port is { } port ? $"port 端口 {Number(port)}" : "Unix socket")}: "
            + (server.Adapter is { } adapter ? $"our host with 由本产品宿主加载 {adapter.Name} {adapter.Library}{(adapter.Provider.Length > 0 ? $" ({adapter.Provider})" : "")}" : string.Join(' ', server.Command)));
        if (!server.Environment.IsEmpty)
            Line($"  environment 环境变量: {string.Join(", ", server.Environment.Select(pair => $"{pair.Key}={pair.Value}"))}");
        Line(string.Create(CultureInfo.InvariantCulture, $"  container 容器: {stack.Container.MemoryBytes / (double)(1L << 30):0.##} GiB, {stack.Container.CpuMillis / 1000.0:0.###} cpus, {stack.Container.Pids} processes 进程, user 用户 {stack.Container.User}"));
    }

    /// <summary>An image as a profile names it, and what of its name is left open.</summary>
    public static string Image(ProfileImage image)
    {
        var name = image.Base;
        if (name == "unknown")
            return Unknown;
        var hasTag = name[(name.LastIndexOf('/') + 1)..].Split('@')[0].Contains(':', StringComparison.Ordinal);
        return name.Contains('@', StringComparison.Ordinal) ? name : $"{name} ({(hasTag ? "no digest stated 未写摘要" : "no tag, no digest stated 未写标签与摘要")})";
    }

    private void Fact(Fact fact)
    {
        Line($"{Table.Pad(fact.Key, KeyWidth)}{(fact.Value is null ? Unknown : Words(fact.Value))}{(fact is { Key: NeverApplied, Value: FactValue.Texts { Values.IsEmpty: false } } ? "  (for the record, never applied 仅供记录，从不使用)" : "")}", KeyWidth);
        if (fact.Note.Length > 0)
            Line($"{"",KeyWidth}note 备注: {fact.Note}", KeyWidth);
        if (!fact.Sources.IsEmpty)
            Line($"{"",KeyWidth}{(fact.Confidence == FactConfidence.Seen ? "seen 亲见" : "reported 转述")} {string.Concat(fact.Sources.Select(Cited))}", KeyWidth);
    }

    private string Cited(string source)
    {
        if (!_sources.Contains(source))
            _sources.Add(source);
        return $"[{Number(_sources.IndexOf(source) + 1)}]";
    }

    private static string Words(FactValue value) => value switch
    {
        FactValue.Text text => text.Value,
        FactValue.Texts { Values.IsEmpty: true } => None,
        FactValue.Texts texts => string.Join(", ", texts.Values),
        FactValue.Number number => number.Value.ToString(CultureInfo.InvariantCulture),
        FactValue.Probe probe => $"{probe.File ?? string.Join(' ', probe.Command)} =~ {probe.Pattern}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private void Line(string text, int indent = 4) => Table.Write(output, text, indent);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

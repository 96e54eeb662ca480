using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>What it means that two locks differ in a field, from the lightest to the gravest.</summary>
public enum FieldMeaning
{
    /// <summary>Of this unit, this run or its inputs: it names no stack, and decides nothing.</summary>
    Detail,

    /// <summary>A name of something that is identified by a digest beside it.</summary>
    Label,

    /// <summary>The rule of the board covers it.</summary>
    Rule,

    /// <summary>The same chip and stack in other surroundings: what was tested is not this, though near it.</summary>
    Related,

    /// <summary>Another stack: nothing that was found on the first says anything of the second.</summary>
    Voids,
}

/// <summary>A field of the combination, or the beginning of several, and what a difference in it means.</summary>
/// <remarks>Sources: certificates.md 5.4 (scope answers) and 6.2 (combination lock); what they leave open is decided to the stricter side.</remarks>
/// <param name="Path">Dotted; the longest that fits a field holds.</param>
internal sealed record LockField(string Path, FieldMeaning Meaning, LocalText Why)
{
    private static readonly LocalText Software = new("other software computes", "计算所用软件不同");
    private static readonly LocalText Started = new("the server is started in another way", "服务启动方式不同");
    private static readonly LocalText Named = new("a name only; its digest decides", "仅为名称，以摘要为准");
    private static readonly LocalText Around = new("other surroundings, and no rule covers them", "运行环境不同，且无规则覆盖");
    private static readonly LocalText Bookkeeping = new("of this unit or this run; names no stack", "属于具体设备或本次运行，不标识软硬件栈");

    /// <summary>What no line here names is taken for part of the identity.</summary>
    private static readonly LockField Other = new("", FieldMeaning.Voids, new("not a field that this program knows, so taken for part of the identity", "本程序未知的字段，按标识字段处理"));

    private static readonly LockField OfDetail = new("detail", FieldMeaning.Detail, Bookkeeping);

    private static readonly ImmutableArray<LockField> All =
    [
        new("accelerator.vendor", FieldMeaning.Voids, new("another maker's chip", "芯片厂商不同")),
        new("accelerator.model", FieldMeaning.Voids, new("another chip", "芯片型号不同")),
        new("accelerator.count", FieldMeaning.Voids, new("another number of devices computes", "参与计算的设备数不同")),
        new("accelerator.present", FieldMeaning.Related, new("the machine has another number of such devices: a changed topology never inherits", "整机同型设备数不同：拓扑改变不得继承")),
        new("accelerator.topology", FieldMeaning.Related, new("a changed topology never inherits", "拓扑改变不得继承")),
        new("driver", FieldMeaning.Voids, new("another driver", "驱动不同")),
        new("firmware", FieldMeaning.Voids, new("other firmware", "固件不同")),
        new("toolkit", FieldMeaning.Voids, new("another toolkit", "工具链不同")),
        new("framework", FieldMeaning.Voids, Software), new("plugin", FieldMeaning.Voids, Software),
        new("container.image", FieldMeaning.Voids, new("another image", "镜像不同")),
        new("container.image.name", FieldMeaning.Label, Named), new("container.image.base", FieldMeaning.Label, Named), new("container.image.baseRegistry", FieldMeaning.Label, Named),
        new("container", FieldMeaning.Related, Around), new("runtime", FieldMeaning.Related, Around),
        new("isolation", FieldMeaning.Voids, Started), new("serve", FieldMeaning.Voids, Started), new("environment", FieldMeaning.Voids, Started), new("launch.form", FieldMeaning.Voids, Started),
        new("launch", FieldMeaning.Voids, new("the server's container is given other resources or rights", "容器获得的资源或权限不同")),
        new("launch.files", FieldMeaning.Voids, new("other files of the machine are mounted into the container", "挂载进容器的主机文件不同")),
        new("launch.devices", FieldMeaning.Detail, Bookkeeping),
        new("model", FieldMeaning.Voids, new("another model", "模型不同")), new("model.name", FieldMeaning.Label, Named),
        new("precision", FieldMeaning.Voids, new("another precision", "精度不同")),
        new("os.kernel", FieldMeaning.Voids, new("another kernel", "内核不同")), new("os", FieldMeaning.Related, Around),
        new("cpu.architecture", FieldMeaning.Voids, new("another instruction set", "指令集不同")),
        new("cpu", FieldMeaning.Related, new("another processor: a new CPU generation never inherits", "处理器不同：换代 CPU 不得继承")),
        new("profile", FieldMeaning.Label, Named),
    ];

    /// <summary>The processor's microcode is to a CPU that is the device under test what firmware is to an accelerator.</summary>
    private static readonly LockField Microcode = new("cpu.microcode", FieldMeaning.Voids, new("other microcode of the processor that computes", "计算所用处理器的微码不同"));

    /// <param name="isCpu">Whether the processor is the device under test.</param>
    public static LockField Of(string path, bool isCpu)
    {
        if (path.StartsWith("detail.", StringComparison.Ordinal))
            return OfDetail;
        if (isCpu && path == Microcode.Path)
            return Microcode;
        return All.Where(field => Covers(field.Path, path)).MaxBy(field => field.Path.Length) ?? Other;
    }

    /// <summary>Whether a name is a field or the beginning of one, whole words of it.</summary>
    public static bool Covers(string name, string path) =>
        path.StartsWith(name, StringComparison.Ordinal) && (path.Length == name.Length || path[name.Length] == '.');
}

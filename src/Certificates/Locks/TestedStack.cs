using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>One part of what was tested, as a buyer asks for it.</summary>
/// <param name="Part">Stable word for scripts, such as <c>driver</c>.</param>
/// <param name="Text">Both languages alike where it is a fact of the lock.</param>
public sealed record StackPart(string Part, LocalText Title, LocalText Text);

/// <summary>What was tested, in the parts by which it is bought. Every part is always there: what a chip does not have and what nobody read are said to be so.</summary>
public static class TestedStack
{
    private static readonly LocalText NotRead = new("unknown: not read", "未知：未读取"), NotRecorded = new("not recorded", "未记录");
    private static readonly LocalText NoneOfItsOwn = new("none: a processor has none of its own", "无：处理器没有");

    /// <param name="fields">Of a combination, by their dotted names (<see cref="LockFields.Of"/>).</param>
    public static ImmutableArray<StackPart> Of(IReadOnlyDictionary<string, string> fields)
    {
        var isCpu = !fields.ContainsKey(BoardIds.Field) && fields.ContainsKey("cpu.model") && fields.GetValueOrDefault("accelerator.model") == fields.GetValueOrDefault("cpu.model");
        LocalText Version(string part) => Versioned(fields, part) ?? (isCpu ? NoneOfItsOwn : NotRecorded);
        return
        [
            new("chip", new("chip", "芯片"), Chip(fields)),
            new("driver", new("driver", "驱动"), Version("driver")),
            new("firmware", new("firmware", "固件"), isCpu ? Joined("", fields, ("microcode ", "cpu.microcode")) : Version("firmware")),
            new("toolkit", new("toolkit", "工具链"), Version("toolkit")),
            new("framework", new("framework", "框架"), Framework(fields)),
            new("image", new("image", "镜像"), Joined("  ", fields, ("", "container.image.name"), ("sha256:", "container.image.sha256"))),
            new("base", new("base", "基础镜像"), Joined("  ", fields, ("", "container.image.base"), ("sha256:", "container.image.baseSha256"), ("registry ", "container.image.baseRegistry"))),
            new("system", new("system", "系统"), Joined(", ", fields, ("", "os.id"), ("", "os.version"), ("kernel ", "os.kernel"), ("", "cpu.model"), ("", "cpu.architecture"))),
        ];
    }

    private static LocalText Chip(IReadOnlyDictionary<string, string> fields) => Joined(
        " ", fields, ("", "accelerator.count"), ("x ", "accelerator.vendor"), ("", "accelerator.model"), ("/ ", "accelerator.name"), ("PCI ", BoardIds.Field));

    private static LocalText Framework(IReadOnlyDictionary<string, string> fields) => Joined(
        "  ", fields, ("", "framework.name"), ("", "framework.version"), ("sha256:", "framework.sha256"), ("plug-in ", "plugin.version"));

    private static LocalText? Versioned(IReadOnlyDictionary<string, string> fields, string part) => fields.GetValueOrDefault($"{part}.version") switch
    {
        null => null,
        LockComparison.Unknown => NotRead,
        var version => Same(fields.GetValueOrDefault($"{part}.name") is { } name and not LockComparison.Unknown ? $"{name} {version}" : version),
    };

    /// <summary>Facts that the lock has, each behind its word; where it has none of them, that.</summary>
    private static LocalText Joined(string between, IReadOnlyDictionary<string, string> fields, params ReadOnlySpan<(string Before, string Field)> parts)
    {
        List<string> known = [], zh = [];
        foreach (var (before, field) in parts)
        {
            if (fields.GetValueOrDefault(field) is not { } value)
                continue;
            var isUnknown = value == LockComparison.Unknown;
            known.Add(isUnknown ? $"{field} {NotRead.En}" : before + value);
            zh.Add(isUnknown ? $"{field} {NotRead.Zh}" : before + value);
        }

        return known.Count == 0 ? NotRecorded : new(string.Join(between, known), string.Join(between, zh));
    }

    private static LocalText Same(string text) => new(text, text);
}

using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Whether the plan of an evidence folder counts the devices that its lock says were launched: left out, nothing would be held against them.</summary>
internal static class DeviceEvidence
{
    /// <exception cref="RejectedException">EVD_DEVICES.</exception>
    public static void Check(Plan plan, CombinationLock stack)
    {
        var fields = LockFields.Of(stack.Combination);
        string? Field(string name) => fields.GetValueOrDefault(name);
        var isAccelerated = Field("launch.form") is not null || Field("accelerator.pciId") is not null;
        if (!isAccelerated || Field("isolation") == "process")
            return;
        if (plan.Devices is not { PciId: { } id, Inside.IsEmpty: false } devices)
            throw Refuse("the plan has no devices (plan.devices), and the lock is of an accelerator in a container: nobody counted what the server computed on");
        if (Field("launch.devices") is not { } launched || string.Join(',', devices.Units.Keys.Order(StringComparer.Ordinal)) != string.Join(',', launched.Split(',').Order(StringComparer.Ordinal)))
            throw Refuse($"the plan counts the devices {string.Join(',', devices.Units.Keys)}, and the lock says that {Field("launch.devices") ?? "none"} were launched");
        if (Field("accelerator.pciId") is { } read && read != "unknown" && !read.StartsWith($"{id}:", StringComparison.Ordinal))
            throw Refuse($"the plan is of a chip {id}, and the lock has {read}");
    }

    private static RejectedException Refuse(string message) => Rejection.Because("EVD_DEVICES", message);
}

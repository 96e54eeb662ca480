using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>The facts of hardening for a plain process: the same keys as for a container, and mostly bad news.</summary>
internal static class ProcessFacts
{
    private const string Unreadable = "unreadable";

    /// <param name="processId">Null once it has ended: what only the kernel knew is unreadable then.</param>
    public static ImmutableSortedDictionary<string, string> Read(int? processId, ContainerSpec spec, bool memoryLimited)
    {
        var status = Status(processId);
        return ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, new Dictionary<string, string>
        {
            ["privileged"] = "false",
            ["host_network"] = "true",
            ["host_pid"] = "true",
            ["host_ipc"] = "true",
            ["capabilities.added"] = "",
            ["capabilities.dropped"] = "",
            ["capabilities.effective"] = status.GetValueOrDefault("CapEff", Unreadable),
            ["no_new_privileges"] = status.GetValueOrDefault("NoNewPrivs") == "1" ? "true" : "false",
            ["read_only_root"] = "false",
            ["uid"] = status.TryGetValue("Uid", out var ids) ? ids.Split('\t')[1] : Unreadable,
            ["seccomp"] = status.GetValueOrDefault("Seccomp", Unreadable),
            ["devices"] = string.Join(',', spec.Devices),
            ["writable_mounts"] = "/",
            ["memory_limited"] = memoryLimited ? "true" : "false",
            ["cpu_limited"] = "false",
            ["pids_limited"] = "false",
            ["network_mode"] = "host",
            ["image"] = spec.Image.Digest,
        });
    }

    private static Dictionary<string, string> Status(int? processId)
    {
        if (processId is not { } id)
            return [];
        try
        {
            return File.ReadAllLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status"))
                .Select(line => line.Split(':', 2)).Where(pair => pair.Length == 2)
                .ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.Ordinal);
        }
        catch (IOException)
        {
            return [];
        }
    }
}

using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>What a profile may ask of its container beyond the hardened default, with an exception, and what it may never ask.</summary>
internal static class ContainerRules
{
    public static ContainerWeaknesses Weaknesses(YamlMap weak)
    {
        foreach (var (key, why) in Never)
            weak.Refuse(key, why);
        var capabilities = weak.Texts("capabilities");
        foreach (var power in capabilities.Where(power => !Grantable.Contains(power)))
            weak.ProblemAt("capabilities", power, $"`{power}` is none that a container may have; with an exception these may be asked for: {string.Join(", ", Grantable)}. Say in a copy of the facts (`launch.capabilities`) who claims that the stack needs it, and ask its vendor why");
        return new(WritableRoot: weak.Boolean("writable_root", otherwise: false), MayGainPrivileges: weak.Boolean("may_gain_privileges", otherwise: false)) { Capabilities = capabilities };
    }

    /// <summary>What takes the walls of a container down: no reason makes it an exception, so that no profile can ask for it.</summary>
    public static void RefuseNever(YamlMap container)
    {
        foreach (var (key, why) in Never)
            container.Refuse(key, why);
    }

    /// <summary>Also as guides and other tools spell it, so that whoever carries a flag over learns what to write.</summary>
    private static readonly ImmutableArray<(string Key, string Why)> Never = Refusals();

    private static ImmutableArray<(string Key, string Why)> Refusals()
    {
        const string privileged = "a privileged container has the whole machine, and nothing about it can be certified. Leave it out: the chip's devices come from its facts (`devices.each`, `devices.shared`), or from the vendor's toolkit (--form toolkit)";
        const string network = "the host's network reaches everything that the machine reaches. Leave it out: the server is asked over a socket, or on a port of its own network (`serve.listen`)";
        const string space = "with the host's processes or memory a container is none. Leave it out: shared memory comes from the facts (`launch.shm`)";
        const string flags = "security filters are the container engine's own and are not switched off, and raw flags are not taken. Leave it out";
        const string shared = "shared memory comes from the facts: state `launch.shm` there, with a source";
        const string mounts = "mounts come from the facts of the chip (`launch.mounts`), read-only. Put the driver's files there, with a source";
        return
        [
            ("privileged", privileged), ("host_network", network), ("network", network), ("network_mode", network), ("host_pid", space), ("pid", space), ("host_ipc", space), ("ipc", space), ("userns", space), ("uts", space),
            ("seccomp", flags), ("apparmor", flags), ("security_opt", flags), ("flags", flags), ("extra_flags", flags), ("args", flags), ("cap_add", "capabilities go under `weaknesses.capabilities`, with an exception"),
            ("shm_size", shared), ("shm", shared), ("ulimits", "limits of the chip's processes come from the facts (`launch.ulimits`), with a source"),
            ("mounts", mounts), ("volumes", mounts), ("binds", mounts), ("runtime", "the vendor's runtime comes from the facts (`launch.runtime`); take --form toolkit"),
        ];
    }

    /// <summary>Capabilities that leave the container a container.</summary>
    private static readonly ImmutableArray<string> Grantable = ["AUDIT_WRITE", "CHOWN", "FOWNER", "IPC_LOCK", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_NICE", "SYS_RESOURCE"];
}

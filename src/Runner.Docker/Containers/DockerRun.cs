using System.Globalization;
using System.Text;

namespace Adaptation.Runner.Docker;

/// <summary>Writes the <c>docker run</c> that asks for what <see cref="CreateRequest"/> asks for, to be read and compared by people.</summary>
public static class DockerRun
{
    /// <summary>One argument a line, each quoted for a shell where it has to be.</summary>
    public static string Text(ContainerSpec spec)
    {
        var text = new StringBuilder("docker run --rm");
        foreach (var argument in Arguments(spec))
            text.Append(CultureInfo.InvariantCulture, $" \\\n  {argument}");
        return text.Append('\n').ToString();
    }

    private static IEnumerable<string> Arguments(ContainerSpec spec) =>
    [
        .. Isolation(spec), .. Limits(spec), .. Devices(spec),
        .. spec.Environment.Select(pair => $"--env {Quoted($"{pair.Key}={pair.Value}")}"),
        .. spec.Mounts.Select(mount => $"--mount {Quoted($"type=bind,source={mount.Source},target={mount.Target}{(mount.ReadOnly ? ",readonly" : "")},bind-propagation=rprivate")}"),
        .. spec.TmpBytes > 0 ? [$"--tmpfs /tmp:rw,noexec,nosuid,nodev,mode=1777,size={Number(spec.TmpBytes)}"] : Array.Empty<string>(),
        string.Join(' ', spec.Command.Prepend(spec.Image.Digest.Length > 0 ? spec.Image.Digest : spec.Image.Name).Select(Quoted)),
    ];

    private static IEnumerable<string> Isolation(ContainerSpec spec)
    {
        var weak = spec.Weaknesses;
        return
        [
            $"--user {spec.User}", "--cap-drop ALL", .. weak.Capabilities.Select(capability => $"--cap-add {capability}"),
            .. weak.Privileged ? ["--privileged"] : Array.Empty<string>(), .. weak.WritableRoot ? [] : new[] { "--read-only" },
            .. weak.MayGainPrivileges ? [] : new[] { "--security-opt no-new-privileges" }, $"--ipc {(weak.HostIpc ? "host" : "private")}", .. weak.HostPid ? ["--pid host"] : Array.Empty<string>(),
            spec.Network switch
            {
                ContainerNetwork.Host => "--network host",
                ContainerNetwork.PublishedPort port => $"--network INTERNAL --publish 127.0.0.1::{Number(port.Port)}", // a network of its own, made with --internal
                _ => "--network none",
            },
        ];
    }

    private static IEnumerable<string> Limits(ContainerSpec spec) =>
    [
        $"--memory {Number(spec.MemoryBytes)}", $"--memory-swap {Number(spec.MemoryBytes)}", $"--cpus {(spec.CpuMillis / 1000m).ToString(CultureInfo.InvariantCulture)}", $"--pids-limit {Number(spec.Pids)}",
        "--ulimit core=0", .. spec.Ulimits.Select(limit => $"--ulimit {limit.Key}={Number(limit.Value)}"),
        .. spec.ShmBytes > 0 ? [$"--shm-size {Number(spec.ShmBytes)}"] : Array.Empty<string>(),
        "--no-healthcheck", "--log-driver json-file --log-opt max-size=8m --log-opt max-file=1 --log-opt mode=non-blocking",
    ];

    private static IEnumerable<string> Devices(ContainerSpec spec) =>
    [
        .. spec.Runtime is { } runtime ? [$"--runtime {runtime}"] : Array.Empty<string>(), .. spec.Groups.Select(group => $"--group-add {group}"),
        .. spec.Devices.Select(device => $"--device {device}:{device}:rw"), .. spec.CdiDevices.Select(device => $"--device {device}"),
    ];

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Quoted(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '=' or ',' or '@' or '{' or '}' or '$') && text.Length > 0 ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Adaptation.Runner.Docker;

/// <summary>Writes what the daemon is asked for: the hardened default, less the weaknesses that the spec names, and nothing else.</summary>
/// <remarks>Source: Docker Engine API 1.41, "Create a container", "Create a network". The bytes are a golden file.</remarks>
internal static class CreateRequest
{
    public const string RunLabel = "adaptation.run";
    public const string OwnerLabel = "adaptation.owner";

    /// <param name="network">The network made for this container; null where it has none of its own.</param>
    public static byte[] Container(ContainerSpec spec, string? network) => Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("Image", spec.Image.Digest);
        json.WriteString("User", spec.User);
        if (!spec.Command.IsEmpty)
            Texts(json, "Cmd", spec.Command);
        Texts(json, "Env", [.. spec.Environment.Select(pair => $"{pair.Key}={pair.Value}")]);
        Labels(json, spec.RunId, spec.Owner);
        json.WriteStartObject("Healthcheck"); // the image's own would run more processes beside the one that is measured
        Texts(json, "Test", ["NONE"]);
        json.WriteEndObject();
        json.WriteNumber("StopTimeout", 1);
        if (spec.Network is ContainerNetwork.PublishedPort published)
        {
            json.WriteStartObject("ExposedPorts");
            json.WriteStartObject(PortKey(published));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteStartObject("HostConfig");
        Isolation(json, spec, network);
        Limits(json, spec);
        Storage(json, spec);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>An internal network has no way out but to this machine.</summary>
    public static byte[] Network(string name, string runId, string owner) => Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("Name", name);
        json.WriteString("Driver", "bridge");
        json.WriteBoolean("Internal", value: true);
        json.WriteBoolean("EnableIPv6", value: false);
        Labels(json, runId, owner);
        json.WriteEndObject();
    });

    public static string PortKey(ContainerNetwork.PublishedPort published) =>
        string.Create(CultureInfo.InvariantCulture, $"{published.Port}/tcp");

    private static void Isolation(Utf8JsonWriter json, ContainerSpec spec, string? network)
    {
        var weak = spec.Weaknesses;
        json.WriteBoolean("Privileged", weak.Privileged);
        json.WriteBoolean("ReadonlyRootfs", !weak.WritableRoot);
        Texts(json, "CapDrop", ["ALL"]);
        Texts(json, "CapAdd", weak.Capabilities);
        Texts(json, "SecurityOpt", weak.MayGainPrivileges ? [] : ["no-new-privileges"]);
        json.WriteString("IpcMode", weak.HostIpc ? "host" : "private");
        json.WriteString("PidMode", weak.HostPid ? "host" : "");
        json.WriteString("NetworkMode", spec.Network switch
        {
            ContainerNetwork.None => "none",
            ContainerNetwork.Host => "host",
            _ => network ?? throw new ArgumentNullException(nameof(network), "a published port needs a network of its own"),
        });
        if (spec.Network is ContainerNetwork.PublishedPort published)
        {
            json.WriteStartObject("PortBindings");
            json.WriteStartArray(PortKey(published));
            json.WriteStartObject();
            json.WriteString("HostIp", "127.0.0.1");
            json.WriteString("HostPort", "");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static void Limits(Utf8JsonWriter json, ContainerSpec spec)
    {
        json.WriteNumber("Memory", spec.MemoryBytes);
        json.WriteNumber("MemorySwap", spec.MemoryBytes); // the sum of both: no swap
        json.WriteNumber("NanoCpus", spec.CpuMillis * 1_000_000L);
        json.WriteNumber("PidsLimit", spec.Pids);
        json.WriteStartArray("Ulimits"); // a core dump would hold prompts and weights, and lands on the host
        foreach (var (name, most) in spec.Ulimits.SetItem("core", 0))
        {
            json.WriteStartObject();
            json.WriteString("Name", name);
            json.WriteNumber("Soft", most);
            json.WriteNumber("Hard", most);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (spec.ShmBytes > 0)
            json.WriteNumber("ShmSize", spec.ShmBytes);
        json.WriteBoolean("Init", value: false);
        json.WriteStartObject("RestartPolicy");
        json.WriteString("Name", "no");
        json.WriteEndObject();
        json.WriteStartObject("LogConfig"); // a flood neither fills the disk nor holds the backend up
        json.WriteString("Type", "json-file");
        json.WriteStartObject("Config");
        json.WriteString("max-size", "8m");
        json.WriteString("max-file", "1");
        json.WriteString("mode", "non-blocking");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Storage(Utf8JsonWriter json, ContainerSpec spec)
    {
        json.WriteStartArray("Mounts"); // unlike Binds, a source that is absent is an error and not a new folder
        foreach (var mount in spec.Mounts)
        {
            json.WriteStartObject();
            json.WriteString("Type", "bind");
            json.WriteString("Source", mount.Source);
            json.WriteString("Target", mount.Target);
            json.WriteBoolean("ReadOnly", mount.ReadOnly);
            json.WriteStartObject("BindOptions");
            json.WriteString("Propagation", "rprivate");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("Devices");
        foreach (var device in spec.Devices)
        {
            json.WriteStartObject();
            json.WriteString("PathOnHost", device);
            json.WriteString("PathInContainer", device);
            json.WriteString("CgroupPermissions", "rw");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Vendor(json, spec);
        json.WriteStartObject("Tmpfs");
        if (spec.TmpBytes > 0)
            json.WriteString("/tmp", string.Create(CultureInfo.InvariantCulture, $"rw,noexec,nosuid,nodev,mode=1777,size={spec.TmpBytes}"));
        json.WriteEndObject();
    }

    /// <summary>What a vendor's toolkit or specification adds devices by; nothing is written where nothing is asked for.</summary>
    private static void Vendor(Utf8JsonWriter json, ContainerSpec spec)
    {
        if (spec.Runtime is { } runtime)
            json.WriteString("Runtime", runtime);
        if (!spec.Groups.IsEmpty)
            Texts(json, "GroupAdd", spec.Groups);
        if (spec.CdiDevices.IsEmpty)
            return;
        json.WriteStartArray("DeviceRequests");
        json.WriteStartObject();
        json.WriteString("Driver", "cdi");
        Texts(json, "DeviceIDs", spec.CdiDevices);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void Labels(Utf8JsonWriter json, string runId, string owner)
    {
        json.WriteStartObject("Labels");
        json.WriteString(RunLabel, runId);
        json.WriteString(OwnerLabel, owner);
        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string name, ImmutableArray<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            write(json);
        return buffer.ToArray();
    }
}

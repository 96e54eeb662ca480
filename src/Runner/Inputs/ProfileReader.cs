using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads profiles and says everything that is wrong with one.</summary>
public static partial class ProfileReader
{
    /// <summary>Reads a profile that can be run.</summary>
    /// <param name="root">The product's root: what a profile extends lies below its <c>hardware-profiles/</c>.</param>
    /// <returns>The profile; not to be used if anything was added to <paramref name="problems"/>.</returns>
    public static Profile? TryRead(string path, string shownAs, string root, ICollection<Problem> problems)
    {
        if (TryReadFile(path, shownAs, root, problems) is not { } file)
            return null;
        if (file.Part != ProfilePart.Stack)
            problems.Add(new(shownAs, 0, "part", $"{file.Id} is what is known of a {(file.Part == ProfilePart.Chip ? "chip" : "vendor")}, without a stack that could be started; `adapt list profiles` shows the stacks"));
        return file.Stack;
    }

    /// <summary>Reads a file of facts, or a profile that can be run.</summary>
    /// <inheritdoc cref="TryRead"/>
    public static ProfileFile? TryReadFile(string path, string shownAs, string root, ICollection<Problem> problems)
    {
        var found = new List<Problem>();
        var file = Read(path, shownAs, root, found);
        // without what it extends nothing else can be told of a file: its other problems follow from that one
        var first = found.Where(problem => problem.File == shownAs && problem.Key == "extends").ToArray();
        foreach (var problem in found.Where(problem => first.Length == 0 || problem.File != shownAs || problem.Key == "extends"))
            problems.Add(problem);
        return file;
    }

    private static ProfileFile? Read(string path, string shownAs, string root, List<Problem> problems)
    {
        if (Yaml.TryRead(path, shownAs, problems, out var sha256) is not { } top)
            return null;
        return top.Closed(profile =>
        {
            profile.Schema("adaptation.profile/v1");
            var (id, name) = (profile.Identifier("id"), profile.LocalText("name"));
            var part = !profile.Has("part") ? ProfilePart.Stack : profile.Choice("part", "vendor", "chip") == "vendor" ? ProfilePart.Vendor : ProfilePart.Chip;
            var folder = Path.Combine(root, "hardware-profiles");
            var facts = new FactChain(folder, file => Path.GetRelativePath(root, file), problems).Read(profile, shownAs);
            if (ProfileRules.OfId(id, path, sha256, folder) is { } taken)
                profile.Problem("id", taken);
            return new ProfileFile(id, name, part, facts, part == ProfilePart.Stack ? Stack(profile, (id, name), (shownAs, sha256), facts) : null);
        });
    }

    private static Profile Stack(YamlMap profile, (string Id, LocalText Name) own, (string Shown, string Sha256) file, ProfileFacts facts)
    {
        var maker = facts.Extended.IsEmpty ? null : profile.TryText("extends");
        var chip = profile.Map("chip")?.Closed(map => OfMaker(map, Chip(map, maker), facts)) ?? new("", "", "cpu", 1, null, null);
        var server = profile.Map("serve")?.Closed(Server) ?? NoServer;
        RefuseCovered(profile, facts, server);
        return new()
        {
            File = file.Shown,
            Sha256 = Together(file.Sha256, facts),
            FileSha256 = file.Sha256,
            Facts = facts,
            Id = own.Id,
            Name = own.Name,
            Chip = chip,
            Versions = Versions(profile, chip),
            Image = profile.Map("image")?.Closed(Image) ?? new("", "", null, ImmutableSortedDictionary<string, string>.Empty),
            Container = profile.Map("container")?.Closed(Container) ?? new(1, 1, 1, 0, "", [], 1, false, new()),
            Server = server,
            Declared = profile.TryMap("declared")?.Closed(DeclarationReader.Read) ?? new Declaration(),
            Exceptions = profile.TextMap("exceptions"),
        };
    }

    /// <summary>What is started, and what says its version, is the image's.</summary>
    private static void RefuseCovered(YamlMap profile, ProfileFacts facts, ProfileServer server)
    {
        string?[] files = [server.Command.FirstOrDefault(), server.Adapter?.Library, facts.Probe("probe.framework")?.File, facts.Probe("probe.plugin")?.File];
        foreach (var mount in facts.Texts("launch.mounts").Where(mount => SafePaths.OfMount(mount) is null))
        {
            if (files.FirstOrDefault(file => file?.StartsWith('/') == true && SafePaths.IsAt(SafePaths.Plain(file), SafePaths.Plain(mount.Split(':')[^1]))) is { } covered)
                profile.Problem("serve", $"`{mount}` (facts.launch.mounts of {facts.All["launch.mounts"].File}) would cover {covered} in the container: what runs would not be what the image's digest promises. Mount the driver's own files alone, or name a file of the image that is not below them");
        }
    }

    /// <summary>What a profile extends is part of it: a changed byte there makes another profile.</summary>
    private static string Together(string sha256, ProfileFacts facts) => facts.Extended.IsEmpty ? sha256
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(facts.Extended.Select(file => file.Sha256).Prepend(sha256).Select(digest => $"{digest}\n")))));

    /// <summary>What a profile says of something that no source states. Such a profile is listed and shown; a run wants it filled in.</summary>
    internal const string Unknown = "unknown";

    private const int LongestPath = 200;

    /// <summary>Where the runner, the image or the kernel puts things of their own.</summary>
    private static readonly ImmutableArray<string> Taken =
        ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/model", "/opt/adaptation", "/opt/engine", "/proc", "/run/adaptation", "/sbin", "/sys", "/tmp", "/usr"];

    private static ProfileServer NoServer { get; } = new()
    {
        Command = [],
        Environment = ImmutableSortedDictionary<string, string>.Empty,
        Port = null,
        ModelName = "",
        ReadyWithin = TimeSpan.Zero,
        AnswerWithin = TimeSpan.Zero,
        Streams = 1,
    };

    /// <summary>A version that no probe reads would be a statement that nothing can be held against.</summary>
    private static ImmutableSortedDictionary<string, string> Versions(YamlMap profile, ChipFacts chip)
    {
        var (stated, known) = (profile.TextMap("versions"), LockCapture.Fields(chip));
        // an accelerator is found by its ids; of a processor nothing else holds it to the name on the certificate
        if (chip.Kind == "cpu" && profile.Has("extends") && !stated.ContainsKey("cpu.vendor") && !stated.ContainsKey("cpu.model"))
            profile.Problem("versions", "state cpu.vendor or cpu.model, as /proc/cpuinfo has it: another maker's processor would pass for this one (`grep -m3 -iE 'vendor_id|implementer|model name' /proc/cpuinfo` on the machine)");
        if (stated.IsEmpty)
            return stated;
        var map = profile.TryMap("versions")!;
        foreach (var field in stated.Keys.Where(field => !known.Contains(field)))
            map.Problem(field, $"is no field that the probes read of such a chip{Spelling.Hint(field, known)}; known here: {string.Join(", ", known)}");
        foreach (var (field, version) in stated)
        {
            if (version.Length > 0 && ProfileRules.OfVersion(version) is { } none)
                map.Problem(field, none);
        }

        return stated;
    }

    /// <param name="extends">Id of the chip whose facts the profile has; null where it has its own alone.</param>
    private static ChipFacts Chip(YamlMap chip, string? extends)
    {
        var kind = chip.Choice("kind", "cpu", "pci");
        var (pci, module) = (chip.TryText("pci"), chip.TryText("kernel_module"));
        if (kind == "pci" && pci != Unknown && (pci is null || !PciId().IsMatch(pci)))
            chip.Problem("pci", "a chip of kind pci is found by its vendor and device id, such as `19e5:d802`; `unknown` where nobody has stated it");
        if (kind == "cpu" && pci is not null)
            chip.Problem("pci", "a chip of kind cpu has no PCI id");
        if (module is { Length: > 0 } && !ModuleName().IsMatch(module))
            chip.Problem("kernel_module", $"is `{module}`; a module's name has letters, digits, _ and - alone, as `lsmod` prints it");
        var vendor = Printable(chip, "vendor");
        if (vendor.Length > 0 && extends?.Split('/')[0] is { } maker && maker != vendor)
            chip.Problem("vendor", $"is `{vendor}`, and the file extends {extends}, whose vendor is `{maker}`: the certificate would name one maker with the facts of another. Write `{maker}`, or extend a chip of {vendor}");
        return new(vendor, Printable(chip, "model"), kind, (int)(chip.TryInteger("count", 1, 1024) ?? 1), pci == Unknown ? null : pci, module) { PciLine = chip.LineOf("pci") };
    }

    /// <summary>Where facts state a maker's ids, or a chip's, another one is another chip.</summary>
    private static ChipFacts OfMaker(YamlMap map, ChipFacts chip, ProfileFacts facts)
    {
        if (chip.PciId is { } id && facts.Texts("pci") is { IsEmpty: false } known && !known.Any(one => one == id || (one.Length == 4 && id.StartsWith($"{one}:", StringComparison.Ordinal))))
            map.Problem("pci", $"is `{id}`, and `facts.pci` says {string.Join(", ", known)}: that is another chip. Give the id that `lspci -nn` shows of this one, or state its ids under `facts.pci` with their source");
        return chip;
    }

    private static ProfileImage Image(YamlMap image)
    {
        var files = image.TextMap("files");
        var folder = image.Text("folder");
        foreach (var place in files.Values.Append(folder))
        {
            if (Path.IsPathRooted(place) || place.Split('/').Contains(".."))
                image.Problem(place == folder ? "folder" : "files", $"`{place}` leaves the product's root; give a path below it");
        }

        var (origin, packages) = (image.Text("base"), image.Texts("packages"));
        if (origin.Length > 0 && ProfileRules.OfImage(origin) is { } wrong)
            image.Problem("base", wrong);
        foreach (var package in packages.Where(package => !PackageName().IsMatch(package)))
            image.Problem("packages", $"`{package}` is no name of a Debian package");
        if (!packages.IsEmpty && !origin.StartsWith("debian:", StringComparison.Ordinal) && !origin.StartsWith("ubuntu:", StringComparison.Ordinal))
            image.Problem("packages", $"are added to a base of plain Debian or Ubuntu, and `base` is `{origin}`; install them in the Dockerfile, or in the base itself");
        return new(folder, origin, image.TryText("engine"), files) { Packages = packages, BaseLine = image.LineOf("base"), FolderLine = image.LineOf("folder") };
    }

    private static ProfileContainer Container(YamlMap container)
    {
        var user = container.TryText("user") ?? "10001:10001";
        if (!NumericUser().IsMatch(user))
            container.Problem("user", $"is `{user}`; expected numbers, such as 10001:10001");
        var devices = container.Texts("devices");
        foreach (var device in devices)
        {
            if (SafeDevices.Of(device) is { } why)
                container.ProblemAt("devices", device, why);
        }

        ContainerRules.RefuseNever(container);
        var cpus = container.TryQuantity("cpus", ("", 1000)) ?? 0;
        if (!container.Has("cpus"))
            container.Problem("cpus", "is missing: every container has a limit");
        if (!container.Has("memory"))
            container.Problem("memory", "is missing: every container has a limit");
        return new(
            container.TryBytes("memory") ?? 0,
            (int)Math.Min(cpus, int.MaxValue),
            (int)container.Integer("pids", 1, 1 << 20),
            container.TryBytes("tmp") ?? 0,
            user,
            devices,
            container.TryBytes("log_limit") ?? 64L << 20,
            HostNetwork: false,
            container.TryMap("weaknesses")?.Closed(ContainerRules.Weaknesses) ?? new ContainerWeaknesses());
    }

    private static ProfileServer Server(YamlMap server)
    {
        var adapter = server.TryMap("adapter")?.Closed(Adapter);
        if ((adapter is null) == !server.Has("command"))
            server.Problem("command", "expected exactly one of `adapter` (served by our host) and `command` (the stack's own server)");
        var protocol = server.Choice("protocol", "open-inference", "openai") == "openai" ? WireProtocol.OpenAi : WireProtocol.OpenInference;
        var listen = server.Text("listen");
        int? port = null;
        if (listen != "unix")
        {
            if (listen.StartsWith("tcp:", StringComparison.Ordinal) && ushort.TryParse(listen.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
                port = number;
            else if (listen.Length > 0)
                server.Problem("listen", $"is `{listen}`; expected `unix`, or `tcp:` and a port such as tcp:8000");
        }

        var command = server.Texts("command");
        foreach (var argument in command)
        {
            if (ProfileRules.OfArgument(argument) is { } unknown)
                server.ProblemAt("command", argument, unknown);
        }

        return new ProfileServer
        {
            Adapter = adapter,
            Protocol = protocol,
            Command = command,
            Environment = server.TextMap("environment"),
            Port = port,
            Cache = CacheOf(server),
            ModelName = server.TryText("model_name") ?? "",
            ReadyWithin = server.TryDuration("ready_within") ?? Required(server, "ready_within"),
            AnswerWithin = server.TryDuration("answer_within") ?? Required(server, "answer_within"),
            Streams = (int)(server.TryInteger("streams", 1, 4096) ?? 1),
        };
    }

    /// <summary>A folder of its own: mounted over one that something else lies in it would hide that, and one of the runner's own would show it to the server as its to change.</summary>
    private static string? CacheOf(YamlMap server)
    {
        if (server.TryText("cache") is not { } path)
            return null;
        if (!FolderPath().IsMatch(path) || path.Split('/').Any(part => part is "." or "..") || path.Length > LongestPath)
            server.Problem("cache", $"is `{path}`; expected an absolute path of letters, digits and . _ - such as /var/cache/engine, without . and .. and without a / at its end");
        else if (Taken.FirstOrDefault(taken => taken == path || taken.StartsWith($"{path}/", StringComparison.Ordinal) || path.StartsWith($"{taken}/", StringComparison.Ordinal)) is { } taken)
            server.Problem("cache", $"is `{path}`; {taken} is taken. Give a folder of its own, such as /var/cache/engine");
        return path;
    }

    private static TimeSpan Required(YamlMap map, string key)
    {
        map.Problem(key, "is missing: every wait has a limit, such as 60s");
        return TimeSpan.Zero;
    }

    private static ProfileAdapter Adapter(YamlMap adapter) => new(
        adapter.Choice("name", "onnxruntime", "llamacpp", "libtorch"),
        adapter.Text("library"),
        adapter.TryText("provider") ?? (adapter.TryText("name") == "onnxruntime" ? "CPUExecutionProvider" : ""),
        adapter.TextMap("options"),
        adapter.TryText("provider_library"),
        adapter.Boolean("cpu_fallback", otherwise: true),
        (int)(adapter.TryInteger("threads", 0, EngineThreads.Most) ?? 0));

    /// <summary>Text that identifies something on a certificate is printable ASCII: no homoglyph can stand for another chip.</summary>
    private static string Printable(YamlMap map, string key)
    {
        var text = map.Text(key);
        if (text.Any(c => c is < ' ' or > '~'))
            map.Problem(key, "identity text is printable ASCII; other scripts belong in `name`");
        return text;
    }

    [GeneratedRegex(@"\A[0-9a-f]{4}:[0-9a-f]{4}\z")]
    private static partial Regex PciId();

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex ModuleName();

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9+.-]{1,99}\z")]
    private static partial Regex PackageName();

    [GeneratedRegex(@"\A(/[A-Za-z0-9._-]+)+\z")]
    private static partial Regex FolderPath();

    [GeneratedRegex(@"\A[0-9]{1,9}:[0-9]{1,9}\z")]
    private static partial Regex NumericUser();
}

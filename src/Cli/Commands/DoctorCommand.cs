using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;
using Adaptation.Runner.Docker;

namespace Adaptation.Cli;

/// <summary><c>adapt doctor</c>: what of this machine works, and what to do about the rest; of a profile, before anything of it is started.</summary>
internal static class DoctorCommand
{
    public static Command Create(Machine machine, OpenWorkshop open)
    {
        var profile = new Option<string?>("--profile") { Description = "Is this machine ready for it? An id or a file  检查本机能否运行该配置", HelpName = "ID|FILE" };
        var devices = new Option<string?>("--devices") { Description = "Numbers of devices: 0,1; if left out, the first `chip.count`  设备编号", HelpName = "N,N" };
        var form = new Option<string?>("--form") { Description = "How devices get in; if left out, the first that is known and can be done here  设备注入方式", HelpName = "toolkit|cdi|plain" };
        form.AcceptOnlyFromAmong("toolkit", "cdi", "plain");
        var json = new Option<bool>("--json") { Description = "One JSON object per line, for scripts  逐行输出 JSON" };
        var command = new Command("doctor", "Say what works on this machine and what does not, and how to mend it  检查本机环境并给出修复命令") { profile, devices, form, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            // a mistake in what is asked for is told before anything is looked at
            var asked = parsed.GetValue(profile) is { } id ? ReadProfile(machine, id) : null;
            var numbers = Numbers(parsed.GetValue(devices), asked);
            LaunchForm? chosen = parsed.GetValue(form) is { } word ? Enum.Parse<LaunchForm>(word, ignoreCase: true) : null;
            if (asked is null && (parsed.GetValue(devices) ?? parsed.GetValue(form)) is not null)
                throw new BadInputException([new Problem("doctor", 0, "--profile", "is left out; --devices and --form are of a profile")]);
            var spec = asked is null ? null : new PreflightSpec(asked, HostMachine.Local)
            {
                Indices = numbers,
                IsChosen = parsed.GetValue(devices) is not null,
                Form = chosen,
                Architecture = Architecture,
                DataFolder = machine.DataFolder,
                FreeBytes = FreeBytes(machine.DataFolder),
            };
            if (spec is not null)
                Preflight.Refuse(spec);
            return ExamineAsync(machine, open, new DoctorView(Console.Out, parsed.GetValue(json)), spec, cancellationToken);
        });
        return command;
    }

    private static async Task<int> ExamineAsync(Machine machine, OpenWorkshop open, DoctorView view, PreflightSpec? spec, CancellationToken cancellationToken)
    {
        var stack = new StackProbe("/").Read(new ChipFacts("generic", "CPU", "cpu", 1, null, null));
        view.Heading(new("This machine", "本机"), $"{stack["cpu.model"]}, {Environment.ProcessorCount} processors 核, {stack["os.id"]} {stack["os.version"]}, kernel 内核 {stack["os.kernel"]}");
        foreach (var examination in OwnParts(machine).Append(Kept(machine, spec)))
            view.Show(examination);
        var (engine, isOwn, hasImage) = await EngineAsync(machine, open, view, spec?.Profile, cancellationToken);
        if (spec is not null)
        {
            var report = await Preflight.ExamineAsync(spec with { Engine = engine, HasImage = hasImage, KeepsImages = isOwn }, cancellationToken);
            view.Heading(new($"{spec.Profile.Id}: {spec.Profile.Name.En}", spec.Profile.Name.Zh), Chosen(report, spec.Indices));
            foreach (var examination in report.Examinations)
                view.Show(examination);
        }

        view.End(spec?.Profile.Id);
        return view.IsReady ? ExitCode.Certified : ExitCode.BrokenEnvironment;
    }

    /// <summary>What this program brings itself.</summary>
    private static IEnumerable<Examination> OwnParts(Machine machine)
    {
        yield return Look("signatures", new("signatures (P-256, SM2 with SM3)", "签名算法"), "adapt verify --help", () =>
        {
            SelfTest.Run();
            return new("the self-test gives the known answers", "自检通过");
        });
        yield return Look("keys", new("development keys", "开发密钥"), $"ls -la {machine.KeyFolder}", () =>
        {
            if (!Directory.Exists(Path.Combine(machine.KeyFolder, "issuer")))
                return new("none yet; the first run makes them", "尚无，首次运行时生成");
            using var keys = DevelopmentKeys.OpenOrCreate(machine.KeyFolder, machine.Time);
            var list = string.Join(", ", keys.Signers.Select(signer => $"{signer.Key.Algorithm} {signer.Key.KeyId[..19]}…"));
            return new(list, list);
        });
        yield return Look("inputs", new("standard, profiles and models", "标准、配置与模型"), "adapt profile check", () =>
        {
            var inputs = RunInputs.Read(new RunRequest(machine.Root, "generic/x64-onnxruntime", "ppocrv4-rec", "0.1", "quick"));
            return new($"standard {inputs.Standard.Version} with {inputs.Standard.Clauses.Length} checks", $"标准 {inputs.Standard.Version}，共 {inputs.Standard.Clauses.Length} 项");
        });
        yield return Look("host", new("host for adapters", "适配器宿主程序"), "./adapt doctor", () => File.Exists(machine.HostFile)
            ? new(machine.HostFile, machine.HostFile)
            : throw new BrokenEnvironmentException($"{machine.HostFile} is not there; start the tool through the `adapt` script, which builds it"));
    }

    /// <summary>What a run fetches where it is not kept here yet. Only looked at: its digests are checked by the run.</summary>
    private static Examination Kept(Machine machine, PreflightSpec? spec)
    {
        LocalText what = new("engine pack and model", "引擎包与模型");
        var absent = RunInputs.ToFetch(machine.Root, spec?.Profile, Path.Combine(machine.DataFolder, "packages"));
        return absent is not { } list ? new("kept", what, ExaminationState.NotNeeded, new("the image brings the engine; language models are made here", "引擎在镜像内；语言模型在本机生成"))
            : list.IsEmpty ? new("kept", what, ExaminationState.Ok, new("kept on this machine", "已保存在本机"))
            : new("kept", what, ExaminationState.Unknown, new($"not here yet: {string.Join(", ", list)}; a run fetches it, where a registry is in reach", $"本机尚无：{string.Join("、", list)}；可联网时由运行获取"))
            {
                Remedies = [new(new("fetch and build all that a run needs", "预先获取"), $"adapt prepare{(spec is null ? "" : $" --profile {spec.Asked}{(spec.Profile.Server.Adapter?.Name is "onnxruntime" or null && spec.Profile.Server.Protocol != WireProtocol.OpenAi ? "" : " --model tiny-poet")}")}")],
                MustBeFetched = true,
            };
    }

    private static Examination Look(string id, LocalText what, string command, Func<LocalText> look)
    {
        try
        {
            return new(id, what, ExaminationState.Ok, look());
        }
        catch (Exception ill) when (ill is AdaptationException or IOException or UnauthorizedAccessException)
        {
            return new(id, what, ExaminationState.Missing, new(ill.Message, ill.Message)) { Remedies = [new(new("see", "查看"), command)] };
        }
    }

    private static async Task<(ContainerEngineDescription? Engine, bool IsOwn, bool? HasImage)> EngineAsync(Machine machine, OpenWorkshop open, DoctorView view, Profile? profile, CancellationToken cancellationToken)
    {
        LocalText what = new("container engine", "容器引擎");
        try
        {
            await using var workshop = await open(machine, Isolation.Present, view.Say, cancellationToken);
            var engine = workshop.Engine.Description;
            var (seen, image) = ($"{engine.Name} {engine.Version}, API {engine.ApiVersion}, cgroup {engine.CgroupVersion}", profile?.Image.Base);
            view.Show(new("engine", what, ExaminationState.Ok, new(seen, seen))
            {
                Notes = engine.IsLocal ? [] : [new("it runs on another machine: devices, paths and limits are looked at here, and are wanted there", "引擎在另一台机器上：下面检查的是本机的设备、路径与上限，而实际需要的是那台机器的")],
            });
            return (engine, workshop.IsOwnEngine, image is null ? null : await HasImageAsync(workshop, image, cancellationToken));
        }
        catch (BrokenEnvironmentException none) when (machine.DockerHost is null && DockerDaemon.WouldStart() is not null)
        {
            var would = DockerDaemon.WouldStart()!;
            view.Show(new("engine", what, ExaminationState.Unknown, new($"{none.Message.TrimEnd('.')}; {would.En}", $"没有应答的容器引擎；{would.Zh}")));
            return (null, true, null);
        }
        catch (Exception ill) when (ill is AdaptationException or IOException or UnauthorizedAccessException)
        {
            view.Show(new("engine", what, ExaminationState.Missing, new(ill.Message, ill.Message)) { Remedies = [new(new("start it, or install one", "启动或安装容器引擎"), "sudo systemctl start docker")] });
            return (null, false, null);
        }
    }

    /// <summary>An engine that does not like the name does not know either.</summary>
    private static async Task<bool?> HasImageAsync(IWorkshop workshop, string image, CancellationToken cancellationToken)
    {
        try
        {
            return await workshop.HasImageAsync(image, cancellationToken);
        }
        catch (AdaptationException)
        {
            return null;
        }
    }

    /// <summary>A profile that leaves open what a run needs is examined all the same: that is what one wants to know of it.</summary>
    private static Profile ReadProfile(Machine machine, string asked)
    {
        var problems = new List<Problem>();
        var (path, name) = ProfileCommand.Find(machine, asked);
        var profile = ProfileReader.TryRead(path, name, machine.Root, problems);
        return profile is null || problems.Count > 0 ? throw new BadInputException([.. problems]) : profile;
    }

    private static ImmutableArray<int> Numbers(string? list, Profile? profile)
    {
        if (list is null)
            return [.. Enumerable.Range(0, profile?.Chip.Count ?? 1)];
        string[] words = list.Split(',', StringSplitOptions.TrimEntries);
        return words.All(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            ? [.. words.Select(word => int.Parse(word, CultureInfo.InvariantCulture))]
            : throw new BadInputException([new Problem("--devices", 0, "", $"is `{list}`; expected numbers such as 0,1")]);
    }

    private static string Chosen(PreflightReport report, ImmutableArray<int> devices)
    {
        static string Word(LaunchForm form) => form.ToString().ToLowerInvariant();
        return report.Forms.IsEmpty ? "" : $"devices 设备 {string.Join(',', devices)}; form 注入方式 {(report.Form is { } form ? Word(form) : "?")} (known 已知: {string.Join(", ", report.Forms.Select(Word))})";
    }

    /// <summary>As profiles write it.</summary>
    private static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.LoongArch64 => "loong64",
        var other => other.ToString().ToLowerInvariant(), // arm64, riscv64
    };

    private static long? FreeBytes(string folder)
    {
        try
        {
            var at = new DirectoryInfo(folder);
            while (at is { Exists: false, Parent: { } parent })
                at = parent;
            return new DriveInfo(at.FullName).AvailableFreeSpace;
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

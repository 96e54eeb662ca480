using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What the vendor's management tool says: whether it is there, answers, is understood, shows the devices, and calls them healthy.</summary>
/// <param name="IsSilent">Whether the tool gave no answer: what else is read from it is not tried, or a driver that hangs would be waited for again and again.</param>
/// <param name="Program">That was run; null where none was.</param>
/// <param name="Planned">What it shows of the devices that are planned.</param>
internal sealed record ToolExamination(Examination Tool, Examination Health, bool IsSilent, string? Program, ImmutableArray<DeviceSample> Planned)
{
    private const decimal BusyShare = 10;

    private static readonly Subject Answer = new("tool", "management tool", "管理工具"), Well = new("health", "health of devices", "设备健康");

    /// <summary>Words with which tools call a device well; every other word is shown as it is.</summary>
    private static readonly ImmutableArray<string> WellWords = ["OK", "Available", "Healthy", "Normal", "True"];

    /// <summary>Tools of whose table no capture is public: versions are all that is read of them.</summary>
    private static readonly ImmutableArray<string> WithoutRows = ["brsmi", "bmsophon"];

    public static async Task<ToolExamination> ExamineAsync(PreflightSpec spec, CancellationToken cancellationToken)
    {
        if (!spec.NeedsDevices)
            return Without(Answer.NotNeeded("a CPU has none", "CPU 无需"), Well.NotNeeded("a CPU has none", "CPU 无需"));
        if (spec.Facts.Texts("telemetry.command") is not [var program, ..] command)
            return Without(Answer.Unknown("no source states the tool's command", "管理工具的命令无来源记载"), NothingSaid);
        var output = await spec.Machine.RunAsync(command, spec.ToolLimit, cancellationToken);
        if (output.Failure is { } failure)
            return new(Answer.Missing(failure, Chinese(spec, program, failure), Mend(spec, command)), NothingSaid, IsSilent: true, program, []);
        var reading = spec.Facts.Text("telemetry.tool") is { } name ? ToolFormats.Find(name)?.Read(output.Text) : null;
        if (reading is null)
            return new(Answer.Unknown($"{program} answers; its output is not read, for no capture of it is public", $"{program} 有应答；其输出无公开样本，暂不解析"), NothingSaid, IsSilent: false, program, []);
        var (shown, planned) = Rows(spec, command, reading, output.Text);
        return new(shown, planned.IsEmpty ? NothingSaid : OfHealth(planned, command), IsSilent: false, program, planned);
    }

    private static Examination NothingSaid => Well.Unknown("the tool said nothing of the devices", "管理工具未给出设备信息");

    private static ToolExamination Without(Examination tool, Examination health) => new(tool, health, IsSilent: false, null, []);

    private static (Examination Shown, ImmutableArray<DeviceSample> Planned) Rows(PreflightSpec spec, ImmutableArray<string> command, ToolReading reading, string text)
    {
        var (program, typed) = (command[0], string.Join(' ', command));
        if (reading.Devices.IsEmpty && WithoutRows.Contains(program) && reading.Versions.Count > 0)
            return (Answer.Unknown($"{program} answers with versions; its table of devices is not read, for no capture of it is public", $"{program} 给出版本；设备表无公开样本，暂不解析"), []);
        if (reading.Devices.IsEmpty)
        {
            var line = Clip.Text(text.Split('\n').FirstOrDefault(one => !string.IsNullOrWhiteSpace(one))?.Trim() ?? "nothing", 120);
            return program == "xpu-smi" && text.Contains("Intel", StringComparison.Ordinal)
                ? (Answer.Missing($"xpu-smi here is Intel's tool of the same name, not Kunlunxin's: `{line}`", $"本机的 xpu-smi 是 Intel 的同名工具，不是昆仑芯的：`{line}`",
                    new Remedy(new("see where each lies, and put the vendor's first among /usr/local/sbin, /usr/local/bin, /usr/sbin, /usr/bin", "查看各自位置，并使厂商的工具排在前面"), "ls -l /usr/local/sbin/xpu-smi /usr/local/bin/xpu-smi /usr/sbin/xpu-smi /usr/bin/xpu-smi")), [])
                : (Answer.Missing($"no row of a device is understood in what {typed} prints: `{line}`", $"{typed} 的输出中没有可识别的设备行：`{line}`",
                    new Remedy(new("see what it prints; keep it with a report, if it is a table of devices", "查看输出；若确为设备表，请保存并反馈"), typed)), []);
        }

        var numbers = reading.Devices.Select(device => Number(spec, device)).ToArray();
        var byNumber = numbers.All(number => number is not null);
        var shown = string.Join(", ", reading.Devices.Select(device => device.Name is null ? device.Id : $"{device.Id} {device.Name}"));
        ImmutableArray<DeviceSample> planned = byNumber ? [.. reading.Devices.Where((_, at) => spec.Indices.Contains(numbers[at]!.Value))] : reading.Devices.Length >= spec.Indices.Length ? reading.Devices : [];
        var wanted = string.Join(", ", spec.Indices);
        return planned.Length < spec.Indices.Length
            ? (Answer.Missing($"{typed} shows {shown}; planned: {wanted}", $"{typed} 显示 {shown}；计划使用 {wanted}", new Remedy(new("see which devices there are, and choose among those with --devices", "查看有哪些设备，并用 --devices 从中选择"), typed), Lost(spec)), planned)
            : (Answer.Ok($"{typed} shows {shown}", $"{typed} 显示 {shown}") with { Notes = [.. byNumber ? [] : ByCard, .. Busy(planned)] }, planned);
    }

    /// <summary>The device that a row is of. A tool that counts by card and chip says that only of boards with one device: else which row is which number is not known, and rows are counted.</summary>
    private static int? Number(PreflightSpec spec, DeviceSample device) =>
        int.TryParse(device.Id.EndsWith(".0", StringComparison.Ordinal) && spec.Facts.Number("devices.per_board") == 1 ? device.Id[..^2] : device.Id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static ImmutableArray<LocalText> ByCard { get; } = [new("the tool counts by card and chip: rows are counted, and no row is held to be a certain number", "该工具按卡与芯片编号：仅核对数量，不对应具体编号")];

    private static IEnumerable<LocalText> Busy(ImmutableArray<DeviceSample> planned)
    {
        foreach (var device in planned)
        {
            var share = device.MemoryShare ?? (device is { MemoryUsed: { } used, MemoryTotal: > 0 and var total } ? 100 * used / total : null);
            if (share > BusyShare || device.Utilisation > 0)
                yield return new($"device {device.Id} is in use: {Percent(share)} of its memory, {Percent(device.Utilisation)} busy; another process would disturb what is measured", $"设备 {device.Id} 正被占用：显存 {Percent(share)}，利用率 {Percent(device.Utilisation)}；其他进程会干扰测量");
        }
    }

    private static string Percent(decimal? share) => share is { } known ? $"{decimal.Round(known, 1).ToString(CultureInfo.InvariantCulture)} %" : "?";

    private static Examination OfHealth(ImmutableArray<DeviceSample> planned, ImmutableArray<string> command)
    {
        string[] ills =
        [
            .. planned.Where(device => device.Health is { } word && !WellWords.Contains(word, StringComparer.OrdinalIgnoreCase)).Select(device => $"device {device.Id}: {device.Health}"),
            .. planned.Where(device => decimal.TryParse(device.Ecc, NumberStyles.None, CultureInfo.InvariantCulture, out var errors) && errors > 0).Select(device => $"device {device.Id}: ECC {device.Ecc}"),
        ];
        if (ills.Length > 0)
            return Well.Missing(string.Join("; ", ills), string.Join("；", ills), new Remedy(new("see what the driver says of it", "查看驱动日志"), "sudo dmesg --level=err,warn | tail -40"), new Remedy(new("and the tool", "以及管理工具的输出"), string.Join(' ', command)));
        string[] words = [.. planned.Where(device => device.Health is not null || decimal.TryParse(device.Ecc, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(device => $"{device.Id} {device.Health ?? "ECC errors 0"}")];
        return words.Length == planned.Length ? Well.Ok(string.Join(", ", words), string.Join("，", words)) : Well.Unknown("the tool prints neither health nor a count of errors", "管理工具未显示健康状态或错误计数");
    }

    private static ImmutableArray<Remedy> Mend(PreflightSpec spec, ImmutableArray<string> command) => spec.Machine.Find(command[0]) is null
        ? [new(new("install the vendor's driver, which brings it; if it lies outside of the usual folders, link it", "请安装厂商驱动（自带该工具）；若已装在其他目录，则建立链接"), $"sudo ln -s \"$(sudo find / -xdev -type f -name {command[0]} -perm -u+x -print -quit)\" /usr/local/bin/{command[0]}")]
        : [new(new("see whether it answers by itself", "单独运行该工具"), $"timeout 10 {string.Join(' ', command)}"), Lost(spec)];

    private static Remedy Lost(PreflightSpec spec) => new(new("see what the driver says", "查看驱动日志"), $"sudo dmesg{(spec.KernelModule is { } module ? $" | grep -i {module}" : " --level=err,warn")} | tail -40");

    private static string Chinese(PreflightSpec spec, string program, string failure) => spec.Machine.Find(program) is null ? $"未安装 {program}"
        : failure.Contains("did not end", StringComparison.Ordinal) ? $"{program} 在 {spec.ToolLimit.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} 秒内未结束" : $"运行失败：{failure}";
}

using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Runner;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

/// <summary>What <c>adapt doctor</c> shows of a machine, and what it refuses to look at.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-tests-").FullName;

    private static Examination Clock { get; } = new("clock", new("clock source", "时钟源"), ExaminationState.Ok, new("tsc", "tsc"));

    private static Examination Nodes { get; } = new("nodes", new("device nodes", "设备节点"), ExaminationState.Missing, new("/dev/davinci0 is not there", "/dev/davinci0 不存在"))
    {
        Remedies = [new(new("load the driver's module", "加载驱动模块"), "sudo modprobe davinci"), new(new("or choose another machine", "或更换机器"), null)],
        Notes = [new("only some machines have /dev/ummu", "仅部分机器有 /dev/ummu")],
    };

    private static Examination Module { get; } = new("module", new("kernel module", "内核模块"), ExaminationState.Unknown, new("its name is not stated by any source", "模块名无来源记载"));

    private static Examination Kept { get; } = new("kept", new("engine pack and model", "引擎包与模型"), ExaminationState.Unknown, new("not here yet", "本机尚无"))
    {
        Remedies = [new(new("fetch", "预先获取"), "adapt prepare")],
        MustBeFetched = true,
    };

    private static Examination Pci { get; } = new("pci", new("PCI devices", "PCI 设备"), ExaminationState.Unknown, new("the chip's id is not stated by any source", "芯片的 PCI 编号无来源记载"))
    {
        Remedies = [new(new("state it in a copy", "在副本中写明"), "sed 's/pci: unknown/pci: 19e5:fade/' p.yaml > my-p.yaml")],
        PreventsRun = true,
    };

    private static Examination Mounts { get; } = new("mounts", new("host paths to mount", "挂载路径"), ExaminationState.NotNeeded, new("the toolkit adds them", "由容器工具添加"));

    private static Examination Toolkit { get; } = new("toolkit", new("container toolkit", "容器工具"), ExaminationState.NotNeeded, new("form plain", "直接注入")) { Notes = [new("guides start with it", "指南使用它")] };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_person_sees_what_is_missing_with_the_command_that_mends_it_in_both_languages() =>
        Golden.Match("doctor.txt", Shown(isJson: false, Clock, Nodes, Module, Pci, Mounts, Toolkit).Text);

    [Fact]
    public void A_script_gets_an_object_per_examination_and_one_for_all()
    {
        var text = Shown(isJson: true, Clock, Nodes, Module, Pci, Mounts, Toolkit).Text;

        Golden.Match("doctor-json.txt", text);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            JsonDocument.Parse(line).Dispose();
    }

    [Fact]
    public void Ready_is_a_machine_on_which_nothing_is_missing_and_nothing_unknown_prevents_a_run()
    {
        Check(true, "ready: everything that a run needs is here", Clock, Mounts);
        Check(true, "ready as far as anybody can say", Clock, Module);
        Check(true, "ready but for what must still be fetched: adapt prepare", Clock, Module, Kept);
        Check(false, "until a copy of the profile states what is not known (marked !) a run is refused, or ends without a certificate", Clock, Pci);
        Check(false, "mend what is missing", Clock, Nodes, Pci);

        static void Check(bool isReady, string words, params ImmutableArray<Examination> all)
        {
            var (text, ready) = Shown(isJson: false, [.. all]);
            Assert.Equal(isReady, ready);
            Assert.Contains(words, text, StringComparison.Ordinal);
            Assert.Contains($"\"ready\":{(isReady ? "true" : "false")}", Shown(isJson: true, [.. all]).Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("doctor --profile none/such", "none/such")]
    [InlineData("doctor --profile ascend/910b3", "without a stack")]
    [InlineData("doctor --profile ascend/910b3-vllm-ascend --devices 0,0", "each once")]
    [InlineData("doctor --profile enflame/s60-vllm-gcu --form toolkit", "forms that are known: plain")]
    [InlineData("doctor --devices 0", "--profile")]
    [InlineData("doctor --profile generic/x64-onnxruntime --devices 0", "chip.kind: is cpu")]
    [InlineData("doctor --profile ascend/910b3-vllm-ascend --devices 5000", "counted from 0 to 4095")]
    public async Task What_cannot_be_examined_is_exit_code_3_and_nothing_is_started(string arguments, string named)
    {
        var (exit, output, error) = await AdaptProgram.RunAsync(_folder, Golden.Root, arguments.Split(' '));

        Assert.Equal((3, ""), (exit, output));
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_machine_that_nothing_was_done_on_yet_is_left_as_it_is_and_told_what_to_fetch()
    {
        var (_, output, _) = await AdaptProgram.RunAsync(_folder, Golden.Root, "doctor");

        Assert.Contains("adapt prepare", output, StringComparison.Ordinal);
        Assert.DoesNotContain("everything that a run needs is here", output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private static (string Text, bool IsReady) Shown(bool isJson, params Examination[] all)
    {
        using var output = new StringWriter();
        var view = new DoctorView(output, isJson);
        view.Heading(new("ascend/910b3-vllm-ascend: Ascend 910B3, vLLM Ascend", "昇腾 910B3，vLLM Ascend"), "devices 设备 0; form 注入方式 toolkit");
        view.Say("starting a private Docker daemon");
        foreach (var one in all)
            view.Show(one);
        view.End("ascend/910b3-vllm-ascend");
        return (output.ToString(), view.IsReady);
    }
}

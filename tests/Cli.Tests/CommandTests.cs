using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

/// <summary>The program as a user starts it: a process with arguments, two streams and an exit code.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-tests-").FullName;

    [Theory]
    [InlineData("")]
    [InlineData("certify")]
    [InlineData("plan")]
    [InlineData("resume")]
    [InlineData("verify")]
    [InlineData("waiver")]
    [InlineData("waiver new")]
    [InlineData("waiver sign")]
    [InlineData("waiver show")]
    [InlineData("keys")]
    [InlineData("keys new")]
    [InlineData("trust root init")]
    [InlineData("trust pin")]
    [InlineData("trust pack create")]
    [InlineData("issue")]
    [InlineData("diff")]
    [InlineData("list")]
    [InlineData("list profiles")]
    [InlineData("doctor")]
    [InlineData("operators")]
    [InlineData("culprit")]
    [InlineData("replay")]
    [InlineData("prepare")]
    public async Task Help_says_what_a_command_takes(string command)
    {
        var (exit, output, _) = await AdaptAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal(0, exit);
        Golden.Match($"help{(command.Length > 0 ? "-" : "")}{command.Replace(' ', '-')}.txt", output);
    }

    [Theory]
    [InlineData("certify --speed 9", "--speed")]
    [InlineData("certify --isolation none", "none")]
    [InlineData("certify --form magic", "magic")]
    [InlineData("plan --profile x --print podman", "podman")]
    [InlineData("verify", "certify")]
    [InlineData("fly", "fly")]
    [InlineData("list", "")]
    public async Task Arguments_that_nobody_knows_are_exit_code_3_and_start_nothing(string arguments, string named)
    {
        var (exit, output, error) = await AdaptAsync(arguments.Split(' '));
        Assert.Equal((3, ""), (exit, output));
        Assert.Contains("--help", error, StringComparison.Ordinal);
        if (named != "certify")
            Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_is_shown_of_a_stack_that_nobody_can_run_yet_and_that_is_said_beside_it()
    {
        var (exit, output, error) = await AdaptAsync("plan", "--profile", "ascend/910b3-vllm-ascend", "--form", "plain", "--devices", "0,1", "--print", "docker");

        Assert.Equal(0, exit);
        Golden.Match("plan-ascend-plain.txt", output);
        Assert.Contains("chip.pci: is unknown", error, StringComparison.Ordinal);
        Assert.DoesNotContain("facts.devices.each", error, StringComparison.Ordinal);
        Assert.Contains("facts.devices.each: is unknown", (await AdaptAsync("plan", "--profile", "hygon/bw1000-vllm-dtk")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plan --profile generic/x64-onnxruntime --model ppocrv4-rec --devices 0", "chip.kind: is cpu")]
    [InlineData("plan --profile enflame/s60-vllm-gcu --form toolkit", "facts.launch.runtime: is unknown")]
    [InlineData("plan --profile ascend/910b3-vllm-ascend --devices 0,x", "--devices: is `0,x`")]
    [InlineData("certify --devices 0,0", "--devices: is `0,0`")]
    public async Task A_launch_that_cannot_be_is_exit_code_3_and_says_why(string arguments, string why)
    {
        var (exit, output, error) = await AdaptAsync(arguments.Split(' '));

        Assert.Equal((3, ""), (exit, output));
        Assert.Contains(why, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inputs_with_mistakes_are_exit_code_3_and_all_are_named()
    {
        var (exit, _, error) = await AdaptAsync("certify", "--profile", "none/such", "--model", "nor-this", "--standard", "../0.1", "--isolation", "process");
        Assert.Equal(3, exit);
        Assert.All(["none/such", "nor-this", "../0.1", "nothing was started"], words => Assert.Contains(words, error, StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("operators --profile none/such", "none/such")]
    [InlineData("operators --profile generic/x64-llamacpp", "llamacpp opens whole models")]
    [InlineData("operators --cases /etc", "libonnx-testdata")]
    [InlineData("operators --seed minus", "minus")]
    public async Task Operators_that_cannot_be_asked_are_exit_code_3(string arguments, string named)
    {
        var (exit, _, error) = await AdaptAsync([.. arguments.Split(' '), "--isolation", "process"]);
        Assert.Equal(3, exit);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("culprit --model ppocrv4-rec", "--profile")]
    [InlineData("culprit --model ppocrv4-rec --profile generic/x64-onnxruntime --url unix:/s", "--url")]
    [InlineData("culprit --model ppocrv4-rec --profile generic/x64-libtorch", "opens no ONNX file")]
    [InlineData("culprit --model tiny-poet --profile generic/x64-onnxruntime", "language model")]
    [InlineData("culprit --model none/such --profile generic/x64-onnxruntime", "none/such")]
    [InlineData("culprit --model none.onnx --profile generic/x64-onnxruntime", "none.onnx")]
    [InlineData("culprit --model ppocrv4-rec --inputs . --profile generic/x64-onnxruntime", "--input ID")]
    [InlineData("replay none.onnx --url unix:/s", "none.onnx")]
    public async Task A_culprit_that_cannot_be_looked_for_is_exit_code_3(string arguments, string named)
    {
        var (exit, _, error) = await AdaptAsync([.. arguments.Split(' '), "--isolation", "process"]);
        Assert.Equal(3, exit);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_reproducer_is_exit_code_3_and_a_server_that_is_not_there_is_4()
    {
        var (exit, _, error) = await AdaptAsync("replay", Write("cut.onnx", "no model"), "--url", "unix:/s");
        Assert.Equal(3, exit);
        Assert.Contains("no ONNX model, or not all of one", error, StringComparison.Ordinal);

        var file = Path.Combine(_folder, "culprit.onnx");
        File.Copy(Path.Combine(Golden.Root, "tests/Runner.Tests/Culprit/golden/reproducer-v1.onnx"), file);
        (exit, _, error) = await AdaptAsync("replay", file, "--url", $"unix:{_folder}/nobody");
        Assert.Equal(4, exit);
        Assert.Contains("Nothing that speaks the Open Inference Protocol answers", error, StringComparison.Ordinal);
        Assert.Equal(3, (await AdaptAsync("replay", file, "--url", "https://host")).Exit);
    }

    [Fact]
    public async Task A_folder_that_is_no_run_cannot_be_gone_on_with() => Assert.Equal(3, (await AdaptAsync("resume", _folder)).Exit);

    [Fact]
    public async Task A_certificate_that_cannot_be_read_is_exit_code_3()
    {
        var (exit, _, error) = await AdaptAsync("verify", Path.Combine(_folder, "none.json"));
        Assert.Equal(3, exit);
        Assert.Contains("cannot be read", error, StringComparison.Ordinal);
        Assert.Equal(3, (await AdaptAsync("verify", "/dev/zero")).Exit);
    }

    /// <summary>The folder of a run is what people have at hand.</summary>
    [Fact]
    public async Task The_folder_of_a_run_in_place_of_its_certificate_or_evidence_is_told_what_to_give()
    {
        var file = Write("certificate.dsse.json", "{}");
        Directory.CreateDirectory(Path.Combine(_folder, "evidence"));

        var (exit, _, error) = await AdaptAsync("verify", _folder);
        Assert.Equal(3, exit);
        Assert.Contains($"is a folder; give {file}", error, StringComparison.Ordinal);

        (exit, _, error) = await AdaptAsync("verify", file, "--evidence", _folder);
        Assert.Equal(3, exit);
        Assert.Contains($"give its evidence: {_folder}/evidence", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_trusted_keys_nothing_is_verified()
    {
        var file = Write("c.json", "{}");
        var (exit, _, error) = await AdaptAsync("verify", file);
        Assert.Equal(3, exit);
        Assert.Contains("--trust", error, StringComparison.Ordinal);
        Assert.Equal(3, (await AdaptAsync("verify", file, "--trust", Write("trust.json", "[]"))).Exit);
    }

    [Fact]
    public async Task A_certificate_that_is_refused_is_exit_code_1_in_words_and_in_json()
    {
        using var keys = DevelopmentKeys.OpenOrCreate(Path.Combine(_folder, "keys"), TimeProvider.System);
        var file = Write("c.json", """{"payload": "e30="}""");
        var (exit, output, _) = await AdaptAsync("verify", file, "--trust", keys.TrustPath);
        Assert.Equal(1, exit);
        Assert.StartsWith("REFUSED", output, StringComparison.Ordinal);

        (exit, output, _) = await AdaptAsync("verify", file, "--trust", keys.TrustPath, "--json");
        Assert.Equal(1, exit);
        using var document = JsonDocument.Parse(output);
        Assert.Equal((1, false), (document.RootElement.GetProperty("v").GetInt32(), document.RootElement.GetProperty("valid").GetBoolean()));
        Assert.NotEmpty(document.RootElement.GetProperty("code").GetString()!);
    }

    [Fact]
    public async Task Evidence_that_is_not_there_is_exit_code_3()
    {
        using var keys = DevelopmentKeys.OpenOrCreate(Path.Combine(_folder, "keys"), TimeProvider.System);
        Assert.Equal(3, (await AdaptAsync("verify", Write("c.json", "{}"), "--trust", keys.TrustPath, "--evidence", Path.Combine(_folder, "none"))).Exit);
    }

    [Fact]
    public async Task A_root_that_is_missing_is_exit_code_4_and_no_stack_trace()
    {
        var (exit, _, error) = await AdaptAsync(["list", "checks"], root: Path.Combine(_folder, "none"));
        Assert.Equal(4, exit);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_there_is_can_be_listed()
    {
        var (exit, output, _) = await AdaptAsync("list", "checks");
        Assert.Equal(0, exit);
        Assert.Contains("COR-18", output, StringComparison.Ordinal);
        Assert.Contains("generic/x64-onnxruntime", (await AdaptAsync("list", "profiles")).Output, StringComparison.Ordinal);
        Assert.Contains("ppocrv4-rec", (await AdaptAsync("list", "models")).Output, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<(int Exit, string Output, string Error)> AdaptAsync(params string[] arguments) => AdaptAsync(arguments, Golden.Root);

    private Task<(int Exit, string Output, string Error)> AdaptAsync(string[] arguments, string root) => AdaptProgram.RunAsync(_folder, root, arguments);
}

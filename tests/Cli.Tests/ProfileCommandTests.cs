using System.Text.Json;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

/// <summary>What <c>adapt profile</c> and <c>adapt list profiles</c> show of profiles, broken ones included.</summary>
public sealed class ProfileCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_broken_file_is_listed_as_broken_beside_the_others_and_is_exit_code_3_by_itself()
    {
        var profiles = Directory.CreateDirectory(Path.Combine(_folder, "root", "hardware-profiles", "generic")).FullName;
        foreach (var shared in (string[])["reference-models", "standard", "containers", "engines.lock.json"])
            File.CreateSymbolicLink(Path.Combine(_folder, "root", shared), Path.Combine(Golden.Root, shared));
        File.Copy(Path.Combine(Golden.Root, "hardware-profiles/generic/x64-onnxruntime.yaml"), Path.Combine(profiles, "x64-onnxruntime.yaml"));
        await File.WriteAllTextAsync(Path.Combine(profiles, "a-broken.yaml"), "schema: adaptation.profile/v1\nserve: {command: [a}\n", TestContext.Current.CancellationToken);

        var (exit, output, error) = await AdaptProgram.RunAsync(_folder, Path.Combine(_folder, "root"), "list", "profiles");

        Assert.Equal(3, exit);
        Assert.Contains("generic/x64-onnxruntime  ", output, StringComparison.Ordinal);
        Assert.Contains("broken, not to be used until mended", output, StringComparison.Ordinal);
        Assert.Contains("hardware-profiles/generic/a-broken.yaml:2:", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        foreach (var command in (string[])["profile check", "profile show", "plan --profile", "doctor --profile", "certify --profile"])
        {
            (exit, _, error) = await AdaptProgram.RunAsync(_folder, Path.Combine(_folder, "root"), [.. command.Split(' '), "generic/a-broken"]);
            Assert.Equal(3, exit);
            Assert.Contains("a-broken.yaml:2:", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ascend/910b3-vllm-ascend", "pci unknown 未知|quay.io/ascend/vllm-ascend (no tag, no digest stated|vllm serve {model}|lacks 缺: pci, firmware|(for the record, never applied 仅供记录，从不使用)|[1]   ")]
    [InlineData("generic/x64-onnxruntime", "debian:12-slim|framework.version 1.30.0|/opt/engine/libonnxruntime.so.1|what is above is all")]
    [InlineData("kunpeng/920-onnxruntime", "not applicable")]
    [InlineData("denglin", "Wanted of the vendor")]
    [InlineData("metax", "metax/c500-vllm-metax|metax/n260")]
    public async Task A_profile_is_shown_with_what_would_be_run(string profile, string parts)
    {
        var (exit, output, _) = await AdaptProgram.RunAsync(_folder, Golden.Root, "profile", "show", profile);

        Assert.Equal(0, exit);
        Assert.All(parts.Split('|'), part => Assert.Contains(part, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Profiles_of_one_vendor_are_listed_for_scripts_too()
    {
        var (exit, output, _) = await AdaptProgram.RunAsync(_folder, Golden.Root, "list", "profiles", "--vendor", "metax", "--json");

        Assert.Equal(0, exit);
        var ids = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString());
        Assert.Equal(["metax/c500-vllm-metax", "metax/c550-vllm-metax", "metax/n260"], ids);
    }

    [Theory]
    [InlineData("profile check .", "is a folder; give a .yaml file")]
    [InlineData("list profiles --vendor metx", "did you mean `metax`?")]
    [InlineData("list profiles x", "`adapt list profiles --help`")]
    [InlineData("certify --suit full", "did you mean `--suite`?")]
    [InlineData("certify --profile ascend/910b3-vlm-ascend", "did you mean `ascend/910b3-vllm-ascend`?")]
    public async Task A_slip_is_told_with_what_was_meant(string arguments, string words)
    {
        var (exit, _, error) = await AdaptProgram.RunAsync(_folder, Golden.Root, arguments.Split(' '));

        Assert.Equal(3, exit);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_lines_are_broken_between_words_and_no_line_is_wider_than_the_terminal()
    {
        var text = $"profile  {string.Join(' ', Enumerable.Repeat("昇腾 Ascend 910B3,", 20))} {new string('x', 120)}";

        var lines = Table.Wrapped(text, 80, 4).ToArray();

        Assert.All(lines, line => Assert.InRange(Table.Width(line), 1, 80));
        Assert.All(lines.Skip(1), line => Assert.StartsWith("    ", line, StringComparison.Ordinal));
        Assert.Equal(text.Replace(" ", "", StringComparison.Ordinal), string.Concat(lines).Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal([text], Table.Wrapped(text, 0, 4));
    }

    [Fact]
    public void What_a_file_hides_shows_in_a_message() => Assert.Equal("a: U+202EgnpU+001B[2J", Table.Visible("a: \u202Egnp\u001B[2J"));
}

namespace Adaptation.Conformance;

/// <summary>The host as an operator meets it: arguments, messages, exit codes, signals.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task Help_is_shown_on_request()
    {
        var (exitCode, _, output) = await HostProcess.RunAsync("--help");

        Assert.Equal(0, exitCode);
        Assert.Contains("--listen WHERE", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("onnxruntime")]
    [InlineData("llamacpp")]
    [InlineData("echo")]
    [InlineData("pace")]
    public async Task Help_names_every_adapter_also_beside_one(string adapter)
    {
        var (exitCode, _, output) = await HostProcess.RunAsync("--adapter", adapter, "--help");

        Assert.Equal(0, exitCode);
        Assert.Contains($"adaptation-host --adapter {adapter} ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--listen: is not given", "--adapter", "echo")]
    [InlineData("--adapter: is vllm; onnxruntime, llamacpp, libtorch, echo or pace is expected", "--adapter", "vllm", "--listen", "tcp:127.0.0.1:1")]
    [InlineData("--nonsense: there is no such argument", "--adapter", "echo", "--listen", "tcp:127.0.0.1:1", "--nonsense")]
    [InlineData("--listen: is unix:relative", "--adapter", "echo", "--listen", "unix:relative")]
    [InlineData("--listen: is tcp:localhost", "--adapter", "echo", "--listen", "tcp:localhost")]
    [InlineData("--library: is not given", "--adapter", "onnxruntime", "--listen", "tcp:127.0.0.1:1")]
    [InlineData("--threads: is 0", "--adapter", "onnxruntime", "--listen", "tcp:127.0.0.1:1", "--library", "a", "--model", "b", "--threads", "0")]
    [InlineData("--threads: is 513; 1 to 512 is expected", "--adapter", "llamacpp", "--listen", "tcp:127.0.0.1:1", "--library", "a", "--model", "b", "--threads", "513")]
    [InlineData("--option: is a", "--adapter", "onnxruntime", "--listen", "tcp:127.0.0.1:1", "--library", "a", "--model", "b", "--option", "a")]
    [InlineData("--model: its value is missing", "--adapter", "onnxruntime", "--listen", "tcp:127.0.0.1:1", "--library", "a", "--model")]
    [InlineData("--threads: the echo has no use for it", "--adapter", "echo", "--listen", "tcp:127.0.0.1:1", "--threads", "1")]
    [InlineData("--adapter: given more than once", "--adapter", "echo", "--adapter", "echo", "--listen", "tcp:127.0.0.1:1")]
    public async Task Wrong_arguments_are_named_and_end_with_3(string said, params string[] arguments)
    {
        var (exitCode, error, _) = await HostProcess.RunAsync(arguments);

        Assert.Equal(3, exitCode);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_cannot_be_loaded_ends_with_4()
    {
        var (exitCode, error, _) = await HostProcess.RunAsync(
            "--adapter", "onnxruntime", "--library", "/nowhere.so", "--model", "/nowhere", "--listen", "tcp:127.0.0.1:1");

        Assert.Equal(4, exitCode);
        Assert.Contains("/nowhere.so does not exist", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_ends_with_4()
    {
        var (exitCode, error, _) = await HostProcess.RunAsync(
            "--adapter", "onnxruntime", "--library", Testing.Onnx.Engine.Library, "--model", "/nowhere", "--listen", "tcp:127.0.0.1:1");

        Assert.Equal(4, exitCode);
        Assert.Contains("Model /nowhere does not exist", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_socket_is_open_to_everyone_and_gone_after_a_termination()
    {
        await using var host = await HostProcess.StartAsync(HostProcess.EndPointKind.Unix, "--adapter", "echo");
        var mode = File.GetUnixFileMode(host.Address);

        var exitCode = await host.TerminateAsync();

        Assert.Equal(Convert.ToInt32("666", 8), (int)mode);
        Assert.Equal(0, exitCode);
        Assert.False(File.Exists(host.Address));
    }

    [Fact]
    public async Task A_socket_that_a_killed_host_left_is_taken_over_and_one_in_use_is_not()
    {
        await using var first = await HostProcess.StartAsync(HostProcess.EndPointKind.Unix, "--adapter", "echo");
        var (inUse, said, _) = await HostProcess.RunAsync("--adapter", "echo", "--listen", "unix:" + first.Address);
        await first.KillAsync();
        Assert.True(File.Exists(first.Address));

        await using var second = await HostProcess.StartAtAsync("unix:" + first.Address, "--adapter", "echo");

        Assert.Equal(4, inUse);
        Assert.Contains("Another server listens", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_content_is_not_removed()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "mine", TestContext.Current.CancellationToken);

        var (exitCode, _, _) = await HostProcess.RunAsync("--adapter", "echo", "--listen", "unix:" + path);

        Assert.Equal(4, exitCode);
        Assert.Equal("mine", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        File.Delete(path);
    }
}

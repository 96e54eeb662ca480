using System.Buffers.Binary;
using System.Net;
using System.Text;
using Adaptation.Core;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Docker.Tests;

public sealed class ApiTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.41", "1.12", "1.41")]
    [InlineData("1.43", null, "1.43")]
    [InlineData("1.52", "1.44", "1.47")]
    [InlineData("2.0", "1.44", "1.47")]
    public void The_newest_version_that_both_sides_speak_is_taken(string server, string? oldest, string expected)
    {
        var chosen = ApiVersion.Negotiate(server, oldest);

        Assert.Equal(expected, chosen.ToString());
    }

    [Theory]
    [InlineData("1.40", "1.12", "1.41 (Docker 20.10) or newer")]
    [InlineData("1.9", null, "1.41 (Docker 20.10) or newer")]
    [InlineData("1.60", "1.48", "Update this program")]
    [InlineData("nonsense", null, "Is it a Docker daemon?")]
    [InlineData(null, null, "Is it a Docker daemon?")]
    [InlineData("1.-41", null, "Is it a Docker daemon?")]
    public void Without_a_common_version_the_message_says_what_to_update(string? server, string? oldest, string expected)
    {
        var error = Assert.Throws<BrokenEnvironmentException>(() => ApiVersion.Negotiate(server, oldest));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unix:///var/run/docker.sock", false, null, "unix:///var/run/docker.sock")]
    [InlineData("tcp://10.0.0.1:2375", false, null, "tcp://10.0.0.1:2375")]
    [InlineData("tcp://host", true, "/certs", "tcp://host:2376")]
    [InlineData("tcp://[::1]:99", false, null, "tcp://::1:99")]
    public void An_endpoint_is_read_as_the_Docker_client_reads_it(string host, bool verify, string? certificates, string expected)
    {
        var endpoint = DockerEndpoint.Parse(host, verify, certificates);

        Assert.Equal(expected, endpoint.ToString());
        Assert.Equal(certificates, (endpoint as DockerEndpoint.Tcp)?.Certificates);
    }

    [Theory]
    [InlineData("ssh://host", false)]
    [InlineData("npipe:////./pipe/docker", false)]
    [InlineData("", false)]
    [InlineData("unix://relative.sock", false)]
    [InlineData("tcp://", false)]
    [InlineData("tcp://host:99999", false)]
    [InlineData("tcp://host/path", false)]
    [InlineData("tcp://host:2376", true)]
    public void An_endpoint_that_cannot_be_used_is_bad_input(string host, bool verify)
    {
        var error = Assert.Throws<BadInputException>(() => DockerEndpoint.Parse(host, verify, certificates: null));

        Assert.Equal("DOCKER_HOST", Assert.Single(error.Problems).File);
    }

    [Theory]
    [InlineData("""{"message":"No such image: x"}""", "No such image: x")]
    [InlineData("<html>Bad gateway</html>", "<html>Bad gateway</html>")]
    [InlineData("", "no reason given")]
    [InlineData("[1]", "[1]")]
    public async Task A_refusal_carries_the_daemons_own_words(string body, string expected)
    {
        await using var daemon = new ScriptedDaemon(ScriptedDaemon.Sound(_ => ScriptedDaemon.Json(409, body)));
        using var client = await DockerClient.OpenAsync(daemon.Endpoint, TimeProvider.System, Token);

        var error = await Assert.ThrowsAsync<DockerException>(() => client.GetAsync("containers/x/json", "inspect container x", Token));

        Assert.Equal(HttpStatusCode.Conflict, error.Status);
        Assert.Equal($"The container engine refused to inspect container x: {expected} (HTTP 409).", error.Message);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_a_broken_environment()
    {
        await using var daemon = new ScriptedDaemon(ScriptedDaemon.Sound(_ => "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Id\":"));
        using var client = await DockerClient.OpenAsync(daemon.Endpoint, TimeProvider.System, Token);

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => client.GetAsync("info", "describe itself", Token));

        Assert.Contains("broke while it was asked to describe itself", error.Message, StringComparison.Ordinal);
    }

    [Theory] // the daemon's default is a vendor's; podman lists runtimes that are not installed, and takes none
    [InlineData("\"nvidia\":{},\"runc\":{},\"io.containerd.runc.v2\":{}", "Engine", "runc")]
    [InlineData("\"nvidia\":{},\"io.containerd.runc.v2\":{}", "Engine", "io.containerd.runc.v2")]
    [InlineData("\"nvidia\":{}", "Engine", null)]
    [InlineData("\"crun\":{},\"runc\":{}", "Podman Engine", null)]
    public async Task A_runtime_is_asked_for_by_name_and_is_the_engines_own_where_the_profile_names_none(string runtimes, string component, string? asked)
    {
        await using var daemon = new ScriptedDaemon(request =>
            request.Contains("/version ", StringComparison.Ordinal) ? ScriptedDaemon.Json(200, $$"""{"ApiVersion":"1.41","MinAPIVersion":"1.12","Components":[{"Name":"{{component}}","Version":"1"}]}""")
            : ScriptedDaemon.Json(200, $$"""{"ServerVersion":"1","KernelVersion":"x","DefaultRuntime":"nvidia","Runtimes":{ {{runtimes}} } }"""));
        await using var engine = await DockerEngine.ConnectAsync(daemon.Endpoint, TimeProvider.System, Token);

        Assert.Equal(asked, engine.Asked(Given.Container).Runtime);
        Assert.Equal("ascend", engine.Asked(Given.Container with { Runtime = "ascend" }).Runtime);
    }

    [Fact]
    public async Task A_silent_daemon_can_be_given_up()
    {
        await using var daemon = new ScriptedDaemon(ScriptedDaemon.Sound(_ => null));
        using var client = await DockerClient.OpenAsync(daemon.Endpoint, TimeProvider.System, Token);
        using var cancel = new CancellationTokenSource();
        var asking = client.GetAsync("info", "describe itself", cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System, Token));
    }

    [Fact]
    public async Task An_engine_that_is_not_there_is_named_with_what_to_do()
    {
        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(
            () => DockerEngine.ConnectAsync(new DockerEndpoint.Unix("/nonexistent/d.sock"), TimeProvider.System, Token));

        Assert.Contains("unix:///nonexistent/d.sock cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.Contains("DOCKER_HOST", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_give_back_the_bytes_that_went_in_however_the_stream_is_cut() =>
        Prop.ForAll<byte[][], PositiveInt>((payloads, cut) =>
        {
            var stream = new CutStream([.. payloads.SelectMany((payload, i) => Frame((byte)(i % 2 + 1), payload))], cut.Get % 11 + 1);

            var read = DockerStreams.PayloadsAsync(stream, CancellationToken.None).ToBlockingEnumerable(CancellationToken.None).SelectMany(chunk => chunk.ToArray());

            return read.SequenceEqual(payloads.SelectMany(payload => payload));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_log_cut_anywhere_but_between_frames_is_an_error() =>
        Prop.ForAll<NonEmptyArray<byte>, PositiveInt>((payload, any) =>
        {
            var whole = Frame(1, payload.Get);
            var stream = new CutStream([.. Frame(2, [1, 2]), .. whole[..(any.Get % (whole.Length - 1) + 1)]], 5);

            Assert.Throws<IOException>(() => DockerStreams.PayloadsAsync(stream, CancellationToken.None).ToBlockingEnumerable(CancellationToken.None).Count());
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(new byte[] { 9, 0, 0, 0, 0, 0, 0, 1, 65 }, "not in frames")]
    [InlineData(new byte[] { 72, 84, 84, 80, 47, 49, 46, 49 }, "not in frames")]
    [InlineData(new byte[] { 3, 0, 0, 0, 0, 0, 0, 2, 110, 111 }, "could not read the log: no")]
    public void What_is_no_log_is_said_to_be_none(byte[] bytes, string expected)
    {
        var error = Assert.Throws<IOException>(
            () => DockerStreams.PayloadsAsync(new MemoryStream(bytes), CancellationToken.None).ToBlockingEnumerable(CancellationToken.None).Count());

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_inside_a_success_stream_is_thrown_with_what_came_before_it()
    {
        var stream = new CutStream(Encoding.UTF8.GetBytes("{\"stream\":\"Step 1\"}\r\n{\"errorDetail\":{\"message\":\"no\"},\"error\":\"no space left\"}\r\n"), 3);
        var seen = new List<string?>();

        var error = Assert.Throws<BrokenEnvironmentException>(() =>
        {
            foreach (var item in DockerStreams.ObjectsAsync(stream, CancellationToken.None).ToBlockingEnumerable(CancellationToken.None))
                seen.Add(item.Text("stream"));
        });

        Assert.Equal("no space left", error.Message);
        Assert.Equal(["Step 1"], seen);
    }

    private static byte[] Frame(byte kind, byte[] payload)
    {
        var frame = new byte[8 + payload.Length];
        frame[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        payload.CopyTo(frame, 8);
        return frame;
    }

    /// <summary>Gives at most so many bytes a read, as a socket may.</summary>
    private sealed class CutStream(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
    }
}

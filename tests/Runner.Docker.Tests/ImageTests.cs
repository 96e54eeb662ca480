using Adaptation.Core;

namespace Adaptation.Runner.Docker.Tests;

/// <summary>Real builds, pulls and base images in a real daemon.</summary>
public sealed class ImageTests(DockerFixture docker)
{
    private const int Limit = 120_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task The_same_content_is_built_once_and_found_again()
    {
        using var folder = new Given.Folder();
        var image = Given.Image(folder, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY a /a\n", docker.Base.Name, ("a", folder.File("a", "found again")));
        var (first, second) = (new List<string>(), new List<string>());

        var built = await docker.Engine.BuildAsync(image, new Given.Reporter(first.Add), Token);
        var found = await docker.Engine.BuildAsync(image, new Given.Reporter(second.Add), Token);

        Assert.Equal(built, found);
        Assert.Matches("^sha256:[0-9a-f]{64}$", built.Digest);
        Assert.Equal(docker.Base.Digest, built.BaseDigest);
        Assert.Equal(docker.Base.Name, built.Base);
        Assert.Null(built.BaseInRegistry); // it was made here
        Assert.Contains(first, line => line.StartsWith("Successfully built", StringComparison.Ordinal));
        Assert.Empty(second);
    }

    [Fact(Timeout = Limit)]
    public async Task A_step_that_fails_is_reported_with_the_daemons_words_and_the_last_lines()
    {
        using var folder = new Given.Folder();
        var image = Given.Image(
            folder, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN [\"/bin/busybox\",\"sh\",\"-c\",\"echo about to fail; exit 9\"]\n", docker.Base.Name);

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => docker.Engine.BuildAsync(image, Given.NoOutput, Token));

        Assert.Contains("returned a non-zero code: 9", error.Message, StringComparison.Ordinal);
        Assert.Contains("about to fail", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_Dockerfile_that_makes_no_sense_is_the_daemons_refusal()
    {
        using var folder = new Given.Folder();

        var error = await Assert.ThrowsAnyAsync<AdaptationException>(
            () => docker.Engine.BuildAsync(Given.Image(folder, "FORM x\n", docker.Base.Name), Given.NoOutput, Token));

        Assert.Contains("FORM", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact(Timeout = Limit)]
    public async Task A_base_that_the_engine_does_not_have_is_named()
    {
        using var folder = new Given.Folder();

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(
            () => docker.Engine.BuildAsync(Given.Image(folder, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n", "no-such:1"), Given.NoOutput, Token));

        Assert.Contains("builds on no-such:1", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_build_reaches_no_network()
    {
        using var folder = new Given.Folder();
        var image = Given.Image(folder, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN [\"/bin/busybox\",\"ls\",\"/sys/class/net\"]\n", docker.Base.Name);
        var lines = new List<string>();

        await docker.Engine.BuildAsync(image, new Given.Reporter(lines.Add), Token);

        Assert.Contains("lo", lines);
        Assert.DoesNotContain("eth0", lines);
    }

    [Fact(Timeout = Limit)]
    public async Task A_build_can_be_given_up_and_its_step_ends_with_it()
    {
        using var folder = new Given.Folder();
        var image = Given.Image(
            folder, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN [\"/bin/busybox\",\"sh\",\"-c\",\"echo asleep; exec /bin/busybox sleep 601\"]\n", docker.Base.Name);
        using var cancel = new CancellationTokenSource();
        var asleep = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var building = docker.Engine.BuildAsync(image, new Given.Reporter(line => { if (line == "asleep") asleep.TrySetResult(); }), cancel.Token);
        await asleep.Task.WaitAsync(Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => building.WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System, Token));
        while (await StepsAsync())
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token);

        async Task<bool> StepsAsync()
        {
            using var all = await docker.Engine.Client.GetAsync("containers/json?all=1", "list containers", Token);
            return all.RootElement.Items().Any(item => item.Text("Command")?.Contains("sleep 601", StringComparison.Ordinal) == true);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_build_whose_daemon_hangs_up_half_way_is_no_image()
    {
        using var folder = new Given.Folder();
        var image = Given.Image(folder, "FROM x\n", "base");
        await using var daemon = new ScriptedDaemon(ScriptedDaemon.Sound(request =>
            request.Contains("/info ", StringComparison.Ordinal) ? ScriptedDaemon.Json(200, "{}")
            : request.Contains("/images/base/json", StringComparison.Ordinal) ? ScriptedDaemon.Json(200, """{"Id":"sha256:b"}""")
            : request.Contains("/build?", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"stream\":\"Step 1/2\\n\"}\r\n"
            : ScriptedDaemon.Json(404, "{}")));
        await using var engine = await DockerEngine.ConnectAsync(daemon.Endpoint, TimeProvider.System, Token);

        var error = await Assert.ThrowsAnyAsync<AdaptationException>(() => engine.BuildAsync(image, Given.NoOutput, Token));

        Assert.Contains("Step 1/2", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Whether_an_image_is_there_is_asked_of_the_engine_and_of_no_registry()
    {
        var asked = new List<string>();
        await using var daemon = new ScriptedDaemon(ScriptedDaemon.Sound(request =>
        {
            asked.Add(request.Split('\r')[0]);
            return request.Contains("/info ", StringComparison.Ordinal) ? ScriptedDaemon.Json(200, "{}")
                : request.Contains("/images/quay.io/there:1/json", StringComparison.Ordinal) ? ScriptedDaemon.Json(200, """{"Id":"sha256:b"}""") : ScriptedDaemon.Json(404, "{}");
        }));
        await using var engine = await DockerEngine.ConnectAsync(daemon.Endpoint, TimeProvider.System, Token);

        Assert.True(await engine.HasImageAsync("quay.io/there:1", Token));
        Assert.False(await engine.HasImageAsync("quay.io/not-there:1", Token));
        Assert.DoesNotContain(asked, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task The_kept_archive_gives_the_same_base_after_the_daemon_has_lost_it()
    {
        using var state = new Given.Folder();
        var cached = Assert.Single(Directory.GetFiles(Path.Combine(docker.Machine.StateFolder, "base"), "*.tar"));
        Directory.CreateDirectory(Path.Combine(state.Path, "base"));
        File.Copy(cached, Path.Combine(state.Path, "base", Path.GetFileName(cached)));
        using var removed = await docker.Engine.Client.CallAsync(HttpMethod.Delete, $"images/{docker.Base.Name}?noprune=1", body: null, "untag the base", Token);

        var again = await BaseImage.EnsureAsync(docker.Engine, DockerFixture.BaseSpec, Given.Machine(state.Path), Token);

        Assert.Equal(docker.Base, again);
    }

    [Fact(Timeout = Limit)]
    public async Task A_reference_that_cannot_be_pulled_is_an_error_unless_something_may_stand_in()
    {
        var announced = new List<string>();
        var machine = docker.Machine with { Announce = announced.Add };
        var alone = new BaseImageSpec { Reference = "127.0.0.1:1/none:1", Packages = [] };

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => BaseImage.EnsureAsync(docker.Engine, alone, machine, Token));
        var stood = await BaseImage.EnsureAsync(docker.Engine, DockerFixture.BaseSpec with { Reference = "127.0.0.1:1/none:1" }, machine, Token);

        Assert.Contains("127.0.0.1:1/none:1 cannot be pulled", error.Message, StringComparison.Ordinal);
        Assert.Equal(docker.Base, stood);
        Assert.Empty(announced); // made here before: it stands in again without asking anyone
    }

    [Fact(Timeout = Limit)]
    public async Task A_registry_that_never_answers_is_given_up_after_the_limit()
    {
        await using var daemon = new ScriptedDaemon(ScriptedDaemon.Sound(_ => null));
        using var client = await DockerClient.OpenAsync(daemon.Endpoint, TimeProvider.System, Token);

        var why = await client.TryPullAsync("slow:1", TimeSpan.FromMilliseconds(1), TimeProvider.System, Token);

        Assert.Contains("no registry answered", why, StringComparison.Ordinal);
    }
}

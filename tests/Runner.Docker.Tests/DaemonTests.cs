using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Docker.Tests;

/// <summary>Private daemons: each test starts its own, beside the fixture's.</summary>
public sealed class DaemonTests
{
    private const int Limit = 180_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_may_start_none_is_told_that_none_answers_and_leaves_nothing_behind()
    {
        using var folder = new Given.Folder();

        var none = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DockerDaemon.FindAsync(Given.NoSystemDaemon with { MayStart = false }, Given.Machine(folder.Path), Token));

        Assert.Contains("No container engine answers at", none.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact(Timeout = Limit)]
    public async Task Two_users_share_a_daemon_and_the_last_one_stops_it()
    {
        using var folder = new Given.Folder();
        var machine = Given.Machine(folder.Path);
        var both = await Task.WhenAll(
            DockerDaemon.FindAsync(Given.NoSystemDaemon, machine, Token), DockerDaemon.FindAsync(Given.NoSystemDaemon, machine, Token));
        var process = new PrivateDaemon(machine).Find();

        await both[0].DisposeAsync();
        await both[0].DisposeAsync();
        var between = process?.IsAlive;
        await both[1].DisposeAsync();

        Assert.Equal((true, false), (between, process!.IsAlive));
        Assert.False(File.Exists(Path.Combine(folder.Path, "docker/docker.sock")));
        Assert.False(File.Exists(Path.Combine(folder.Path, "docker/docker.pid")));
        Assert.DoesNotContain(folder.Path, await File.ReadAllTextAsync("/proc/self/mountinfo", Token), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_daemon_whose_runner_was_killed_is_adopted_and_stopped_by_the_next()
    {
        using var folder = new Given.Folder();
        var machine = Given.Machine(folder.Path);
        using var runner = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["hold-daemon", folder.Path]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        Assert.Equal("holding", await runner.StandardOutput.ReadLineAsync(Token));
        var orphan = new PrivateDaemon(machine).Find();

        runner.Kill(); // SIGKILL
        await runner.WaitForExitAsync(Token);
        // the daemon holds none of the runner's streams: this ends although the daemon lives
        Assert.Equal("", await runner.StandardOutput.ReadToEndAsync(Token));
        Assert.True(orphan!.IsAlive);
        await using (var adopted = await DockerDaemon.FindAsync(Given.NoSystemDaemon, machine, Token))
        {
            Assert.Equal(orphan, new PrivateDaemon(machine).Find());
            await using var engine = await DockerEngine.ConnectAsync(adopted.Endpoint, TimeProvider.System, Token);
        }

        Assert.False(orphan.IsAlive);
    }

    [Fact(Timeout = Limit)]
    public async Task Pid_files_and_a_socket_that_a_dead_daemon_left_confuse_nobody()
    {
        using var folder = new Given.Folder();
        var machine = Given.Machine(folder.Path);
        var mine = Environment.ProcessId.ToString(CultureInfo.InvariantCulture); // after a reboot the id may be anyone's
        foreach (var name in new[] { "docker/docker.pid", "docker/launched.pid", "docker/exec/containerd/containerd.pid" })
            folder.File(name, mine);
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            dead.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.Path, "docker/docker.sock")));

        await using var daemon = await DockerDaemon.FindAsync(Given.NoSystemDaemon, machine, Token);

        Assert.True(await DockerClient.AnswersAsync(daemon.Endpoint, TimeSpan.FromSeconds(3), TimeProvider.System, Token));
        Assert.NotEqual(Environment.ProcessId, new PrivateDaemon(machine).Find()!.Id);
    }

    [Fact(Timeout = Limit)]
    public async Task A_daemon_that_cannot_start_is_reported_with_the_end_of_its_log()
    {
        using var folder = new Given.Folder();
        var machine = Given.Machine(folder.Path);
        var daemon = new PrivateDaemon(machine) { MoreArguments = ["--no-such-flag"] };

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DockerDaemon.StartAsync("/usr/sbin/dockerd", daemon, machine, Token));

        Assert.Contains("ended as soon as it was started", error.Message, StringComparison.Ordinal);
        Assert.Contains("--no-such-flag", error.Message, StringComparison.Ordinal);
        Assert.NotNull(FileLock.TryAcquire(Path.Combine(folder.Path, "docker/daemon.lock")));
    }

    [Fact(Timeout = Limit)]
    public async Task A_daemon_in_a_folder_with_a_long_name_has_its_socket_elsewhere()
    {
        using var folder = new Given.Folder();
        var machine = Given.Machine(Path.Combine(folder.Path, new string('n', 120)));

        await using var daemon = await DockerDaemon.FindAsync(Given.NoSystemDaemon, machine, Token);

        Assert.StartsWith("unix:///run/adaptation-", daemon.Endpoint.ToString(), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task An_engine_that_was_named_must_answer()
    {
        using var folder = new Given.Folder();
        var spec = Given.NoSystemDaemon with { Endpoint = new DockerEndpoint.Unix("/nonexistent/d.sock") };

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DockerDaemon.FindAsync(spec, Given.Machine(folder.Path), Token));

        Assert.Contains("unix:///nonexistent/d.sock", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task An_engine_behind_client_certificates_is_spoken_with_and_an_impostor_is_not()
    {
        using var folder = new Given.Folder();
        var machine = Given.Machine(folder.Path);
        var certificates = Certificates(folder, "good", "127.0.0.1");
        var stranger = Certificates(folder, "stranger", "127.0.0.1");
        var port = FreePort();
        var address = string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}");
        var daemon = new PrivateDaemon(machine)
        {
            MoreArguments =
            [
                "--host", address, "--iptables=false", "--tlsverify", "--tlscacert", $"{certificates}/ca.pem",
                "--tlscert", $"{certificates}/server.pem", "--tlskey", $"{certificates}/server-key.pem",
            ],
        };
        await using var running = await DockerDaemon.StartAsync("/usr/sbin/dockerd", daemon, machine, Token);

        await using var engine = await DockerEngine.ConnectAsync(DockerEndpoint.Parse(address, verifyTls: true, certificates), TimeProvider.System, Token);
        var (plain, foreign) = (DockerEndpoint.Parse(address, verifyTls: false, certificates: null), DockerEndpoint.Parse(address, verifyTls: true, stranger));
        var named = DockerEndpoint.Parse($"tcp://localhost:{port}", verifyTls: true, certificates);

        Assert.False(engine.Description.IsLocal);
        Assert.Equal("20.10", engine.Description.Version[..5]);
        await Assert.ThrowsAnyAsync<AdaptationException>(() => DockerEngine.ConnectAsync(plain, TimeProvider.System, Token));
        await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DockerEngine.ConnectAsync(foreign, TimeProvider.System, Token));
        await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DockerEngine.ConnectAsync(named, TimeProvider.System, Token));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>An authority, and a server and a client that it knows.</summary>
    private static string Certificates(Given.Folder folder, string name, string address)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name} authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var authority = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        folder.File($"{name}/ca.pem", authority.ExportCertificatePem());
        foreach (var (file, key, usage) in new[] { ("server", "server-key", "1.3.6.1.5.5.7.3.1"), ("cert", "key", "1.3.6.1.5.5.7.3.2") })
        {
            using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var wanted = new CertificateRequest($"CN={file}", own, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Parse(address));
            wanted.CertificateExtensions.Add(names.Build());
            wanted.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
            using var issued = wanted.Create(authority, now.AddMinutes(-30), now.AddMinutes(30), RandomNumberGenerator.GetBytes(8));
            folder.File($"{name}/{file}.pem", issued.ExportCertificatePem());
            folder.File($"{name}/{key}.pem", own.ExportPkcs8PrivateKeyPem());
        }

        return Path.Combine(folder.Path, name);
    }
}

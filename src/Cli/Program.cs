using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Runner;
using Adaptation.Runner.Docker;

namespace Adaptation.Cli;

/// <summary>Reads arguments and environment, puts the parts together, and turns what happened into an exit code.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var machine = Machine.FromEnvironment();
        var commands = new RootCommand(
            """
            Certifies that a model runs correctly and fast enough on a chip and its software stack.
            检验模型在国产芯片与软件栈上的正确性与性能，并签发可独立验证的兼容性证书。
            """)
        {
            CertifyCommand.Create(machine, Workshop.OpenAsync, GeneratedCases.Make),
            CertifyCommand.CreateResume(machine, Workshop.OpenAsync, GeneratedCases.Make),
            VerifyCommand.Create(machine),
            WaiverCommand.Create(machine),
            LogCommand.Create(machine),
            KeysCommand.Create(machine),
            TrustCommand.Create(machine),
            IssueCommand.Create(machine),
            ListCommand.Create(machine),
            DiffCommand.Create(machine),
            ProfileCommand.Create(machine),
            PlanCommand.Create(machine),
            DoctorCommand.Create(machine, Workshop.OpenAsync),
            PrepareCommand.Create(machine, Workshop.OpenAsync),
            ModelCommand.Create(machine),
            LoadCommand.Create(machine, new LoadParts(() => new TextLoadDriver(), new PaceServerProcess(machine.HostFile, machine.Time), TokenizerFile.Open)),
            OperatorsCommand.Create(machine, Workshop.OpenAsync, GeneratedCases.Make),
            CulpritCommand.Create(machine, Workshop.OpenAsync),
            ReplayCommand.Create(machine, Workshop.OpenAsync),
        };
        var parsed = commands.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Console.Error.WriteLine($"adapt: {error.Message.TrimEnd('.')}{Meant(parsed, error.Message)}");
            Console.Error.WriteLine($"adapt: `{PathOf(parsed.CommandResult)} --help` shows what it takes");
            return ExitCode.BadInput;
        }

        // Ctrl-C asks politely; removal of containers has this long before the process ends anyway. A load, which has none, sees to it by itself.
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = parsed.CommandResult.Command.Name == LoadCommand.Name ? null : TimeSpan.FromSeconds(4.5),
        };
        try
        {
            return await parsed.InvokeAsync(configuration, CancellationToken.None);
        }
        catch (BadInputException bad)
        {
            foreach (var problem in bad.Problems)
                Console.Error.WriteLine(Table.Visible(problem.ToString()));
            foreach (var remedy in ChineseRemedies.Of(bad.Problems))
                Console.Error.WriteLine(remedy);
            Console.Error.WriteLine($"adapt: {bad.Problems.Length} {(bad.Problems.Length == 1 ? "problem" : "problems")} in what was given; nothing was started. 输入有误，未执行任何操作。");
            return ExitCode.BadInput;
        }
        catch (RejectedException damaged)
        {
            // not a verdict on a backend: a file that this program wrote or trusts is not what it was
            Console.Error.WriteLine($"adapt: {damaged.Message}");
            return ExitCode.BadInput;
        }
        catch (AdaptationException broken)
        {
            Console.Error.WriteLine($"adapt: {broken.Message}");
            Console.Error.WriteLine("adapt: this machine could not do it (exit code 4). 运行环境异常。");
            return ExitCode.BrokenEnvironment;
        }
        catch (Exception disk) when (disk is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"adapt: a file or folder of this machine could not be used: {disk.Message}");
            Console.Error.WriteLine("adapt: this machine could not do it (exit code 4). 运行环境异常。");
            return ExitCode.BrokenEnvironment;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("adapt: cancelled; containers are removed. 已取消，容器已清除。");
            return ExitCode.Cancelled;
        }
    }

    /// <summary>A command as it is typed: <c>adapt list profiles</c>.</summary>
    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "adapt";

    /// <summary>An option or a command of nearly that name.</summary>
    private static string Meant(ParseResult parsed, string message)
    {
        var command = parsed.CommandResult.Command;
        return parsed.UnmatchedTokens.FirstOrDefault(token => message.Contains($"'{token}'", StringComparison.Ordinal)) is { } token
            ? Spelling.Hint(token, token.StartsWith('-') ? command.Options.Select(option => option.Name) : command.Subcommands.Select(one => one.Name)) : "";
    }
}

/// <summary>Where the cases of single operators come from.</summary>
internal static class GeneratedCases
{
    /// <summary>Those of the chosen operators and types that cases are made for; none where that leaves nothing: the backend tests know more.</summary>
    public static IEnumerable<OperatorCase> Make(OperatorSelection chosen)
    {
        var set = new OperatorSet
        {
            Seed = chosen.Seed,
            Contested = chosen.Contested,
            Operators = [.. chosen.Operators.Intersect(OperatorCases.Operators)],
            DataTypes = [.. chosen.DataTypes.Intersect(OperatorCases.DataTypes)],
        };
        return set.Operators.IsEmpty == chosen.Operators.IsEmpty && set.DataTypes.IsEmpty == chosen.DataTypes.IsEmpty ? OperatorCases.Generate(set) : [];
    }
}

/// <summary>A container engine at hand, with all that preparing a run needs.</summary>
internal sealed record Workshop(IContainerEngine Engine, Preparation Preparation, IAsyncDisposable? Daemon) : IWorkshop
{
    /// <summary>Opens a container engine; where none can be had and none was named, plain processes stand in, which the certificate says.</summary>
    public static async Task<IWorkshop> OpenAsync(Machine machine, Isolation isolation, Action<string> announce, CancellationToken cancellationToken)
    {
        if (isolation == Isolation.Process)
            return OpenProcesses(machine, announce);
        try
        {
            return await OpenDockerAsync(machine, isolation != Isolation.Present || Directory.Exists(Path.Combine(machine.DataFolder, "docker")), announce, cancellationToken);
        }
        catch (BrokenEnvironmentException none) when (isolation == Isolation.Any && machine.DockerHost is null)
        {
            announce($"no container engine can be had ({none.Message.Split('\n')[0]}); going on with a plain process, which caps the level at L1");
            return OpenProcesses(machine, announce);
        }
    }

    private static Workshop OpenProcesses(Machine machine, Action<string> announce)
    {
        var processes = new LocalProcessEngine(machine.Data("processes"), machine.Time);
        return new Workshop(
            processes, new Preparation(new NpmPackages(machine.Data("packages"), announce), processes, machine.HostFile, (name, _, _) => Task.FromResult(name), announce), Daemon: null);
    }

    private static async Task<Workshop> OpenDockerAsync(Machine machine, bool mayStart, Action<string> announce, CancellationToken cancellationToken)
    {
        var docker = new DockerMachine { StateFolder = machine.DataFolder, Announce = announce, Time = machine.Time };
        var endpoint = machine.DockerHost is { } host ? DockerEndpoint.Parse(host, machine.DockerTlsVerify, machine.DockerCertPath) : null;
        var daemon = await DockerDaemon.FindAsync(new DockerDaemonSpec { Endpoint = endpoint, RuntimeFolder = machine.RuntimeFolder, MayStart = mayStart }, docker, cancellationToken);
        try
        {
            var engine = await DockerEngine.ConnectAsync(daemon.Endpoint, machine.Time, cancellationToken);
            var bases = new Dictionary<string, string>(StringComparer.Ordinal);
            async Task<string> EnsureBaseAsync(string reference, ImmutableArray<string> packages, CancellationToken token)
            {
                var key = string.Join(' ', [reference, .. packages]);
                if (!bases.TryGetValue(key, out var name))
                    bases[key] = name = (await BaseImage.EnsureAsync(engine, BaseOf(reference, packages), docker, token)).Name;
                return name;
            }

            return new Workshop(
                engine, new Preparation(new NpmPackages(machine.Data("packages"), announce), engine, machine.HostFile, EnsureBaseAsync, announce), daemon);
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>Packages of this machine stand in for a plain Debian or Ubuntu only: what a vendor's image brings, nothing here can replace.</summary>
    private static BaseImageSpec BaseOf(string reference, ImmutableArray<string> packages) =>
        packages is [_, ..] ? new BaseImageSpec { Packages = [.. new BaseImageSpec().Packages, .. packages] }
        : reference.StartsWith("debian:", StringComparison.Ordinal) || reference.StartsWith("ubuntu:", StringComparison.Ordinal)
            ? new BaseImageSpec { Reference = reference }
        : new BaseImageSpec { Reference = reference, Packages = [] };

    public bool IsOwnEngine => Daemon is DockerDaemon { IsPrivate: true };

    public async Task<bool?> HasImageAsync(string reference, CancellationToken cancellationToken) =>
        Engine is DockerEngine docker ? await docker.HasImageAsync(reference, cancellationToken) : null;

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        if (Daemon is not null)
            await Daemon.DisposeAsync();
    }
}

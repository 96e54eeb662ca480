using System.CommandLine;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>The options that say which server is asked: one that a profile starts, or one that is running.</summary>
internal sealed class ServerChoice
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMinutes(2);

    private readonly Option<string?> _profile = new("--profile") { Description = "Server under test: a profile, by id or file  被测端的配置", HelpName = "ID|FILE" };
    private readonly Option<string?> _url = new("--url") { Description = "Server under test that is running and takes models: http://host:port or unix:/path  正在运行的被测端地址", HelpName = "URL" };
    private readonly Option<string> _isolation = new("--isolation") { Description = "any: a container, or a plain process where none can be had  隔离方式", DefaultValueFactory = _ => "any", HelpName = "any|container|process" };

    public void AddTo(Command command)
    {
        _isolation.AcceptOnlyFromAmong("any", "container", "process");
        command.Options.Add(_profile);
        command.Options.Add(_url);
        command.Options.Add(_isolation);
    }

    /// <exception cref="BadInputException">None is named, or two, or one that cannot be handed ONNX models.</exception>
    public ChosenServer Read(Machine machine, ParseResult parsed) => (parsed.GetValue(_profile), parsed.GetValue(_url)) switch
    {
        ({ } profile, null) => new(CulpritInputs.ReadStand(machine.Root, profile), null, $"--profile {profile}"),
        (null, { } url) => new(null, Address(url), $"--url {url}"),
        _ => throw new BadInputException([new Problem("--profile, --url", 0, "", "one of the two says which server is asked: --profile ID starts one, --url URL names one that runs")]),
    };

    public Isolation Isolation(ParseResult parsed) => Enum.Parse<Isolation>(parsed.GetValue(_isolation)!, ignoreCase: true);

    public static IModelServer Remote(Machine machine, Transport transport) => new RemoteModelServer(transport, machine.Time, AnswerWithin);

    public static async Task<IModelServer> StartableAsync(Machine machine, IWorkshop workshop, StandInputs inputs, CancellationToken cancellationToken) =>
        new ProfileModelServer(await workshop.Preparation.PrepareServerAsync(inputs.Profile, inputs.Engine, machine.Root, cancellationToken), machine.Time);

    private static Transport Address(string url)
    {
        if (url.StartsWith("unix:/", StringComparison.Ordinal))
            return new Transport.UnixSocket(url["unix:".Length..]);
        return Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri is { Scheme: "http", Host.Length: > 0, AbsolutePath: "/", Query: "", UserInfo: "" }
            ? new Transport.Tcp(uri.IdnHost.Trim('[', ']'), uri.Port)
            : throw new BadInputException([new Problem("--url", 0, "", $"'{url}' is no address of a server of the Open Inference Protocol; expected http://host:port or unix:/path")]);
    }
}

/// <param name="Stand">Of a server that is started; null for one that runs.</param>
/// <param name="Words">The option that names it, to be typed again.</param>
internal sealed record ChosenServer(StandInputs? Stand, Transport? Running, string Words);

using System.Collections.Immutable;
using System.CommandLine;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt culprit</c>: finds the first node of a tensor model that a server computes wrongly, and writes it out by itself.</summary>
internal sealed class CulpritCommand
{
    private readonly Option<string> _model = new("--model") { Description = "A tensor model: an id or a manifest, or any ONNX file  张量模型或 ONNX 文件", Required = true, HelpName = "ID|FILE" };
    private readonly Option<string> _reference = new("--reference") { Description = "Trusted stack that says what is right: a profile  可信参考端的配置", DefaultValueFactory = _ => "generic/x64-onnxruntime", HelpName = "ID|FILE" };
    private readonly Option<string?> _input = new("--input") { Description = "Only this input of the model's golden pack; if left out, the first that differs  仅用该输入", HelpName = "ID" };
    private readonly Option<string?> _inputs = new("--inputs") { Description = "For an ONNX file: folder with input_0.pb, input_1.pb ...  ONNX 文件的输入目录", HelpName = "DIR" };
    private readonly Option<ulong> _seed = new("--seed") { Description = "For an ONNX file without --inputs: draws its inputs  输入的随机种子", DefaultValueFactory = _ => 1, HelpName = "N" };
    private readonly Option<string> _out = new("--out") { Description = "Folder for culprit-NODE.onnx  复现文件的目录", DefaultValueFactory = _ => ".", HelpName = "DIR" };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object, for scripts; progress goes to the error stream  输出 JSON" };
    private readonly ServerChoice _server = new();
    private readonly Machine _machine;
    private readonly OpenWorkshop _open;

    private CulpritCommand(Machine machine, OpenWorkshop open) => (_machine, _open) = (machine, open);

    public static Command Create(Machine machine, OpenWorkshop open)
    {
        var options = new CulpritCommand(machine, open);
        var command = new Command("culprit", "Find the first node of a model that a server computes wrongly  定位首个算错的节点") { options._model };
        options._server.AddTo(command);
        foreach (var option in new Option[] { options._reference, options._input, options._inputs, options._seed, options._out, options._json })
            command.Options.Add(option);
        command.SetAction(options.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var asked = parsed.GetValue(_model)!;
        var tested = _server.Read(_machine, parsed);
        var reference = CulpritInputs.ReadStand(_machine.Root, parsed.GetValue(_reference)!);
        var file = asked.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? FromFile(parsed, asked) : null;
        var manifest = file is null ? ReadManifest(parsed, asked) : null;
        var view = new CulpritView(parsed.GetValue(_json));
        await using var workshop = await _open(_machine, _server.Isolation(parsed), CulpritView.Announce, cancellationToken);
        foreach (var removed in await Leftovers.RemoveAsync(workshop.Engine, cancellationToken))
            CulpritView.Announce($"removed what a dead run left: {removed}");
        var isItself = tested.Stand?.Profile.Id == reference.Profile.Id;
        if (isItself)
            CulpritView.Announce($"{reference.Profile.Id} is {CulpritView.Itself}");
        var request = file ?? await FromManifestAsync(workshop, manifest!, parsed.GetValue(_input), cancellationToken);
        await using var right = await ServerChoice.StartableAsync(_machine, workshop, reference, cancellationToken);
        await using var seen = tested.Running is { } transport
            ? ServerChoice.Remote(_machine, transport)
            : await ServerChoice.StartableAsync(_machine, workshop, tested.Stand!, cancellationToken);
        var result = await new CulpritSession(right, seen, _machine.Time, view.Show).RunAsync(request, cancellationToken);
        view.Ended(result, Keep(result, parsed.GetValue(_out)!), tested.Words, isItself);
        return result switch
        {
            CulpritResult.Found => ExitCode.Rejected,
            CulpritResult.NoCulprit => ExitCode.Certified,
            _ => ExitCode.Incomplete,
        };
    }

    private CulpritRequest FromFile(ParseResult parsed, string file)
    {
        if (parsed.GetValue(_input) is not null)
            throw new BadInputException([new Problem("--input", 0, "", "chooses among the inputs of a reference model; an ONNX file has none: give --inputs DIR")]);
        var model = CulpritModel.Read(file);
        return Request(Path.GetFileName(file), model, [parsed.GetValue(_inputs) is { } folder ? CulpritInputs.FromFolder(model, folder) : CulpritInputs.Drawn(model, parsed.GetValue(_seed))]);
    }

    private ReferenceModel ReadManifest(ParseResult parsed, string asked) => parsed.GetValue(_inputs) is null
        ? CulpritInputs.ReadModel(_machine.Root, asked)
        : throw new BadInputException([new Problem("--inputs", 0, "", "is for an ONNX file; a reference model has inputs of its own, of which --input ID chooses one")]);

    private async Task<CulpritRequest> FromManifestAsync(IWorkshop workshop, ReferenceModel model, string? input, CancellationToken cancellationToken)
    {
        var (file, golden) = await workshop.Preparation.PrepareTensorModelAsync(model, cancellationToken);
        return Request(model.Id, CulpritModel.Read(file), CulpritInputs.FromGolden(model, golden, input));
    }

    private CulpritRequest Request(string name, CulpritModel model, ImmutableArray<CulpritInput> inputs) =>
        new(name, model, inputs, StandInputs.Clause(_machine.Root, "COR-01"), Machine.Version);

    /// <returns>Where the reproducer lies, or null where there is none.</returns>
    private static string? Keep(CulpritResult result, string folder)
    {
        if (result is not CulpritResult.Found found)
            return null;
        var path = Path.Combine(folder, found.Reproducer.FileName);
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(path, found.Reproducer.ToFile());
        return path;
    }
}

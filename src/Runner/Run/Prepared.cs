using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Everything that had to be fetched or built before a run can start.</summary>
/// <param name="EngineFolder">The engine pack's files, or null where the image brings its engine.</param>
/// <param name="ModelFolder">Exactly the files that the container gets.</param>
public sealed record Prepared(
    IContainerEngine Engine, ContainerImage Image, ContainerImage EchoImage, string? EngineFolder, string ModelFolder, GoldenInputs Golden, RunInputs Inputs,
    string HostFile)
{
    /// <summary>Holds the model's runner files, which no container gets.</summary>
    public string RunnerFolder { get; init; } = "";

    /// <summary>What the server under test is started on.</summary>
    internal ServerStand Stand => new(Engine, Image, EngineFolder, Inputs.Profile, Launch) { Machine = Machine, OfProcessor = OfProcessor };

    /// <summary>The machine that the stack and the devices are read of, and whose sensors and tools are read while a load runs; another one only in tests.</summary>
    public HostMachine Machine { get; init; } = HostMachine.Local;

    /// <summary>How the chip's devices get into the container; null for a CPU, and where the server runs as a plain process.</summary>
    public LaunchPlan? Launch { get; init; }

    /// <summary>What the containers of a CPU's server may hold; null for an accelerator, and where they cannot be looked into.</summary>
    public DevicePlan? OfProcessor { get; init; }

    /// <summary>What was asked for, with what was decided since.</summary>
    internal RunRequest Asked => Inputs.FromAnywhere with { Launch = Launch is { } plan ? new(plan.Form, plan.Indices) : Inputs.Request.Launch };

    /// <summary>The first question to a server, and what its answer is held against.</summary>
    internal InferRequest FirstRequest(Transport transport) => Request(transport, Golden.Inputs[0]);

    internal InferRequest Request(Transport transport, GoldenInput input) => InferRequest.Create(
        transport, Inputs.ServedName, input.Tensors, [.. Inputs.Model.Outputs.Select(output => output.Name)]);

    /// <summary>The outputs of an answer in the order of the model's signature: a server may give them in any.</summary>
    internal ImmutableArray<WireTensor> InOrder(ImmutableArray<WireTensor> answer) => [.. Inputs.Model.Outputs.Select(output => answer.First(given => given.Name == output.Name))];

    /// <summary>The same payload for the echo, which takes and gives one tensor.</summary>
    internal InferRequest EchoRequest(Transport transport) => EchoRequest(transport, Golden.Inputs[0]);

    internal static InferRequest EchoRequest(Transport transport, GoldenInput input)
    {
        var payload = new byte[(input.Bytes + sizeof(float) - 1) / sizeof(float) * sizeof(float)]; // bytes and booleans may need to be filled up
        var at = 0;
        foreach (var tensor in input.Tensors)
        {
            tensor.Data.CopyTo(payload.AsMemory(at));
            at += tensor.Data.Length;
        }

        return InferRequest.Create(transport, "echo", [new WireTensor("x", "FP32", [payload.Length / sizeof(float)], payload)], ["y"]);
    }
}

/// <summary>What the server of a profile is started on, whatever model it gets.</summary>
/// <param name="EngineFolder">The engine pack's files, or null where the image brings its engine.</param>
/// <param name="Launch">How the chip's devices get into the container; null for a CPU, and where the server runs as a plain process.</param>
public sealed record ServerStand(IContainerEngine Engine, ContainerImage Image, string? EngineFolder, Profile Profile, LaunchPlan? Launch)
{
    /// <summary>Where devices are looked at; another one only in tests.</summary>
    public HostMachine Machine { get; init; } = HostMachine.Local;

    /// <inheritdoc cref="Prepared.OfProcessor"/>
    public DevicePlan? OfProcessor { get; init; }

    /// <summary>What every container of the server is held against; null where nothing isolates, or a CPU's cannot be looked into.</summary>
    internal DevicePlan? Devices => Launch is { } launch ? launch.Counted : OfProcessor;
}

/// <summary>Fetches and builds what a run needs; what is there already is only checked.</summary>
/// <param name="hostFile">The published <c>adaptation-host</c>.</param>
/// <param name="ensureBase">Makes sure of a base image in the container engine, by its name in the profile and the packages that it gets besides; returns the name to build on.</param>
public sealed class Preparation(
    NpmPackages packages, IContainerEngine engine, string hostFile, Func<string, ImmutableArray<string>, CancellationToken, Task<string>> ensureBase, Action<string> announce)
{
    private const string HostInImage = "host/adaptation-host";

    /// <exception cref="AdaptationException">Something cannot be had here, or a golden pack is not what its manifest says.</exception>
    public async Task<Prepared> PrepareAsync(RunInputs inputs, CancellationToken cancellationToken)
    {
        packages.RemoveLeftovers();
        var engineFolder = inputs.Engine is { } pack ? await packages.EnsureAsync(pack.Source, pack.Files, cancellationToken) : null;
        var runnerFolder = inputs.Model.Text?.Generated is { } generated
            ? KeepTokenizer(generated)
            : await FolderOfAsync(inputs.Model, inputs.Model.RunnerFiles, cancellationToken);
        var (modelFolder, golden) = inputs.Model.Text is null
            ? (await TensorModelAsync(inputs.Model, cancellationToken), GoldenInputs.Load(inputs.Model, runnerFolder))
            : (await ExportAsync(inputs.Model, runnerFolder, cancellationToken), LoadText(inputs, runnerFolder, cancellationToken));
        var image = await BuildAsync(inputs.Profile, inputs.Engine, inputs.Request.Root, engineFolder, cancellationToken);
        var echo = await EchoAsync(inputs, cancellationToken);
        return new Prepared(engine, image, echo, engineFolder, modelFolder, golden, inputs, hostFile)
        {
            RunnerFolder = runnerFolder,
            OfProcessor = ServerDevices.OfProcessor(inputs.Profile, engine.Description, HostMachine.Local),
        };
    }

    /// <summary>Decides how the chip's devices get into the container, before anything is fetched or built.</summary>
    /// <returns>Null for a CPU, and where the server runs as a plain process.</returns>
    /// <exception cref="AdaptationException">What is asked for is not known of the chip, or this machine cannot do it.</exception>
    public LaunchPlan? PlanLaunch(Profile profile, LaunchChoice choice) => LaunchDecision.Plan(profile, choice, engine.Description, HostMachine.Local) is { } plan
        ? ServerDevices.Counted(profile, plan, engine.Description, HostMachine.Local) : null;

    /// <summary>What a server needs that is started without a model.</summary>
    /// <inheritdoc cref="PrepareAsync"/>
    public async Task<ServerStand> PrepareServerAsync(Profile profile, EnginePack? pack, string root, CancellationToken cancellationToken)
    {
        var launch = PlanLaunch(profile, LaunchChoice.Default);
        packages.RemoveLeftovers();
        var engineFolder = pack is null ? null : await packages.EnsureAsync(pack.Source, pack.Files, cancellationToken);
        return new ServerStand(engine, await BuildAsync(profile, pack, root, engineFolder, cancellationToken), engineFolder, profile, launch)
        {
            OfProcessor = ServerDevices.OfProcessor(profile, engine.Description, HostMachine.Local),
        };
    }

    /// <summary>The file that a container gets of a tensor model, and its golden pack.</summary>
    /// <inheritdoc cref="PrepareAsync"/>
    public async Task<(string File, GoldenInputs Golden)> PrepareTensorModelAsync(ReferenceModel model, CancellationToken cancellationToken)
    {
        packages.RemoveLeftovers();
        var folder = await TensorModelAsync(model, cancellationToken);
        await ModelFiles.VerifyAsync(folder, model.Files, cancellationToken);
        var runnerFolder = await FolderOfAsync(model, model.RunnerFiles, cancellationToken);
        return (Path.Combine(folder, model.Files[0].Path), GoldenInputs.Load(model, runnerFolder));
    }

    private Task<string> FolderOfAsync(ReferenceModel model, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken) =>
        files.IsEmpty ? Task.FromResult(model.Folder) : model.Source is { } source ? packages.EnsureAsync(source, files, cancellationToken) : packages.KeepAsync(model.Id, model.Folder, files, cancellationToken);

    private async Task<string> TensorModelAsync(ReferenceModel model, CancellationToken cancellationToken) => model.Checkpoint is { } checkpoint
        ? await ExportAsync(model, await FolderOfAsync(checkpoint, checkpoint.RunnerFiles, cancellationToken), cancellationToken)
        : await FolderOfAsync(model, model.Files, cancellationToken);

    /// <summary>What a container gets of a language model is made here, from the weights that the manifest pins, and must have the digest that it pins too.</summary>
    private Task<string> ExportAsync(ReferenceModel model, string runnerFolder, CancellationToken cancellationToken) =>
        packages.MakeAsync($"{model.Id.Replace('/', '-')}-{model.Precision}", model.Files, content => Task.Run(() =>
        {
            var path = Path.Combine(content, model.Files[0].Path);
            if (model.Text?.Generated is { } generated)
            {
                generated.WriteGguf(WeightTypes.Writable[model.Precision], path, new WriteOptions(), cancellationToken);
                return;
            }

            using var checkpoint = Checkpoint.Open(runnerFolder);
            if (model.Checkpoint is null)
                checkpoint.WriteGguf(WeightTypes.Writable[model.Precision], model.Id, path, new WriteOptions(), cancellationToken);
            else if (path.EndsWith(ModelFormats.FileName(ModelFormats.TorchScript), StringComparison.Ordinal))
                checkpoint.WriteTorchScript(path, new WriteOptions(), cancellationToken);
            else
                checkpoint.WriteOnnx(path, new WriteOptions(), cancellationToken);
        }, CancellationToken.None), cancellationToken);

    private string KeepTokenizer(GeneratedModel model)
    {
        var folder = Directory.CreateDirectory(Path.Combine(packages.Beside("golden"), $"{model.Id.Replace('/', '-')}-tokenizer")).FullName;
        RunDirectory.WriteWhole(Path.Combine(folder, "tokenizer.json"), SyntheticVocabulary.TokenizerJson(model.Shape.VocabularySize));
        return folder;
    }

    private GoldenInputs LoadText(RunInputs inputs, string runnerFolder, CancellationToken cancellationToken)
    {
        var check = inputs.Model.Precision is "q8_0" or "q4_0" ? "COR-08" : "COR-07";
        var clause = inputs.Suite.Apply(inputs.Standard.Clause(check));
        (long? Window, int Count)? longest = inputs.Suite.Checks.Contains("COR-15")
            ? (inputs.Profile.Declared.ContextTokens, (int)inputs.Suite.Apply(inputs.Standard.Clause("COR-15")).Limit("documents_min")) : null;
        var answers = inputs.Suite.Checks.Contains("COR-10") ? (int)inputs.Suite.Apply(inputs.Standard.Clause("COR-10")).Limit("answers_min") : 0;
        (long Documents, long Positions)? layers = inputs.Suite.Checks.Contains("COR-06") && inputs.Profile.Server.Protocol == WireProtocol.OpenInference
            ? Least(inputs.Suite.Apply(inputs.Standard.Clause("COR-06"))) : null;
        return new GoldenText(packages.Beside("golden"), announce).Load(inputs.Model, runnerFolder, Least(clause), longest, layers, answers, cancellationToken);

        static (long Documents, long Positions) Least(Clause of) => (of.Limit("documents_min"), of.Limit("positions_min"));
    }

    private async Task<ContainerImage> BuildAsync(Profile profile, EnginePack? pack, string root, string? engineFolder, CancellationToken cancellationToken)
    {
        var files = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        files.AddRange(profile.Image.Files.Select(file => KeyValuePair.Create(file.Key, Path.Combine(root, file.Value))));
        if (profile.Server.Adapter is not null)
            files[HostInImage] = hostFile;
        if (engineFolder is not null)
        {
            foreach (var file in pack!.Files)
                files[$"engine/{file.Path}"] = Path.Combine(engineFolder, file.Path);
        }

        var name = profile.Image.Folder.Split('/', StringSplitOptions.RemoveEmptyEntries)[^1];
        return await BuildAsync(new ImageSpec(
            name, Path.Combine(root, profile.Image.Folder), await ensureBase(profile.Image.Base, profile.Image.Packages, cancellationToken), files.ToImmutable()), cancellationToken);
    }

    private async Task<ContainerImage> EchoAsync(RunInputs inputs, CancellationToken cancellationToken) => await BuildAsync(
        new ImageSpec(
            "echo", Path.Combine(inputs.Request.Root, "containers/echo"), await ensureBase("debian:12-slim", [], cancellationToken),
            ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create(HostInImage, hostFile)])),
        cancellationToken);

    private Task<ContainerImage> BuildAsync(ImageSpec image, CancellationToken cancellationToken)
    {
        var announced = false;
        return engine.BuildAsync(
            image,
            new Lines(_ =>
            {
                if (!announced)
                    announce($"building the image of containers/{image.Name}");
                announced = true;
            }),
            cancellationToken);
    }

    private sealed class Lines(Action<string> report) : IProgress<string>
    {
        public void Report(string value) => report(value);
    }
}

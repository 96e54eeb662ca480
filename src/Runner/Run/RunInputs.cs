using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Where the files of a run come from; paths on this machine.</summary>
/// <param name="Root">The product's root: the folder with <c>standard/</c>, <c>containers/</c> and <c>engines.lock.json</c>.</param>
/// <param name="Profile">A path, or an id below <c>hardware-profiles/</c>.</param>
/// <param name="Model">A path, or an id below <c>reference-models/</c>.</param>
/// <param name="Standard">A version below <c>standard/</c>.</param>
/// <param name="Precision">Which form of a language model; null for its first one.</param>
public sealed record RunRequest(string Root, string Profile, string Model, string Standard, string Suite, string? Precision = null)
{
    /// <summary>How devices get into the container. A request that is kept has what was decided, so that an interrupted run goes on with the same.</summary>
    public LaunchChoice Launch { get; init; } = LaunchChoice.Default;
}

/// <summary>Everything a run is asked to do, read and free of problems.</summary>
public sealed record RunInputs
{
    public required RunRequest Request { get; init; }

    public required Standard Standard { get; init; }

    public required string StandardFile { get; init; }

    public required Suite Suite { get; init; }

    public required Profile Profile { get; init; }

    public required ReferenceModel Model { get; init; }

    public required EnginePack? Engine { get; init; }

    /// <summary>The name that requests call the model by.</summary>
    public string ServedName => Profile.Server.ModelName.Length > 0 ? Profile.Server.ModelName : Model.Id.Replace('/', '-'); // it becomes part of a path

    /// <summary>Reads all inputs.</summary>
    /// <exception cref="BadInputException">All problems of all files, at once.</exception>
    public static RunInputs Read(RunRequest request)
    {
        var problems = new List<Problem>();
        return Read(request, problems, unknown: problems);
    }

    /// <summary>Reads all inputs of something that is only shown: what a run cannot do without, and no source states, is told and not refused.</summary>
    /// <inheritdoc cref="Read(RunRequest)"/>
    public static (RunInputs Inputs, ImmutableArray<Problem> Unknown) ReadToShow(RunRequest request)
    {
        var unknown = new List<Problem>();
        var inputs = Read(request, [], unknown);
        if (LaunchPlanner.IsNeeded(inputs.Profile) && ChipNodes.WhyUncountable(inputs.Profile) is { } uncountable)
            unknown.Add(uncountable);
        return (inputs, [.. unknown]);
    }

    private static RunInputs Read(RunRequest request, List<Problem> problems, List<Problem> unknown)
    {
        if (!PinnedFile.IsBelow(request.Standard) || request.Standard.Contains('/', StringComparison.Ordinal))
            problems.Add(new(request.Standard, 0, "", "is not a version of the standard; versions are the folders below standard/"));
        var standardFile = Path.Combine(request.Root, "standard", request.Standard, "catalogue.yaml");
        var standard = StandardReader.TryRead(standardFile, Shown(request.Root, standardFile), problems);
        var suite = standard?.TryFindSuite(request.Suite);
        if (standard is not null && suite is null && problems.Count == 0)
            problems.Add(new(Shown(request.Root, standardFile), 0, "suites", $"there is no suite `{request.Suite}`; there are {string.Join(", ", standard.Suites.Select(s => s.Name))}"));

        var stand = TryReadProfile(request.Root, request.Profile, problems, unknown);
        if (suite?.Name == "full" && stand is { Profile: { Image: { IsPinned: false, Base: not ProfileReader.Unknown } image } unpinned })
            problems.Add(new(unpinned.File, image.BaseLine, "image.base", $"is `{image.Base}`, a name that may mean another image tomorrow; suite full wants the one that is tested. Pull it and state its digest: `docker pull {image.Base}`, `docker inspect --format '{{{{index .RepoDigests 0}}}}' {image.Base}` prints NAME@sha256:..."));
        var model = TryReadModel(request.Root, request.Model, problems);
        model = model is null || stand is null ? model : InForm(request.Root, model, request.Precision, stand.Profile, problems);
        if (model is { Files.IsEmpty: true } && problems.Count == 0)
            problems.Add(new(model.File, 0, "made", $"{model.Id} pins no GGUF file, so that nothing says what a container should get; make one with `adapt model make` and state its digest"));
        if (problems.Count > 0)
            throw new BadInputException([.. problems]);
        return new RunInputs
        {
            Request = request,
            Standard = standard!,
            StandardFile = standardFile,
            Suite = suite!,
            Profile = stand!.Profile,
            Model = model!,
            Engine = stand.Engine,
        };
    }

    /// <summary>Looks at what a profile names beyond itself, without a model or a machine.</summary>
    /// <param name="problems">Gets what is wrong with it.</param>
    /// <returns>What is not wrong and yet keeps a run from starting, or a certificate from being issued.</returns>
    public static ImmutableArray<Problem> Examine(string root, Profile profile, List<Problem> problems)
    {
        var unknown = new List<Problem>();
        CheckPlaces(root, profile, problems);
        CheckKnown(profile, unknown);
        TryFindEngine(root, profile, profile.Image.Engine == ProfileReader.Unknown ? unknown : problems);
        if (LaunchPlanner.IsNeeded(profile) && ChipNodes.WhyUncountable(profile) is { } uncountable)
            unknown.Add(uncountable);
        LaunchForm? only = LaunchPlanner.IsNeeded(profile) && new LaunchPlanner(profile, _ => true).Forms is [var form] ? form : null;
        foreach (var part in UnreadableVersions.Of(profile, only))
            unknown.Add(new(profile.File, 0, $"facts.probe.{part}", UnreadableVersions.Words(profile, part).En));
        if (profile.Image is { IsPinned: false, Base: not ProfileReader.Unknown } image)
            unknown.Add(new(profile.File, image.BaseLine, "image.base", $"is `{image.Base}`, without a digest: it may mean another image tomorrow, and suite full refuses it. `docker inspect --format '{{{{index .RepoDigests 0}}}}' {image.Base}` prints NAME@sha256:..."));
        return [.. unknown];
    }

    /// <summary>What a run of a profile would fetch that is not kept in a folder yet; of no profile, what the shipped example would.</summary>
    /// <param name="packages">Where packages are kept.</param>
    /// <returns>Null where it fetches nothing but its image.</returns>
    public static ImmutableArray<string>? ToFetch(string root, Profile? profile, string packages)
    {
        var problems = new List<Problem>();
        var kept = new NpmPackages(packages, _ => { });
        var stand = profile ?? TryReadProfile(root, "generic/x64-onnxruntime", problems)?.Profile;
        var pack = stand is null ? null : TryFindEngine(root, stand, problems);
        var model = stand is { Server: { Adapter.Name: "onnxruntime", Protocol: WireProtocol.OpenInference } } ? TryReadModel(root, "ppocrv4-rec", problems) : null;
        return pack is null && model is null ? null :
        [
            .. pack is not null && !kept.Has(pack.Source, pack.Files) ? [$"engine pack {pack.Name} {pack.EngineVersion}"] : Array.Empty<string>(),
            .. model is { Source: { } source } && !kept.Has(source, model.Files) ? [$"model {model.Id}"] : Array.Empty<string>(),
        ];
    }

    /// <summary>Reads a model's manifest.</summary>
    /// <param name="asked">A path, or an id below <c>reference-models/</c>.</param>
    internal static ReferenceModel? TryReadModel(string root, string asked, List<Problem> problems) =>
        Find(root, "reference-models", asked, "/model.yaml", problems) is { } file ? ReferenceModelReader.TryRead(file, Shown(root, file), problems) : null;

    /// <summary>Reads a profile and finds its engine.</summary>
    /// <returns>Null where it cannot be read at all; what else is wrong is among the problems.</returns>
    internal static StandInputs? TryReadProfile(string root, string asked, List<Problem> problems) => TryReadProfile(root, asked, problems, unknown: problems);

    /// <param name="unknown">Gets what a run cannot do without, and no source states.</param>
    /// <inheritdoc cref="TryReadProfile(string, string, List{Problem})"/>
    private static StandInputs? TryReadProfile(string root, string asked, List<Problem> problems, List<Problem> unknown)
    {
        var file = Find(root, "hardware-profiles", asked, ".yaml", problems);
        if (file is null || ProfileReader.TryRead(file, Shown(root, file), root, problems) is not { } profile)
            return null;
        var engine = TryFindEngine(root, profile, problems);
        CheckPlaces(root, profile, problems);
        CheckKnown(profile, unknown);
        return new(profile, engine);
    }

    /// <summary>The same request with files named so that they are found from any folder.</summary>
    public RunRequest FromAnywhere => Request with { Profile = Absolute(Request.Profile), Model = Absolute(Request.Model) };

    private static string Absolute(string asked) => Path.Exists(asked) ? Path.GetFullPath(asked) : asked;

    private static string? Find(string root, string folder, string asked, string ending, List<Problem> problems)
    {
        var below = Path.Combine(root, folder, asked + ending);
        if (File.Exists(asked))
            return Path.GetFullPath(asked);
        if (File.Exists(below))
            return below;
        var inside = Path.Combine(asked, ending.TrimStart('/'));
        if (ending[0] == '/' && File.Exists(inside))
            return Path.GetFullPath(inside);
        problems.Add(new(asked, 0, "", $"no such file, and nothing of that name below {folder}/{Near(Path.Combine(root, folder), asked, ending)}; `adapt list {(folder[0] == 'h' ? "profiles" : "models")}` shows what there is"));
        return null;
    }

    private static string Near(string folder, string asked, string ending) => !Directory.Exists(folder) ? ""
        : Spelling.Hint(asked, Directory.GetFiles(folder, $"*{Path.GetFileName(ending)}", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Where(file => file.EndsWith(ending, StringComparison.Ordinal)).Select(file => file[..^ending.Length]));

    private static ReferenceModel InForm(string root, ReferenceModel model, string? precision, Profile profile, List<Problem> problems)
    {
        if (profile.Server.Protocol == WireProtocol.OpenAi && model.Text is null)
        {
            problems.Add(new(model.File, 0, "kind", $"{model.Id} takes and gives tensors, and {profile.Id} speaks the OpenAI protocol alone, which takes text (serve.protocol of {profile.File}); give --model with one that fits: {string.Join(", ", Texts(root))} 该配置仅支持语言模型"));
            return model;
        }

        if (problems.Count > 0) // what a form is chosen by cannot be trusted
            return model;
        if (ModelFormats.TryChoose(model, precision, profile, out var reason) is { } chosen)
            return chosen;
        problems.Add(new(model.File, 0, model.Exports.IsEmpty ? "files" : "exports", reason));
        return model;
    }

    /// <summary>Ids of the language models that are shipped.</summary>
    private static IEnumerable<string> Texts(string root) => Directory.GetFiles(Path.Combine(root, "reference-models"), "model.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(file => ReferenceModelReader.TryRead(file, file, new List<Problem>())).OfType<ReferenceModel>().Where(model => model.Text is not null).Select(model => model.Id);

    private static EnginePack? TryFindEngine(string root, Profile profile, List<Problem> problems)
    {
        if (profile.Image.Engine is not { } name)
            return null;
        if (name == ProfileReader.Unknown)
        {
            problems.Add(new(profile.File, 0, "image.engine", "is unknown: the product pins no build of this engine for this chip. Enter one in engines.lock.json with its digests, and name it in a copy of the profile"));
            return null;
        }

        System.Collections.Immutable.ImmutableArray<EnginePack> packs;
        try
        {
            packs = EnginePack.ReadAll(Path.Combine(root, "engines.lock.json"));
        }
        catch (BadInputException unusable)
        {
            problems.AddRange(unusable.Problems);
            return null;
        }

        var pack = packs.FirstOrDefault(candidate => candidate.Name == name);
        if (pack is null)
            problems.Add(new(profile.File, 0, "image.engine", $"`{name}` is not in engines.lock.json; there are {string.Join(", ", packs.Select(p => p.Name))}"));
        return pack;
    }

    /// <summary>What no source states, and a run cannot do without: whoever has the machine can read it there.</summary>
    private static void CheckKnown(Profile profile, List<Problem> problems)
    {
        if (profile.Chip is { Kind: "pci", PciId: null })
            problems.Add(new(profile.File, profile.Chip.PciLine, "chip.pci", "is unknown: no source states the device id. `lspci -nn` on the machine shows it; put it into a copy of the profile, and tell us"));
        if (profile.Image.Base == ProfileReader.Unknown)
            problems.Add(new(profile.File, profile.Image.BaseLine, "image.base", "is unknown: no source names the vendor's image. Put its name and tag into a copy of the profile"));
    }

    private static string Containers(string root) => Path.Combine(root, "containers") is var folder && Directory.Exists(folder)
        ? string.Join(", ", Directory.GetDirectories(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)) : "none";

    private static void CheckPlaces(string root, Profile profile, List<Problem> problems)
    {
        if (profile.Image.Folder.Length > 0 && !File.Exists(Path.Combine(root, profile.Image.Folder, "Dockerfile")))
            problems.Add(new(profile.File, profile.Image.FolderLine, "image.folder", $"`{profile.Image.Folder}` holds no Dockerfile; below containers/ there are {Containers(root)}"));
        foreach (var (inside, place) in profile.Image.Files.Where(file => !Path.Exists(Path.Combine(root, file.Value))))
            problems.Add(new(profile.File, profile.Image.FolderLine, $"image.files.{inside}", $"`{place}` does not exist below the product's root"));
    }

    private static string Shown(string root, string path)
    {
        var relative = Path.GetRelativePath(root, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}

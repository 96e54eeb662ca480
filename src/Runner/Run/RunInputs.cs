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
        if (!PinnedFile.IsBelow(request.Standard) || request.Standard.Contains('/', StringComparison.Ordinal))
            problems.Add(new(request.Standard, 0, "", "is not a version of the standard; versions are the folders below standard/"));
        var standardFile = Path.Combine(request.Root, "standard", request.Standard, "catalogue.yaml");
        var standard = StandardReader.TryRead(standardFile, Shown(request.Root, standardFile), problems);
        var suite = standard?.TryFindSuite(request.Suite);
        if (standard is not null && suite is null && problems.Count == 0)
            problems.Add(new(Shown(request.Root, standardFile), 0, "suites", $"there is no suite `{request.Suite}`; there are {string.Join(", ", standard.Suites.Select(s => s.Name))}"));

        var stand = TryReadProfile(request.Root, request.Profile, problems);
        var model = TryReadModel(request.Root, request.Model, problems);
        model = model is null || stand is null ? model : InForm(model, request.Precision, stand.Profile, problems);
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

    /// <summary>Reads a model's manifest.</summary>
    /// <param name="asked">A path, or an id below <c>reference-models/</c>.</param>
    internal static ReferenceModel? TryReadModel(string root, string asked, List<Problem> problems) =>
        Find(root, "reference-models", asked, "/model.yaml", problems) is { } file ? ReferenceModelReader.TryRead(file, Shown(root, file), problems) : null;

    /// <summary>Reads a profile and finds its engine.</summary>
    /// <returns>Null where it cannot be read at all; what else is wrong is among the problems.</returns>
    internal static StandInputs? TryReadProfile(string root, string asked, List<Problem> problems)
    {
        var file = Find(root, "hardware-profiles", asked, ".yaml", problems);
        if (file is null || ProfileReader.TryRead(file, Shown(root, file), root, problems) is not { } profile)
            return null;
        var engine = TryFindEngine(root, profile, problems);
        CheckPlaces(root, profile, problems);
        CheckKnown(profile, problems);
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
        problems.Add(new(asked, 0, "", $"no such file, and nothing of that name below {folder}/. `adapt list {(folder[0] == 'h' ? "profiles" : "models")}` shows what there is"));
        return null;
    }

    private static ReferenceModel InForm(ReferenceModel model, string? precision, Profile profile, List<Problem> problems)
    {
        if (problems.Count > 0) // what a form is chosen by cannot be trusted
            return model;
        if (ModelFormats.TryChoose(model, precision, profile, out var reason) is { } chosen)
            return chosen;
        problems.Add(new(model.File, 0, model.Exports.IsEmpty ? "files" : "exports", reason));
        return model;
    }

    private static EnginePack? TryFindEngine(string root, Profile profile, List<Problem> problems)
    {
        if (profile.Image.Engine is not { } name)
            return null;
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
            problems.Add(new(profile.File, 0, "chip.pci", "is unknown: no source states the device id. `lspci -nn` on the machine shows it; put it into a copy of the profile, and tell us"));
        if (profile.Image.Base == ProfileReader.Unknown)
            problems.Add(new(profile.File, 0, "image.base", "is unknown: no source names the vendor's image. Put its name and tag into a copy of the profile"));
    }

    private static void CheckPlaces(string root, Profile profile, List<Problem> problems)
    {
        if (profile.Image.Folder.Length > 0 && !File.Exists(Path.Combine(root, profile.Image.Folder, "Dockerfile")))
            problems.Add(new(profile.File, 0, "image.folder", $"`{profile.Image.Folder}` holds no Dockerfile"));
        foreach (var (inside, place) in profile.Image.Files.Where(file => !Path.Exists(Path.Combine(root, file.Value))))
            problems.Add(new(profile.File, 0, $"image.files.{inside}", $"`{place}` does not exist"));
    }

    private static string Shown(string root, string path)
    {
        var relative = Path.GetRelativePath(root, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}

using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a session that needs a profile and no model reads.</summary>
/// <param name="Engine">Null where the image brings its engine.</param>
public sealed record StandInputs(Profile Profile, EnginePack? Engine)
{
    /// <param name="root">The product's root.</param>
    /// <param name="profile">A path, or an id below <c>hardware-profiles/</c>.</param>
    /// <exception cref="BadInputException">All problems at once; also where the profile's server cannot be handed models.</exception>
    public static StandInputs Read(string root, string profile)
    {
        var problems = new List<Problem>();
        var inputs = RunInputs.TryReadProfile(root, profile, problems);
        if (inputs is not null && OperatorSession.WhyNot(inputs.Profile) is { } reason)
            problems.Add(new(inputs.Profile.File, 0, "serve", $"no operator can be asked: {reason}"));
        return problems.Count == 0 && inputs is not null ? inputs : throw new BadInputException([.. problems]);
    }

    /// <summary>A clause of the standard that this version of the product brings.</summary>
    public static Clause Clause(string root, string id)
    {
        var problems = new List<Problem>();
        var file = Path.Combine(root, "standard", "0.1", "catalogue.yaml");
        var standard = StandardReader.TryRead(file, Path.GetRelativePath(root, file), problems);
        return standard is not null && problems.Count == 0 ? standard.Clause(id) : throw new BadInputException([.. problems]);
    }
}

using System.CommandLine;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt list profiles|models|checks</c>: what there is to choose from.</summary>
internal static class ListCommand
{
    public static Command Create(Machine machine)
    {
        var command = new Command("list", "Show profiles, models or checks  列出配置、模型或检验项")
        {
            new Command("profiles", "Chips and stacks  芯片与软件栈"),
            new Command("models", "Reference models  参考模型"),
            new Command("checks", "Checks of the standard  标准检验项"),
        };
        command.Subcommands[0].SetAction(_ => Profiles(machine));
        command.Subcommands[1].SetAction(_ => Models(machine));
        command.Subcommands[2].SetAction(_ => Checks(machine));
        return command;
    }

    private static int Profiles(Machine machine)
    {
        var problems = new List<Problem>();
        var chips = new List<ProfileFile>();
        var stacked = new HashSet<string>(StringComparer.Ordinal);
        string[] heading = ["profile 配置", "vendor 厂商", "chip 芯片", "engine 引擎", "launch 启动方式", "known 已知", "name 名称"];
        var code = Each(machine, "hardware-profiles", "*.yaml", heading, (file, shown, found) => Seen(ProfileReader.TryReadFile(file, shown, machine.Root, found), chips)?.Stack,
            profile =>
            {
                stacked.UnionWith(profile.Facts.Extended.Select(file => file.Shown));
                return
                [
                    profile.Id, profile.Chip.Vendor, profile.Chip.Model, profile.Server.Adapter?.Name ?? (profile.Server.Protocol == WireProtocol.OpenAi ? "openai" : "open-inference"),
                    string.Join('+', profile.Facts.LaunchForms()), ProfileCommand.Known(profile.Facts), profile.Name.Zh, profile.Name.En,
                ];
            });
        ProfileFile[] bare = [.. chips.Where(chip => !stacked.Contains($"hardware-profiles/{chip.Id}.yaml"))];
        if (bare.Length > 0)
            Console.WriteLine("\nfacts, and no stack that could be started 仅有资料、尚无可运行的软件栈:");
        Table.Print(Console.Out, bare.Select(chip => new[] { $"  {chip.Id}", string.Join('+', chip.Facts.LaunchForms()), ProfileCommand.Known(chip.Facts), chip.Name.Zh, chip.Name.En }));
        var wanted = WantedChip.Read(machine.Root, problems);
        if (problems.Count > 0)
            throw new BadInputException([.. problems]);
        if (!wanted.IsEmpty)
            Console.WriteLine("\nwanted, too little is known 待补充资料:");
        Table.Print(Console.Out, wanted.Select(chip => new[] { $"  {chip.Id}", chip.Name.Zh, chip.Why.Zh, chip.Why.En }));
        return code;
    }

    private static ProfileFile? Seen(ProfileFile? file, List<ProfileFile> chips)
    {
        if (file?.Part == ProfilePart.Chip)
            chips.Add(file);
        return file;
    }

    private static int Models(Machine machine) => Each(machine, "reference-models", "model.yaml", [], ReferenceModelReader.TryRead,
        model => [model.Id, $"{model.Kind} {model.Precision}", model.Licence, model.Name.Zh, model.Name.En]);

    private static int Checks(Machine machine) => Each(machine, "standard", "catalogue.yaml", [], StandardReader.TryRead, standard =>
    {
        Table.Print(Console.Out, standard.Clauses.Select(clause => new[]
        {
            clause.Id, clause.Requirement == Requirement.Must ? "must" : "should", clause.Level.ToString(),
            string.Join(",", standard.Suites.Where(suite => suite.Checks.Contains(clause.Id)).Select(suite => suite.Name)),
            clause.Title.Zh, clause.Title.En,
        }));
        return ["", $"standard {standard.Version}, sha256 {standard.Sha256}"];
    });

    private static int Each<T>(
        Machine machine, string folder, string pattern, string[] heading, Func<string, string, ICollection<Problem>, T?> read, Func<T, string[]> row)
        where T : class
    {
        var problems = new List<Problem>();
        List<string[]> rows = heading.Length > 0 ? [heading] : [];
        foreach (var file in Directory.GetFiles(Path.Combine(machine.Root, folder), pattern, SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File).Order(StringComparer.Ordinal))
        {
            var before = problems.Count;
            if (read(file, Path.GetRelativePath(machine.Root, file), problems) is { } item && problems.Count == before)
                rows.Add(row(item));
        }

        Table.Print(Console.Out, rows);
        return problems.Count == 0 ? ExitCode.Certified : throw new BadInputException([.. problems]);
    }
}

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
            Profiles(machine),
            new Command("models", "Reference models  参考模型"),
            new Command("checks", "Checks of the standard  标准检验项"),
        };
        command.Subcommands[1].SetAction(_ => Models(machine));
        command.Subcommands[2].SetAction(_ => Checks(machine));
        return command;
    }

    private static Command Profiles(Machine machine)
    {
        var vendor = new Option<string?>("--vendor") { Description = "Of this vendor alone  仅列出该厂商", HelpName = "VENDOR" };
        var json = new Option<bool>("--json") { Description = "One JSON object per line, for scripts  逐行输出 JSON" };
        var profiles = new Command("profiles", "Chips and stacks  芯片与软件栈") { vendor, json };
        profiles.SetAction(parsed => ProfileList.Show(machine, parsed.GetValue(vendor), parsed.GetValue(json)));
        return profiles;
    }

    private static int Models(Machine machine) => Each(machine, "reference-models", "model.yaml", ReferenceModelReader.TryRead,
        model => [model.Id, $"{model.Kind} {model.Precision}", model.Licence, model.Name.Zh, model.Name.En]);

    private static int Checks(Machine machine) => Each(machine, "standard", "catalogue.yaml", StandardReader.TryRead, standard =>
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
        Machine machine, string folder, string pattern, Func<string, string, ICollection<Problem>, T?> read, Func<T, string[]> row)
        where T : class
    {
        var problems = new List<Problem>();
        var rows = new List<string[]>();
        foreach (var file in Directory.GetFiles(Path.Combine(machine.Root, folder), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var before = problems.Count;
            if (read(file, Path.GetRelativePath(machine.Root, file), problems) is { } item && problems.Count == before)
                rows.Add(row(item));
        }

        Table.Print(Console.Out, rows);
        return problems.Count == 0 ? ExitCode.Certified : throw new BadInputException([.. problems]);
    }
}

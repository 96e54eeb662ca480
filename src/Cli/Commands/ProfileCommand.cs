using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt profile show|check</c>: what is known of a chip and its stack, and whether each fact has a source.</summary>
internal static class ProfileCommand
{
    public static Command Create(Machine machine)
    {
        var shown = new Argument<string>("profile") { Description = "An id below hardware-profiles/, or a file  配置编号或文件", HelpName = "ID|FILE" };
        var show = new Command("show", "What is known, merged along extends, with sources  显示合并后的全部事实与来源") { shown };
        show.SetAction(parsed => Show(machine, parsed.GetValue(shown)!));
        var some = new Argument<string[]>("profiles") { Description = "Ids or files; all of hardware-profiles/ if left out  默认检查全部", HelpName = "ID|FILE", Arity = ArgumentArity.ZeroOrMore };
        var check = new Command("check", "Refuse what is wrong, unsafe or without a source  检查格式、安全性与来源") { some };
        check.SetAction(parsed => Check(machine, parsed.GetValue(some)!));
        return new Command("profile", "Show or check what is known of chips and stacks  查看或检查硬件配置") { show, check };
    }

    private static int Show(Machine machine, string asked)
    {
        var problems = new List<Problem>();
        var wanted = WantedChip.Read(machine.Root, problems).FirstOrDefault(chip => chip.Id == asked);
        if (wanted is not null)
        {
            Table.Write(Console.Out, $"{wanted.Id}  {wanted.Name.Zh}  {wanted.Name.En}", 2);
            Table.Write(Console.Out, $"  wanted 待补充资料: {wanted.Why.En}", 4);
            Table.Write(Console.Out, $"  {wanted.Why.Zh}", 4);
            return ExitCode.Certified;
        }

        if (!File.Exists(asked) && IsPlain(asked) && Directory.Exists(Path.Combine(machine.Root, "hardware-profiles", asked)))
            return ProfileList.Show(machine, asked, json: false);
        var (path, name) = Find(machine, asked);
        if (ProfileReader.TryReadFile(path, name, machine.Root, problems) is not { } file || problems.Count > 0)
            throw new BadInputException([.. problems]);
        new ProfileView(Console.Out).Show(file, ProfileList.Lacks(machine, file));
        return ExitCode.Certified;
    }

    private static int Check(Machine machine, string[] asked)
    {
        ImmutableArray<(string Path, string Name)> files = asked.Length > 0 ? [.. asked.Select(one => Find(machine, one))] : ProfileList.Files(machine);
        var (problems, notes) = (new List<Problem>(), new List<Problem>());
        ProfileFile[] read = [.. files.Select(file => Read(machine, file, problems, notes)).OfType<ProfileFile>()];
        if (problems.Count > 0)
            throw new BadInputException([.. problems.Distinct()]); // a vendor's file is read with each that extends it
        // of all shipped profiles that would be a wall of text: there the list says what each one lacks
        foreach (var note in asked.Length > 0 ? notes : [])
            Table.Write(Console.Out, $"note 注意: {note}", 2);
        if (asked.Length > 0 && notes.Count > 0)
            Console.WriteLine(ChineseRemedies.Notes);
        var (facts, stacks) = (read.SelectMany(file => file.Facts.All.Values).Where(fact => fact.Value is not null).Distinct().Count(), read.Count(file => file.Stack is not null));
        Console.WriteLine($"{Count(read.Length, "file")} 文件, {Count(stacks, "stack")} 可运行配置; {Count(facts, "fact")}, each with its source 事实均有来源");
        return ExitCode.Certified;
    }

    private static ProfileFile? Read(Machine machine, (string Path, string Name) file, List<Problem> problems, List<Problem> notes)
    {
        var before = problems.Count;
        var read = ProfileReader.TryReadFile(file.Path, file.Name, machine.Root, problems);
        if (read?.Stack is { } stack && problems.Count == before)
            notes.AddRange(RunInputs.Examine(machine.Root, stack, problems));
        return read;
    }

    private static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    private static bool IsPlain(string asked) => asked.Length > 0 && asked.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>The file of a profile, and how the user knows it.</summary>
    internal static (string Path, string Name) Find(Machine machine, string asked)
    {
        if (File.Exists(asked))
            return (Path.GetFullPath(asked), asked);
        var below = Path.Combine(machine.Root, "hardware-profiles", $"{asked}.yaml");
        if (File.Exists(below))
            return (below, Path.GetRelativePath(machine.Root, below));
        var near = Spelling.Hint(asked, ProfileList.Files(machine).Select(file => file.Name["hardware-profiles/".Length..^".yaml".Length]));
        throw new BadInputException([new Problem(asked, 0, "", Directory.Exists(asked)
            ? "is a folder; give a .yaml file in it 请给出其中的 .yaml 文件" : $"no such file, and nothing of that name below hardware-profiles/{near} 无此文件或配置; `adapt list profiles` shows what there is")]);
    }
}

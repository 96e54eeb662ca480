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

    /// <summary>Such as <c>41/66</c>; empty for a profile that states no facts.</summary>
    public static string Known(ProfileFacts facts) => facts.All.IsEmpty ? "" : string.Create(CultureInfo.InvariantCulture, $"{facts.Known}/{ProfileFacts.Keys}");

    private static int Show(Machine machine, string asked)
    {
        var problems = new List<Problem>();
        var (path, name) = Find(machine, asked);
        if (ProfileReader.TryReadFile(path, name, machine.Root, problems) is not { } file || problems.Count > 0)
            throw new BadInputException([.. problems]);
        Console.WriteLine($"{file.Id}  {file.Name.Zh}  {file.Name.En}");
        foreach (var extended in file.Facts.Extended)
            Console.WriteLine($"  extends 继承: {extended.Shown}");
        Console.WriteLine($"  known 已知: {(file.Facts.All.IsEmpty ? "no facts are stated  未列出事实" : Known(file.Facts))}");
        Console.WriteLine();
        const int KeyWidth = 23;
        foreach (var fact in file.Facts.Ordered)
        {
            Console.WriteLine($"{Table.Pad(fact.Key, KeyWidth)}{(fact.Value is null ? "unknown 未知" : Words(fact.Value))}");
            if (fact.Note.Length > 0)
                Console.WriteLine($"{"",KeyWidth}note 备注: {fact.Note}");
            if (!fact.Sources.IsEmpty)
                Console.WriteLine($"{"",KeyWidth}{(fact.Confidence == FactConfidence.Seen ? "seen 亲见" : "reported 转述")}: {string.Join("; ", fact.Sources)}");
        }

        return ExitCode.Certified;
    }

    private static int Check(Machine machine, string[] asked)
    {
        ImmutableArray<(string Path, string Name)> files = asked.Length > 0
            ? [.. asked.Select(one => Find(machine, one))]
            : [.. Directory.GetFiles(Path.Combine(machine.Root, "hardware-profiles"), "*.yaml", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File)
                .Order(StringComparer.Ordinal).Select(file => (file, Path.GetRelativePath(machine.Root, file)))];
        var problems = new List<Problem>();
        ProfileFile[] read = [.. files.Select(file => ProfileReader.TryReadFile(file.Path, file.Name, machine.Root, problems)).OfType<ProfileFile>()];
        if (problems.Count > 0)
            throw new BadInputException([.. problems.Distinct()]); // a vendor's file is read with each that extends it
        var (facts, stacks) = (read.SelectMany(file => file.Facts.All.Values).Where(fact => fact.Value is not null).Distinct().Count(), read.Count(file => file.Stack is not null));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{read.Length} files 文件, {stacks} stacks 可运行配置; {facts} facts, each with its source 事实均有来源"));
        return ExitCode.Certified;
    }

    /// <summary>The file of a profile, and how the user knows it.</summary>
    internal static (string Path, string Name) Find(Machine machine, string asked)
    {
        if (File.Exists(asked))
            return (Path.GetFullPath(asked), asked);
        var below = Path.Combine(machine.Root, "hardware-profiles", $"{asked}.yaml");
        return File.Exists(below) ? (below, Path.GetRelativePath(machine.Root, below))
            : throw new BadInputException([new Problem(asked, 0, "", "no such file, and nothing of that name below hardware-profiles/. `adapt list profiles` shows what there is")]);
    }

    private static string Words(FactValue value) => value switch
    {
        FactValue.Text text => text.Value,
        FactValue.Texts texts => string.Join(", ", texts.Values),
        FactValue.Number number => number.Value.ToString(CultureInfo.InvariantCulture),
        FactValue.Probe probe => $"{probe.File ?? string.Join(' ', probe.Command)} =~ {probe.Pattern}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}

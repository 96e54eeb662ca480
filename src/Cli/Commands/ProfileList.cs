using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt list profiles</c>: stacks that can be run, chips without one, what is wanted, and files that cannot be read.</summary>
internal static class ProfileList
{
    private static readonly JsonWriterOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Keys that a run or a certificate cannot do without, in the words of the column.</summary>
    private static readonly ImmutableArray<(string Key, string Word)> Words =
    [
        ("chip.pci", "pci"), ("image.base", "image"), ("image.engine", "engine"), ("facts.devices.each", "nodes"),
    ];

    /// <summary>All profiles below hardware-profiles/, and how the user knows them.</summary>
    public static ImmutableArray<(string Path, string Name)> Files(Machine machine) =>
    [
        .. Directory.GetFiles(Path.Combine(machine.Root, "hardware-profiles"), "*.yaml", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File)
            .Order(StringComparer.Ordinal).Select(file => (file, Path.GetRelativePath(machine.Root, file))),
    ];

    /// <summary>What keeps a stack from being run or certified, in a word each; an image without a digest is none of it.</summary>
    public static ImmutableArray<string> Lacks(Machine machine, ProfileFile file) => file.Stack is not { } stack ? [] :
    [
        .. RunInputs.Examine(machine.Root, stack, []).Where(note => note.Key != "image.base" || stack.Image.Base == "unknown")
            .Select(note => Words.FirstOrDefault(known => known.Key == note.Key).Word ?? note.Key["facts.probe.".Length..]),
    ];

    /// <param name="vendor">A folder below hardware-profiles/; null for all.</param>
    public static int Show(Machine machine, string? vendor, bool json)
    {
        var problems = new List<Problem>();
        var (read, broken) = (new List<ProfileFile>(), new List<Problem>());
        foreach (var (path, name) in Files(machine).Where(file => IsOf(vendor, file.Name["hardware-profiles/".Length..])))
        {
            var own = new List<Problem>();
            var file = ProfileReader.TryReadFile(path, name, machine.Root, own);
            if (own.Count == 0 && file is not null)
                read.Add(file);
            else
                broken.Add(own.FirstOrDefault() ?? new(name, 0, "", "cannot be read"));
            problems.AddRange(own);
        }

        WantedChip[] wanted = [.. WantedChip.Read(machine.Root, problems).Where(chip => IsOf(vendor, chip.Id))];
        if (vendor is not null && read.Count + broken.Count + wanted.Length == 0)
            throw new BadInputException([new Problem("--vendor", 0, "", $"is `{vendor}`, of whom there is nothing below hardware-profiles/{Spelling.Hint(vendor, Vendors(machine))}; there are {string.Join(", ", Vendors(machine))}")]);
        if (json)
            Json(machine, read, wanted);
        else
            Print(machine, read, broken, wanted);
        return problems.Count == 0 ? ExitCode.Certified : throw new BadInputException([.. problems.Distinct()]);
    }

    private static bool IsOf(string? vendor, string id) => vendor is null || id == vendor || id.StartsWith($"{vendor}/", StringComparison.Ordinal);

    private static IEnumerable<string> Vendors(Machine machine) => Directory.GetDirectories(Path.Combine(machine.Root, "hardware-profiles")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal);

    private static void Print(Machine machine, List<ProfileFile> read, List<Problem> broken, WantedChip[] wanted)
    {
        string[] heading = ["profile 配置", "vendor 厂商", "chip 芯片", "engine 引擎", "launch 启动方式", "known 已知", "lacks 缺", "name 名称"];
        Table.Print(Console.Out, read.Where(file => file.Stack is not null).Select(file => Row(machine, file, file.Stack!)).Prepend(heading));
        if (Bare(read) is { Length: > 0 } bare)
        {
            Console.WriteLine("\nfacts, and no stack that could be started 仅有资料、尚无可运行的软件栈:");
            Table.Print(Console.Out, bare.Select(chip => new[] { $"  {chip.Id}", string.Join('+', chip.Facts.LaunchForms()), ProfileView.Count(chip), chip.Name.Zh, chip.Name.En }));
        }

        if (wanted.Length > 0)
            Console.WriteLine("\nwanted, too little is known 待补充资料:");
        Table.Print(Console.Out, wanted.Select(chip => new[] { $"  {chip.Id}", chip.Name.Zh, chip.Why.Zh, chip.Why.En }));
        if (broken.Count > 0)
            Console.WriteLine("\nbroken, not to be used until mended 文件有误，修复前不可用:");
        foreach (var problem in broken)
            Table.Write(Console.Out, $"  {problem}", 4);
    }

    private static string[] Row(Machine machine, ProfileFile file, Profile profile) =>
    [
        profile.Id, profile.Chip.Vendor, profile.Chip.Model, Engine(profile), string.Join('+', profile.Facts.LaunchForms()), ProfileView.Count(file),
        string.Join(", ", Lacks(machine, file)), profile.Name.Zh, profile.Name.En,
    ];

    private static string Engine(Profile profile) => profile.Server.Adapter?.Name ?? (profile.Server.Protocol == WireProtocol.OpenAi ? "openai" : "open-inference");

    /// <summary>Chips that no stack extends.</summary>
    private static ProfileFile[] Bare(List<ProfileFile> read)
    {
        var stacked = read.Where(file => file.Stack is not null).SelectMany(file => file.Facts.Extended).Select(file => file.Shown).ToHashSet(StringComparer.Ordinal);
        return [.. read.Where(file => file.Part == ProfilePart.Chip && !stacked.Contains($"hardware-profiles/{file.Id}.yaml"))];
    }

    /// <summary>An object a line, for scripts.</summary>
    private static void Json(Machine machine, List<ProfileFile> read, WantedChip[] wanted)
    {
        foreach (var file in read.Where(file => file.Stack is not null).Concat(Bare(read)))
        {
            Write(json =>
            {
                json.WriteString("event", file.Stack is null ? "chip" : "profile");
                Head(json, file.Id, file.Name);
                if (file.Stack is { } stack)
                {
                    json.WriteString("vendor", stack.Chip.Vendor);
                    json.WriteString("chip", stack.Chip.Model);
                    json.WriteString("engine", Engine(stack));
                    Texts(json, "lacks", Lacks(machine, file));
                }

                Texts(json, "launch", file.Facts.LaunchForms());
                if (ProfileView.Count(file) is { Length: > 0 } count)
                    json.WriteString("known", count);
            });
        }

        foreach (var chip in wanted)
        {
            Write(json =>
            {
                json.WriteString("event", "wanted");
                Head(json, chip.Id, chip.Name);
            });
        }
    }

    private static void Head(Utf8JsonWriter json, string id, LocalText name)
    {
        json.WriteString("id", id);
        json.WriteStartObject("name");
        json.WriteString("en", name.En);
        json.WriteString("zh", name.Zh);
        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Write(Action<Utf8JsonWriter> fields)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Literal))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            fields(json);
            json.WriteEndObject();
        }

        Console.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }
}

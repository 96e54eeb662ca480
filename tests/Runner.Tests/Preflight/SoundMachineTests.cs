using System.Text;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Every shipped stack, on a machine made of its own facts: nothing is missing, and what is not known is told.</summary>
public sealed class SoundMachineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task On_a_sound_machine_nothing_is_missing_and_what_is_not_known_is_listed()
    {
        var (lines, chips) = (new StringBuilder(), new HashSet<(FactFile, LaunchForm)>());
        foreach (var profile in Shipped.Stacks)
        {
            using var machine = new SoundMachine(profile, 0);
            var report = await Preflight.ExamineAsync(machine.Spec(), Token);
            Assert.Empty(Missing(report));
            lines.Append(Line(profile, report)).Append('\n');
            // the other forms once a chip: its stacks start alike
            foreach (var form in report.Forms.Where(form => form != report.Form && chips.Add((profile.Facts.Extended[0], form))))
            {
                var other = await Preflight.ExamineAsync(machine.Spec(form), Token);
                Assert.Equal(form, other.Form);
                Assert.Empty(Missing(other));
            }
        }

        Golden.Match("sound-machines.txt", lines.ToString());
        Assert.True(Shipped.Stacks.Length >= 48);
    }

    [Fact]
    public async Task Every_examination_is_told_in_both_languages_and_has_a_name_of_its_own()
    {
        using var machine = new SoundMachine(Shipped.Find("ascend/910b3-vllm-ascend"), 0);

        var report = await Preflight.ExamineAsync(machine.Spec(), Token);

        Assert.All(report.Examinations, one => Assert.All([one.What.En, one.What.Zh, one.Seen.En, one.Seen.Zh], text => Assert.False(string.IsNullOrWhiteSpace(text))));
        Assert.Equal(report.Examinations.Length, report.Examinations.Select(one => one.Id).Distinct().Count());
    }

    private static string[] Missing(PreflightReport report) => [.. report.Examinations.Where(one => one.State == ExaminationState.Missing).Select(one => $"{one.Id}: {one.Seen.En}")];

    private static string Line(Profile profile, PreflightReport report)
    {
        string Of(ExaminationState state) => string.Join(' ', report.Examinations.Where(one => one.State == state).Select(one => one.PreventsRun ? $"{one.Id}!" : one.Id));
        return $"{profile.Id} {report.Form?.ToString().ToLowerInvariant() ?? "-"} | unknown: {Of(ExaminationState.Unknown)} | not needed: {Of(ExaminationState.NotNeeded)}";
    }
}

/// <summary>Stacks as the product ships them.</summary>
internal static class Shipped
{
    public static Profile[] Stacks { get; } =
    [
        .. Directory.GetFiles(Path.Combine(Golden.Root, "hardware-profiles"), "*.yaml", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File).Order(StringComparer.Ordinal)
            .Select(file => ProfileReader.TryReadFile(file, Path.GetRelativePath(Golden.Root, file), Golden.Root, new List<Problem>())?.Stack).OfType<Profile>(),
    ];

    public static Profile Find(string id) => Stacks.Single(profile => profile.Id == id);
}

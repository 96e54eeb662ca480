using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Domestic chips as the product ships them: there, sourced, and nothing unsafe in what a container of them would get.</summary>
public sealed class ShippedProfilesTests
{
    private static readonly string Folder = Path.Combine(Golden.Root, "hardware-profiles");
    private static readonly List<Problem> Problems = [];

    private static readonly ProfileFile[] All =
    [
        .. Directory.GetFiles(Folder, "*.yaml", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File).Order(StringComparer.Ordinal)
            .Select(file => ProfileReader.TryReadFile(file, Path.GetRelativePath(Golden.Root, file), Golden.Root, Problems)!),
    ];

    public static TheoryData<string> Chips =>
    [
        "ascend/310p", "ascend/910b1", "ascend/910b2", "ascend/910b3", "ascend/910b4", "ascend/910c", "cambricon/mlu370", "cambricon/mlu590", "hygon/z100", "hygon/k100-ai",
        "hygon/bw1000", "kunlunxin/r200-r300", "kunlunxin/p800", "mthreads/s3000", "mthreads/s4000", "mthreads/s5000", "metax/c500", "metax/c550", "iluvatar/bi-v100", "iluvatar/bi-v150",
        "iluvatar/mr-v100", "enflame/s60", "enflame/t20", "biren/br104", "biren/br106", "biren/br166", "thead/zw810e", "sophgo/bm1684x", "sophgo/bm1688", "rockchip/rk3588", "rockchip/rk3576",
        "kunpeng/920", "hygon-cpu/c86", "spacemit/k1",
    ];

    public static TheoryData<string> Makers => ["horizon", "vastai", "tsingmicro", "phytium", "loongson", "zhaoxin", "sunway"];

    [Fact]
    public void All_are_read_without_a_problem_and_forty_or_more_can_be_run()
    {
        Assert.Empty(Problems);
        Assert.True(All.Count(file => file.Stack is not null) >= 40);
        Assert.All(All, file => Assert.False(string.IsNullOrWhiteSpace(file.Name.Zh)));
    }

    [Theory, MemberData(nameof(Chips))]
    public void A_chip_is_there_with_facts_that_have_sources(string id)
    {
        var chip = Assert.Single(All, file => file.Id == id);

        Assert.Equal(ProfilePart.Chip, chip.Part);
        Assert.True(chip.Facts.Known > 0);
        Assert.All(chip.Facts.All.Values.Where(fact => fact.Value is not null), fact => Assert.All(fact.Sources.DefaultIfEmpty(""), Assert.NotEmpty));
    }

    [Theory, MemberData(nameof(Makers))]
    public void A_maker_has_a_chip(string vendor) =>
        Assert.Contains(All, file => file.Part == ProfilePart.Chip && file.Id.StartsWith($"{vendor}/", StringComparison.Ordinal));

    [Fact] // of an accelerator the ids of its bus speak; a processor has none
    public void A_processor_is_held_to_what_the_kernel_says_of_it()
    {
        using var folder = new TempFolder();
        var text = File.ReadAllText(Path.Combine(Folder, "hygon-cpu", "c86-onnxruntime.yaml"));
        const string Stated = "  cpu.vendor: HygonGenuine\n";
        Assert.Contains(Stated, text, StringComparison.Ordinal);
        var (file, problems) = (folder.Write("p.yaml", text.Replace(Stated, "", StringComparison.Ordinal).Replace("id: ", "id: a-copy/of-", StringComparison.Ordinal)), new List<Problem>());

        ProfileReader.TryRead(file, "p.yaml", Golden.Root, problems);

        Assert.Equal(["versions"], problems.Select(problem => problem.Key));
        Assert.All(
            All.Where(one => one.Stack is { Chip.Kind: "cpu" } && !one.Id.StartsWith("generic/", StringComparison.Ordinal)),
            one => Assert.True(one.Stack!.Versions.ContainsKey("cpu.vendor") || one.Stack.Versions.ContainsKey("cpu.model")));
    }

    [Fact]
    public void Chips_of_which_nothing_is_known_are_wanted_and_not_faked()
    {
        var problems = new List<Problem>();

        var wanted = WantedChip.Read(Golden.Root, problems);

        Assert.Empty(problems);
        Assert.Equal(["black-sesame", "denglin", "metax/n260", "thead/hanguang800"], wanted.Select(chip => chip.Id).Order(StringComparer.Ordinal));
        Assert.All(wanted, chip => Assert.DoesNotContain(All, file => file.Id == chip.Id));
    }

    [Fact]
    public void No_stack_is_privileged_or_on_the_host_s_network_by_itself() =>
        Assert.All(All.Where(file => file.Stack is not null), file =>
        {
            var box = file.Stack!.Container;
            Assert.Equal((new ContainerWeaknesses().ToString(), false, "10001:10001"), (box.Weaknesses.ToString(), box.HostNetwork, box.User));
        });

    [Fact]
    public void A_stack_that_states_no_device_or_no_image_is_listed_and_not_run()
    {
        var problems = new List<Problem>();

        RunInputs.TryReadProfile(Golden.Root, "ascend/910b3-vllm-ascend", problems);
        RunInputs.TryReadProfile(Golden.Root, "biren/br104-vllm-supa", problems);
        RunInputs.TryReadProfile(Golden.Root, "ascend/910b3", problems);

        Assert.Equal(["chip.pci", "chip.pci", "image.base", "part"], problems.Select(problem => problem.Key).Order(StringComparer.Ordinal));
    }
}

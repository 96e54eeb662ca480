using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>Facts of chips and stacks: each with a source, merged along <c>extends</c>, unknown where nothing is known.</summary>
public sealed class FactTests : IDisposable
{
    private const string Vendor = """
        schema: adaptation.profile/v1
        part: vendor
        id: v/vendor
        name: {en: Vendor, zh: 厂商}
        sources: {guide: "vendor/guide@1 install.md", code: "peer/runtime@2 envs.py"}
        facts:
          host_cpu: {value: [amd64], source: guide, confidence: seen}
          pci: {value: ["19e5"], source: code, confidence: seen}
          devices.each: {value: ["/dev/davinci{index}"], source: guide, confidence: seen}
          launch.mounts: {value: [/usr/local/dcmi, "/etc/hccn.conf:/etc/hccn.conf"], source: [guide, code], confidence: seen}
          visible.host: {value: [ASCEND_VISIBLE_DEVICES], source: code, confidence: seen, note: physical ids}
          probe.driver: {value: {file: /usr/local/Ascend/driver/version.info, pattern: '(?m)^Version=(.+)$'}, source: code, confidence: seen}
          dtype.bf16: {value: "yes", source: code, confidence: reported}

        """;

    private const string Stack = """
        schema: adaptation.profile/v1
        id: v/chip-stack
        extends: v/vendor
        sources: {list: "peer/list@3"}
        facts:
          memory.mib: {value: 65536, source: list, confidence: seen}
          power.cap_w: unknown
          dtype.bf16: {value: unknown, source: [list, code], confidence: reported, note: the two differ}

        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adaptation-facts-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_stack_has_the_facts_of_its_vendor_and_its_own()
    {
        var (facts, problems) = Read(Stack);

        Assert.Empty(problems);
        Assert.Equal(["/dev/davinci{index}"], facts.Texts("devices.each"));
        Assert.Equal(65536m, facts.Number("memory.mib"));
        Assert.Equal("(?m)^Version=(.+)$", facts.Probe("probe.driver")!.Pattern);
        Assert.Equal(["vendor/guide@1 install.md", "peer/runtime@2 envs.py"], facts.All["launch.mounts"].Sources);
        Assert.Equal(("hardware-profiles/v/vendor.yaml", 7), (facts.All["host_cpu"].File, facts.All["host_cpu"].Line));
    }

    [Fact]
    public void What_is_unknown_is_known_to_be_and_stands_in_for_what_was_stated_before()
    {
        var facts = Read(Stack).Facts;

        Assert.Null(facts.All["power.cap_w"].Value);
        Assert.Null(facts.Text("dtype.bf16"));
        Assert.Equal("the two differ", facts.All["dtype.bf16"].Note);
        Assert.Equal(7.0 / FactKey.All.Length, facts.Completeness);
    }

    [Fact]
    public void Every_key_stands_once_and_telemetry_names_tools_that_can_be_read()
    {
        Assert.Distinct(FactKey.All.Select(key => key.Name));
        Assert.All(FactKey.Find("telemetry.tool")!.Words, word => Assert.NotNull(ToolFormats.Find(word)));
        Assert.All(FactKey.All, key => Assert.Equal(key.Type == FactType.Choice, !key.Words.IsEmpty));
    }

    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "memory.mib: {value: 65536,", "memory.mb: {value: 65536,", "facts.memory.mb" },
        { "value: 65536", "value: much", "facts.memory.mib.value" },
        { "value: 65536", "value: 65536.5", "facts.memory.mib.value" },
        { "value: 65536", "value: -1", "facts.memory.mib.value" },
        { "source: list, confidence: seen", "source: nowhere, confidence: seen", "facts.memory.mib.source" },
        { ", source: list, confidence: seen", ", confidence: seen", "facts.memory.mib.source" },
        { "confidence: seen}", "confidence: certain}", "facts.memory.mib.confidence" },
        { "confidence: seen}", "confidence: seen, guess: 1}", "facts.memory.mib.guess" },
        { "power.cap_w: unknown", "power.cap_w: 400", "facts.power.cap_w" },
        { "power.cap_w: unknown", "launch.mounts: {value: [/], source: list, confidence: seen}", "facts.launch.mounts.value" },
        { "power.cap_w: unknown", "launch.mounts: {value: [\"/:/host\"], source: list, confidence: seen}", "facts.launch.mounts.value" },
        { "power.cap_w: unknown", "launch.mounts: {value: [/var/run/docker.sock], source: list, confidence: seen}", "facts.launch.mounts.value" },
        { "power.cap_w: unknown", "launch.mounts: {value: [/opt/../etc/shadow], source: list, confidence: seen}", "facts.launch.mounts.value" },
        { "power.cap_w: unknown", "launch.mounts: {value: [/dev/sda], source: list, confidence: seen}", "facts.launch.mounts.value" },
        { "power.cap_w: unknown", "devices.shared: {value: [/etc/shadow], source: list, confidence: seen}", "facts.devices.shared.value" },
        { "power.cap_w: unknown", "devices.shared: {value: [/dev/../etc/shadow], source: list, confidence: seen}", "facts.devices.shared.value" },
        { "power.cap_w: unknown", "devices.shared: {value: /dev/x, source: list, confidence: seen}", "facts.devices.shared.value" },
        { "power.cap_w: unknown", "devices.shared: {value: [/dev/x, /dev/x], source: list, confidence: seen}", "facts.devices.shared.value" },
        { "power.cap_w: unknown", "visible.container: {value: [not a name], source: list, confidence: seen}", "facts.visible.container.value" },
        { "power.cap_w: unknown", "pci: {value: [\"0x19e5\"], source: list, confidence: seen}", "facts.pci.value" },
        { "power.cap_w: unknown", "dtype.fp8: {value: maybe, source: list, confidence: seen}", "facts.dtype.fp8.value" },
        { "power.cap_w: unknown", "probe.toolkit: {value: {file: version.info, pattern: '(.)'}, source: list, confidence: seen}", "facts.probe.toolkit.value.file" },
        { "power.cap_w: unknown", "probe.toolkit: {value: {pattern: '(.)'}, source: list, confidence: seen}", "facts.probe.toolkit.value.file" },
        { "power.cap_w: unknown", "probe.toolkit: {value: {file: /usr/v, pattern: '(.)(.)'}, source: list, confidence: seen}", "facts.probe.toolkit.value.pattern" },
        { "power.cap_w: unknown", "probe.toolkit: {value: {file: /usr/v, pattern: '('}, source: list, confidence: seen}", "facts.probe.toolkit.value.pattern" },
        { "power.cap_w: unknown", "probe.toolkit: {value: {file: /usr/v, pattern: '(a)\\1'}, source: list, confidence: seen}", "facts.probe.toolkit.value.pattern" },
        { "extends: v/vendor", "extends: v/none", "extends" },
        { "extends: v/vendor", "extends: ../vendor", "extends" },
        { "extends: v/vendor", "extends: v/loop", "extends" },
        { "extends: v/vendor", "extends: v/stack", "extends" },
        { "list: \"peer/list@3\"", "list: \"peer/list@3\", guide: other words", "sources" },
        { "list: \"peer/list@3\"", "list: \"peer/list@3\", spare: never cited", "sources" },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void Each_mistake_is_named_with_file_line_and_key(string from, string to, string key)
    {
        Assert.Contains(from, Stack, StringComparison.Ordinal);

        var problems = Read(Stack.Replace(from, to, StringComparison.Ordinal)).Problems;

        Assert.Contains(problems, problem => problem.Key == key && problem.Line > 0 && problem.File.EndsWith(".yaml", StringComparison.Ordinal));
    }

    [Fact]
    public void A_chip_names_every_key()
    {
        var problems = Read(Stack.Replace("id: v/chip-stack", "part: chip\nid: v/chip", StringComparison.Ordinal)).Problems;

        var problem = Assert.Single(problems);
        Assert.Equal("facts", problem.Key);
        Assert.Contains("launch.runtime", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("devices.each", problem.Message, StringComparison.Ordinal);
    }

    private (ProfileFacts Facts, ImmutableArray<Problem> Problems) Read(string stack)
    {
        Write("v/vendor", Vendor);
        Write("v/loop", Vendor.Replace("id: v/vendor", "id: v/loop\nextends: v/loop", StringComparison.Ordinal).Replace("part: vendor", "part: chip", StringComparison.Ordinal));
        Write("v/stack", Stack);
        var (file, problems) = (Write("v/chip-stack", stack), new List<Problem>());
        var facts = Yaml.TryRead(file, Shown(file), problems, out _)!.Closed(top =>
        {
            top.Known("schema", "id");
            return new FactChain(_folder.FullName, Shown, problems).Read(top, Shown(file));
        });
        return (facts, [.. problems]);
    }

    private string Shown(string path) => string.Create(CultureInfo.InvariantCulture, $"hardware-profiles/{Path.GetRelativePath(_folder.FullName, path)}");

    private string Write(string id, string text)
    {
        var path = Path.Combine(_folder.FullName, $"{id}.yaml");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}

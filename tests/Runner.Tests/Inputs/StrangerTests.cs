using System.Collections.Immutable;
using System.Text;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>What a vendor's engineer gets wrong when writing a first profile: each mistake is refused in its line, with what stands there, what may, and what to do.</summary>
public sealed class StrangerTests : IDisposable
{
    private const string Profile = """
        schema: adaptation.profile/v1
        id: acme/910b3-vllm
        extends: ascend/910b3
        name: {en: "ACME 910B3 stack", zh: ACME 910B3}
        sources: {acme: "ACME release notes 2026-10"}
        chip: {vendor: ascend, model: Ascend 910B3, kind: pci, pci: "19e5:d802", count: 1}
        versions:
          driver.version: "25.2.0"
        image:
          folder: containers/vllm-openai
          base: registry.acme.example/vllm-ascend:v0.11@sha256:1111111111111111111111111111111111111111111111111111111111111111
        container: {memory: 64GiB, cpus: 16, pids: 4096, tmp: 4GiB}
        serve:
          protocol: openai
          listen: tcp:8000
          command: [vllm, serve, "{model}", --port, "{port}", --served-model-name, model]
          model_name: model
          ready_within: 900s
          answer_within: 120s
        facts:
          versions.driver_seen: {value: "25.2.0", source: acme, confidence: seen}

        """;

    private const string Marks = "[]{}\"'\t\n:,#-&*!|>%@`? \\";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_profile_without_a_mistake_is_taken() => Assert.Empty(Problems(Profile));

    public static TheoryData<string, string, int, string, string> Mistakes => new()
    {
        // syntax
        { "model]", "model", 16, "", "never closed" },
        { "count: 1}", "count: 1", 6, "", "never closed" },
        { "  protocol: openai", "\tprotocol: openai", 14, "", "use spaces 请用空格缩进" },
        { "facts:", "id: again\nfacts:", 20, "id", "stands here for the second time; the first is in line 2" },
        // image
        { "@sha256:1111111111111111111111111111111111111111111111111111111111111111", "@sha256:123", 11, "image.base", "64 hexadecimal digits" },
        { "base: registry.acme.example/vllm-ascend:v0.11@", "base: My Image:1@", 11, "image.base", "NAME:TAG@sha256:" },
        { "base: registry.acme.example/vllm-ascend:v0.11@", "base: http://reg/x@", 11, "image.base", "without `http://`" },
        { "base: registry.acme.example/vllm-ascend:v0.11@", "base: registry.acme.example/VLLM:v0.11@", 11, "image.base", "NAME:TAG@sha256:" },
        // who and what
        { "vendor: ascend", "vendor: cambricon", 6, "chip.vendor", "is `cambricon`, and the file extends ascend/910b3, whose vendor is `ascend`" },
        { "id: acme/910b3-vllm", "id: ascend/910b3-vllm-ascend", 2, "id", "give your copy an id of its own" },
        { "count: 1}", "count: 1, kernel_module: \"../../etc\"}", 6, "chip.kernel_module", "letters, digits, _ and -" },
        { "zh: ACME 910B3", "zh: \"ACME\u202E 910B3\"", 4, "name.zh", "U+202E" },
        { "en: \"ACME 910B3", "en: \"ACME\u200B 910B3", 4, "name.en", "U+200B" },
        { "driver.version: \"25.2.0\"", "driver.version: unknown", 8, "versions.driver.version", "leave the line out" },
        { "driver.version: \"25.2.0\"", "driver.version: \"25.2.0 | N/A\"", 8, "versions.driver.version", "`N/A`" },
        { "driver.version: \"25.2.0\"", "driver.versoin: \"25.2.0\"", 8, "versions.driver.versoin", "did you mean `driver.version`?" },
        // container and serve
        { "cpus: 16", "cpus: 16.00001", 12, "container.cpus", "to the thousandth" },
        { "tmp: 4GiB", "tmp: 4GiB, shm_size: 32GiB", 12, "container.shm_size", "`launch.shm`" },
        { "\"{port}\"", "\"{prot}\"", 16, "serve.command", "`{prot}` is replaced by nothing; did you mean `{port}`?" },
        { "ready_within: 900s", "ready_within: 15m", 18, "serve.ready_within", "did you mean `15min`?" },
        { "tmp: 4GiB", "tmp: 4GiB, memroy: 1GiB", 12, "container.memroy", "did you mean `memory`?" },
        { "command: [vllm, serve, \"{model}\", --port, \"{port}\", --served-model-name, model]", "command: vllm serve {model}", 16, "serve.command", "expected a list of texts, such as [vllm, serve" },
        { "  command: [vllm", "  adapter: {name: llamacpp, library: /l.so}\n  command: [vllm", 17, "serve.command", "expected exactly one of `adapter`" },
        // extends
        { "extends: ascend/910b3", "extends: ascend/910b3-vllm-ascend", 3, "extends", "is a stack; write `extends: ascend/910b3` and copy image, container, serve from hardware-profiles/ascend/910b3-vllm-ascend.yaml" },
        { "extends: ascend/910b3", "extends: ../910b3.yaml", 3, "extends", "such as ascend/910b3" },
        { "extends: ascend/910b3", "extends: ascend/910b33", 3, "extends", "did you mean `ascend/910b3`?" },
        { "  protocol: openai", "  protocol:openai", 15, "", "with a blank behind the colon" },
        { "\"25.2.0\"\nimage", "\"25.2.0\nimage", 8, "", "the quote of this line is never closed" },
        // facts
        { "facts:", "facts:\n  probe.framework: {value: {command: [pip, show, vllm], pattern: '(a)'}, source: acme, confidence: seen}", 21, "facts.probe.framework.value.command", "state a `file` of the image" },
        { "facts:", "facts:\n  probe.toolkit: {value: /usr/version, source: acme, confidence: seen}", 21, "facts.probe.toolkit.value", "{file: /" },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void A_mistake_is_one_problem_in_its_line_that_says_what_to_do(string from, string to, int line, string key, string words)
    {
        Assert.Contains(from, Profile, StringComparison.Ordinal);

        var problems = Problems(Profile.Replace(from, to, StringComparison.Ordinal));

        // a source or a limit that the mistake takes away is told of as well
        var problem = Assert.Single(problems, problem => !problem.Message.StartsWith("is missing", StringComparison.Ordinal));
        Assert.Equal(("p.yaml", line, key), (problem.File, problem.Line, problem.Key));
        Assert.Contains(words, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_refused_is_not_named_as_one_that_may_stand_there()
    {
        var problem = Assert.Single(Problems(Profile.Replace("tmp: 4GiB", "tmp: 4GiB, colour: red", StringComparison.Ordinal)));

        Assert.DoesNotContain("privileged", problem.Message, StringComparison.Ordinal);
        Assert.Contains("cpus, devices, log_limit, memory", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_extends_a_stack_is_told_that_alone_though_all_else_is_missing_too()
    {
        var problem = Assert.Single(Problems("schema: adaptation.profile/v1\nid: acme/x\nextends: ascend/910b3-vllm-ascend\nname: {en: A, zh: A}\nimage: {base: x}\nversions: {driver.version: \"1\"}\n"));

        Assert.Contains("copy image, container, serve", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sound_profile_is_told_what_keeps_it_from_a_certificate()
    {
        var (notes, problems) = Examined(Profile);

        Assert.Empty(problems);
        Assert.Equal(["facts.probe.firmware", "facts.probe.framework", "facts.probe.plugin"], notes.Select(note => note.Key));
        Assert.All(notes, note => Assert.Contains("there will be no certificate", note.Message, StringComparison.Ordinal));
        const string Place = "{file: /opt/v, pattern: 'v(.+)'}, source: acme, confidence: seen}";
        Assert.Empty(Examined(Profile.Replace("facts:", $"facts:\n  probe.firmware: {{value: {Place}\n  probe.framework: {{value: {Place}\n  probe.plugin: {{value: {Place}", StringComparison.Ordinal)).Notes);
    }

    [Fact]
    public void A_tag_alone_is_remarked_and_a_folder_that_is_not_there_refused()
    {
        var tagged = Examined(Profile.Replace("@sha256:1111111111111111111111111111111111111111111111111111111111111111", "", StringComparison.Ordinal));
        Assert.Empty(tagged.Problems);
        Assert.Contains(tagged.Notes, note => note is { Key: "image.base", Line: 11 } && note.Message.Contains("without a digest", StringComparison.Ordinal));

        var problem = Assert.Single(Examined(Profile.Replace("containers/vllm-openai", "containers/mine", StringComparison.Ordinal)).Problems);
        Assert.Equal(("image.folder", 10), (problem.Key, problem.Line));
        Assert.Contains("vllm-openai", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ppocrv4-rec", "takes and gives tensors")]
    [InlineData("tiny-poet", "")]
    public void A_model_of_tensors_is_refused_where_text_alone_is_spoken(string model, string why)
    {
        var file = _folder.Write("p.yaml", Profile);
        var thrown = Record.Exception(() => RunInputs.Read(new RunRequest(Golden.Root, file, model, "0.1", "quick")));

        Assert.Equal(why.Length > 0, thrown is BadInputException);
        if (thrown is BadInputException bad)
            Assert.All([why, "tiny-poet"], words => Assert.Contains(words, Assert.Single(bad.Problems).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Devices_beyond_those_that_are_counted_are_refused_by_plan_and_preflight_alike()
    {
        var profile = ProfileReader.TryRead(_folder.Write("p.yaml", Profile), "p.yaml", Golden.Root, new List<Problem>())!;
        var spec = new PreflightSpec(profile, HostMachine.Local) { Indices = [5000], Architecture = "amd64", DataFolder = "/" };

        Assert.All(
            new Action[] { () => LaunchDecision.Show(profile, new(null, [5000]), _ => false), () => Preflight.Refuse(spec) },
            look => Assert.Contains("counted from 0 to 4095", Assert.Single(Assert.Throws<BadInputException>(look).Problems).Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("memroy", "memory")]
    [InlineData("versoin", "version")]
    [InlineData("--suit", "--suite")]
    [InlineData("colour", null)]
    [InlineData("memory", null)]
    public void A_near_miss_is_guessed_and_a_far_one_is_not(string seen, string? meant) => Assert.Equal(meant, Spelling.Nearest(seen, ["memory", "version", "--suite", "cpus"]));

    [Fact]
    public void A_mark_at_the_beginning_of_a_file_is_no_part_of_its_first_key() => Assert.Empty(Problems($"\uFEFF{Profile}"));

    [Fact]
    public void Whatever_bytes_a_file_has_it_is_read_or_refused_and_never_an_accident()
    {
        byte[][] files = [.. Directory.GetFiles(Path.Combine(Golden.Root, "hardware-profiles"), "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        var random = new Random(20261122);
        var accidents = new List<string>();
        for (var round = 0; round < 2000; round++)
        {
            var bytes = (byte[])files[round % files.Length].Clone();
            for (var change = random.Next(1, 4); change > 0; change--)
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)Marks[random.Next(Marks.Length)];
            var path = _folder.Write("p.yaml", random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            var problems = new List<Problem>();
            if (Record.Exception(() => Yaml.TryRead(path, "p.yaml", problems, out _)) is { } accident)
                accidents.Add($"{accident.GetType().Name}: {Encoding.UTF8.GetString(bytes)}");
        }

        Assert.Empty(accidents.Take(1));
    }

    private (ImmutableArray<Problem> Notes, List<Problem> Problems) Examined(string profile)
    {
        var problems = new List<Problem>();
        var read = ProfileReader.TryRead(_folder.Write("p.yaml", profile), "p.yaml", Golden.Root, problems)!;
        return (RunInputs.Examine(Golden.Root, read, problems), problems);
    }

    private ImmutableArray<Problem> Problems(string profile)
    {
        var problems = new List<Problem>();
        ProfileReader.TryRead(_folder.Write("p.yaml", profile), "p.yaml", Golden.Root, problems);
        return [.. problems];
    }
}

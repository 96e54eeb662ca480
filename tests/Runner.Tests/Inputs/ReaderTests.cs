using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

public class ReaderTests
{
    [Fact]
    public void Everything_that_is_shipped_reads_without_a_problem()
    {
        var problems = new List<Problem>();
        foreach (var file in Directory.GetFiles(Path.Combine(Golden.Root, "hardware-profiles"), "*.yaml", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File))
            ProfileReader.TryReadFile(file, file, Golden.Root, problems);
        foreach (var file in Directory.GetFiles(Path.Combine(Golden.Root, "reference-models"), "model.yaml", SearchOption.AllDirectories))
            ReferenceModelReader.TryRead(file, file, problems);
        foreach (var file in Directory.GetFiles(Path.Combine(Golden.Root, "standard"), "catalogue.yaml", SearchOption.AllDirectories))
            StandardReader.TryRead(file, file, problems);
        Assert.NotEmpty(EnginePack.ReadAll(Path.Combine(Golden.Root, "engines.lock.json")));
        Assert.Empty(problems);
    }

    [Fact]
    public void The_shipped_golden_pack_loads()
    {
        var root = Path.Combine(Golden.Root, "reference-models/ppocrv4-rec");
        var problems = new List<Problem>();
        var model = ReferenceModelReader.TryRead(Path.Combine(root, "model.yaml"), "model.yaml", problems)!;
        var golden = GoldenInputs.Load(model, root);
        Assert.Equal(golden.Pack.Lines.Length, golden.Inputs.Length);
        Assert.All(golden.Inputs, input => Assert.Equal(48, input.Tensors[0].Shape[2]));
    }

    public static TheoryData<string, string, string> ProfileMistakes => new()
    {
        { "schema: adaptation.profile/v1", "schema: adaptation.profile/v2", "schema" },
        { "id: generic/test", "id: ../test", "id" },
        { "name: {en: Test, zh: 测试}", "name: {en: Test}", "name.zh" },
        { "vendor: generic", "vendor: ｇeneric", "chip.vendor" },
        { "kind: cpu", "kind: gpu", "chip.kind" },
        { "kind: cpu", "kind: pci", "chip.pci" },
        { "kind: cpu", "kind: cpu, pci: \"19e5:d802\"", "chip.pci" },
        { "kind: cpu", "kind: pci, pci: \"19e5:d802\\n\"", "chip.pci" },
        { "kind: cpu", "kind: cpu, count: 0", "chip.count" },
        { "kind: cpu", "kind: cpu, colour: red", "chip.colour" },
        { "folder: containers/x", "folder: ../x", "image.folder" },
        { "folder: containers/x", "folder: /etc", "image.folder" },
        { "base: scratch", "base: scratch, files: {a: ../../etc/passwd}", "image.files" },
        { "base: scratch", "base: [scratch]", "image.base" },
        { "base: scratch", "base: scratch, packages: [g++]", "image.packages" },
        { "base: scratch", "base: \"debian:12-slim\", packages: [\"--allow-unauthenticated\"]", "image.packages" },
        { "base: scratch", "base: \"debian:12-slim\", packages: [\"g++,sudo\"]", "image.packages" },
        { "memory: 1GiB", "memory: 1GB", "container.memory" },
        { "memory: 1GiB, ", "", "container.memory" },
        { "cpus: 1", "cpus: 0.0001", "container.cpus" },
        { "pids: 64", "pids: 0", "container.pids" },
        { "pids: 64", "pids: 64, user: \"0:0\\n\"", "container.user" },
        { "pids: 64", "pids: 64, user: root", "container.user" },
        { "pids: 64", "pids: 64, devices: [/etc/shadow]", "container.devices" },
        { "pids: 64", "pids: 64, devices: [/dev/../etc/shadow]", "container.devices" },
        { "pids: 64", "pids: 64, weaknesses: {privileged: maybe}", "container.weaknesses.privileged" },
        { "pids: 64", "pids: 64, weaknesses: {sudo: true}", "container.weaknesses.sudo" },
        { "listen: unix", "listen: tcp:0", "serve.listen" },
        { "listen: unix", "listen: tcp:70000", "serve.listen" },
        { "ready_within: 5s", "ready_within: 60", "serve.ready_within" },
        { "ready_within: 5s", "ready_within: 100000min", "serve.ready_within" },
        { "  ready_within: 5s\n", "", "serve.ready_within" },
        { "streams: 2", "streams: two", "serve.streams" },
        { "streams: 2", "streams: 2\n  cache: var/cache", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: /", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: /var/cache/", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: /var/../etc", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: \"/var/a b\"", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: /model/cache", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: /run", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: /usr/lib", "serve.cache" },
        { "streams: 2", "streams: 2\n  cache: [/var/cache]", "serve.cache" },
        { "{framework.version: 1.0.0}", "{framework.versions: 1.0.0}", "versions.framework.versions" },
        { "{framework.version: 1.0.0}", "{driver.version: 1.0.0}", "versions.driver.version" },
        { "{framework.version: 1.0.0}", "{framework.version: [1]}", "versions.framework.version" },
        { "{framework.version: 1.0.0}", "[framework.version]", "versions" },
        { "command: [/serve, \"{socket}\", \"{model}\"]", "", "serve.command" },
        { "latency_p99: {1: 1min, 2: 1min}", "latency_p99: {many: 1min}", "declared.latency_p99.many" },
        { "throughput: 1/s", "throughput: 1", "declared.throughput" },
        { "deterministic: true", "deterministic: perhaps", "declared.deterministic" },
        { "deterministic: true", "batch_invariant: 1", "declared.batch_invariant" },
        { "deterministic: true", "context_tokens: 0", "declared.context_tokens" },
        { "throughput: 1/s", "throughput: 1/s\nsurprise: 1", "surprise" },
    };

    [Theory, MemberData(nameof(ProfileMistakes))]
    public void Each_mistake_in_a_profile_is_named_with_file_line_and_key(string from, string to, string key)
    {
        Assert.Contains(from, GivenRun.Profile, StringComparison.Ordinal);
        var problems = Profile(GivenRun.Profile.Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Key == key && problem.Line > 0 && problem.File == "p.yaml");
    }

    [Fact]
    public void A_version_that_no_probe_reads_is_refused_in_its_line_with_the_fields_that_are_read()
    {
        var problem = Assert.Single(Profile(GivenRun.Profile.Replace("{framework.version: 1.0.0}", "\n  os.id: debian\n  firmware.version: \"1\"", StringComparison.Ordinal)));

        Assert.Equal(("versions.firmware.version", 7), (problem.Key, problem.Line));
        Assert.Contains("engine.device", problem.Message, StringComparison.Ordinal);
        Assert.Contains("framework.version", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("driver", problem.Message, StringComparison.Ordinal); // of a CPU none is read
        Assert.Empty(Profile(GivenRun.Profile.Replace("kind: cpu", "kind: pci, pci: \"19e5:d802\", kernel_module: drv", StringComparison.Ordinal).Replace("framework.version: 1.0.0", "driver.version: 1, engine.device: NPU0", StringComparison.Ordinal)));
    }

    /// <summary>The list must not drift from the probes.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("drv")]
    public async Task The_fields_that_a_profile_may_state_are_those_that_are_read(string? module)
    {
        using var run = new GivenRun();
        foreach (var chip in (ChipFacts[])[run.Prepared.Inputs.Profile.Chip, new("v", "m", "pci", 1, "19e5:d802", module)])
        {
            var prepared = run.Prepared with { Inputs = run.Prepared.Inputs with { Profile = run.Prepared.Inputs.Profile with { Chip = chip } } };

            var read = await LockCapture.ReadAsync(prepared, HostMachine.Local, TestContext.Current.CancellationToken);

            string[] perhaps = ["accelerator.name", "container.components", "container.image.baseRegistry", "launch.devices", "launch.form", Plan.EngineDevice, "plugin.version", "runtime.version", .. LaunchCapture.Names]; // absent where nothing says them
            Assert.Equal(read.Facts.Keys.Union(perhaps).Intersect(LockCapture.Fields(chip)).Order(StringComparer.Ordinal), LockCapture.Fields(chip).Order(StringComparer.Ordinal));
            Assert.Empty(read.Facts.Keys.Except(LockCapture.Fields(chip)));
        }
    }

    [Theory]
    [InlineData("512", false)]
    [InlineData("513", true)]
    [InlineData("4096", true)]
    [InlineData("-1", true)]
    public void Threads_are_bounded_by_what_every_engine_takes(string threads, bool refused)
    {
        const string Command = "command: [/serve, \"{socket}\", \"{model}\"]";
        Assert.Contains(Command, GivenRun.Profile, StringComparison.Ordinal);
        var problems = Profile(GivenRun.Profile.Replace(Command, $"adapter: {{name: llamacpp, library: /lib, threads: {threads}}}", StringComparison.Ordinal));
        var said = problems.Where(problem => problem.Key == "serve.adapter.threads").Select(problem => problem.Message);
        Assert.Equal(refused ? [$"is `{threads}`; expected a whole number from 0 to 512"] : [], said);
    }

    [Fact]
    public void The_schema_for_editors_knows_the_same_bound_of_threads() =>
        Assert.Contains($"\"threads\": {{ \"type\": \"integer\", \"minimum\": 0, \"maximum\": {EngineThreads.Most},", File.ReadAllText(Path.Combine(Golden.Root, "hardware-profiles/schema.json")), StringComparison.Ordinal);

    [Fact]
    public void The_schema_for_editors_knows_the_same_fields_of_versions()
    {
        using var schema = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden.Root, "hardware-profiles/schema.json")));
        var known = schema.RootElement.GetProperty("properties").GetProperty("versions").GetProperty("propertyNames").GetProperty("enum").EnumerateArray().Select(name => name.GetString());

        Assert.Equal(LockCapture.Fields(new("v", "m", "pci", 1, "19e5:d802", "drv")).Order(StringComparer.Ordinal), known);
    }

    [Fact]
    public void All_mistakes_are_named_at_once()
    {
        var text = GivenRun.Profile.Replace("memory: 1GiB", "memory: 1GB", StringComparison.Ordinal)
            .Replace("pids: 64", "pids: none", StringComparison.Ordinal).Replace("kind: cpu", "kind: tpu", StringComparison.Ordinal);
        Assert.Equal(["chip.kind", "container.memory", "container.pids"], Profile(text).Select(problem => problem.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_profile_without_a_mistake_has_no_problem() => Assert.Empty(Profile(GivenRun.Profile));

    public static TheoryData<string, string, string> ModelMistakes => new()
    {
        { "id: m", "id: ../m", "id" },
        { "path: model.bin", "path: ../model.bin", "files[0].path" },
        { "path: model.bin", "path: /model.bin", "files[0].path" },
        { "bytes: 9", "bytes: -1", "files[0].bytes" },
        { "bytes: 9", "bytes: 9, from: a/../../b", "files[0].from" },
        { "files: [{path: model.bin", "files: [{path: model.bin, bytes: 1, sha256: 0}, {path: model.bin", "files" },
        { "precision: fp32", "precision: fp16", "precision" },
        { "height: 2", "height: 0", "input.height" },
        { "std: 0.5", "std: 0", "input.std" },
        { "mean: 0.5", "mean: NaN", "input.mean" },
        { "charset: chars.txt}", "charset: other.txt}", "output" },
        { "shape: [-1, -1, 4]", "shape: [-1, 0, 4]", "signature.outputs[0].shape" },
        { "licence: MIT", "licence: MIT\nsource: {npm: ./evil, version: 1.0.0, integrity: sha512-x}", "source.npm" },
        { "licence: MIT", "licence: MIT\nsource: {npm: git+ssh://evil/x, version: 1.0.0, integrity: sha512-x}", "source.npm" },
        { "licence: MIT", "licence: MIT\nsource: {npm: a, version: latest, integrity: sha512-x}", "source.version" },
        { "licence: MIT", "licence: MIT\nsource: {npm: a, version: 1.0.0, integrity: sha1-x}", "source.integrity" },
        { "kind: tensor", "kind: tensor\nextra: 1", "extra" },
    };

    [Theory, MemberData(nameof(ModelMistakes))]
    public void Each_mistake_in_a_model_is_named_with_file_line_and_key(string from, string to, string key)
    {
        using var run = new GivenRun();
        var file = Path.Combine(run.Root, "reference-models/m/model.yaml");
        var text = File.ReadAllText(file);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(from, to, StringComparison.Ordinal));
        var bad = Assert.Throws<BadInputException>(() => RunInputs.Read(run.Request));
        Assert.Contains(bad.Problems, problem => problem.Key == key && problem.Line > 0 && problem.File == "reference-models/m/model.yaml");
    }

    [Fact]
    public void A_mean_of_zero_is_a_mean() => Assert.Empty(WithModel("mean: 0.5", "mean: 0"));

    [Fact]
    public void Problems_of_all_files_come_together_with_those_of_the_engine_lock()
    {
        using var run = new GivenRun();
        File.WriteAllText(Path.Combine(run.Root, "hardware-profiles/p.yaml"), GivenRun.Profile.Replace("base: scratch", "base: scratch, engine: x", StringComparison.Ordinal));
        File.AppendAllText(Path.Combine(run.Root, "standard/t/catalogue.yaml"), "odd: 1\n");
        File.AppendAllText(Path.Combine(run.Root, "reference-models/m/model.yaml"), "\nodd: 1\n");
        var bad = Assert.Throws<BadInputException>(() => RunInputs.Read(run.Request));
        Assert.Equal(["engines.lock.json", "reference-models/m/model.yaml", "standard/t/catalogue.yaml"], bad.Problems.Select(problem => problem.File).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("../standard/t")]
    [InlineData("/etc")]
    [InlineData("..")]
    public void A_version_of_the_standard_is_no_path(string version)
    {
        using var run = new GivenRun();
        Assert.Throws<BadInputException>(() => RunInputs.Read(run.Request with { Standard = version }));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[")]
    [InlineData("""{"schema":"adaptation.engines/v1","engines":[{"name":"a","engineVersion":"1","licence":"MIT","package":"a","version":"1.0.0","integrity":"sha512-x","files":[]}]}""")]
    public void An_engine_lock_that_is_none_is_bad_input(string text)
    {
        using var folder = new TempFolder();
        Assert.Throws<BadInputException>(() => EnginePack.ReadAll(folder.Write("engines.lock.json", text)));
    }

    [Theory]
    [InlineData("../lib.so")]
    [InlineData("/lib.so")]
    public void A_file_of_an_engine_pack_stays_in_its_folder(string path)
    {
        using var folder = new TempFolder();
        var text = File.ReadAllText(Path.Combine(Golden.Root, "engines.lock.json")).Replace("\"libonnxruntime.so.1\"", $"\"{path}\"", StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => EnginePack.ReadAll(folder.Write("engines.lock.json", text)));
    }

    private static List<Problem> Profile(string text)
    {
        using var folder = new TempFolder();
        var problems = new List<Problem>();
        ProfileReader.TryRead(folder.Write("p.yaml", text), "p.yaml", Golden.Root, problems);
        return problems;
    }

    private static List<Problem> WithModel(string from, string to)
    {
        using var run = new GivenRun();
        var file = Path.Combine(run.Root, "reference-models/m/model.yaml");
        File.WriteAllText(file, File.ReadAllText(file).Replace(from, to, StringComparison.Ordinal));
        var problems = new List<Problem>();
        ReferenceModelReader.TryRead(file, "m", problems);
        return problems;
    }
}

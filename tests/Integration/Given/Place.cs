namespace Adaptation.Integration;

/// <summary>Folders of the suite's own: a product root with a standard of shorter durations, data, runs and scratch space.</summary>
internal sealed class Place : IDisposable
{
    private readonly string _top = Directory.CreateTempSubdirectory("adi").FullName; // short: sockets lie below it

    public Place()
    {
        foreach (var folder in (ReadOnlySpan<string>)[Root, Data, Runs, Scratch, Inputs, Path.Combine(Root, "standard", "0.1")])
            Directory.CreateDirectory(folder);
        Link("hardware-profiles", Repository("hardware-profiles"));
        Link("reference-models", Repository("reference-models"));
        Link("containers", Repository("containers"));
        Link("engines.lock.json", Repository("engines.lock.json"));
        Link("image", Repository("tests/Simulators/image"));
        Link("simulator", Built("Adaptation.Simulators", "adaptation-simulator"));
        Link("host", Path.GetDirectoryName(Host)!);
        File.WriteAllText(Path.Combine(Root, "standard", "0.1", "catalogue.yaml"), ShortStandard.Text(Repository("standard/0.1/catalogue.yaml")));
    }

    /// <summary>What ADAPTATION_ROOT names.</summary>
    public string Root => Path.Combine(_top, "root");

    /// <summary>What XDG_DATA_HOME names.</summary>
    public string Data => Path.Combine(_top, "data");

    public string Runs => Path.Combine(_top, "runs");

    /// <summary>What TMPDIR names.</summary>
    public string Scratch => Path.Combine(_top, "t");

    /// <summary>The kept copy of the model that runs mount.</summary>
    public string ModelFile => Directory.GetFiles(Path.Combine(Data, "adaptation", "packages"), "model.onnx", SearchOption.AllDirectories)
        .Single(file => file.Contains("ocr-models", StringComparison.Ordinal)); // other tests prepare other models

    /// <summary>The published command line if ADAPT names one, else what the build of the project made.</summary>
    public static string Adapt { get; } = Environment.GetEnvironmentVariable("ADAPT") is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.Combine(Built("Adaptation.Cli", "adapt"), "adapt");

    /// <summary>The published host if ADAPTATION_HOST names one, else the one that the launcher publishes.</summary>
    public static string Host { get; } = Environment.GetEnvironmentVariable("ADAPTATION_HOST") is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Existing(Repository("artifacts/adapt/host/adaptation-host"), "`./adapt prepare` publishes it");

    /// <summary>Files that tests write for the command line.</summary>
    private string Inputs => Path.Combine(_top, "inputs");

    public static string Repository(string path) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../..", path));

    /// <returns>The path of a new file.</returns>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Inputs, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(_top, recursive: true);

    private static string Built(string project, string program)
    {
        var folder = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, $"../../{project}/debug_linux-x64"));
        Existing(Path.Combine(folder, program), $"build {project}");
        return folder;
    }

    private static string Existing(string path, string remedy) =>
        File.Exists(path) ? path : throw new InvalidOperationException($"{path} is not there: {remedy}.");

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(Root, name), target);
}

/// <summary>The shipped standard, clause by clause, with suites of the tests' own whose durations are seconds.</summary>
internal static class ShortStandard
{
    private const string Suites = """
        suites:
          quick:
            title: {en: Every check in seconds, zh: 秒级全项检查}
            cap: L5
            checks: [OPS-02, SEC-05, PERF-01, SEC-01, SEC-03, COR-18, PERF-04, PERF-05, PERF-12, OPS-01]
            overrides:
              PERF-01: {repeats: 1}
              PERF-04: {confidence_ppm: 900000, late_share_ppm: 100000, streams_high: 4}
              PERF-05: {min_seconds: 3, windows: 6}
              PERF-12: {run_seconds: 3, windows: 6, cv_max_ppm: 1000000, elsewhere_max_ppm: 1000000} # these tests may run beside a build; `load` keeps what the standard asks
          answers:
            title: {en: Answers and confinement, zh: 应答与隔离}
            cap: L5
            checks: [OPS-02, SEC-05, SEC-01, SEC-03, COR-18, PERF-04, OPS-01]
            overrides:
              PERF-04: {confidence_ppm: 900000, late_share_ppm: 100000, streams_high: 4}
          chip: # what holds of a machine with an accelerator
            title: {en: Chip, zh: 芯片}
            cap: L5
            checks: [OPS-02, SEC-05, SEC-01, SEC-03, COR-18, OPS-01]
          start:
            title: {en: Start and removal, zh: 启动与卸载}
            cap: L5
            checks: [OPS-02, SEC-05, PERF-01, SEC-03, OPS-01]
            overrides:
              PERF-01: {repeats: 1}
          load:
            title: {en: Load, zh: 负载}
            cap: L5
            checks: [SEC-03, PERF-05, PERF-12, OPS-01]
            overrides:
              PERF-05: {min_seconds: 3, windows: 6}
              PERF-12: {run_seconds: 3, windows: 6}
          waived: # PERF-12 fails where one of its runs is throttled, beside a must of L1 that passes
            title: {en: To be waived, zh: 待豁免}
            cap: L5
            checks: [OPS-02, SEC-03, PERF-05, PERF-12, OPS-01]
            overrides:
              PERF-05: {min_seconds: 3, windows: 6}
              PERF-12: {run_seconds: 4, windows: 6, cv_max_ppm: 10000, elsewhere_max_ppm: 1000000}
          brief: # to be interrupted
            title: {en: Every check as briefly as can be, zh: 最短全项检查}
            cap: L5
            checks: [OPS-02, SEC-05, PERF-01, SEC-01, SEC-03, COR-18, PERF-04, PERF-05, PERF-12, OPS-01]
            overrides:
              PERF-01: {repeats: 1}
              PERF-04: {confidence_ppm: 900000, late_share_ppm: 200000, streams_high: 4}
              PERF-05: {min_seconds: 1, windows: 5}
              PERF-12: {runs: 2, run_seconds: 1, windows: 5, cv_max_ppm: 1500000, elsewhere_max_ppm: 1000000} # more than two runs can vary: no neighbour's matter
          text: # what a language model says, without what takes its time
            title: {en: Text, zh: 文本}
            cap: L5
            checks: [OPS-02, SEC-05, PERF-01, SEC-01, SEC-03, COR-06, COR-07, COR-08, COR-09, COR-14, COR-16, MET-01, MET-02, MET-03, MET-04, OPS-01, COR-12, COR-13, COR-15]
            overrides:
              PERF-01: {repeats: 1}
              COR-07: {positions_min: 1000, documents_min: 12}
              COR-08: {positions_min: 1000, documents_min: 12}
              COR-09: {positions_min: 1000, documents_min: 12}
              COR-14: {draws_min: 2000}
              COR-15: {positions_min: 1000, documents_min: 2}
              MET-01: {prompts_min: 100}
          audit: # PERF-11 in seconds
            title: {en: Audit, zh: 核查}
            cap: L5
            checks: [PERF-11, OPS-01]
            overrides:
              COR-07: {positions_min: 2, documents_min: 2}
              PERF-11: {load_seconds: 12, output_tokens: 32, samples: 24, pairs: 12, long_prompts: 36, long_prompt_tokens: 200}
          glance: # PERF-11 as briefly as it can tell answers that are wrong; no rate and no pair of times is decided by so little
            title: {en: Glance, zh: 速查}
            cap: L5
            checks: [PERF-11, OPS-01]
            overrides:
              COR-07: {positions_min: 2, documents_min: 2}
              PERF-11: {load_seconds: 2, output_tokens: 32, samples: 16, pairs: 5, long_prompts: 4, long_prompt_tokens: 200}
          words: # what one request at a time shows
            title: {en: Words, zh: 文字}
            cap: L5
            checks: [COR-06, COR-07, COR-16, MET-02, MET-03, OPS-01]
            overrides:
              COR-07: {positions_min: 1000, documents_min: 12}
          tools: # COR-17 on a generated pack of its full size
            title: {en: Tools, zh: 工具}
            cap: L5
            checks: [COR-17, OPS-01]
            overrides:
              COR-07: {positions_min: 2, documents_min: 2}
          lies: # every check that a server of text which lies may trip over; the detection table's
            title: {en: Lies, zh: 谎言}
            cap: L5
            checks: [COR-06, COR-07, COR-16, MET-02, MET-03, PERF-02, PERF-11, OPS-01]
            overrides:
              COR-07: {positions_min: 1000, documents_min: 12}
              PERF-02: {ttft_millis_8b: 500, prompt_tokens: 16, output_tokens: 4, percentile_permille: 900, confidence_ppm: 900000, client_error_p50_max_micros: 1000000, client_error_p99_max_micros: 1000000}
              PERF-11: {load_seconds: 9, samples: 24, pairs: 20, long_prompts: 36, long_prompt_tokens: 200}
          first: # when the first token comes, the client's own error aside
            title: {en: First token, zh: 首词元}
            cap: L5
            checks: [PERF-02, OPS-01]
            overrides:
              COR-07: {positions_min: 2, documents_min: 2}
              PERF-02: {ttft_millis_8b: 500, prompt_tokens: 16, output_tokens: 4, percentile_permille: 900, confidence_ppm: 900000, client_error_p50_max_micros: 1000000, client_error_p99_max_micros: 1000000}
          silence: # as long as ONNX Runtime's telemetry waits before it first sends
            title: {en: Silence, zh: 静默}
            cap: L5
            checks: [SEC-03, PERF-05, OPS-01]
            overrides:
              PERF-05: {min_seconds: 15}
              PERF-12: {run_seconds: 1, runs: 2}
        """;

    public static string Text(string shipped)
    {
        var text = File.ReadAllText(shipped);
        var at = text.IndexOf("\nsuites:\n", StringComparison.Ordinal);
        return at > 0 ? $"{text[..(at + 1)]}{Suites}\n" : throw new InvalidOperationException($"{shipped} has no suites at its end");
    }
}

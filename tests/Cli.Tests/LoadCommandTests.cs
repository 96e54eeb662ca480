using System.Collections.Immutable;
using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli.Tests;

/// <summary><c>adapt load</c> with a client that answers in virtual time.</summary>
public sealed class LoadCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("load-tests-").FullName;

    [Theory]
    [InlineData("--url ftp://x/v1 --model m", "--url: 'ftp://x/v1' is no base address")]
    [InlineData("--url http://u:p@x/v1 --model m", "--url")]
    [InlineData("--url nonsense --model m", "--url")]
    [InlineData("--url http://x/v1 --model m --scenario server", "--rate")]
    [InlineData("--url http://x/v1 --model m --scenario search", "--ttft-limit")]
    [InlineData("--url http://x/v1 --model m --scenario offline", "--requests")]
    [InlineData("--url http://x/v1 --model m --rate fast", "--rate: 'fast'")]
    [InlineData("--url http://x/v1 --model m --rate 0", "--rate")]
    [InlineData("--url http://x/v1 --model m --duration 5", "--duration: '5' is no time")]
    [InlineData("--url http://x/v1 --model m --duration 99h", "--duration")]
    [InlineData("--url http://x/v1 --model m --ttft-limit ms", "--ttft-limit")]
    [InlineData("--url http://x/v1 --model m --streams 0", "--streams: 0 is not from 1")]
    [InlineData("--url http://x/v1 --model m --requests -5", "--requests")]
    [InlineData("--url http://x/v1 --model m --prompt-tokens 0 --output-tokens 0", "--output-tokens")]
    [InlineData("--url http://x/v1 --model m --temperature hot", "--temperature")]
    [InlineData("--url http://x/v1 --model m --seed -1", "--seed")]
    [InlineData("--url http://x/v1 --model m --tokenizer /none/such", "--tokenizer: there is no file /none/such")]
    [InlineData("--url http://x/v1 --model m --api-key-file /none/such", "--api-key-file")]
    public async Task Bad_input_is_named_and_nothing_is_asked(string arguments, string named)
    {
        var driver = new ConstantDriver();

        var bad = await Assert.ThrowsAsync<BadInputException>(() => LoadAsync(driver, arguments.Split(' ')));

        Assert.Contains(bad.Problems, problem => problem.ToString().Contains(named, StringComparison.Ordinal));
        Assert.Equal(0, driver.Loads);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_key_is_sent_and_kept_nowhere()
    {
        var key = Path.Combine(_folder, "key");
        await File.WriteAllTextAsync(key, "sk-secret\n", TestContext.Current.CancellationToken);
        var driver = new ConstantDriver();

        await LoadAsync(driver, "--url", "http://x/v1", "--model", "m", "--requests", "500", "--api-key-file", key);

        Assert.Contains(driver.Headers, header => header.Value == "Bearer sk-secret");
        Assert.All(
            Directory.GetFiles(Path.Combine(_folder, "out"), "*", SearchOption.AllDirectories),
            file => Assert.DoesNotContain("sk-secret", File.ReadAllText(file), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://x:81/v1", "x:81")]
    [InlineData("http://[::1]:81/v1", "[::1]:81")]
    [InlineData("unix:/run/s", "unix:/run/s")]
    public async Task A_server_is_reached_by_tcp_or_a_socket(string url, string transport)
    {
        var driver = new ConstantDriver();

        Assert.Equal(0, await LoadAsync(driver, "--url", url, "--model", "m", "--requests", "500"));
        Assert.Equal((transport, "/v1/completions"), (driver.Server!.ToString(), driver.Path));
    }

    [Theory]
    [InlineData("500ms", "50ms", 0)]
    [InlineData("99ms", "50ms", 1)]
    [InlineData("100ms", "9999us", 1)]
    public async Task The_exit_code_says_whether_limits_are_kept(string ttft, string tpot, int exit)
    {
        Assert.Equal(exit, await LoadAsync(new ConstantDriver(), "--url", "unix:/s", "--model", "m", "--requests", "800", "--ttft-limit", ttft, "--tpot-limit", tpot));
    }

    [Fact]
    public async Task Too_few_requests_for_the_limits_are_exit_code_2() =>
        Assert.Equal(2, await LoadAsync(new ConstantDriver(), "--url", "unix:/s", "--model", "m", "--requests", "50", "--ttft-limit", "1s"));

    [Fact]
    public async Task A_cancelled_load_is_exit_code_130_and_its_summary_says_so()
    {
        using var cancelling = new CancellationTokenSource();
        var driver = new ConstantDriver { OnLoad = load => { if (load == 3) cancelling.Cancel(); } };

        Assert.Equal(130, await LoadUntilAsync(driver, ["--url", "unix:/s", "--model", "m", "--requests", "50"], cancelling.Token));

        using var summary = JsonDocument.Parse(File.ReadAllBytes(Directory.GetFiles(_folder, "summary.json", SearchOption.AllDirectories).Single()));
        Assert.Equal("cut-off", summary.RootElement.GetProperty("end").GetString());
    }

    [Fact] // it is a file
    public async Task A_folder_that_cannot_be_made_fails_before_anything_is_asked()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "out"), "", TestContext.Current.CancellationToken);
        var driver = new ConstantDriver();

        var broken = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => LoadAsync(driver, "--url", "unix:/s", "--model", "m"));

        Assert.Contains("--out", broken.Message, StringComparison.Ordinal);
        Assert.Equal(0, driver.Loads);
    }

    [Fact]
    public async Task A_load_that_never_began_leaves_no_folder()
    {
        var driver = new ConstantDriver { OnLoad = _ => throw new BrokenEnvironmentException("no server") };

        await Assert.ThrowsAsync<BrokenEnvironmentException>(() => LoadAsync(driver, "--url", "unix:/s", "--model", "m"));

        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder, "out")));
    }

    [Fact] // the third load is the one that is measured: its answers by then are kept
    public async Task An_interrupted_load_keeps_its_samples_and_says_so_in_the_report()
    {
        using var cancelling = new CancellationTokenSource();
        var driver = new ConstantDriver { OnLoad = load => { if (load == 3) cancelling.Cancel(); } };

        Assert.Equal(130, await LoadUntilAsync(driver, ["--url", "unix:/s", "--model", "m", "--requests", "50"], cancelling.Token));

        string Kept(string file) => File.ReadAllText(Directory.GetFiles(_folder, file, SearchOption.AllDirectories).Single());
        Assert.Equal(50, Kept("samples.jsonl").TrimEnd('\n').Split('\n').Length);
        Assert.Contains("interrupted", Kept("report.html"), StringComparison.Ordinal);
        Assert.Contains("interrupted", Kept("summary.json"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_signal_ends_softly_and_the_second_is_the_systems()
    {
        using var interruption = new Interruption(TestContext.Current.CancellationToken);
        var (first, second) = (new PosixSignalContext(PosixSignal.SIGINT), new PosixSignalContext(PosixSignal.SIGINT));

        interruption.Take(first);
        interruption.Take(second);

        Assert.True(interruption.Token.IsCancellationRequested);
        Assert.Equal((true, false), (first.Cancel, second.Cancel));
    }

    [Fact]
    public async Task What_is_printed_has_every_figure_in_both_languages_and_what_it_means()
    {
        var parsed = Command(new ConstantDriver()).Parse(["--url", "unix:/s", "--model", "m"]);
        Assert.Empty(parsed.Errors);
        using var output = new StringWriter();
        var driver = new ConstantDriver();
        var workload = new TextWorkload(new WorkloadSpec { Model = "m", PromptTokens = 10, OutputTokens = 5, Seed = 1 }, null);
        var request = new LoadRequest { Scenario = "single", Server = "unix:/s", Extent = new(500, null), RateMilli = 1, Streams = 1, Limits = default };
        var result = await new LoadSession(driver, driver, new TextTarget(new Transport.UnixSocket("/s"), null, "/v1", []), workload, request, _ => { }).RunAsync(TestContext.Current.CancellationToken);

        LoadView.Print(output, result, "/kept/here");

        Assert.All(
            ["首词元时延 TTFT", "每词元时延 TPOT", "有效吞吐量 goodput", "(last - first content) / (tokens - 1)", "100 ms", "/kept/here", "seed 1", "valid"],
            words => Assert.Contains(words, output.ToString(), StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Command Command(ConstantDriver driver) =>
        LoadCommand.Create(
            new Machine { Root = _folder, DataFolder = _folder, HostFile = "none" },
            new LoadParts(() => driver, driver, _ => throw new InvalidOperationException("no tokenizer is asked for")));

    private Task<int> LoadAsync(ConstantDriver driver, params string[] arguments) => LoadUntilAsync(driver, arguments, TestContext.Current.CancellationToken);

    private Task<int> LoadUntilAsync(ConstantDriver driver, string[] arguments, CancellationToken cancelled) =>
        Command(driver).Parse([.. arguments, "--out", Path.Combine(_folder, "out"), "--json"])
            .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = TextWriter.Null }, cancelled);

    /// <summary>Every request is answered after 100 ms, then a token each 10 ms; the pace server exactly as it should.</summary>
    private sealed class ConstantDriver : ITextLoadDriver, IPaceServer, IRunningPace
    {
        private const long Ms = 1_000_000;
        private static readonly Transport Pace = new Transport.UnixSocket("/pace");

        public int Loads { get; private set; }

        public Action<int>? OnLoad { get; init; }

        public Transport? Server { get; private set; }

        public string? Path { get; private set; }

        public ImmutableArray<KeyValuePair<string, string>> Headers { get; private set; } = [];

        Transport IRunningPace.Transport => Pace;

        public Task<IRunningPace> StartAsync(PaceSpec spec, CancellationToken cancellationToken) => Task.FromResult<IRunningPace>(this);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public Task<TextLoadResult> RunAsync(TextLoadSpec spec, IProgress<TextLoadProgress>? progress, CancellationToken cancellationToken)
        {
            var isPace = spec.Transport == Pace;
            if (!isPace)
            {
                OnLoad?.Invoke(++Loads);
                (Server, Path, Headers) = (spec.Transport, spec.Requests[0].Path, spec.Headers);
            }

            cancellationToken.ThrowIfCancellationRequested();
            var streams = ((Arrivals.Concurrent)spec.Arrivals).Streams;
            var (first, gap) = isPace ? (20 * Ms, 20 * Ms) : (100 * Ms, 10 * Ms);
            var samples = spec.Requests.Select((request, i) =>
            {
                using var body = JsonDocument.Parse(request.Body);
                var tokens = body.RootElement.GetProperty("max_tokens").GetInt32();
                var start = i / streams * (first + (gap * (tokens - 1)));
                return new TextSample
                {
                    Request = i,
                    Due = start,
                    Sent = start,
                    FirstByte = start + first,
                    Ended = start + first + (gap * (tokens - 1)),
                    Status = 200,
                    Chunks = [.. Enumerable.Range(0, tokens).Select(token => new TextChunk(start + first + (gap * token), true, "w", [token]))],
                };
            }).ToImmutableArray();
            return Task.FromResult(new TextLoadResult(samples, samples[^1].Ended, null, 0));
        }
    }
}

using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>What all text loads of a certification have in common.</summary>
/// <param name="Streams">Requests at a time that the profile says the server answers.</param>
/// <param name="AnswerWithin">Longest wait for one answer.</param>
internal sealed record TextSetting(
    ITextLoadDriver Driver, IPaceServer Pace, ITokenizer? Tokenizer, string Model, int Streams, TimeSpan AnswerWithin, Declaration Declared);

/// <summary>A load with the client's own error on either side of it.</summary>
internal sealed record CalibratedLoad(TextLoad Load, Calibration Before, Calibration After)
{
    public Measurement AddTo(Measurement measurement, string prefix)
    {
        var with = measurement.With(prefix, Load);
        return with with
        {
            Series =
            [
                .. with.Series,
                new Series(prefix + "client_error.before", "ns", Before.FirstToken),
                new Series(prefix + "client_error.after", "ns", After.FirstToken),
            ],
        };
    }
}

/// <summary>One server under text loads; no two of its requests have the same prompt.</summary>
/// <param name="account">Told of every load, and whether it is a probe; throws where it shows that the server is broken.</param>
internal sealed class TextStand(TextSetting setting, Transport transport, Func<TextOutcome, bool, CancellationToken, Task> account)
{
    private const long FirstSeed = 20261122; // of schedules and prompts; each workload of a server gets the next one
    private const int OpenConnections = 256; // all are open before a Poisson load begins
    private const int MostConnections = 16_384;
    private readonly HonestyGate _gate = new(setting.Pace, setting.Driver);
    private long _seed = FirstSeed;

    public TextSetting Setting => setting;

    /// <summary>Starts a workload and warms the server up with it.</summary>
    /// <param name="isOpen">Whether its load is a Poisson one.</param>
    /// <param name="requestLimit">Null: as long as one answer may take.</param>
    public async Task<TextBench> WarmAsync(int promptTokens, int outputTokens, bool isOpen, TimeSpan? requestLimit, CancellationToken cancellationToken)
    {
        var spec = new WorkloadSpec { Model = setting.Model, PromptTokens = promptTokens, OutputTokens = outputTokens, Seed = _seed++ };
        var bench = new TextBench(
            setting.Driver, new TextTarget(transport, null, "/v1", []), new TextWorkload(spec, setting.Tokenizer),
            requestLimit ?? setting.AnswerWithin, isOpen ? OpenConnections : MostConnections, progress: null);
        await ProbeAsync(bench, new TextScenario.FixedConcurrency(setting.Streams), new LoadExtent(2 * setting.Streams, null), cancellationToken);
        return bench;
    }

    /// <summary>Drives a load, the client's error measured before and after it.</summary>
    public async Task<CalibratedLoad> MeasureAsync(TextBench bench, TextScenario scenario, LoadExtent extent, CancellationToken cancellationToken)
    {
        var before = await CalibrateAsync(bench, scenario, cancellationToken);
        var load = await LoadAsync(bench, scenario, extent, cancellationToken);
        return new(load, before, await CalibrateAsync(bench, scenario, cancellationToken));
    }

    public Task<TextLoad> LoadAsync(TextBench bench, TextScenario scenario, LoadExtent extent, CancellationToken cancellationToken) =>
        LoadAsync(bench, scenario, extent, isProbe: false, cancellationToken);

    /// <summary>Drives a load that only prepares others, and of which nothing is kept: so every request of it must be answered, or nobody would see which was not.</summary>
    public Task<TextLoad> ProbeAsync(TextBench bench, TextScenario scenario, LoadExtent extent, CancellationToken cancellationToken) =>
        LoadAsync(bench, scenario, extent, isProbe: true, cancellationToken);

    private async Task<TextLoad> LoadAsync(TextBench bench, TextScenario scenario, LoadExtent extent, bool isProbe, CancellationToken cancellationToken)
    {
        var outcome = await bench.RunAsync(scenario, extent, cancellationToken);
        await account(outcome, isProbe, cancellationToken);
        return outcome.Load;
    }

    /// <remarks>Of all that an offline load submits, a server streams as many answers at a time as its profile says; the rest wait and cost the client nothing.</remarks>
    private Task<Calibration> CalibrateAsync(TextBench bench, TextScenario scenario, CancellationToken cancellationToken) => _gate.MeasureAsync(
        scenario is TextScenario.Offline ? new TextScenario.FixedConcurrency(setting.Streams) : scenario, OpenConnections > scenario.Streams ? OpenConnections : MostConnections,
        bench.Workload.Spec.Seed, cancellationToken);
}

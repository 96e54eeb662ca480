using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What <c>adapt load</c> is asked for.</summary>
public sealed record LoadRequest
{
    /// <summary>single, multi, server, offline, concurrency, sweep or search.</summary>
    public required string Scenario { get; init; }

    /// <summary>As the user gave it, without secrets.</summary>
    public required string Server { get; init; }

    public required LoadExtent Extent { get; init; }

    /// <summary>Thousandths of a request per second: of a server load, and where a search begins.</summary>
    public required long RateMilli { get; init; }

    /// <summary>Of a fixed concurrency; the most of a sweep.</summary>
    public required int Streams { get; init; }

    public required TextLimits Limits { get; init; }

    public HonestyLimits Honesty { get; init; } = new();

    public TimeSpan RequestLimit { get; init; } = TimeSpan.FromMinutes(10);

    public int MaxConnections { get; init; } = 512;
}

/// <summary>How a session ended.</summary>
public enum LoadEnd
{
    /// <summary>The figures are valid and keep to the limits, if any were given.</summary>
    Valid,

    /// <summary>The figures are valid and show that a limit is not kept.</summary>
    LimitsMissed,

    /// <summary>The figures are void, or too few to tell.</summary>
    Void,

    /// <summary>Cancelled: what had been measured by then is there.</summary>
    CutOff,
}

/// <summary>All that a session measured.</summary>
/// <param name="Found">Of a search.</param>
public sealed record LoadSessionResult(
    LoadRequest Request, WorkloadSpec Workload, ImmutableArray<LoadPoint> Points, RateFound? Found, LoadEnd End, LocalText Reason);

/// <summary>What goes on in a session, told as it happens.</summary>
public abstract record LoadEvent
{
    private LoadEvent()
    {
    }

    public sealed record Doing(LocalText What) : LoadEvent;

    /// <param name="Point">Name of the load that runs.</param>
    public sealed record Underway(string Point, TextLoadProgress Progress) : LoadEvent;

    public sealed record Measured(LoadPoint Point) : LoadEvent;
}

/// <summary>Measures a server as it is asked to: warm-up, calibration, load, calibration, point by point.</summary>
/// <param name="show">Told from any thread.</param>
public sealed class LoadSession(ITextLoadDriver driver, IPaceServer pace, TextTarget target, TextWorkload workload, LoadRequest request, Action<LoadEvent> show)
{
    private const int WarmUpRequests = 4;
    private const long SaturationGainPpm = 50_000;
    private const long SearchPrecisionPpm = 50_000;
    private const int SearchProbes = 16;
    private const int PerMille = 990;

    private readonly ImmutableArray<LoadPoint>.Builder _points = ImmutableArray.CreateBuilder<LoadPoint>();
    private readonly HonestyGate _gate = new(pace, driver);
    private string _point = "";

    /// <summary>Measures until it is done or cancelled; a cancelled session returns what it has, the load that ran included.</summary>
    /// <exception cref="BadInputException">The server does not do what is asked of it: unknown model, no streaming, a key that it does not take.</exception>
    /// <exception cref="BrokenEnvironmentException">The server cannot be reached, or this machine does not let it try.</exception>
    public async Task<LoadSessionResult> RunAsync(CancellationToken cancellationToken)
    {
        RateFound? found = null;
        try
        {
            show(new LoadEvent.Doing(new("asking the server once", "试探服务器")));
            await ServerProbe.AskAsync(driver, target, workload, request, cancellationToken);
            var bench = Bench(cancellationToken);
            show(new LoadEvent.Doing(new("warming up", "预热")));
            await bench.WarmUpAsync(Math.Max(1, Math.Min(request.Streams, WarmUpRequests)), WarmUpRequests, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested(); // a load that was stopped returns
            found = await CarryOutAsync(bench, cancellationToken);
            return Result(found, isCutOff: false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Result(found, isCutOff: true);
        }
    }

    private TextBench Bench(CancellationToken stop) => new(
        new SoftlyStopped(driver, stop), target, workload, request.RequestLimit, request.MaxConnections, new Relay(progress => show(new LoadEvent.Underway(_point, progress))));

    private async Task<RateFound?> CarryOutAsync(TextBench bench, CancellationToken cancellationToken)
    {
        TextScenario? one = request.Scenario switch
        {
            "single" => new TextScenario.SingleStream(),
            "multi" => new TextScenario.MultiStream(Math.Max(1, request.Streams)),
            "server" => new TextScenario.Server(request.RateMilli),
            "offline" => new TextScenario.Offline(),
            "concurrency" => new TextScenario.FixedConcurrency(request.Streams),
            _ => null,
        };
        if (one is not null)
        {
            await MeasureAsync(bench, one.Name, one, request.Extent, cancellationToken);
            return null;
        }

        if (request.Scenario == "sweep")
        {
            await SweepAsync(bench, cancellationToken);
            return null;
        }

        var search = new RateSearch(
            (rate, count, token) => ProbeAsync(bench, rate, count, token), request.Extent.Requests ?? EarlyStopping.Needed(1, PerMille, LoadFigures.ConfidencePpm), SearchPrecisionPpm, SearchProbes);
        return await search.RunAsync(request.RateMilli, cancellationToken);
    }

    private async Task SweepAsync(TextBench bench, CancellationToken cancellationToken)
    {
        long? before = null;
        for (var streams = 1; streams <= request.Streams; streams *= 2)
        {
            var extent = request.Extent.Requests is { } most ? request.Extent with { Requests = Math.Max(most, 4 * streams) } : request.Extent;
            var point = await MeasureAsync(
                bench, string.Create(CultureInfo.InvariantCulture, $"c{streams}"), new TextScenario.FixedConcurrency(streams), extent, cancellationToken);
            if (point.BrokenOff is not null || point.Stage is not { } stage)
                return;
            var rate = stage.OutputRateMilli(point.Load);
            if (before is { } last && ((Int128)rate - last) * 1_000_000 < (Int128)last * SaturationGainPpm)
                return;
            before = rate;
        }
    }

    private async Task<SloAnswer> ProbeAsync(TextBench bench, long rateMilli, int count, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"probe{_points.Count + 1}");
        var point = await MeasureAsync(bench, name, new TextScenario.Server(rateMilli), new LoadExtent(count, null), cancellationToken);
        return point.Voids().IsEmpty ? RateSearch.Judge(point.Load, request.Limits, PerMille, LoadFigures.ConfidencePpm) : SloAnswer.Open;
    }

    private async Task<LoadPoint> MeasureAsync(TextBench bench, string name, TextScenario scenario, LoadExtent extent, CancellationToken cancellationToken)
    {
        _point = name;
        show(new LoadEvent.Doing(new($"{name}: calibrating the client", $"{name}：校准客户端")));
        var before = await _gate.MeasureAsync(scenario, request.MaxConnections, workload.Spec.Seed, cancellationToken);
        show(new LoadEvent.Doing(new($"{name}: measuring", $"{name}：测量中")));
        var outcome = await bench.RunAsync(scenario, extent, cancellationToken);
        if (outcome.Load.Requests.IsEmpty)
            cancellationToken.ThrowIfCancellationRequested(); // stopped before any answer: there is nothing to keep
        show(new LoadEvent.Doing(new($"{name}: calibrating the client again", $"{name}：再次校准客户端")));
        Calibration after;
        try
        {
            after = await _gate.MeasureAsync(scenario, request.MaxConnections, workload.Spec.Seed, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // what the server answered is there; that nobody looked at the client again makes it void, and says so
            _points.Add(new LoadPoint(name, outcome.Load, outcome.Samples, outcome.BrokenOff, before, Calibration.None, request.Honesty));
            throw;
        }

        var point = new LoadPoint(name, outcome.Load, outcome.Samples, outcome.BrokenOff, before, after, request.Honesty);
        _points.Add(point);
        show(new LoadEvent.Measured(point));
        return point;
    }

    private LoadSessionResult Result(RateFound? found, bool isCutOff)
    {
        var points = _points.ToImmutable();
        var (end, reason) = isCutOff ? (LoadEnd.CutOff, new LocalText("interrupted; what was measured by then is kept", "已中断；保留此前测得的数据")) : LoadJudgement.Of(request, points, found);
        return new(request, workload.Spec, points, found, end, reason);
    }

    /// <summary>Lets a load that is cancelled end with what it has.</summary>
    private sealed class SoftlyStopped(ITextLoadDriver driver, CancellationToken stop) : ITextLoadDriver
    {
        public Task<TextLoadResult> RunAsync(TextLoadSpec spec, IProgress<TextLoadProgress>? progress, CancellationToken cancellationToken) =>
            driver.RunAsync(spec with { Stop = stop }, progress, CancellationToken.None);
    }

    private sealed class Relay(Action<TextLoadProgress> told) : IProgress<TextLoadProgress>
    {
        public void Report(TextLoadProgress value) => told(value);
    }
}

using System.Collections.Immutable;
using System.Runtime;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Drives a text load over plain HTTP/1.1: kernel receive stamps, a schedule that nothing holds up, and no parsing before the end.</summary>
/// <remarks>
/// Safe for concurrent use, though two loads at once disturb each other. No request but those of the load is sent. In an open loop, as many connections
/// as the load may have are open before it starts (no more than requests): keep <see cref="TextLoadSpec.MaxConnections"/> below what the server serves.
/// In an open loop over TCP, what arrives within half a millisecond may be read together. Its times are the kernel's; but chunks of one answer that
/// came so close are one receive then, and all but the last of them not exact.
/// </remarks>
public sealed class TextLoadDriver : ITextLoadDriver
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestLimit = TimeSpan.FromDays(1);
    private readonly Lazy<Task> _warm = new(TextWarmUp.RunAsync);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The specification contradicts itself, or cannot be sent.</exception>
    public async Task<TextLoadResult> RunAsync(TextLoadSpec spec, IProgress<TextLoadProgress>? progress, CancellationToken cancellationToken)
    {
        Validate(spec);
        cancellationToken.ThrowIfCancellationRequested();
        await _warm.Value.WaitAsync(cancellationToken);
        return await DriveAsync(spec, progress, cancellationToken);
    }

    /// <summary>Drives without warming up first.</summary>
    internal static async Task<TextLoadResult> DriveAsync(TextLoadSpec spec, IProgress<TextLoadProgress>? progress, CancellationToken cancellationToken)
    {
        byte[][] heads = [.. spec.Requests.Select(request => TextRequestHead.Write(spec, request))];
        using var run = new TextLoadRun(spec, heads);
        var driving = OnOwnThread(() => Drive(run, spec, cancellationToken));
        while (progress is not null && await Task.WhenAny(driving, Task.Delay(Between, TimeProvider.System, CancellationToken.None)) != driving)
        {
            if (run.Started != 0)
                progress.Report(run.Progress());
        }

        return await driving;
    }

    private static TextLoadResult Drive(TextLoadRun run, TextLoadSpec spec, CancellationToken cancellationToken)
    {
        using var opener = new TextOpener(run, spec);
        var count = run.Streams > 0 ? run.Streams : Math.Min(spec.MaxConnections, spec.Requests.Length);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, spec.Stop);
        try
        {
            if (opener.OpenAll(count, either.Token) is { } refusal)
                return new([], 0, refusal, 0);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new([], 0, TextLoadRun.Stopped, 0);
        }

        var collection = GCSettings.LatencyMode;
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        try
        {
            Drive(run, spec, opener, cancellationToken);
        }
        finally
        {
            GCSettings.LatencyMode = collection;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Read(run, spec, cancellationToken);
    }

    private static void Drive(TextLoadRun run, TextLoadSpec spec, TextOpener opener, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var cancelling = cancellationToken.UnsafeRegister(static run => ((TextLoadRun)run!).Cancel(), run);
        var schedule = new TextSchedule(run, spec.Arrivals);
        var mayRest = spec is { Arrivals: Arrivals.Scheduled, Transport: not Transport.UnixSocket }; // Unix sockets have no receive stamps
        using var stopping = spec.Stop.UnsafeRegister(static run => ((TextLoadRun)run!).Stop(), run);
        run.Begin();
        var opening = OnOwnThread(() => Opening(run, opener, ending.Token));
        try
        {
            schedule.Begin();
            new TextPump(run, schedule, mayRest).Run();
        }
        finally
        {
            run.Cancel(); // tells the opener if this thread failed; does nothing otherwise
            ending.Cancel();
            opening.GetAwaiter().GetResult();
        }
    }

    private static bool Opening(TextLoadRun run, TextOpener opener, CancellationToken ending)
    {
        try
        {
            opener.OpenMissing(ending);
            return true;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return true; // the way it always ends
        }
        finally
        {
            run.Cancel(); // without it, requests could wait for ever
        }
    }

    private static TextLoadResult Read(TextLoadRun run, TextLoadSpec spec, CancellationToken cancellationToken)
    {
        var reader = new TextAnswerReader(run.Started, TextLoadRun.Nanoseconds(spec.RequestLimit));
        var samples = ImmutableArray.CreateBuilder<TextSample>(run.Exchanges.Length);
        foreach (var exchange in run.Exchanges.Where(exchange => exchange is { Due: >= 0, IsOver: true })) // all, unless it was stopped
        {
            cancellationToken.ThrowIfCancellationRequested();
            samples.Add(reader.Read(exchange, spec.Requests[exchange.Request]));
            exchange.Release();
        }

        var ended = samples.Count == 0 ? 0 : samples.Max(sample => sample.Ended);
        return new(samples.ToImmutable(), ended, run.BrokenOff, run.NewConnections) { Started = run.Started };
    }

    private static Task<T> OnOwnThread<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Validate(TextLoadSpec spec)
    {
        if (spec.TlsName is { } name)
        {
            throw new BrokenEnvironmentException(
                $"The load asks for TLS to {name}, and this client speaks plain HTTP only: it takes the kernel's receive stamps, which a TLS stream would hide. "
                + "Let the server listen without TLS, or put a proxy that ends TLS before it, on the server's machine so that the path stays the same, and give its http:// address.");
        }

        ArgumentOutOfRangeException.ThrowIfZero(spec.Requests.Length, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(spec.RequestLimit, TimeSpan.Zero, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(spec.RequestLimit, LongestLimit, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfLessThan(spec.MaxConnections, 1, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfLessThan(spec.AnswerLimit, 1, nameof(spec));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(spec.AnswerLimit, 1 << 30, nameof(spec));
        if (spec.Arrivals is Arrivals.Scheduled(var due) && (due.Length != spec.Requests.Length || due[0] < 0 || !due.SequenceEqual(due.Order())))
        {
            throw new ArgumentException(
                $"The schedule has {due.Length} due times for {spec.Requests.Length} requests; one each is expected, ascending from 0.", nameof(spec));
        }
        if (spec.Arrivals is Arrivals.Concurrent closed)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(closed.Streams, 1, nameof(spec));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(closed.Streams, spec.MaxConnections, nameof(spec));
            ArgumentOutOfRangeException.ThrowIfLessThan(closed.RampUp, TimeSpan.Zero, nameof(spec));
        }
    }
}

using System.Globalization;
using Adaptation.Core;
using Adaptation.Runner;
using Spectre.Console;

namespace Adaptation.Cli;

/// <summary>A status line that moves, with what was done above it, for a person at a terminal.</summary>
internal sealed class LiveView : View
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly Lock _gate = new();
    private readonly List<RunEvent.Judged> _judged = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _drawing;
    private string _doing = "reading the inputs";
    private (long At, TimeSpan Remaining)? _plan;
    private RunEvent.Finished? _finished;

    public LiveView(TimeProvider time)
    {
        (_time, _started) = (time, time.GetTimestamp());
        _drawing = DrawAsync();
    }

    public override void Show(RunEvent what)
    {
        lock (_gate)
        {
            switch (what)
            {
                case RunEvent.Preparing preparing:
                    _doing = preparing.What;
                    AnsiConsole.MarkupLineInterpolated($"[grey]  {preparing.What}[/]");
                    break;
                case RunEvent.Started started:
                    AnsiConsole.MarkupLineInterpolated($"[bold]run {started.RunId}[/]  {started.Plan.ProfileId} × {started.Plan.ModelId} × {started.Plan.Suite}");
                    break;
                case RunEvent.StepStarted step:
                    (_doing, _plan) = (step.Step, (_time.GetTimestamp(), step.Remaining));
                    break;
                case RunEvent.StepKept step:
                    AnsiConsole.MarkupLineInterpolated($"[green]  ✓[/] {step.Step} [grey]kept from before the interruption[/]");
                    break;
                case RunEvent.BackendBroke broke:
                    AnsiConsole.MarkupLineInterpolated($"[red]  ✗ {broke.Step}: the server broke off 服务中断[/]: {Quoted(broke.Reason)}");
                    break;
                case RunEvent.StepFinished step:
                    AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[green]  ✓[/] {step.Step} [grey]{step.Took.TotalSeconds:0.0} s[/]");
                    break;
                case RunEvent.Judged judged:
                    _judged.Add(judged);
                    break;
                case RunEvent.Finished finished:
                    (_doing, _finished) = ("finishing", finished);
                    break;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _drawing;
        _stop.Dispose();
        if (_finished is { } finished)
            Finish(finished);
        await base.DisposeAsync();
    }

    /// <summary>Printed once the moving line is gone, which would draw over it.</summary>
    private void Finish(RunEvent.Finished finished)
    {
        foreach (var (verdict, line) in Verdicts(_judged))
        {
            var colour = verdict switch { Verdict.Pass => "green", Verdict.Fail => "red", Verdict.Inconclusive => "yellow", _ => "grey" };
            AnsiConsole.Write(new Text(line + "\n", Style.Parse(colour)));
        }

        foreach (var line in Ending(finished))
            Console.WriteLine(line);
    }

    private Task DrawAsync() => AnsiConsole.Status().Spinner(Spinner.Known.Dots).StartAsync("starting", async context =>
    {
        while (!_stop.IsCancellationRequested)
        {
            lock (_gate)
            {
                var elapsed = Clock(_time.GetElapsedTime(_started));
                var remaining = _plan is { } plan ? $", about {Clock(Positive(plan.Remaining - _time.GetElapsedTime(plan.At)))} remain" : "";
                context.Status(Markup.Escape($"{_doing}  ({elapsed}{remaining})"));
            }

            await Task.Delay(Tick, _time, _stop.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    });

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}

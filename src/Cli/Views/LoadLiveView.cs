using Adaptation.Runner;
using Spectre.Console;

namespace Adaptation.Cli;

/// <summary>A status line with live figures, for a person at a terminal.</summary>
internal sealed class LoadLiveView : LoadView
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly TimeProvider _time;
    private readonly TextWriter _output;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _drawing;
    private string _doing = "starting";
    private Action? _ending;

    public LoadLiveView(TimeProvider time, TextWriter output)
    {
        (_time, _output) = (time, output);
        _drawing = DrawAsync();
    }

    public override void Show(LoadEvent what)
    {
        lock (_gate)
        {
            switch (what)
            {
                case LoadEvent.Doing doing:
                    _doing = $"{doing.What.En} {doing.What.Zh}";
                    break;
                case LoadEvent.Underway underway:
                    _doing = Line(underway);
                    break;
                case LoadEvent.Measured measured:
                    AnsiConsole.MarkupLineInterpolated($"[green]  ✓[/] {measured.Point.Name} [grey]{measured.Point.Load.Requests.Length} requests[/]");
                    break;
            }
        }
    }

    public override void Finish(LoadSessionResult result, string folder) => _ending = () => Print(_output, result, folder);

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _drawing;
        _stop.Dispose();
        _ending?.Invoke(); // once the moving line is gone, which would draw over it
        await base.DisposeAsync();
    }

    private Task DrawAsync() => AnsiConsole.Status().Spinner(Spinner.Known.Dots).StartAsync("starting", async context =>
    {
        while (!_stop.IsCancellationRequested)
        {
            lock (_gate)
                context.Status(Markup.Escape(_doing));
            await Task.Delay(Tick, _time, _stop.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    });
}

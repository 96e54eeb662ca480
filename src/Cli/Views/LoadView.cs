using System.Globalization;
using System.Text;
using System.Text.Json;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>Shows a load session to whoever watches.</summary>
internal abstract class LoadView : IAsyncDisposable
{
    /// <summary>Told of every event, in order, from any thread.</summary>
    public abstract void Show(LoadEvent what);

    /// <summary>Told once, at the end.</summary>
    public abstract void Finish(LoadSessionResult result, string folder);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static LoadView For(bool json, TimeProvider time) => json ? new LoadJsonView(Console.Out)
        : Console.IsOutputRedirected || Spectre.Console.AnsiConsole.Profile.Capabilities is not { Ansi: true, Interactive: true } ? new LoadPlainView(time, Console.Out)
        : new LoadLiveView(time, Console.Out);

    /// <summary>Every point with every figure and what it means, then how it ended and where it is kept.</summary>
    internal static void Print(TextWriter output, LoadSessionResult result, string folder)
    {
        foreach (var point in result.Points)
        {
            output.WriteLine();
            output.WriteLine($"{point.Name}  ({point.Load.Terms.Scenario}; tokens counted by {point.Load.Terms.CountedBy})");
            Print(output, LoadFigures.Of(point, result.Request.Limits));
            foreach (var text in point.Voids())
                output.WriteLine($"  VOID 无效: {text.Zh} {text.En}");
            foreach (var text in point.Warnings())
                output.WriteLine($"  note 注意: {text.Zh} {text.En}");
        }

        if (result.Found is { } found)
        {
            output.WriteLine();
            Table.Print(output, found.Probes.Select(probe => new[] { $"  {Rate(probe.RateMilli)}", $"{probe.Requests}", probe.Answer.ToString().ToLowerInvariant() })
                .Prepend(["  rate 速率", "requests 请求数", "limits 限值"]));
        }

        output.WriteLine();
        output.WriteLine($"{LoadSummary.EndWord(result.End)}: {result.Reason.Zh} {result.Reason.En}");
        output.WriteLine($"workload 负载: {result.Workload.PromptTokens} -> {result.Workload.OutputTokens} tokens, {(result.Workload.IgnoreEos ? "ignore_eos" : "answers may end early")}, seed {result.Workload.Seed}");
        output.WriteLine($"kept in 结果: {folder}");
    }

    protected static string Line(LoadEvent.Underway underway) => string.Create(CultureInfo.InvariantCulture,
        $"{underway.Point}: {underway.Progress.Elapsed / 1e9:0} s, {underway.Progress.InFlight} in flight, {underway.Progress.Ended} ended, {underway.Progress.Failed} failed, "
        + $"{underway.Progress.Chunks / Math.Max(0.1, underway.Progress.Elapsed / 1e9):0} chunks/s");

    private static void Print(TextWriter output, LoadFigures figures)
    {
        static string Time(long? nanos) => nanos is { } some ? Figures.Number(some, "us") : "–";
        Table.Print(output, figures.Percentiles.Select(row => new[]
        {
            $"  {row.Name.Zh} {row.Name.En}", Time(row.P50), Time(row.P90), Time(row.P99), Time(row.Largest), $"{row.Meaning.Zh} {row.Meaning.En}",
        }).Prepend(["  time 时间", "p50", "p90", "p99", "max", "meaning 含义"]));
        Table.Print(output, figures.Numbers.Select(number => new[]
        {
            $"  {number.Name.Zh} {number.Name.En}", Figures.Number(number.ValueMilli, number.Unit), $"{number.Meaning.Zh} {number.Meaning.En}",
        }));
    }

    private static string Rate(long milli) => string.Create(CultureInfo.InvariantCulture, $"{milli / 1000m:0.###}/s");
}

/// <summary>One line per step, for logs and pipes.</summary>
internal sealed class LoadPlainView(TimeProvider time, TextWriter output) : LoadView
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private long _last = time.GetTimestamp();

    public override void Show(LoadEvent what)
    {
        lock (_gate)
        {
            switch (what)
            {
                case LoadEvent.Doing doing:
                    output.WriteLine($"{doing.What.En} {doing.What.Zh}");
                    break;
                case LoadEvent.Underway underway when time.GetElapsedTime(_last) >= Between:
                    _last = time.GetTimestamp();
                    output.WriteLine(Line(underway));
                    break;
            }
        }
    }

    public override void Finish(LoadSessionResult result, string folder) => Print(output, result, folder);
}

/// <summary>One JSON object per line; the last one is the summary.</summary>
internal sealed class LoadJsonView(TextWriter output) : LoadView
{
    public override void Show(LoadEvent what)
    {
        if (what is LoadEvent.Doing doing)
            Write("doing", doing.What.En);
        else if (what is LoadEvent.Measured measured)
            Write("measured", measured.Point.Name);
    }

    public override void Finish(LoadSessionResult result, string folder)
    {
        Write("kept", folder);
        output.WriteLine(Encoding.UTF8.GetString(LoadSummary.Write(result)));
    }

    private void Write(string kind, string what)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("event", kind);
            json.WriteString("what", what);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }
}

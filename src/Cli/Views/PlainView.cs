using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>One line per event, for logs and pipes.</summary>
internal sealed class PlainView(TimeProvider time, TextWriter output) : View
{
    private readonly long _started = time.GetTimestamp();
    private readonly List<RunEvent.Judged> _judged = [];

    public override void Show(RunEvent what)
    {
        switch (what)
        {
            case RunEvent.Preparing preparing:
                Line(preparing.What);
                break;
            case RunEvent.Started started:
                Line($"run {started.RunId}: {started.Plan.ProfileId} x {started.Plan.ModelId}, suite {started.Plan.Suite}");
                break;
            case RunEvent.StepStarted step:
                Line($"{step.Step}: started, about {Clock(step.Remaining)} remain");
                break;
            case RunEvent.StepKept step:
                Line($"{step.Step}: kept from before the interruption");
                break;
            case RunEvent.BackendBroke broke:
                Line($"{broke.Step}: the server broke off 服务中断: {Quoted(broke.Reason)}");
                break;
            case RunEvent.StepFinished step:
                Line($"{step.Step}: done in {step.Took.TotalSeconds:0.0} s");
                break;
            case RunEvent.Judged judged:
                _judged.Add(judged);
                break;
            case RunEvent.Finished finished:
                foreach (var line in Verdicts(_judged).Select(verdict => verdict.Line).Concat(Ending(finished)))
                    output.WriteLine(line);
                break;
        }
    }

    private void Line(string text) => output.WriteLine($"[{Clock(time.GetElapsedTime(_started))}] {text}");
}

using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>One JSON object per line, each with <c>v</c> (version of this form) and <c>event</c>.</summary>
internal sealed class JsonView(TextWriter output) : View
{
    private static readonly JsonWriterOptions Literal = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override void Show(RunEvent what)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Literal))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            Write(json, what);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }

    private static void Write(Utf8JsonWriter json, RunEvent what)
    {
        switch (what)
        {
            case RunEvent.Preparing preparing:
                Write(json, "preparing", ("what", preparing.What));
                break;
            case RunEvent.Started started:
                Write(json, "started", ("run", started.RunId), ("directory", started.Directory), ("profile", started.Plan.ProfileId), ("model", started.Plan.ModelId), ("suite", started.Plan.Suite));
                break;
            case RunEvent.StepStarted step:
                Write(json, "step-started", ("step", step.Step));
                json.WriteNumber("remainingMillis", (long)step.Remaining.TotalMilliseconds);
                break;
            case RunEvent.StepKept step:
                Write(json, "step-kept", ("step", step.Step));
                break;
            case RunEvent.BackendBroke broke:
                Write(json, "backend-broke", ("step", broke.Step), ("reason", broke.Reason));
                break;
            case RunEvent.StepFinished step:
                Write(json, "step-finished", ("step", step.Step));
                json.WriteNumber("tookMillis", (long)step.Took.TotalMilliseconds);
                break;
            case RunEvent.Judged judged:
                Write(json, "judged", ("check", judged.Finding.Check), ("verdict", judged.Finding.Verdict.Word), ("reason", Reason(judged.Finding.Verdict)), ("note", judged.Finding.Note?.En), ("note_zh", judged.Finding.Note?.Zh));
                Write(json, judged.Finding);
                break;
            case RunEvent.Finished finished:
                Write(json, "finished", ("run", finished.RunId), ("outcome", finished.Judgement.Outcome.ToString().ToLowerInvariant()), ("level", finished.Judgement.Level.ToString()), ("report", finished.Report), ("evidence", finished.Evidence), ("certificate", finished.Certificate));
                Write(json, finished.Changes);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, ImmutableArray<LockDifference> changes)
    {
        if (changes.IsEmpty)
            return;
        json.WriteStartArray("stackChanged");
        foreach (var change in changes)
        {
            json.WriteStartObject();
            json.WriteString("field", change.Field);
            json.WriteString("before", change.First);
            json.WriteString("after", change.Second);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Finding finding)
    {
        json.WriteStartArray("figures");
        foreach (var figure in finding.Figures)
        {
            json.WriteStartObject();
            json.WriteString("name", figure.Name);
            json.WriteString("unit", figure.Unit);
            json.WriteNumber("valueMilli", figure.ValueMilli);
            if (figure.LimitMilli is { } limit)
                json.WriteNumber("limitMilli", limit);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string? Reason(Verdict verdict) => verdict switch
    {
        Verdict.Fail fail => $"{fail.Measured}; limit {fail.Limit}",
        Verdict.Inconclusive inconclusive => inconclusive.Reason,
        Verdict.NotApplicable notApplicable => notApplicable.Reason,
        _ => null,
    };

    private static void Write(Utf8JsonWriter json, string kind, params ReadOnlySpan<(string Name, string? Value)> members)
    {
        json.WriteString("event", kind);
        foreach (var (name, value) in members)
        {
            if (value is not null)
                json.WriteString(name, value);
        }
    }
}

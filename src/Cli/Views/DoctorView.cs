using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>What examinations of a machine found, for people or, a line each, for programs.</summary>
internal sealed class DoctorView(TextWriter output, bool isJson)
{
    private const string Without = "not needed 无需";
    private const int StateWidth = 15, OneLine = 150;
    private static readonly JsonWriterOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Dictionary<ExaminationState, int> _counts = [];
    private readonly List<LocalText> _notNeeded = [];
    private bool _isPrevented;
    private string? _fetch;

    /// <summary>Whether a run can be started: nothing is missing, and nothing is unknown that a run is refused for.</summary>
    public bool IsReady => Count(ExaminationState.Missing) == 0 && !_isPrevented;

    public void Heading(LocalText title, string detail)
    {
        if (!isJson)
            output.WriteLine($"\n{title.En}  {title.Zh}{(detail.Length > 0 ? $"\n  {detail}" : "")}");
    }

    public void Say(string what)
    {
        if (!isJson)
            output.WriteLine($"  {what}");
    }

    public void Show(Examination examination)
    {
        _counts[examination.State] = Count(examination.State) + 1;
        _isPrevented |= examination.PreventsRun;
        _fetch ??= examination.MustBeFetched ? examination.Remedies[0].Command : null;
        if (isJson)
            Write("examination", json => Fields(json, examination));
        else if (examination is { State: ExaminationState.NotNeeded, Notes: [] })
            _notNeeded.Add(examination.What);
        else
            Print(examination);
    }

    /// <summary>Last: what it comes to.</summary>
    public void End(string? profile)
    {
        var (ok, missing, unknown) = (Count(ExaminationState.Ok), Count(ExaminationState.Missing), Count(ExaminationState.Unknown));
        if (isJson)
        {
            Write("doctor", json =>
            {
                if (profile is not null)
                    json.WriteString("profile", profile);
                json.WriteBoolean("ready", IsReady);
                (string, int)[] counts = [("ok", ok), ("missing", missing), ("unknown", unknown), ("not-needed", Count(ExaminationState.NotNeeded))];
                foreach (var (name, count) in counts)
                    json.WriteNumber(name, count);
            });
            return;
        }

        if (_notNeeded.Count > 0)
            output.WriteLine($"  {Table.Pad(Without, StateWidth)}  {string.Join(", ", _notNeeded.Select(what => what.En))}\n{new string(' ', StateWidth + 4)}{string.Join("、", _notNeeded.Select(what => what.Zh))}");
        var (en, zh) = missing > 0 ? ("not ready: mend what is missing, from the top; what stands below often follows from it", "尚未就绪：请从上往下补齐缺失项，后面的缺失往往由前面的引起")
            : _isPrevented ? ("not ready: nothing is missing, but until a copy of the profile states what is not known (marked !) a run is refused, or ends without a certificate", "尚未就绪：没有缺失，但须先在配置副本中写明带 ! 的未知项，否则拒绝运行或无法发证")
            : _fetch is not null ? ($"ready but for what must still be fetched: {_fetch}", $"除须预先获取的内容外已就绪：{_fetch}")
            : unknown > 0 ? ("ready as far as anybody can say: nothing is missing; what is not known, the run decides", "就目前所知已就绪：没有缺失；未知项由实际运行判定")
            : ("ready: everything that a run needs is here", "环境就绪");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{ok} ok, {missing} missing, {unknown} not known  正常 {ok} 项，缺失 {missing} 项，未知 {unknown} 项"));
        output.WriteLine($"{en}\n{zh}");
    }

    private int Count(ExaminationState state) => _counts.GetValueOrDefault(state);

    private void Print(Examination one)
    {
        var (state, indent) = (Table.Pad(State(one), StateWidth), new string(' ', StateWidth + 4));
        var seen = one.Seen;
        var first = seen.En == seen.Zh ? seen.En : one.State != ExaminationState.Missing && $"{one.What.En}{one.What.Zh}{seen.En}{seen.Zh}" is var all && Table.Width(all) < OneLine ? $"{seen.En}  {seen.Zh}" : "";
        output.WriteLine($"  {state}  {one.What.En}  {one.What.Zh}{(first.Length > 0 ? $": {first}" : "")}");
        if (first.Length == 0)
            output.WriteLine($"{indent}{Indented(seen.En, indent)}\n{indent}{Indented(seen.Zh, indent)}");
        foreach (var remedy in one.Remedies)
        {
            output.WriteLine($"{indent}→ {remedy.What.En}  {remedy.What.Zh}");
            if (remedy.Command is { } command)
                output.WriteLine($"{indent}  $ {command}");
        }

        foreach (var note in one.Notes)
            output.WriteLine($"{indent}note 注意: {note.En}  {note.Zh}");
    }

    private static string Indented(string text, string indent) => text.ReplaceLineEndings($"\n{indent}");

    private static string State(Examination one) => one.State switch
    {
        ExaminationState.Ok => "ok 正常",
        ExaminationState.Missing => "MISSING 缺失",
        ExaminationState.Unknown => $"{(one.PreventsRun ? "! " : "")}unknown 未知",
        _ => Without,
    };

    private static void Fields(Utf8JsonWriter json, Examination one)
    {
        json.WriteString("id", one.Id);
        json.WriteString("state", one.State switch { ExaminationState.Ok => "ok", ExaminationState.Missing => "missing", ExaminationState.Unknown => "unknown", _ => "not-needed" });
        if (one.PreventsRun)
            json.WriteBoolean("preventsRun", true);
        Text(json, "what", one.What);
        Text(json, "seen", one.Seen);
        json.WriteStartArray("remedies");
        foreach (var remedy in one.Remedies)
        {
            json.WriteStartObject();
            Text(json, "what", remedy.What);
            if (remedy.Command is not null)
                json.WriteString("command", remedy.Command);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("notes");
        foreach (var note in one.Notes)
        {
            json.WriteStartObject();
            Languages(json, note);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Text(Utf8JsonWriter json, string name, LocalText text)
    {
        json.WriteStartObject(name);
        Languages(json, text);
        json.WriteEndObject();
    }

    private static void Languages(Utf8JsonWriter json, LocalText text)
    {
        json.WriteString("en", text.En);
        json.WriteString("zh", text.Zh);
    }

    private void Write(string name, Action<Utf8JsonWriter> fields)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Literal))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("event", name);
            fields(json);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }
}

using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary><c>verdicts.json</c>, format <c>adaptation.verdicts/v1</c>: the judgement that the run came to, for people and for comparison.</summary>
public static class VerdictsFile
{
    private const int MaxBytes = 16 << 20;
    private const string Schema = "adaptation.verdicts/v1";

    public static byte[] Write(Judgement judgement) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("schema", Schema);
        writer.WriteString("outcome", Words.Of(judgement.Outcome));
        writer.WriteString("level", Words.Of(judgement.Level));
        writer.WriteTexts("caps", judgement.Caps);
        writer.WriteStartArray("findings");
        foreach (var finding in judgement.Findings)
            Write(writer, finding);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">With a code VERDICTS_*.</exception>
    public static Judgement Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "VERDICTS", MaxBytes, JsonShape.Free);
        var root = new JsonMembers(document.RootElement, "VERDICTS", "");
        root.Expect("schema", Schema);
        var judgement = new Judgement(
            Words.TryOutcome(root.Text("outcome")) ?? throw root.Refuse("MEMBER", "outcome is unknown"),
            Words.TryLevel(root.Text("level")) ?? throw root.Refuse("MEMBER", "level is unknown"),
            root.Texts("caps"),
            root.Objects("findings", ReadFinding));
        root.RefuseOthers();
        return judgement;
    }

    private static void Write(Utf8JsonWriter writer, Finding finding)
    {
        writer.WriteStartObject();
        writer.WriteString("check", finding.Check);
        writer.WriteString("verdict", finding.Verdict.Word);
        if (finding.Verdict is Verdict.Fail fail)
        {
            writer.WriteString("measured", fail.Measured);
            writer.WriteString("limit", fail.Limit);
        }
        writer.WriteOptional("reason", ReasonOf(finding.Verdict));
        if (finding.Note is { } note)
        {
            writer.WriteStartObject("note");
            writer.WriteString("en", note.En);
            writer.WriteString("zh", note.Zh);
            writer.WriteEndObject();
        }

        writer.WriteStartArray("figures");
        foreach (var figure in finding.Figures)
            FigureJson.Write(writer, figure);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string? ReasonOf(Verdict verdict) => verdict switch
    {
        Verdict.Inconclusive inconclusive => inconclusive.Reason,
        Verdict.NotApplicable notApplicable => notApplicable.Reason,
        _ => null,
    };

    private static Finding ReadFinding(JsonMembers finding)
    {
        Verdict verdict = finding.Text("verdict") switch
        {
            "pass" => new Verdict.Pass(),
            "fail" => new Verdict.Fail(finding.Text("measured"), finding.Text("limit")),
            "inconclusive" => new Verdict.Inconclusive(finding.Text("reason")),
            "not_applicable" => new Verdict.NotApplicable(finding.Text("reason")),
            var other => throw finding.Refuse("MEMBER", $"verdict {JsonGate.Quote(other)} is unknown"),
        };
        var read = new Finding(finding.Identity("check"), verdict, finding.Objects("figures", FigureJson.Read))
        {
            Note = finding.TryObject("note") is { } note ? ReadNote(note) : null,
        };
        finding.RefuseOthers();
        return read;
    }

    private static LocalText ReadNote(JsonMembers note)
    {
        var read = new LocalText(note.Text("en"), note.Text("zh"));
        note.RefuseOthers();
        return read;
    }
}

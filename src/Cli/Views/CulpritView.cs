using System.Globalization;
using System.Text;
using System.Text.Json;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>Shows a search for a culprit line by line, and how it ended; the same for a replay.</summary>
internal sealed class CulpritView(bool json)
{
    public const string Itself = "held against itself: a fault that every run of it has cannot show  参考端与被测端相同，固有错误无法显现";

    public static void Announce(string what) => Console.Error.WriteLine($"adapt: {what}");

    public void Show(CulpritEvent what) => (json ? Console.Error : Console.Out).WriteLine(Line(what));

    /// <param name="isItself">Whether the reference is the tested profile: that no culprit was found then says little, and the last line has to say so.</param>
    public void Ended(CulpritResult result, string? file, string server, bool isItself)
    {
        var replay = file is null ? null : $"adapt replay {(file.Contains(' ', StringComparison.Ordinal) ? $"'{file}'" : file)} {server}";
        if (json)
            Console.WriteLine(Json(writer => Write(writer, result, file, replay, isItself)));
        else
            Console.Write(Text(result, file, replay, isItself));
    }

    public void Replayed(Reproducer reproducer, string server, ReplayResult result)
    {
        if (json)
            Console.WriteLine(Json(writer => Write(writer, reproducer, result)));
        else
            Console.Write(Text(reproducer, server, result));
    }

    internal static string Line(CulpritEvent what) => what switch
    {
        CulpritEvent.Stage stage => $"{stage.English}  {stage.Chinese}",
        CulpritEvent.Compared one => string.Create(CultureInfo.InvariantCulture,
            $"  {one.Place,4}/{one.Of}  {one.Node}  {one.Operator}  {one.Gap.DataType}[{string.Join(',', one.Gap.Shape)}]  {How(one.How)}: {Times(one.Gap)}  {(one.Gap.IsWithin ? "within 在带内" : "OUT 超出")}"),
        CulpritEvent.Open open => $"  {open.Place.ToString(CultureInfo.InvariantCulture),4}/{open.Of.ToString(CultureInfo.InvariantCulture)}  {open.Node}  {open.Operator}  left open 未决: {open.Why}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    internal static string Text(CulpritResult result, string? file, string? replay, bool isItself)
    {
        var text = new StringBuilder("\n");
        switch (result)
        {
            case CulpritResult.Found found:
                text.Append(CultureInfo.InvariantCulture, $"culprit 问题节点: {string.Join(" + ", found.Names)} ({found.Operator})\n  {found.What}\n");
                text.Append(CultureInfo.InvariantCulture, $"  reproducer 复现文件: {file} ({new FileInfo(file!).Length / 1024.0:0} KiB)\n  {replay}\n");
                break;
            case CulpritResult.NoCulprit:
                text.Append(CultureInfo.InvariantCulture, $"no culprit 未发现问题节点: {result.Compared} tensors of {result.Nodes} nodes compared; the model's outputs agree with the reference, and so does every node that was asked alone  输出与单独检验的节点均与参考一致\n");
                break;
            case CulpritResult.Unexplained unexplained:
                text.Append(CultureInfo.InvariantCulture, $"not found 未能定位: {unexplained.Why}\n");
                break;
        }

        foreach (var note in result.Notes)
            text.Append(CultureInfo.InvariantCulture, $"  left open 未决: {note}\n");
        if (isItself)
            text.Append(CultureInfo.InvariantCulture, $"  {Itself}\n");
        return text.ToString();
    }

    internal static string Text(Reproducer reproducer, string server, ReplayResult result)
    {
        var facts = reproducer.Facts;
        var text = new StringBuilder($"{string.Join(" + ", facts.Nodes)} ({facts.Operator}) of {facts.Model}, expected values by {facts.Reference}, asked of {server}\n");
        switch (result)
        {
            case ReplayResult.Answered answered:
                foreach (var gap in answered.Gaps)
                {
                    text.Append(CultureInfo.InvariantCulture, $"  {gap.Name} {gap.DataType}[{string.Join(',', gap.Shape)}]: {Times(gap)}\n");
                    if (!gap.IsWithin)
                        text.Append(CultureInfo.InvariantCulture, $"    {gap.Outside} of {gap.Count} elements differ; at {gap.Where}: seen 实测 {gap.Seen}, expected 期望 {gap.Expected}, tolerance 容差 {gap.Tolerance}\n");
                }

                text.Append(answered.IsPass ? "PASS 通过\n" : "DIFFERS 不一致\n");
                break;
            case ReplayResult.Failed failed:
                text.Append(CultureInfo.InvariantCulture, $"  {failed.What}\nNO ANSWER 无应答\n");
                break;
            case ReplayResult.Refused refused:
                text.Append(CultureInfo.InvariantCulture, $"  {refused.Reason}\nREFUSED 服务端拒绝该模型\n");
                break;
        }

        return text.ToString();
    }

    private static string How(CulpritScope how) => how switch
    {
        CulpritScope.Model => "in the model 模型内",
        CulpritScope.Beginning => "model cut here 截断于此",
        CulpritScope.Alone => "alone 单独",
        _ => "with those before 连同前序",
    };

    private static string Times(TensorGap gap) => gap switch
    {
        { Count: 0 } => "no elements 无元素",
        _ when double.IsPositiveInfinity(gap.Worst) => "not comparable by size 不可按大小比较",
        _ => string.Create(CultureInfo.InvariantCulture, $"{gap.Worst:0.###} x tolerance 倍容差"),
    };

    private static void Write(Utf8JsonWriter json, CulpritResult result, string? file, string? replay, bool isItself)
    {
        json.WriteString("result", result switch { CulpritResult.Found => "found", CulpritResult.NoCulprit => "none", _ => "unexplained" });
        json.WriteNumber("nodes", result.Nodes);
        json.WriteNumber("compared", result.Compared);
        json.WriteBoolean("itself", isItself);
        if (result is CulpritResult.Found found)
        {
            json.WriteStartArray("culprit");
            foreach (var name in found.Names)
                json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteString("operator", found.Operator);
            json.WriteString("what", found.What);
            json.WriteString("file", file);
            json.WriteString("replay", replay);
        }
        else if (result is CulpritResult.Unexplained unexplained)
        {
            json.WriteString("why", unexplained.Why);
        }

        json.WriteStartArray("notes");
        foreach (var note in result.Notes)
            json.WriteStringValue(note);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Reproducer reproducer, ReplayResult result)
    {
        json.WriteString("result", result switch { ReplayResult.Answered { IsPass: true } => "pass", ReplayResult.Answered => "differs", ReplayResult.Failed => "no-answer", _ => "refused" });
        json.WriteString("model", reproducer.Facts.Model);
        json.WriteString("operator", reproducer.Facts.Operator);
        if (result is not ReplayResult.Answered answered)
        {
            json.WriteString("why", result is ReplayResult.Failed failed ? failed.What : ((ReplayResult.Refused)result).Reason);
            return;
        }

        json.WriteStartArray("outputs");
        foreach (var gap in answered.Gaps)
        {
            json.WriteStartObject();
            json.WriteString("name", gap.Name);
            json.WriteBoolean("within", gap.IsWithin);
            json.WriteNumber("elements", gap.Count);
            json.WriteNumber("outside", gap.Outside);
            json.WriteString("where", gap.Where);
            json.WriteString("seen", gap.Seen);
            json.WriteString("expected", gap.Expected);
            json.WriteString("tolerance", gap.Tolerance);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Json(Action<Utf8JsonWriter> members)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}

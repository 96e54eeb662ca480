using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>What a session of operators found, for people and for programs.</summary>
/// <param name="Seed">Of the generated cases.</param>
public sealed record OperatorReport(string Profile, string ToolVersion, ulong Seed, TimeSpan Took, ImmutableArray<OperatorOutcome> Outcomes)
{
    public int Passed => Outcomes.Count(outcome => outcome.Result is OperatorResult.Pass);

    public int Failed => Outcomes.Count(outcome => outcome.Result is OperatorResult.Fail);

    public int Unsupported => Outcomes.Count(outcome => outcome.Result is OperatorResult.Unsupported);

    /// <summary>One row per operator: how many passed, failed and were unsupported in each type; operators and types sorted.</summary>
    public ImmutableArray<(string Operator, string DataType, int Passed, int Failed, int Unsupported)> Cells() =>
    [
        .. Outcomes.Select(outcome => outcome.Result).GroupBy(result => (result.Operator, result.DataType))
            .OrderBy(cell => cell.Key.Operator, StringComparer.Ordinal).ThenBy(cell => cell.Key.DataType, StringComparer.Ordinal)
            .Select(cell => (cell.Key.Operator, cell.Key.DataType, cell.Count(result => result is OperatorResult.Pass), cell.Count(result => result is OperatorResult.Fail), cell.Count(result => result is OperatorResult.Unsupported))),
    ];

    /// <summary>A line for each case that failed, in the order of asking.</summary>
    public IEnumerable<string> Failures => Outcomes.Where(outcome => outcome.Result is OperatorResult.Fail).Select(outcome => Line(outcome.Source, (OperatorResult.Fail)outcome.Result));

    /// <summary><c>results.json</c>, adaptation.operator-results/v1.</summary>
    public byte[] Json()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("schema", "adaptation.operator-results/v1");
            json.WriteString("profile", Profile);
            json.WriteString("tool", ToolVersion);
            json.WriteString("seed", Seed.ToString(CultureInfo.InvariantCulture));
            json.WriteNumber("millis", (long)Took.TotalMilliseconds);
            json.WriteNumber("passed", Passed);
            json.WriteNumber("failed", Failed);
            json.WriteNumber("unsupported", Unsupported);
            json.WriteStartArray("cases");
            foreach (var (source, result) in Outcomes)
                Write(json, source, result);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <summary><c>report.txt</c>: the table, then every failure and every reason for what is unsupported.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Operators 算子  {Profile}\n{Passed} passed 通过, {Failed} failed 失败, {Unsupported} unsupported 不支持; seed 种子 {Seed}; {Took.TotalSeconds:0.0} s\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{"operator 算子",-36} {"type 类型",-10} {"pass 通过",8} {"fail 失败",8} {"unsupported 不支持",12}\n");
        foreach (var cell in Cells())
            text.Append(CultureInfo.InvariantCulture, $"{cell.Operator,-36} {cell.DataType,-10} {cell.Passed,8} {cell.Failed,8} {cell.Unsupported,12}\n");
        text.Append("\nfailed 失败\n");
        foreach (var failure in Failures)
            text.Append(CultureInfo.InvariantCulture, $"  {failure}\n");
        text.Append("\nunsupported 不支持\n");
        foreach (var (source, result) in Outcomes.Where(outcome => outcome.Result is OperatorResult.Unsupported))
            text.Append(CultureInfo.InvariantCulture, $"  {result.Id} ({source}, {result.Operator}, {result.DataType}, opset {result.Opset}): {((OperatorResult.Unsupported)result).Reason}\n");
        return text.ToString();
    }

    private static string Line(string source, OperatorResult.Fail fail) => string.Create(
        CultureInfo.InvariantCulture, $"{fail.Id} ({source}, {fail.Operator}, {fail.DataType}, opset {fail.Opset}): {fail.What}; seen 实测 {fail.Seen}; expected 期望 {fail.Expected}");

    private static void Write(Utf8JsonWriter json, string source, OperatorResult result)
    {
        json.WriteStartObject();
        json.WriteString("id", result.Id);
        json.WriteString("source", source);
        json.WriteString("operator", result.Operator);
        json.WriteString("type", result.DataType);
        json.WriteNumber("opset", result.Opset);
        json.WriteString("result", result.Word);
        if (result is OperatorResult.Fail fail)
        {
            json.WriteString("what", fail.What);
            json.WriteString("seen", fail.Seen);
            json.WriteString("expected", fail.Expected);
        }
        else if (result is OperatorResult.Unsupported unsupported)
        {
            json.WriteString("reason", unsupported.Reason);
        }

        json.WriteEndObject();
    }
}

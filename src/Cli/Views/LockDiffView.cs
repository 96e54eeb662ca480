using System.Text;
using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary>Two combinations side by side, and what that means.</summary>
internal static class LockDiffView
{
    private const int Widest = 72;
    private const int MaxOfList = 3;
    private static readonly JsonWriterOptions Literal = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print(TextWriter output, LockInput first, LockInput second, LockComparison comparison)
    {
        var (word, meaning) = Answer(comparison.Coverage);
        output.WriteLine($"{word}  {meaning.Zh}  {meaning.En}");
        output.WriteLine($"  first 甲    {Named(first)}");
        output.WriteLine($"  second 乙   {Named(second)}");
        if (comparison.Rule is { } rule)
            output.WriteLine($"  rule 规则   {rule}: {Rule.Zh}  {Rule.En}");
        foreach (var group in comparison.Differences.GroupBy(difference => difference.Meaning))
        {
            output.WriteLine();
            var heading = Heading(group.Key);
            output.WriteLine($"{heading.Zh}  {heading.En}");
            foreach (var list in group.GroupBy(difference => difference.Field.Split('[')[0], StringComparer.Ordinal))
            {
                foreach (var difference in list.Take(MaxOfList))
                    Print(output, difference);
                if (list.Count() > MaxOfList)
                    output.WriteLine($"  {list.Key}  另有 {list.Count() - MaxOfList} 项，--json 列出全部  {list.Count() - MaxOfList} more; --json lists all");
            }
        }

        if (first.Detail is null || second.Detail is null)
            output.WriteLine("\n证书不含锁的 detail 部分，仅比较 combination。  A certificate has no detail of its lock: combinations alone were compared.");
        var advice = Advice(first, comparison);
        output.WriteLine();
        output.WriteLine($"{advice.Zh}\n{advice.En}");
    }

    private static void Print(TextWriter output, LockDifference difference)
    {
        output.WriteLine($"  {difference.Field}{(difference.Meaning == FieldMeaning.Detail ? "" : $"  {difference.Why.Zh}  {difference.Why.En}")}");
        output.WriteLine($"    甲 {Shown(difference.First)}");
        output.WriteLine($"    乙 {Shown(difference.Second)}");
    }

    public static void WriteJson(TextWriter output, LockInput first, LockInput second, LockComparison comparison)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Literal))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("coverage", comparison.Coverage.ToString().ToLowerInvariant());
            json.WriteBoolean("covered", comparison.IsCovered);
            json.WriteString("rule", comparison.Rule);
            Write(json, "first", first);
            Write(json, "second", second);
            json.WriteStartArray("deciding");
            foreach (var deciding in comparison.Deciding)
                json.WriteStringValue(deciding.Field);
            json.WriteEndArray();
            json.WriteStartArray("differences");
            foreach (var difference in comparison.Differences)
                Write(json, difference);
            json.WriteEndArray();
            var advice = Advice(first, comparison);
            json.WriteString("advice", advice.En);
            json.WriteString("advice_zh", advice.Zh);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }

    private static void Write(Utf8JsonWriter json, string name, LockInput input)
    {
        json.WriteStartObject(name);
        json.WriteString("name", input.Name);
        json.WriteString("certificate", input.Certificate);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LockDifference difference)
    {
        json.WriteStartObject();
        json.WriteString("field", difference.Field);
        json.WriteString("first", difference.First);
        json.WriteString("second", difference.Second);
        json.WriteString("meaning", difference.Meaning.ToString().ToLowerInvariant());
        json.WriteString("why", difference.Why.En);
        json.WriteString("why_zh", difference.Why.Zh);
        json.WriteEndObject();
    }

    private static LocalText Rule { get; } = new(
        "boards that agree in PCI vendor, device and subsystem vendor inherit, whatever their subsystem device (oec-hardware)",
        "PCI vendor、device、subsystem vendor 三者一致即可继承，subsystem device 可不同（oec-hardware）");

    private static (string Word, LocalText Meaning) Answer(Coverage coverage) => coverage switch
    {
        Coverage.Exact => ("EXACT", new("the same combination: nothing that identifies it differs", "同一组合：标识字段全部一致")),
        Coverage.Inherited => ("INHERITED", new("covered by the rule of the board", "由板卡四元组规则继承")),
        Coverage.Related => ("RELATED", new("near it, and not certified", "相近，但不在认证范围内")),
        _ => ("NONE", new("another combination: a certificate of the first is void here", "不同组合：甲的证书在此无效")),
    };

    private static LocalText Heading(FieldMeaning meaning) => meaning switch
    {
        FieldMeaning.Voids => new("These void a certificate of the first:", "以下差异使甲的证书失效："),
        FieldMeaning.Related => new("These are covered by no rule:", "以下差异无规则覆盖："),
        FieldMeaning.Rule => new("These the rule covers:", "以下差异由规则覆盖："),
        FieldMeaning.Label => new("These are names only:", "以下仅为名称："),
        _ => new("These identify nothing:", "以下不参与标识："),
    };

    private static LocalText Advice(LockInput first, LockComparison comparison)
    {
        var fields = string.Join(", ", comparison.Deciding.Select(difference => difference.Field));
        return comparison.Coverage switch
        {
            Coverage.Exact when first.Certificate is null => new("A certificate of the first would hold for the second.", "若甲获得证书，该证书适用于乙。"),
            Coverage.Exact => new("The certificate of the first holds for the second.", "甲的证书适用于乙。"),
            Coverage.Inherited => new(
                $"A certificate of the first holds for the second where its scope names the rule {comparison.Rule}; those of format 0.1 name none (docs/lock.md).",
                $"若证书的范围列出规则 {comparison.Rule}，则甲的证书适用于乙；0.1 格式的证书未列出任何规则（docs/lock.md）。"),
            Coverage.Related => new(
                $"Bring {fields} to what it was in the first, or certify the second: adapt certify.", $"请将 {fields} 恢复为甲的取值，或对乙重新检测：adapt certify。"),
            _ => new(
                $"Decided by {fields}. Certify the second: adapt certify{(first.Certificate is null ? "" : " (this certificate's own scope allows no difference)")}.",
                $"决定字段：{fields}。请对乙重新检测：adapt certify{(first.Certificate is null ? "" : "（该证书自身的范围不允许任何差异）")}。"),
        };
    }

    private static string Named(LockInput input) => input.Certificate is { } id ? $"{input.Name} (certificate 证书 {id})" : input.Name;

    private static string Shown(string? value) => value is null ? "(absent 无)" : value.Length <= Widest ? value : $"{value[..Widest]}…";
}

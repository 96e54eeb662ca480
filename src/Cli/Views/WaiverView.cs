using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Adaptation.Certificates;

namespace Adaptation.Cli;

/// <summary>Shows waivers to people and scripts: all of what was signed, and who is known to have.</summary>
internal static class WaiverView
{
    /// <summary>What stands beside the level of a certificate; empty where nothing was waived.</summary>
    public static string Result(Certificate content) => content.Waivers.Length switch
    {
        0 => "",
        1 => "  PASSED WITH 1 WAIVER 带 1 项豁免通过",
        var count => $"  PASSED WITH {count} WAIVERS 带 {count} 项豁免通过",
    };

    public static void Print(VerifiedWaiver waiver)
    {
        Print(waiver.Content);
        foreach (var key in waiver.Signers)
            Console.WriteLine($"    {Duty(key.Duty)}  {key.Person} ({key.AlgorithmName} {key.KeyId[..19]}…, {key.Environment.ToString().ToLowerInvariant()} key)");
    }

    public static void Print(Waiver waiver)
    {
        Console.WriteLine($"  waiver 豁免     {waiver.Check}, {waiver.WaiverId}");
        Console.WriteLine($"    failure 不通过  {waiver.Measured}");
        Console.WriteLine($"    reason 理由     {waiver.Reason}");
        Console.WriteLine($"    defect 缺陷     {waiver.Defect}");
        Console.WriteLine($"    until 有效期至  {Utc(waiver.ExpiresAt)}, from 自 {Utc(waiver.IssuedAt)}");
    }

    public static void Write(Utf8JsonWriter writer, ImmutableArray<VerifiedWaiver> waivers)
    {
        writer.WriteStartArray("waivers");
        foreach (var waiver in waivers)
        {
            writer.WriteStartObject();
            Write(writer, waiver.Content);
            writer.WriteStartArray("signers");
            foreach (var key in waiver.Signers)
            {
                writer.WriteStartObject();
                writer.WriteString("person", key.Person);
                writer.WriteString("duty", key.Duty.ToString().ToLowerInvariant());
                writer.WriteString("keyid", key.KeyId);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>The members of one waiver, into an object that is open.</summary>
    public static void Write(Utf8JsonWriter writer, Waiver waiver)
    {
        writer.WriteString("waiverId", waiver.WaiverId);
        writer.WriteString("runId", waiver.RunId);
        writer.WriteString("check", waiver.Check);
        writer.WriteString("measured", waiver.Measured);
        writer.WriteString("reason", waiver.Reason);
        writer.WriteString("defect", waiver.Defect);
        writer.WriteString("issuedAt", Utc(waiver.IssuedAt));
        writer.WriteString("expiresAt", Utc(waiver.ExpiresAt));
    }

    private static string Duty(KeyDuty duty) => duty == KeyDuty.Tester ? "tester 检测人  " : "reviewer 复核人";

    private static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The report of a run, from what its files say.</summary>
internal sealed record RunReport
{
    public required RunDirectory Directory { get; init; }

    public required Standard Standard { get; init; }

    public required Plan Plan { get; init; }

    public required Judgement Judgement { get; init; }

    public required ImmutableArray<Measurement> Measurements { get; init; }

    /// <summary>The combination in dotted names.</summary>
    public required IEnumerable<KeyValuePair<string, string>> Facts { get; init; }

    public required ImmutableArray<JournalEntry> Entries { get; init; }

    /// <summary>Null where none was issued; else the one in the run's folder.</summary>
    public required Certificate? Certificate { get; init; }

    public ImmutableArray<VerifiedWaiver> Waivers { get; init; } = [];

    public required bool StackChanged { get; init; }

    /// <summary>In which fields the stack after the run differs.</summary>
    public ImmutableArray<LockDifference> Changes { get; init; } = [];

    public required string ModelSha256 { get; init; }

    public required string ToolVersion { get; init; }

    public void Write() => RunDirectory.WriteWhole(Directory.Report, HtmlReport.Render(new ReportContent
    {
        Standard = Standard,
        Plan = Plan,
        Judgement = Judgement,
        Measurements = Measurements,
        Combination = [.. Facts.Select(pair => (pair.Key, pair.Value))],
        StartedUtc = Utc(Entries[0].At),
        FinishedUtc = Utc(Entries[^1].At),
        Certificate = Certificate is null ? null : new ReportCertificate(
            Certificate.CertificateId, Path.GetFileName(Directory.Certificate), Certificate.Issuer.Environment.ToString().ToLowerInvariant(),
            Digests.Sha256(File.ReadAllBytes(Directory.Certificate)), Utc(Certificate.NotBefore), Utc(Certificate.NotAfter)),
        Waivers = [.. Waivers.Select(Shown)],
        Telemetry = [.. Measurements.Where(measurement => !StepTelemetry.Checks.Contains(measurement.Check)).SelectMany(Logs)],
        Notes = Notes(),
        PlanSha256 = Digests.Sha256(File.ReadAllBytes(Directory.Plan)),
        ModelSha256 = ModelSha256,
        ToolVersion = ToolVersion,
    }));

    private IEnumerable<(string Check, TelemetryLog Log)> Logs(Measurement measurement)
    {
        foreach (var file in measurement.Tensors.Where(file => file.Name == "telemetry"))
        {
            if (TelemetryFile.TryRead(RunDirectory.TryRead(Directory.InEvidence(file.Path)).ToArray(), out _) is { } log)
                yield return (measurement.Check, log);
        }
    }

    private static ReportWaiver Shown(VerifiedWaiver waiver) => new(
        waiver.Content.WaiverId, waiver.Content.Check, waiver.Content.Measured, waiver.Content.Reason, waiver.Content.Defect, Utc(waiver.Content.IssuedAt),
        Utc(waiver.Content.ExpiresAt), [.. waiver.Signers.Select(key => (key.Person!, key.Duty))]);

    private ImmutableArray<LocalText> Notes()
    {
        var notes = ImmutableArray.CreateBuilder<LocalText>();
        if (StackChanged)
            notes.Add(new($"The stack after the run is not the stack before it (combination.lock and lock-after.json differ): nothing is certified. {LockChanges.Words(Changes)}".TrimEnd(), $"运行前后的软硬件栈不一致（combination.lock 与 lock-after.json 不同）：不予认证。{LockChanges.Words(Changes)}"));
        if (Facts.FirstOrDefault(fact => fact.Key == "profile.origin").Value is { } origin && origin.StartsWith("altered", StringComparison.Ordinal))
            notes.Add(new($"The profile bears the id of one that this product ships, or rests on one, with other bytes ({origin}): what it says is not what is shipped under that id.", $"所用配置沿用（或依据）本产品随附配置的编号，但内容不同（{origin}）：其内容并非随附配置。"));
        if (Entries.Where(entry => entry.Kind == "backend-broke").Select(entry => entry.Data.TryText("reason")).FirstOrDefault() is { } reason)
            notes.Add(new($"The server broke off: {reason}", $"服务中断：{reason}"));
        if (Entries.Count(entry => entry.Kind == "resumed") is > 0 and var resumed)
            notes.Add(new($"The run was interrupted and gone on with {resumed} time(s); completed steps were kept.", $"本次运行曾中断并续跑 {resumed} 次；已完成的步骤予以保留。"));
        return notes.ToImmutable();
    }

    private static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

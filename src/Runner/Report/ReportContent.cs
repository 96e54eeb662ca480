using System.Collections.Immutable;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>All that a report is made from. The run's id is the plan's.</summary>
public sealed record ReportContent
{
    public required Standard Standard { get; init; }

    public required Plan Plan { get; init; }

    /// <summary>Shown as it is given; the report judges nothing itself.</summary>
    public required Judgement Judgement { get; init; }

    /// <summary>Raw samples; only drawn, never judged. <see cref="ReportSeries"/> says which of them are.</summary>
    public required ImmutableArray<Measurement> Measurements { get; init; }

    /// <summary>Facts of the stack in the order to show them; keys are dotted, the first part names the component (<c>driver.version</c>).</summary>
    public required ImmutableArray<(string Key, string Value)> Combination { get; init; }

    /// <summary>RFC 3339 text, UTC.</summary>
    public required string StartedUtc { get; init; }

    /// <summary>RFC 3339 text, UTC.</summary>
    public required string FinishedUtc { get; init; }

    /// <summary>Null where none was issued.</summary>
    public ReportCertificate? Certificate { get; init; }

    /// <summary>Failures that people signed for; empty without a certificate.</summary>
    public ImmutableArray<ReportWaiver> Waivers { get; init; } = [];

    /// <summary>Readings of the machine beside the loads of a check; only drawn, never judged.</summary>
    public ImmutableArray<(string Check, TelemetryLog Log)> Telemetry { get; init; } = [];

    /// <summary>What went wrong or should be known about the run, besides the findings.</summary>
    public ImmutableArray<LocalText> Notes { get; init; } = [];

    /// <summary>Lowercase hex, over the bytes of the plan as the evidence holds it.</summary>
    public required string PlanSha256 { get; init; }

    /// <summary>Lowercase hex, as the reference model's manifest states it.</summary>
    public required string ModelSha256 { get; init; }

    public required string ToolVersion { get; init; }
}

/// <summary>A waiver whose signatures were checked.</summary>
/// <param name="Measured">The failure in the words of the finding.</param>
/// <param name="Defect">Where the defect is tracked.</param>
/// <param name="IssuedAt">RFC 3339 text, UTC.</param>
/// <param name="ExpiresAt">RFC 3339 text, UTC.</param>
/// <param name="Signers">Who signed, and as what.</param>
public sealed record ReportWaiver(
    string Id, string Check, string Measured, string Reason, string Defect, string IssuedAt, string ExpiresAt, ImmutableArray<(string Person, KeyDuty Duty)> Signers);

/// <summary>What a report says of the certificate that was issued for its run.</summary>
/// <param name="IssuerEnvironment">Of the issuer's key: <c>test</c> for a development key, else <c>production</c>.</param>
/// <param name="FileSha256">Lowercase hex, over the bytes of the certificate file.</param>
/// <param name="ValidFrom">RFC 3339 text, UTC.</param>
/// <param name="ValidTo">RFC 3339 text, UTC.</param>
public sealed record ReportCertificate(
    string Id, string FileName, string IssuerEnvironment, string FileSha256, string ValidFrom, string ValidTo)
{
    /// <summary>True unless the environment is <c>production</c>: an unknown word earns no trust.</summary>
    public bool IsTest => IssuerEnvironment != "production";
}

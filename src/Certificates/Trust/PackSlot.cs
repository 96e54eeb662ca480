using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>A place for signed files in a trust pack: one payload type, one predicate type, one role (section 1.2 of the design).</summary>
/// <param name="Folder">Below which such files lie, as <c>*.dsse.json</c>.</param>
/// <param name="PredicateType">Of a statement; null where the payload is none.</param>
/// <param name="Duty">That the signing keys have; the root's threshold of that role counts.</param>
/// <param name="NamesRoot">Whether the payload names the root it is issued under, so that packs cannot be mixed.</param>
internal sealed record PackSlot(string Folder, string PayloadType, string? PredicateType, KeyDuty Duty, bool NamesRoot)
{
    public const string Suffix = ".dsse.json";

    /// <summary>What the pack itself reads of a payload; nothing may look like it.</summary>
    private static readonly JsonShape Payload = new(("root", RootReferenceJson.Shape));

    private static readonly JsonShape Statement = new(("_type", JsonShape.Free), ("predicate", Payload), ("predicateType", JsonShape.Free), ("subject", JsonShape.Free));

    public static readonly ImmutableArray<PackSlot> All =
    [
        new("policy/", CertificateFormat.PayloadType, "https://example.org/hwcert/suite-policy/v1", KeyDuty.Root, NamesRoot: true),
        new("status/", "application/vnd.hwcert.status+json", PredicateType: null, KeyDuty.Status, NamesRoot: true),
    ];

    /// <summary>Folders whose files the manifest alone vouches for: checkpoints and proofs, which a log signs in another form; indexes; the ledger of waivers, whose entries are checked one by one.</summary>
    public static readonly ImmutableArray<string> Unsigned = ["index/", "log/", "waivers/"];

    /// <summary>Checks form, type, signatures, threshold and root of one file. What it says is for whoever reads it.</summary>
    /// <exception cref="RejectedException">ENV_*, SIG_*, PACK_PREDICATE_TYPE, PACK_THRESHOLD, KEY_WINDOW, KEY_REVOKED or PACK_MIXED, and the gates behind PACK.</exception>
    public DsseEnvelope Check(string path, ReadOnlyMemory<byte> file, TrustedRoot root, DateTimeOffset now)
    {
        var envelope = Dsse.Read(file, PayloadType, "ENV");
        CheckSigners(path, envelope, root, now);
        using var document = JsonGate.Parse(envelope.Payload, "PACK", Dsse.MaxBytes, PredicateType is null ? Payload : Statement);
        var payload = new JsonMembers(document.RootElement, "PACK", "");
        if (PredicateType is not null)
            CheckStatement(path, payload);
        if (NamesRoot)
            CheckRoot(path, PredicateType is null ? payload : payload.Object("predicate"), root);
        return envelope;
    }

    /// <exception cref="RejectedException">SIG_*, PACK_THRESHOLD, KEY_WINDOW or KEY_REVOKED.</exception>
    public void CheckSigners(string path, DsseEnvelope envelope, TrustedRoot root, DateTimeOffset now)
    {
        var signers = SignatureCheck.Signers(envelope, root.Keys, path, Duty);
        var needed = root.Content.Thresholds.GetValueOrDefault(Words.RoleOf(Duty), 1);
        if (signers.Count(key => key.IsInForce(now)) >= needed)
            return;
        throw signers.Select(key => key.RefuseAt(now)).FirstOrDefault(refused => refused is not null) is { } why
            ? new RejectedException(why with { Message = $"{path}: {why.Message}" })
            : Rejection.Because("PACK_THRESHOLD", $"{path} has {signers.Length} signatures by keys of the role {Words.RoleOf(Duty)}; it takes {needed}");
    }

    private void CheckStatement(string path, JsonMembers statement)
    {
        if (statement.Text("predicateType") != PredicateType)
            throw Rejection.Because("PACK_PREDICATE_TYPE", $"{path} is a {JsonGate.Quote(statement.Text("predicateType"))}; expected {PredicateType}");
        if (statement.Text("_type") != CertificateFormat.StatementType)
            throw Rejection.Because("PACK_TYPE", $"{path}: _type is {JsonGate.Quote(statement.Text("_type"))}; expected {CertificateFormat.StatementType}");
        statement.Get("predicate");
        statement.TryGet("subject");
        statement.RefuseOthers();
    }

    private static void CheckRoot(string path, JsonMembers payload, TrustedRoot root)
    {
        if (payload.TryGet("root") is not { ValueKind: JsonValueKind.Object })
            throw Rejection.Because("PACK_MIXED", $"{path} names no root; every signed file of a pack does");
        var named = RootReferenceJson.Read(payload.Object("root"));
        if (named != root.Reference)
            throw Rejection.Because("PACK_MIXED", $"{path} was issued under root version {named.Version}, sha256:{named.Sha256}; this pack's is version {root.Reference.Version}, sha256:{root.Reference.Sha256}");
    }
}

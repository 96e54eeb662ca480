using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>What a root says: who may sign what, until when. Roles are those of the key records, each with how many of its keys have to sign.</summary>
public sealed record RootContent
{
    /// <summary>From 1; the next root has the next number.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset Expires { get; init; }

    /// <summary>Of every key in it, and of every root after it.</summary>
    public required KeyEnvironment Environment { get; init; }

    /// <summary>Role, as files spell it, to how many distinct public keys of it have to sign.</summary>
    public required ImmutableSortedDictionary<string, int> Thresholds { get; init; }

    public required ImmutableArray<KeyRecord> Keys { get; init; }

    public IEnumerable<KeyRecord> Of(string role) => Keys.Where(key => key.Role == role).OrderBy(key => key.KeyId, StringComparer.Ordinal);
}

/// <summary>Writes and reads the payload of a root: <c>{environment, expires, keys, roles, version}</c>.</summary>
internal static class RootJson
{
    public const string PayloadType = "application/vnd.hwcert.root+json";
    public const string Prefix = "ROOT";
    public const string RootRole = "root";

    /// <summary>As many as an envelope has signatures: nobody has signed a root yet when its keys are read, and each costs whoever reads it.</summary>
    private const int MaxRootKeys = Dsse.MaxSignatures;
    private const int MaxKeys = 1024;

    private static readonly ImmutableArray<string> Roles = ["root", "issuer", "status", "log", "witness", "time-stamp", "runner"];
    private static readonly JsonShape Role = JsonShape.Of("keyids", "threshold");
    private static readonly JsonShape Shape = new(
        ("environment", JsonShape.Free), ("expires", JsonShape.Free), ("keys", KeyRecordJson.Shape), ("version", JsonShape.Free),
        ("roles", new JsonShape([.. Roles.Select(role => (role, Role))])));

    public static byte[] Write(RootContent root) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("environment", Words.Of(root.Environment));
        writer.WriteString("expires", UtcText.Write(root.Expires));
        writer.WriteStartArray("keys");
        foreach (var key in root.Keys.OrderBy(key => key.KeyId, StringComparer.Ordinal))
            KeyRecordJson.Write(writer, key);
        writer.WriteEndArray();
        writer.WriteStartObject("roles");
        foreach (var (role, threshold) in root.Thresholds)
            WriteRole(writer, role, threshold, root);
        writer.WriteEndObject();
        writer.WriteInteger("version", root.Version);
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">ROOT_* or KEY_*.</exception>
    public static RootContent Read(ReadOnlyMemory<byte> payload)
    {
        using var document = JsonGate.Parse(payload, Prefix, Dsse.MaxBytes, Shape);
        var root = new JsonMembers(document.RootElement, Prefix, "");
        var roles = root.Object("roles");
        if (roles.All().FirstOrDefault(member => !Roles.Contains(member.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
            throw Rejection.Because("ROOT_ROLE", $"the role {JsonGate.Quote(unknown.Name)} is unknown; known are {string.Join(", ", Roles)}");
        if (root.Get("keys") is { ValueKind: JsonValueKind.Array } keys && keys.GetArrayLength() is var total and > MaxKeys)
            throw Rejection.Because("ROOT_ROLE", $"the root names {total} keys; at most {MaxKeys} are read");
        var lists = roles.All().ToDictionary(member => member.Name, member => ReadRole(roles.Object(member.Name)), StringComparer.Ordinal);
        var content = new RootContent
        {
            Version = root.Integer("version"),
            Expires = root.Time("expires"),
            Environment = Words.TryEnvironment(root.Text("environment")) ?? throw Rejection.Because("KEY_ENVIRONMENT", $"environment {JsonGate.Quote(root.Text("environment"))} is unknown"),
            Thresholds = lists.ToImmutableSortedDictionary(list => list.Key, list => list.Value.Threshold, StringComparer.Ordinal),
            Keys = root.Objects("keys", KeyRecordJson.Read),
        };
        root.RefuseOthers();
        foreach (var (role, (_, keyIds)) in lists)
            if (!content.Of(role).Select(key => key.KeyId).SequenceEqual(keyIds.Order(StringComparer.Ordinal)))
                throw Rejection.Because("ROOT_ROLE", $"the keyids of the role {JsonGate.Quote(role)} are not those of the keys that have it");
        Check(content);
        return content;
    }

    /// <exception cref="RejectedException">ROOT_* or KEY_*.</exception>
    public static void Check(RootContent root)
    {
        if (root.Of(RootRole).Count() is var custodians and > MaxRootKeys)
            throw Rejection.Because("ROOT_ROLE", $"the role root has {custodians} keys; at most {MaxRootKeys} are read");
        TrustStore.Of(root.Keys);
        if (root.Version < 1)
            throw Rejection.Because("ROOT_VERSION", $"the version is {root.Version}; the first root has 1");
        if (root.Keys.FirstOrDefault(key => key.Environment != root.Environment) is { } other)
            throw Rejection.Because("KEY_ENVIRONMENT", $"{other.KeyId} is a {Words.Of(other.Environment)} key; the root is for {Words.Of(root.Environment)}");
        if (root.Of(RootRole).FirstOrDefault(key => key.RevokedAt is null && key.ValidTo < root.Expires) is { } brief)
            throw Rejection.Because("KEY_WINDOW", $"the root key {brief.KeyId} is valid to {UtcText.Write(brief.ValidTo)}, the root to {UtcText.Write(root.Expires)}; a root ends before its keys do: let it expire sooner, or bring longer keys");
        if (root.Keys.FirstOrDefault(key => !root.Thresholds.ContainsKey(key.Role)) is { } homeless)
            throw Rejection.Because("ROOT_ROLE", $"{homeless.KeyId} has the role {homeless.Role}, which the root does not list");
        if (!root.Thresholds.ContainsKey(RootRole))
            throw Rejection.Because("ROOT_ROLE", "the root does not list the role root, so that nothing could follow it");
        foreach (var (role, threshold) in root.Thresholds)
            if (root.Of(role).Count() is var count && (threshold < 1 || threshold > count))
                throw Rejection.Because("ROOT_THRESHOLD", $"the role {JsonGate.Quote(role)} needs {threshold} of {count} keys; expected 1 to {count}");
    }

    private static (int Threshold, ImmutableArray<string> KeyIds) ReadRole(JsonMembers role)
    {
        var read = (role.Integer("threshold"), role.Texts("keyids"));
        role.RefuseOthers();
        return read.Item1 is >= 0 and <= int.MaxValue
            ? ((int)read.Item1, read.Item2)
            : throw role.Refuse("THRESHOLD", $"a threshold is {read.Item1}");
    }

    private static void WriteRole(Utf8JsonWriter writer, string role, int threshold, RootContent root)
    {
        writer.WriteStartObject(role);
        writer.WriteTexts("keyids", [.. root.Of(role).Select(key => key.KeyId)]);
        writer.WriteInteger("threshold", threshold);
        writer.WriteEndObject();
    }
}

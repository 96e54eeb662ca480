using System.Globalization;
using System.Text.Json;
using Adaptation.Certificates;

namespace Adaptation.Cli;

/// <summary>Shows keys and roots to people: all that decides what is believed.</summary>
internal static class KeyView
{
    public static void Print(KeyRecord key)
    {
        Console.WriteLine($"  keyid        {key.KeyId}");
        Console.WriteLine($"  role 角色    {Role(key)}");
        Console.WriteLine($"  algorithm    {key.AlgorithmName}");
        Console.WriteLine($"  valid 有效期 {Times.Utc(key.ValidFrom)} to {Times.Utc(key.ValidTo)}");
        Console.WriteLine($"  environment  {key.Environment.ToString().ToLowerInvariant()}");
    }

    /// <param name="keys">With the files in which they were found; or with other words that name them.</param>
    public static void Print(IEnumerable<(string File, KeyRecord Key)> keys, string title, DateTimeOffset now) => Table.Print(
        Console.Out,
        [[title, "role 角色", "algorithm", "environment", "valid to 至", "state 状态", "keyid"],
            .. keys.Select(row => (string[])
            [
                row.File, Role(row.Key), row.Key.AlgorithmName, row.Key.Environment.ToString().ToLowerInvariant(), Times.Utc(row.Key.ValidTo), State(row.Key, now), row.Key.KeyId,
            ])]);

    /// <param name="previous">The root before it, whose keys sign too; null where it is not there, or this is the first.</param>
    public static void Print(SignedRoot root, SignedRoot? previous)
    {
        var (content, digests, signed) = (root.Content, root.Digests, root.VerifiedBy(previous?.Content));
        Console.WriteLine($"root 根  version {content.Version}, {content.Environment.ToString().ToLowerInvariant()}, until 有效期至 {Times.Utc(content.Expires)}");
        Console.WriteLine($"  sha256  {digests.Sha256}");
        Console.WriteLine($"  sm3     {digests.Sm3}");
        foreach (var (role, threshold) in content.Thresholds)
        {
            Console.WriteLine($"  {role}: {threshold} of {content.Of(role).Count()}");
            foreach (var key in content.Of(role))
                Console.WriteLine($"    {Mark(signed.Contains(key.KeyId), role)} {key.KeyId}  {key.AlgorithmName}{(role == "issuer" ? $"  {Role(key)}" : "")}"
                    + $"  until {Times.Utc(key.ValidTo)}{(key.RevokedAt is { } at ? $"  REVOKED 已吊销 {Times.Utc(at)}" : "")}");
        }

        if (previous is not null)
            foreach (var change in RootChange.Between(previous.Content, content))
                Console.WriteLine($"  {change}");
        PrintProgress(root, previous);
        if (content.Version > 1 && previous is null)
            Console.WriteLine($"  {content.Version - 1}.root.dsse.json is not beside it, so that its custodians' signatures are not counted");
    }

    /// <inheritdoc cref="Print(SignedRoot, SignedRoot)"/>
    public static void PrintProgress(SignedRoot root, SignedRoot? previous)
    {
        var signed = root.VerifiedBy(previous?.Content);
        Console.WriteLine($"  signed 已签: {Progress(root.Content, signed)}{(previous is null ? "" : $"; of version {previous.Content.Version}: {Progress(previous.Content, signed)}")}");
    }

    public static void WriteJson(IEnumerable<(string File, KeyRecord Key)> keys, DateTimeOffset now)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            writer.WriteStartArray("keys");
            foreach (var (file, key) in keys)
            {
                writer.WriteStartObject();
                writer.WriteString("file", file);
                writer.WriteString("keyid", key.KeyId);
                writer.WriteString("role", key.Role);
                writer.WriteString("duty", key.Duty.ToString().ToLowerInvariant());
                writer.WriteString("person", key.Person);
                writer.WriteString("algorithm", key.AlgorithmName);
                writer.WriteString("environment", key.Environment.ToString().ToLowerInvariant());
                writer.WriteString("validFrom", Times.Utc(key.ValidFrom));
                writer.WriteString("validTo", Times.Utc(key.ValidTo));
                writer.WriteBoolean("inForce", key.IsInForce(now));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    private static string Role(KeyRecord key) => key.Role == "issuer"
        ? $"issuer/{key.Duty.ToString().ToLowerInvariant()}{(key.Person is { } person ? $" {person}" : "")}"
        : key.Role;

    private static string State(KeyRecord key, DateTimeOffset now) => key switch
    {
        { RevokedAt: not null } => "revoked 已吊销",
        _ when now > key.ValidTo => "expired 已过期",
        _ when now < key.ValidFrom => "not yet valid 未生效",
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)(key.ValidTo - now).TotalDays} days left 天"),
    };

    private static string Mark(bool hasSigned, string role) => role != "root" ? "-" : hasSigned ? "x" : " ";

    private static string Progress(RootContent content, IReadOnlyCollection<string> signed) =>
        $"{content.Of("root").Count(key => signed.Contains(key.KeyId))} of the {content.Thresholds["root"]} that it takes";
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;

namespace Adaptation.Runner;

/// <summary>The environment that the server is started with, as a lock shows it: in clear, unless it looks secret.</summary>
internal static class EnvironmentCapture
{
    public const string Withheld = "withheld";

    private const string Prefix = "environment.";

    private static readonly ImmutableHashSet<string> SecretWords = ["KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASS", "CREDENTIAL", "CREDENTIALS", "AUTH", "AUTHORIZATION"];
    private static readonly ImmutableArray<string> SecretBeginnings = ["sk-", "ghp_", "hf_", "AKIA", "eyJ", "-----BEGIN"];

    /// <summary>Variables that only say which units are used belong to the unit and not to the stack: they stand in the detail.</summary>
    public static void Read(StackFacts stack, Profile profile, LaunchPlan? launch)
    {
        var visibility = profile.Facts.Texts("visible.host").Concat(profile.Facts.Texts("visible.container")).ToHashSet(StringComparer.Ordinal);
        var all = (launch?.Environment ?? ImmutableSortedDictionary<string, string>.Empty).SetItems(profile.Server.Environment); // what the profile says holds, as at the start
        foreach (var (name, value) in all.Where(variable => !visibility.Contains(variable.Key)))
            stack.Set(Prefix + Name(name), Value(name, value));
        if (all.Where(variable => visibility.Contains(variable.Key)).ToArray() is { Length: > 0 } units)
            stack.AddDetail("visible", CanonicalValue.Object.Of([.. units.Select(variable => (Name(variable.Key), (CanonicalValue)Value(variable.Key, variable.Value)))]));
    }

    /// <summary>As a lock holds it. What is withheld is still part of <c>serve.sha256</c>, so that a change of it shows.</summary>
    internal static string Value(string name, string value) => IsSecret(name, value) ? Withheld
        : value.Length == 0 ? "(empty)"
        : StackProbe.IsPlain(value) && value[0] != ' ' && value[^1] != ' ' ? value : $"sha256:{Digest(value)}";

    internal static bool IsSecret(string name, string value) =>
        name.ToUpperInvariant().Split('_', '-', '.').Any(SecretWords.Contains)
        || SecretBeginnings.Any(beginning => value.StartsWith(beginning, StringComparison.Ordinal))
        || (value.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme && value.AsSpan(scheme + 3) is var rest && rest.IndexOf('@') is > 0 and var at && rest[..at].Contains(':'));

    /// <summary>A dot would make a branch of it.</summary>
    private static string Name(string name) => name.Length is > 0 and <= 200 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_') ? name : $"sha256-{Digest(name)}";

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

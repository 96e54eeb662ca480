using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>How closed sets are spelled in files.</summary>
internal static class Words
{
    /// <summary>The role whose keys have one of three duties.</summary>
    public const string Issuer = "issuer";

    public static string Of(KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.Sm2Sm3 => "sm2-sm3",
        KeyAlgorithm.Ed25519 => "ed25519",
        _ => "ecdsa-p256-sha256",
    };

    public static KeyAlgorithm? TryAlgorithm(string word) => Find(word, Of, KeyAlgorithm.EcdsaP256Sha256, KeyAlgorithm.Sm2Sm3, KeyAlgorithm.Ed25519);

    public static string Of(KeyEnvironment environment) => environment == KeyEnvironment.Production ? "production" : "test";

    public static KeyEnvironment? TryEnvironment(string word) => Find(word, Of, KeyEnvironment.Test, KeyEnvironment.Production);

    public static string Of(KeyDuty duty) => duty switch
    {
        KeyDuty.Certify => "certify",
        KeyDuty.Tester => "tester",
        KeyDuty.Reviewer => "reviewer",
        _ => RoleOf(duty),
    };

    /// <summary>An issuer's duty, by its word.</summary>
    public static KeyDuty? TryDuty(string word) => Find(word, Of, KeyDuty.Certify, KeyDuty.Tester, KeyDuty.Reviewer);

    public static string RoleOf(KeyDuty duty) => duty switch
    {
        KeyDuty.Root => "root",
        KeyDuty.Status => "status",
        KeyDuty.Log => "log",
        KeyDuty.Witness => "witness",
        KeyDuty.TimeStamp => "time-stamp",
        KeyDuty.Runner => "runner",
        _ => Issuer,
    };

    /// <summary>The duty of a role that has but one.</summary>
    public static KeyDuty? TryRole(string word) =>
        Find(word, RoleOf, KeyDuty.Root, KeyDuty.Status, KeyDuty.Log, KeyDuty.Witness, KeyDuty.TimeStamp, KeyDuty.Runner);

    public static string Of(Level level) => level switch
    {
        Level.L1 => "L1",
        Level.L2 => "L2",
        Level.L3 => "L3",
        Level.L4 => "L4",
        Level.L5 => "L5",
        _ => "none",
    };

    public static Level? TryLevel(string word) => Find(word, Of, Level.None, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5);

    public static string Of(Outcome outcome) => outcome switch
    {
        Outcome.Certified => "certified",
        Outcome.Rejected => "rejected",
        _ => "incomplete",
    };

    public static Outcome? TryOutcome(string word) => Find(word, Of, Outcome.Certified, Outcome.Rejected, Outcome.Incomplete);

    public static string Of(Requirement requirement) => requirement == Requirement.Must ? "must" : "should";

    public static Requirement? TryRequirement(string word) => Find(word, Of, Requirement.Must, Requirement.Should);

    private static T? Find<T>(string word, Func<T, string> spelling, params ReadOnlySpan<T> values)
        where T : struct
    {
        foreach (var value in values)
            if (spelling(value) == word)
                return value;
        return null;
    }
}

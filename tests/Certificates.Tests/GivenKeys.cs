using System.Collections.Immutable;
using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Keys in memory, without files and passphrases.</summary>
internal static class GivenKeys
{
    public static readonly DateTimeOffset From = Given.Now.AddDays(-30);

    public static readonly DateTimeOffset To = Given.Now.AddYears(2);

    public static ISigner Make(
        KeyDuty duty, KeyAlgorithm algorithm = KeyAlgorithm.EcdsaP256Sha256, string? person = null, KeyEnvironment environment = KeyEnvironment.Test)
    {
        var key = PrivateKey.Generate(algorithm);
        return new MemorySigner(key, KeyRecord.For(key.Spki, duty, From, To, environment, person));
    }

    /// <summary>Gives the same words each time; counts how often it was asked.</summary>
    public static PassphrasePrompt Says(string words) => (_, _) => new Passphrase(Encoding.UTF8.GetBytes(words));
}

/// <summary>Five custodians, an issuer, and a status key: a root, and what follows from it. All for test.</summary>
internal static class GivenRoots
{
    public static readonly ImmutableArray<ISigner> Custodians =
        [.. Enumerable.Range(0, 5).Select(i => GivenKeys.Make(KeyDuty.Root, i % 2 == 0 ? KeyAlgorithm.EcdsaP256Sha256 : KeyAlgorithm.Sm2Sm3))];

    public static readonly ISigner Status = GivenKeys.Make(KeyDuty.Status);

    public static RootContent Content { get; } = Of(1, threshold: 3, Custodians);

    public static byte[] First { get; } = Signed(Content, previous: null, Custodians[0], Custodians[1], Custodians[2]);

    public static RootReference Pinned { get; } = SignedRoot.Read(First).Reference;

    public static VerifierState State { get; } = VerifierState.Pin(First, Pinned.Sha256, KeyEnvironment.Test);

    public static RootContent Of(long version, int threshold, IEnumerable<ISigner> custodians, params IEnumerable<ISigner> others) => new()
    {
        Version = version,
        Expires = Given.Now.AddYears(1),
        Environment = KeyEnvironment.Test,
        Thresholds = ImmutableSortedDictionary<string, int>.Empty.Add("root", threshold).Add("issuer", 1).Add("status", 1),
        Keys = [.. custodians.Select(key => key.Key), .. Given.Trust.Keys, Status.Key, .. others.Select(key => key.Key)],
    };

    public static byte[] Signed(RootContent content, RootContent? previous, params ISigner[] by) =>
        by.Aggregate(SignedRoot.Draft(content), (root, key) => root.SignAlso(key, previous)).ToBytes();

    /// <summary>Signatures over any payload, by whoever: what someone without our tools could put together.</summary>
    public static byte[] Forged(RootContent content, params ISigner[] by)
    {
        var payload = RootJson.Write(content);
        return Given.Envelope(payload, RootJson.PayloadType, [.. by.Select(key => ((string?)key.Key.KeyId, key.Sign(Dsse.Pae(RootJson.PayloadType, payload))))]);
    }

    public static ImmutableSortedDictionary<string, byte[]> Files(params (string Path, byte[] Content)[] files) =>
        files.ToImmutableSortedDictionary(file => file.Path, file => file.Content, StringComparer.Ordinal);

    /// <summary>A status list as far as a pack looks into it.</summary>
    public static byte[] StatusList(RootReference root, ISigner? by = null)
    {
        var payload = Encoding.UTF8.GetBytes($$"""{"listId":"l","root":{"sha256":"{{root.Sha256}}","version":{{root.Version}}},"sequence":1}""");
        const string type = "application/vnd.hwcert.status+json";
        by ??= Status;
        return Given.Envelope(payload, type, (by.Key.KeyId, by.Sign(Dsse.Pae(type, payload))));
    }

    public static byte[] Pack(long version = 1, params (string Path, byte[] Content)[] more) =>
        TrustPack.Create(Files([("root/1.root.dsse.json", First), .. more]), version, Status, Given.Now);
}

using System.Collections.Immutable;
using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Cases G1 to G3, B14 and B15 of the design: a root follows only from one that was compared by hand, and only step by step.</summary>
public sealed class RootTests
{
    private static readonly ISigner NewCustodian = GivenKeys.Make(KeyDuty.Root);
    private static readonly RootContent Second = GivenRoots.Of(2, threshold: 2, [.. GivenRoots.Custodians[..2], NewCustodian]);

    private static TrustedRoot First => TrustedRoot.First(GivenRoots.First, GivenRoots.Pinned);

    private static ISigner[] Custodians(params int[] which) => [.. which.Select(i => GivenRoots.Custodians[i])];

    [Fact]
    public void Control_a_root_that_both_thresholds_signed_follows()
    {
        var next = First.Next(GivenRoots.Signed(Second, GivenRoots.Content, Custodians(0, 1, 2)));

        Assert.Equal(2, next.Reference.Version);
        Assert.Equal(Second.Keys.Select(key => key.KeyId).Order(StringComparer.Ordinal), next.Keys.Keys.Select(key => key.KeyId));
        next.RequireCurrent(Second.Expires);
    }

    [Fact]
    public void A_root_is_the_same_however_many_have_signed_it()
    {
        var more = GivenRoots.Signed(GivenRoots.Content, previous: null, Custodians(3, 4, 0, 1));

        Assert.NotEqual(GivenRoots.First, more);
        Assert.Equal(GivenRoots.Pinned, TrustedRoot.First(more, GivenRoots.Pinned).Reference);
    }

    [Fact, MustRefuse("G1a")]
    public void G1a_a_root_that_skips_a_number_is_refused() =>
        Given.Refuses("ROOT_VERSION", () => First.Next(GivenRoots.Signed(Second with { Version = 3 }, GivenRoots.Content, Custodians(0, 1, 2))));

    [Fact, MustRefuse("G1b")]
    public void G1b_a_root_that_goes_back_or_stands_still_is_refused()
    {
        var second = First.Next(GivenRoots.Signed(Second, GivenRoots.Content, Custodians(0, 1, 2)));

        Given.Refuses("ROOT_VERSION", () => second.Next(GivenRoots.First));
        Given.Refuses("ROOT_VERSION", () => First.Next(GivenRoots.First));
        var remembered = GivenRoots.State with { Root = second.Reference };
        Given.Refuses("ROOT_VERSION", () => TrustPack.Open(GivenRoots.Pack(), remembered, Given.Now));
        var fork = GivenRoots.State with { Root = GivenRoots.Pinned with { Sha256 = new string('0', 64) } };
        Given.Refuses("ROOT_VERSION", () => TrustPack.Open(GivenRoots.Pack(), fork, Given.Now));
    }

    [Fact, MustRefuse("G2")]
    public void G2_neither_threshold_is_got_round()
    {
        // the new root wants two, and has them; the old one wants three
        Given.Refuses("ROOT_THRESHOLD", () => First.Next(GivenRoots.Signed(Second, GivenRoots.Content, Custodians(0, 1))));
        Given.Refuses("ROOT_THRESHOLD", () => First.Next(GivenRoots.Signed(Second, GivenRoots.Content, [.. Custodians(0, 1), NewCustodian])));
        // three of the old, and one of the new
        Given.Refuses("ROOT_THRESHOLD", () => First.Next(GivenRoots.Signed(Second, GivenRoots.Content, Custodians(0, 2, 3))));
        var first = GivenRoots.Signed(GivenRoots.Content, previous: null, Custodians(0, 1));
        Given.Refuses("ROOT_THRESHOLD", () => TrustedRoot.First(first, GivenRoots.Pinned));
    }

    [Fact]
    public void A_custodian_counts_once_and_a_stranger_spoils_the_file()
    {
        var content = GivenRoots.Content;

        Given.Refuses("SIG_DUP_SIGNER", () => TrustedRoot.First(GivenRoots.Forged(content, Custodians(0, 0, 1)), GivenRoots.Pinned));
        Given.Refuses("SIG_UNTRUSTED", () => TrustedRoot.First(GivenRoots.Forged(content, [.. Custodians(0, 1, 2), NewCustodian]), GivenRoots.Pinned));
        Given.Refuses("SIG_UNTRUSTED", () => TrustedRoot.First(GivenRoots.Forged(content, [.. Custodians(0, 1), GivenRoots.Status]), GivenRoots.Pinned));
        Given.Refuses("SIG_DUP_SIGNER", () => SignedRoot.Read(GivenRoots.First).SignAlso(GivenRoots.Custodians[0], previous: null));
        Given.Refuses("SIG_ROLE", () => SignedRoot.Read(GivenRoots.First).SignAlso(NewCustodian, previous: null));
    }

    [Fact]
    public void A_root_nobody_signed_costs_a_reader_next_to_nothing()
    {
        var many = Enumerable.Range(0, 65).Select(_ => GivenKeys.Make(KeyDuty.Root)).ToArray();
        Given.Refuses("ROOT_ROLE", () => RootJson.Check(GivenRoots.Of(2, threshold: 1, many)));
        var (payload, unnamed) = (RootJson.Write(GivenRoots.Content), RootJson.Write(Second));
        Given.Refuses("ROOT_ROLE", () => RootJson.Read(Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(payload).Replace("\"roles\":{", "\"roles\":{\"x\":{\"keyids\":[],\"threshold\":1},", StringComparison.Ordinal))));
        // whoever does not name the key has all of them tried, on all of the file
        Given.Refuses("ROOT_KEYID", () => First.Next(Given.Envelope(
            unnamed, RootJson.PayloadType, [.. Custodians(0, 1, 2).Select(key => ((string?)null, key.Sign(Dsse.Pae(RootJson.PayloadType, unnamed))))])));
        // the old custodians come first: the signature that does not verify is not looked at
        Given.Refuses("ROOT_THRESHOLD", () => First.Next(Given.Envelope(unnamed, RootJson.PayloadType, (NewCustodian.Key.KeyId, NewCustodian.Sign("another"u8)))));
    }

    [Fact]
    public void A_root_does_not_outlive_its_root_keys()
    {
        Given.Refuses("KEY_WINDOW", () => SignedRoot.Draft(GivenRoots.Content with { Expires = GivenKeys.To.AddSeconds(1) }));
        SignedRoot.Draft(GivenRoots.Content with { Expires = GivenKeys.To });
    }

    [Fact]
    public void A_root_key_that_is_revoked_does_not_count()
    {
        var revoked = GivenRoots.Content with { Keys = [.. GivenRoots.Content.Keys.Select(key => key.KeyId == GivenRoots.Custodians[0].Key.KeyId ? key with { RevokedAt = Given.Now } : key)] };
        var file = GivenRoots.Signed(revoked, previous: null, Custodians(0, 1, 2));

        Given.Refuses("ROOT_THRESHOLD", () => TrustedRoot.First(file, SignedRoot.Read(file).Reference));
        var enough = GivenRoots.Signed(revoked, previous: null, Custodians(1, 2, 3));
        TrustedRoot.First(enough, SignedRoot.Read(enough).Reference);
    }

    [Fact, MustRefuse("G3")]
    public void G3_an_expired_root_freezes_nobody()
    {
        Given.Refuses("ROOT_EXPIRED", () => First.RequireCurrent(GivenRoots.Content.Expires.AddSeconds(1)));
        Given.Refuses("ROOT_EXPIRED", () => TrustPack.Open(GivenRoots.Pack(), GivenRoots.State, GivenRoots.Content.Expires.AddSeconds(1)));
    }

    [Fact, MustRefuse("B14a")]
    public void B14a_a_root_that_vouches_for_itself_is_believed_by_nobody()
    {
        var custodians = Enumerable.Range(0, 3).Select(_ => GivenKeys.Make(KeyDuty.Root)).ToArray();
        var own = GivenRoots.Signed(GivenRoots.Of(1, threshold: 3, custodians), previous: null, custodians);

        Given.Refuses("SIG_UNTRUSTED", () => TrustedRoot.First(own, GivenRoots.Pinned));
        Given.Refuses("SIG_UNTRUSTED", () => VerifierState.Pin(own, GivenRoots.Pinned.Sha256, KeyEnvironment.Test));
        var pack = TrustPack.Create(GivenRoots.Files(("root/1.root.dsse.json", own)), 1, GivenRoots.Status, Given.Now);
        Given.Refuses("SIG_UNTRUSTED", () => TrustPack.Open(pack, GivenRoots.State, Given.Now));
    }

    [Fact, MustRefuse("B15")]
    public void B15_a_test_key_counts_for_nothing_in_production()
    {
        var production = GivenRoots.Content with { Environment = KeyEnvironment.Production };

        Given.Refuses("KEY_ENVIRONMENT", () => SignedRoot.Draft(production));
        Given.Refuses("KEY_ENVIRONMENT", () => SignedRoot.Read(GivenRoots.Forged(production, Custodians(0, 1, 2))));
        Given.Refuses("KEY_ENVIRONMENT", () => VerifierState.Pin(GivenRoots.First, GivenRoots.Pinned.Sha256, KeyEnvironment.Production));
        Given.Refuses("KEY_ENVIRONMENT", () => TrustPack.Open(GivenRoots.Pack(), GivenRoots.State with { Environment = KeyEnvironment.Production }, Given.Now));
    }

    [Theory]
    [InlineData("\"version\":1", "\"version\":0", "ROOT_VERSION")]
    [InlineData("\"version\":1", "\"version\":1.5", "ROOT_NUMBER")]
    [InlineData("\"version\":1", "\"Version\":1", "ROOT_CASE_VARIANT")]
    [InlineData("\"version\":1", "\"version\":1,\"version\":2", "ROOT_DUP_KEY")]
    [InlineData("\"version\":1", "\"version\":1,\"note\":\"\"", "ROOT_MEMBER")]
    [InlineData("\"threshold\":3", "\"threshold\":0", "ROOT_THRESHOLD")]
    [InlineData("\"threshold\":3", "\"threshold\":6", "ROOT_THRESHOLD")]
    [InlineData("\"threshold\":3", "\"threshold\":-1", "ROOT_THRESHOLD")]
    [InlineData("\"threshold\":3", "\"threshold\":3000000000", "ROOT_THRESHOLD")]
    [InlineData("\"status\":{\"keyids\"", "\"statuses2\":{\"keyids\"", "ROOT_ROLE")]
    [InlineData("\"keyids\":[\"sha256:", "\"keyids\":[\"sha256:0", "ROOT_ROLE")]
    [InlineData("\"role\":\"status\"", "\"role\":\"runner\"", "ROOT_ROLE")]
    [InlineData("\"environment\":\"test\",\"expires\"", "\"environment\":\"demo\",\"expires\"", "KEY_ENVIRONMENT")]
    [InlineData("\"expires\":\"2027-11-21T08:00:00Z\"", "\"expires\":\"2027-11-21\"", "ROOT_TIME")]
    public void A_root_that_is_not_exactly_understood_is_refused(string old, string replacement, string code)
    {
        var payload = Encoding.UTF8.GetString(RootJson.Write(GivenRoots.Content));
        Assert.Contains(old, payload, StringComparison.Ordinal);

        Given.Refuses(code, () => RootJson.Read(Encoding.UTF8.GetBytes(payload.Replace(old, replacement, StringComparison.Ordinal))));
    }

    [Fact]
    public void No_byte_of_a_root_can_be_changed()
    {
        var (good, accepted) = (GivenRoots.First, new List<int>());
        for (var at = 0; at < good.Length; at += 5)
        {
            var changed = good.ToArray();
            changed[at] ^= 0x01;
            try
            {
                TrustedRoot.First(changed, GivenRoots.Pinned);
                accepted.Add(at);
            }
            catch (RejectedException)
            {
                // what should happen, at every place
            }
        }

        Assert.Empty(accepted);
    }

    [Fact]
    public void A_draft_without_signatures_can_be_signed_and_is_no_root()
    {
        var draft = SignedRoot.Draft(GivenRoots.Content).ToBytes();

        Assert.Empty(SignedRoot.ReadDraft(draft).VerifiedBy(previous: null));
        Given.Refuses("ENV_NO_SIGNATURES", () => SignedRoot.Read(draft));
        Assert.Equal(ImmutableArray.Create(GivenRoots.Custodians[0].Key.KeyId), SignedRoot.ReadDraft(draft).SignAlso(GivenRoots.Custodians[0], previous: null).VerifiedBy(previous: null));
    }
}

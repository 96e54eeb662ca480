using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Proofs that something was logged, and everything that only looks like one.</summary>
public sealed class ProofTests
{
    private const int Size = 700;
    private const int At = 300;
    private static readonly LogLeaf Leaf = LogGiven.Leaf();
    private static readonly MemoryLog Log = With(Leaf, Size);
    private static readonly string Good = Encoding.UTF8.GetString(Prove(Log, Leaf, At));

    [Fact]
    public void The_worked_example_of_the_design_holds()
    {
        var (file, policy) = (Encoding.UTF8.GetBytes(DesignExample.Proof), LogGiven.Policy(DesignExample.Policy));
        var proof = TlogProof.Read(file);
        var leaf = Encoding.ASCII.GetBytes(DesignExample.Leaf);
        var root = VerifiedCheckpoint.Open(proof.Note.AsSpan(), policy, DesignExample.At).Content.Root;

        Assert.Equal(275, leaf.Length);
        Assert.Equal(DesignExample.LeafHash, Merkle.Leaf(leaf).ToHex());
        Assert.True(Merkle.Includes(root, 7, 3, Merkle.Leaf(leaf), proof.Path.AsSpan()));
        Assert.Equal(file, proof.ToBytes());
    }

    [Fact]
    public void A_leaf_holds_both_digests_of_what_was_signed_and_the_signers_in_order()
    {
        var pae = Digests.Of(Dsse.Pae(CertificateFormat.PayloadType, "{}"u8));
        string[] ids = [LogGiven.KeyId("b"), LogGiven.KeyId("a")];

        var leaf = LogLeaf.For(CertificateFormat.PayloadType, "{}"u8, ids);

        Assert.Equal($"hwcert-leaf/v1\n{pae.Sha256}\n{pae.Sm3}\n{string.Concat(ids.Order(StringComparer.Ordinal).Select(id => id[7..] + "\n"))}", Encoding.ASCII.GetString(leaf.Bytes.AsSpan()));
        Assert.Equal(Convert.ToHexStringLower(RfcTree.LeafHash([.. leaf.Bytes])), leaf.Hash.ToHex());
        Given.Refuses("LOG_LEAF", () => LogLeaf.For("t", "{}"u8, []));
        Given.Refuses("LOG_LEAF", () => LogLeaf.For("t", "{}"u8, [ids[0], ids[0]]));
        Given.Refuses("LOG_LEAF", () => LogLeaf.For("t", "{}"u8, ["key"]));
    }

    [Fact]
    public void The_leaf_of_an_envelope_is_that_of_its_verified_keys_and_no_signature_may_be_wrong()
    {
        var envelope = Given.Issued();
        var keys = Given.Signers.Select(signer => signer.Key.KeyId);
        var payload = Encoding.UTF8.GetBytes(Given.Statement);
        var unnamed = Given.Envelope(payload, CertificateFormat.PayloadType, [.. Given.Signers.Select(signer => ((string?)null, signer.Sign(Dsse.Pae(CertificateFormat.PayloadType, payload))))]);
        var misnamed = Given.Envelope(payload, CertificateFormat.PayloadType, [.. Given.Signers.Select((signer, at) => ((string?)LogGiven.KeyId(at.ToString(System.Globalization.CultureInfo.InvariantCulture)), signer.Sign(Dsse.Pae(CertificateFormat.PayloadType, payload))))]);
        var wrong = Given.Envelope(payload, CertificateFormat.PayloadType, (Given.P256Signer.Key.KeyId, Given.P256Signer.Sign("other"u8)));

        Assert.Equal(LogLeaf.For(CertificateFormat.PayloadType, payload, keys).Hash, LogLeaf.Of(envelope, Given.Trust).Hash);
        Assert.Equal(LogLeaf.Of(envelope, Given.Trust).Hash, LogLeaf.Of(unnamed, Given.Trust).Hash);
        Assert.Equal(LogLeaf.Of(envelope, Given.Trust).Hash, LogLeaf.Of(envelope, TrustStore.Of()).Hash);
        Given.Refuses("LOG_LEAF", () => LogLeaf.Of(unnamed, TrustStore.Of()));
        Assert.Equal(LogLeaf.Of(envelope, Given.Trust).Hash, LogLeaf.Of(misnamed, Given.Trust).Hash); // a hint does not decide who signed
        Assert.NotEqual(LogLeaf.Of(envelope, Given.Trust).Hash, LogLeaf.Of(misnamed, TrustStore.Of()).Hash);
        Assert.Empty(LogLeaf.Of(misnamed, Given.Trust).Unverified);
        Assert.Equal([LogGiven.KeyId("0"), LogGiven.KeyId("1")], LogLeaf.Of(misnamed, TrustStore.Of()).Unverified);
        Given.Refuses("SIG_BAD", () => LogLeaf.Of(wrong, Given.Trust));
        Given.Refuses("ENV_TYPE_NOT_ALLOWED", () => LogLeaf.Of(Given.Seal(payload, "text/plain"), Given.Trust));
        Given.Refuses("ENV_JSON", () => LogLeaf.Of("no envelope"u8.ToArray(), Given.Trust));
    }

    /// <summary>The controls, a failed run among them: what was logged is shown to have been, wherever it stands.</summary>
    [Fact]
    public void What_was_logged_is_proved_wherever_it_stands()
    {
        foreach (var (size, at) in (ReadOnlySpan<(int, int)>)[(1, 0), (2, 1), (256, 255), (257, 256), (700, 0), (700, 699)])
        {
            var log = With(Leaf, size, at);
            var reader = LogReader.Open(log, LogGiven.Alone, Given.Now);

            var logged = LoggedEntry.Verify(reader.Prove(Leaf, reader.Find(Leaf)!.Value).ToBytes(), Leaf, LogGiven.Alone, Given.Now);

            Assert.Equal(((ulong)at, (ulong)size), (logged.Index, logged.Checkpoint.Content.Size));
        }

        Assert.Null(LogReader.Open(Log, LogGiven.Alone, Given.Now).Find(LogGiven.Leaf("another")));
        Given.Refuses("LOG_INDEX", () => LogReader.Open(Log, LogGiven.Alone, Given.Now).Prove(Leaf, Size));
        Given.Refuses("LOG_INCLUSION", () => LogReader.Open(Log, LogGiven.Alone, Given.Now).Prove(Leaf, At + 1));
    }

    [Fact]
    [MustRefuse("E1", "E2a", "E2b", "E2c", "E2d", "E2e", "E2f", "E2g", "E3a", "E3c", "E3d")]
    public void A_proof_of_something_else_is_refused_for_what_it_is()
    {
        var lines = Good.Split('\n');
        string Changed(Action<List<string>> change)
        {
            var copy = lines.ToList();
            change(copy);
            return string.Join('\n', copy);
        }

        Given.Refuses("LOG_NO_PROOF", () => LoggedEntry.Verify(null, Leaf, LogGiven.Alone, Given.Now));
        Refuses("LOG_INCLUSION", Changed(copy => copy[4] = copy[3]));
        Refuses("LOG_INCLUSION", Changed(copy => copy.Insert(4, copy[3])));
        Refuses("LOG_INCLUSION", Changed(copy => copy.RemoveAt(4)));
        Refuses("LOG_INCLUSION", Changed(copy => copy[2] = "index 301"));
        Refuses("LOG_INDEX", Changed(copy => copy[2] = "index 700"));
        Refuses("LOG_INDEX", Changed(copy => copy[2] = "index 18446744073709551615"));
        Refuses("LOG_INDEX", Head(0) + Encoding.UTF8.GetString(LogGiven.Note(LogGiven.Checkpoint(0))));
        Refuses("LOG_ORIGIN", Good.Replace("hwcert.example.org/log1\n700", "hwcert.example.org/log2\n700", StringComparison.Ordinal));
        Refuses("LOG_NOTE_SIG", Good.Replace("\n700\n", "\n701\n", StringComparison.Ordinal));
        Refuses("LOG_UNSIGNED", Good[..Good.IndexOf("\n\n— ", StringComparison.Ordinal)] + "\n\n");
        Refuses("LOG_ROOT_SOURCE", Changed(copy => copy.Insert(3, "root " + copy[3])));
    }

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2")]
    [InlineData("index 300", "index 0300")]
    [InlineData("index 300", "index 18446744073709551616")]
    [InlineData("index 300", "index  300")]
    [InlineData("index 300\n", "")]
    [InlineData("index 300", "index 300\nindex 300")]
    [InlineData("@v1\n", "@v1\r\n")]
    [InlineData("extra ", "extra =")]
    [InlineData("extra ", "other ")]
    public void A_proof_in_another_form_is_refused(string from, string to)
    {
        var changed = Good.Replace(from, to, StringComparison.Ordinal);

        Assert.NotEqual(Good, changed);
        Refuses("LOG_PROOF_FORMAT", changed);
    }

    [Fact]
    public void A_proof_with_loose_base64_too_long_or_with_bytes_behind_it_is_refused()
    {
        var lines = Good.Split('\n');

        Refuses("LOG_PROOF_FORMAT", Good.Replace(lines[3], lines[3][..^2] + (char)(lines[3][^2] + 1) + "=", StringComparison.Ordinal)); // unused bits set
        Refuses("LOG_PROOF_FORMAT", Good.Replace(lines[3], lines[3][..^1], StringComparison.Ordinal));
        Refuses("LOG_PROOF_FORMAT", Good.Replace(lines[3], " " + lines[3], StringComparison.Ordinal));
        Refuses("LOG_PROOF_FORMAT", "c2sp.org/tlog-proof@v1\nextra " + new string('A', TlogProof.MaxBytes) + Good["c2sp.org/tlog-proof@v1".Length..]);
        Refuses("LOG_PROOF_FORMAT", "");
        Refuses("LOG_NOTE_FORMAT", Good + "trailing\n");
        Refuses("LOG_NOTE_FORMAT", Good + "x");
    }

    /// <summary>Without the extra line nobody can tell, and both are refused all the same.</summary>
    [Fact]
    [MustRefuse("E4", "E5")]
    public void A_proof_of_another_object_or_of_other_signers_is_told_apart()
    {
        var (signer, other) = (LogGiven.Leaf(signers: ["issuer", "thief"]), LogGiven.Leaf("{\"result\":\"PASSED\"}"));
        var bare = (TlogProof.Read(Encoding.UTF8.GetBytes(Good)) with { Extra = null }).ToBytes();
        var lying = (TlogProof.Read(Encoding.UTF8.GetBytes(Good)) with { Extra = [.. other.Bytes] }).ToBytes();

        Given.Refuses("LOG_SIGNER_SET", () => LoggedEntry.Verify(Encoding.UTF8.GetBytes(Good), signer, LogGiven.Alone, Given.Now));
        Given.Refuses("LOG_OTHER_LEAF", () => LoggedEntry.Verify(Encoding.UTF8.GetBytes(Good), other, LogGiven.Alone, Given.Now));
        Given.Refuses("LOG_INCLUSION", () => LoggedEntry.Verify(bare, other, LogGiven.Alone, Given.Now));
        Given.Refuses("LOG_INCLUSION", () => LoggedEntry.Verify(lying, other, LogGiven.Alone, Given.Now));
        Assert.Equal((ulong)At, LoggedEntry.Verify(bare, Leaf, LogGiven.Alone, Given.Now).Index);
        Assert.Equal((ulong)At, LoggedEntry.Verify(lying, Leaf, LogGiven.Alone, Given.Now).Index); // the extra line decides nothing
    }

    [Fact]
    public void No_byte_of_a_proof_can_be_changed_but_in_its_extra_line()
    {
        var (good, accepted) = (Encoding.UTF8.GetBytes(Good), new List<int>());
        var extra = (From: Good.IndexOf("extra ", StringComparison.Ordinal), To: Good.IndexOf("\nindex", StringComparison.Ordinal));

        for (var at = 0; at < good.Length; at++)
        {
            var changed = good.ToArray();
            changed[at] ^= (byte)(at % 3 == 0 ? 0x20 : 1 << at % 8);
            try
            {
                LoggedEntry.Verify(changed, Leaf, LogGiven.Alone, Given.Now);
                if (at < extra.From || at >= extra.To)
                    accepted.Add(at);
            }
            catch (RejectedException)
            {
                // expected
            }
        }

        Assert.Empty(accepted);
    }

    /// <summary>A log of other entries, with this leaf in one place.</summary>
    internal static MemoryLog With(LogLeaf leaf, int size, int at = At)
    {
        var (log, tree) = (new MemoryLog(), new TreeGrowth());
        for (var index = 0; index < size; index++)
            tree.Append(index == at ? leaf.Bytes.AsSpan() : LogGiven.Entry(index), log.Put);
        tree.PutEdge(log.Put);
        log.Put("checkpoint", LogGiven.Note(new Checkpoint(LogGiven.Origin, (ulong)size, tree.Root())));
        return log;
    }

    private static byte[] Prove(MemoryLog log, LogLeaf leaf, ulong at) => LogReader.Open(log, LogGiven.Alone, Given.Now).Prove(leaf, at).ToBytes();

    private static string Head(int index) => $"c2sp.org/tlog-proof@v1\nindex {index}\n\n";

    private static void Refuses(string code, string proof) => Given.Refuses(code, () => LoggedEntry.Verify(Encoding.UTF8.GetBytes(proof), Leaf, LogGiven.Alone, Given.Now));
}

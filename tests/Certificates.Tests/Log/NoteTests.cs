using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Signed notes, keys, checkpoints, cosignatures and policies: published examples, and every way of getting them wrong.</summary>
public sealed class NoteTests
{
    private const string Peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    private const string PeterText = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    private const string PeterLine = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    private static readonly Checkpoint Seven = LogGiven.Checkpoint(7);
    private static readonly string Text = LogGiven.Checkpoint(7).ToText();

    /// <summary>C2SP signed-note, and golang.org/x/mod sumdb/note.</summary>
    [Theory]
    [InlineData("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "This is an example message.\n",
        "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n")]
    [InlineData(Peter, PeterText, PeterLine)]
    [InlineData("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop", PeterText,
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n")]
    public void Published_notes_verify_and_no_changed_one_does(string vkey, string text, string line)
    {
        var key = NoteKey.Parse(vkey);

        var note = SignedNote.Read(Encoding.UTF8.GetBytes($"{text}\n{line}"));

        var signature = note.Of(key, "TWICE")!;
        Assert.Equal(vkey, key.ToString());
        Assert.Equal(text, note.Text);
        Assert.Equal(line, SignedNote.WriteLine(key, signature.Value.AsSpan()));
        Assert.Null(Ed25519.Refuse(key.PublicKey.AsSpan(), Encoding.UTF8.GetBytes(text), signature.Value.AsSpan()));
        Assert.Equal("SIG_BAD", Ed25519.Refuse(key.PublicKey.AsSpan(), Encoding.UTF8.GetBytes(text + "x"), signature.Value.AsSpan()));
    }

    /// <summary>golang.org/x/mod sumdb/note, TestNewVerifier: every part of a key, every byte of it raised by one, a key too long, an unknown algorithm.</summary>
    [Fact]
    public void No_part_and_no_change_of_a_verifier_key_is_a_verifier_key()
    {
        for (var from = 0; from <= Peter.Length; from++)
            for (var to = from; to <= Peter.Length; to++)
                if (to - from < Peter.Length)
                    Given.Refuses("LOG_KEY", () => NoteKey.Parse(Peter[from..to]));
        for (var at = 0; at < Peter.Length; at++)
            Given.Refuses("LOG_KEY", () => NoteKey.Parse($"{Peter[..at]}{(char)(Peter[at] + 1)}{Peter[(at + 1)..]}"));
        Given.Refuses("LOG_KEY", () => NoteKey.Parse("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="));
        Given.Refuses("LOG_KEY", () => NoteKey.Parse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
    }

    /// <summary>B11 b. Points of order 1, 2, 4 and 8, the first two with the other sign of x too, and y = p, p+1.</summary>
    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void A_key_of_small_order_is_no_key(string hex) =>
        Given.Refuses("KEY_WEAK", () => NoteKey.For("log", NoteKeyType.Log, Convert.FromHexString(hex)));

    /// <summary>B11 a: S + L verifies in careless libraries.</summary>
    [Fact]
    public void A_second_signature_made_from_a_first_is_refused()
    {
        var signature = LogGiven.Log.Sign(Text);
        var order = System.Numerics.BigInteger.Pow(2, 252) + System.Numerics.BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
        var s = new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true) + order;
        byte[] second = [.. signature[..32], .. s.ToByteArray(isUnsigned: true).Concat(new byte[32]).Take(32)];

        Given.Refuses("SIG_RANGE", () => LogGiven.Open(LogGiven.Note(Text, SignedNote.WriteLine(LogGiven.Log.Public, second))));
    }

    /// <summary>The worked example of the design: a log, one witness, seven entries.</summary>
    [Fact]
    public void The_worked_example_of_the_design_verifies()
    {
        var policy = LogGiven.Policy(DesignExample.Policy);

        var opened = VerifiedCheckpoint.Open(Encoding.UTF8.GetBytes(DesignExample.Checkpoint), policy, DesignExample.At);

        Assert.Equal(7UL, opened.Content.Size);
        Assert.Equal("witness.example.org/w1", Assert.Single(opened.Witnesses).Key.Name);
        Assert.Equal(DesignExample.Checkpoint, Encoding.UTF8.GetString(opened.Note.AsSpan()));
    }

    [Fact]
    public void A_checkpoint_of_ours_is_one_with_its_witnesses_and_with_lines_that_nobody_knows()
    {
        var stranger = new TestNoteKey("example.net/unknown", NoteKeyType.Log, 9);

        var opened = LogGiven.Open(LogGiven.Note(Seven, LogGiven.Log.Line(Text), LogGiven.OtherWitness.Line(Text, Given.Now), stranger.Line(Text)), LogGiven.Witnessed);

        Assert.Equal(Seven, opened.Content);
        Assert.Equal(new Cosigner(LogGiven.OtherWitness.Public, Given.Now), Assert.Single(opened.Witnesses));
    }

    /// <summary>And what else a note may not be.</summary>
    [Theory]
    [MustRefuse("E9a", "E9b", "E9c")]
    [InlineData("size with a leading zero", "\n7\n", "\n07\n")]
    [InlineData("negative size", "\n7\n", "\n-7\n")]
    [InlineData("size of 2^64", "\n7\n", "\n18446744073709551616\n")]
    [InlineData("hexadecimal size", "\n7\n", "\n0x7\n")]
    [InlineData("empty size", "\n7\n", "\n\n")]
    [InlineData("extension line", "=\n", "=\nextension\n")]
    [InlineData("root of other length", "=\n", "==\n")]
    [InlineData("no origin", "hwcert.example.org/log1\n", "\n")]
    [InlineData("carriage returns", "\n", "\r\n")]
    [InlineData("tab", "7", "7\t")]
    [InlineData("a log of size 0 with a root", "\n7\n", "\n0\n")]
    public void A_checkpoint_in_another_form_is_refused_though_signed(string form, string from, string to)
    {
        var text = Text.Replace(from, to, StringComparison.Ordinal);

        Assert.NotEqual(Text, text);
        Assert.NotEmpty(form);
        Given.Refuses("LOG_NOTE_FORMAT", () => LogGiven.Open(LogGiven.Note(text)));
    }

    [Fact]
    public void A_signature_line_in_another_form_is_refused()
    {
        var good = LogGiven.Log.Line(Text);
        string[] bad =
        [
            good[..^1], good.Replace("— ", "- ", StringComparison.Ordinal), good.Replace("— ", "—  ", StringComparison.Ordinal), good + "Unexpected line.\n",
            good.Replace("=\n", "\n", StringComparison.Ordinal), good.Replace("=\n", "==\n", StringComparison.Ordinal), good.Replace("log1 ", "log 1 ", StringComparison.Ordinal),
            good + "— bad+name ABCDEFGH\n", good + "— name ABCD\n", good + "— name AB-_EFGH\n", good + "— name ABCDEFG=\n",
        ];

        Assert.All(bad, lines => Given.Refuses("LOG_NOTE_FORMAT", () => LogGiven.Open(LogGiven.Note(Text, lines))));
        Assert.Equal(Seven, LogGiven.Open(LogGiven.Note(Text, good + "— name ABCDEFE=\n")).Content); // of a key that nobody knows, in base64 without loose bits
        Given.Refuses("LOG_NOTE_FORMAT", () => SignedNote.Read([0xff, .. LogGiven.Note(Text)]));
        Given.Refuses("LOG_NOTE_FORMAT", () => SignedNote.Read([1, .. LogGiven.Note(Text)]));
    }

    [Fact]
    public void Sixteen_signatures_are_read_sixty_five_and_a_note_without_end_are_not()
    {
        var other = new TestNoteKey("other", NoteKeyType.Log, 40).Line(Text);
        string Others(int count) => string.Concat(Enumerable.Range(0, count).Select(at => other.Replace("other", $"other{at}", StringComparison.Ordinal)));

        Assert.Equal(Seven, LogGiven.Open(LogGiven.Note(Text, LogGiven.Log.Line(Text), Others(63))).Content);
        Given.Refuses("LOG_NOTE_FORMAT", () => LogGiven.Open(LogGiven.Note(Text, LogGiven.Log.Line(Text), Others(64))));
        Given.Refuses("LOG_NOTE_FORMAT", () => SignedNote.Read(new byte[SignedNote.MaxBytes + 1]));
    }

    [Fact]
    [MustRefuse("E3a", "E3b", "E3c")]
    public void A_checkpoint_of_another_log_by_another_key_or_by_nobody_is_refused()
    {
        var other = new TestNoteKey("hwcert.example.org/log2", NoteKeyType.Log, 1);
        var forged = SignedNote.WriteLine(LogGiven.Log.Public, new TestNoteKey(LogGiven.Origin, NoteKeyType.Log, 7).Sign(Text));
        var otherText = (Seven with { Origin = "hwcert.example.org/log2" }).ToText();

        Given.Refuses("LOG_ORIGIN", () => LogGiven.Open(LogGiven.Note(otherText, other.Line(otherText))));
        Given.Refuses("LOG_ORIGIN", () => LogGiven.Open(LogGiven.Note(otherText, LogGiven.Log.Line(otherText))));
        Given.Refuses("LOG_NOTE_SIG", () => LogGiven.Open(LogGiven.Note(Text, forged)));
        Given.Refuses("LOG_NOTE_SIG", () => LogGiven.Open(LogGiven.Note(LogGiven.Checkpoint(8), LogGiven.Log.Line(Text))));
        Given.Refuses("LOG_UNSIGNED", () => LogGiven.Open(LogGiven.Note(Text, other.Line(Text))));
        Given.Refuses("LOG_UNSIGNED", () => LogGiven.Open(Encoding.UTF8.GetBytes(Text)));
        Given.Refuses("LOG_UNSIGNED", () => LogGiven.Open(Encoding.UTF8.GetBytes(Text + "\n")));
    }

    /// <summary>And the witnesses that only look like one.</summary>
    [Fact]
    [MustRefuse("E6a", "E6c")]
    public void A_witness_that_is_missing_unknown_wrong_twice_or_from_the_future_does_not_count()
    {
        var log = LogGiven.Log.Line(Text);
        var unknown = new TestNoteKey("witness.example.org/w1", NoteKeyType.Witness, 8);
        var asLog = new TestNoteKey("witness.example.org/w1", NoteKeyType.Log, 2); // the witness's key, over the text alone
        byte[] Note(params string[] witnesses) => LogGiven.Note(Text, [log, .. witnesses]);
        void Refuses(string code, params string[] witnesses) => Given.Refuses(code, () => LogGiven.Open(Note(witnesses), LogGiven.Witnessed));

        Refuses("LOG_QUORUM");
        Refuses("LOG_QUORUM", unknown.Line(Text, Given.Now));
        Refuses("LOG_QUORUM", asLog.Line(Text));
        Refuses("LOG_NOTE_SIG", LogGiven.Witness.Line(LogGiven.Checkpoint(8).ToText(), Given.Now));
        Refuses("LOG_NOTE_SIG", SignedNote.WriteLine(LogGiven.Witness.Public, LogGiven.Witness.Sign(Text)));
        Refuses("LOG_WITNESS_DUP", LogGiven.Witness.Line(Text, Given.Now), LogGiven.Witness.Line(Text, Given.Now.AddSeconds(-1)));
        Refuses("LOG_WITNESS_TIME", LogGiven.Witness.Line(Text, Given.Now.AddSeconds(301)));
        Assert.Single(LogGiven.Open(Note(LogGiven.Witness.Line(Text, Given.Now.AddSeconds(300))), LogGiven.Witnessed).Witnesses);
    }

    [Fact]
    public void A_quorum_counts_witnesses_and_groups_as_it_says()
    {
        var keys = Enumerable.Range(0, 6).Select(at => new TestNoteKey($"w{at}", NoteKeyType.Witness, (byte)(20 + at))).ToArray();
        var lines = keys.Select(key => key.Line(Text, Given.Now)).ToArray();
        var policy = LogGiven.Policy($"# two operators\n\n log {LogGiven.Log.Public}\thttps://log.example\n"
            + string.Concat(keys.Select((key, at) => $"witness W{at} {key.Public}\n"))
            + "group X 2 W0 W1 W2\ngroup Y any W3 W4 W5\ngroup both all X Y\nquorum both\n");
        bool IsMet(params int[] signers)
        {
            try
            {
                return LogGiven.Open(LogGiven.Note(Text, [LogGiven.Log.Line(Text), .. signers.Select(at => lines[at])]), policy).Witnesses.Length == signers.Length;
            }
            catch (RejectedException missed) when (missed.Rejection.Code == "LOG_QUORUM")
            {
                return false;
            }
        }

        Assert.True(IsMet(0, 1, 3) && IsMet(1, 2, 5) && IsMet(0, 1, 2, 3, 4, 5));
        Assert.False(IsMet() || IsMet(0, 1) || IsMet(0, 3) || IsMet(3, 4, 5) || IsMet(0, 1, 2));
    }

    [Fact]
    [MustRefuse("E6b")]
    public void A_policy_that_says_two_things_or_nothing_is_refused()
    {
        var (log, w1, w2) = ($"log {LogGiven.Log.Public}\n", $"witness w1 {LogGiven.Witness.Public}\n", $"witness w2 {LogGiven.OtherWitness.Public}\n");
        var sameAsW1 = $"witness w2 {new TestNoteKey("another.name", NoteKeyType.Witness, 2).Public}\n";
        string[] malformed =
        [
            "", "quorum none\n", log, log + "quorum none\nquorum none\n", log + "quorum w1\n" + w1, log + w1 + w2.Replace("w2 ", "w1 ", StringComparison.Ordinal) + "quorum w1\n", log + w1 + "quorum nobody\n",
            log + w1 + w2 + "group g 3 w1 w2\nquorum g\n", log + w1 + "group g 0 w1\nquorum g\n", log + w1 + "group g 01 w1\nquorum g\n", log + w1 + "group g all\nquorum g\n",
            log + w1 + w2 + "group g any w1 w1\nquorum g\n", log + w1 + w2 + "group g any w1\ngroup h any w1\nquorum g\n", log + w1 + "group none any w1\nquorum none\n",
            log + log + "quorum none\n", $"log {LogGiven.Witness.Public}\nquorum none\n", log + $"witness w1 {LogGiven.Log.Public}\nquorum w1\n",
            log + "quorum none\r\n", log + "quorum none extra\n", log + "nonsense\nquorum none\n", log + "group g any g\nquorum g\n",
            log + $"witness w {new TestNoteKey("w", NoteKeyType.Witness, 1).Public}\nquorum w\n",
        ];

        Assert.All(malformed, text => Given.Refuses("LOG_POLICY", () => LogGiven.Policy(text)));
        Given.Refuses("LOG_WITNESS_DUP", () => LogGiven.Policy(log + w1 + w1 + "quorum w1\n"));
        Given.Refuses("LOG_WITNESS_DUP", () => LogGiven.Policy(log + w1 + sameAsW1 + "quorum w1\n"));
        Given.Refuses("LOG_POLICY", () => LogPolicy.Read(new byte[] { 0xff, 0xfe }));
        Given.Refuses("LOG_POLICY", () => LogPolicy.Read(Enumerable.Repeat((byte)'#', 64 * 1024 + 1).ToArray()));
        Assert.Equal("none", LogGiven.Policy(log + "quorum none").Quorum);
    }

    [Fact]
    [MustRefuse("E7", "E8a", "E8b")]
    public void What_was_seen_before_is_neither_rolled_back_nor_forked_nor_rewritten()
    {
        var (tree, five, seven) = (LogGiven.Tree(7), LogGiven.Checkpoint(5), LogGiven.Checkpoint(7));
        var proof = LogGiven.Hashes(tree.Proof(5, 7));
        var other = LogGiven.Hash(tree.Root(6));

        Consistency.Require(five, seven, proof);
        Consistency.Require(seven, seven, []);
        Consistency.Require(LogGiven.Checkpoint(0), seven, []);
        Given.Refuses("LOG_ROLLBACK", () => Consistency.Require(seven, five, proof));
        Given.Refuses("LOG_FORK", () => Consistency.Require(seven, seven with { Root = other }, []));
        Given.Refuses("LOG_CONSISTENCY", () => Consistency.Require(five with { Root = other }, seven, proof));
        Given.Refuses("LOG_CONSISTENCY", () => Consistency.Require(five, seven, []));
        Given.Refuses("LOG_CONSISTENCY", () => Consistency.Require(five, seven, proof.AsSpan(0, proof.Length - 1)));
        Given.Refuses("LOG_CONSISTENCY", () => Consistency.Require(five, seven, [.. proof, other]));
        Given.Refuses("LOG_ORIGIN", () => Consistency.Require(five with { Origin = "another" }, seven, proof));
    }

    [Fact]
    public void No_byte_of_a_checkpoint_can_be_changed_but_in_lines_that_nobody_needs()
    {
        var note = LogGiven.Note(Seven, LogGiven.Log.Line(Text), LogGiven.Witness.Line(Text, Given.Now));
        var accepted = new List<int>();

        for (var at = 0; at < note.Length; at++)
        {
            var changed = note.ToArray();
            changed[at] ^= (byte)(at % 3 == 0 ? 0x20 : 1 << at % 8);
            try
            {
                LogGiven.Open(changed, LogGiven.Witnessed);
                accepted.Add(at);
            }
            catch (RejectedException)
            {
                // expected
            }
        }

        Assert.Empty(accepted);
    }
}

using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Case G4 of the design, and what else no trust pack may be.</summary>
public sealed class TrustPackTests
{
    private static TrustPack Open(byte[] pack, VerifierState? state = null) => TrustPack.Open(pack, state ?? GivenRoots.State, Given.Now);

    [Fact]
    public void Control_a_pack_opens_and_the_reader_knows_what_to_remember()
    {
        var pack = Open(GivenRoots.Pack(7, ("status/l.dsse.json", GivenRoots.StatusList(GivenRoots.Pinned)), ("log/checkpoint", "c"u8.ToArray())));

        Assert.Equal((7, 7, GivenRoots.Pinned), (pack.Version, pack.State.PackVersion, pack.State.Root));
        Assert.Equal(["log/checkpoint", "root/1.root.dsse.json", "status/l.dsse.json"], pack.Paths);
        Assert.Equal("c"u8.ToArray(), pack.TryFile("log/checkpoint")!.Value.ToArray());
        Assert.IsType<Verification.Accepted>(Given.Verify(Given.Issued(), pack.Keys));
    }

    [Fact]
    public void The_same_files_make_the_same_archive()
    {
        var files = GivenRoots.Files(("root/1.root.dsse.json", GivenRoots.First), ("log/checkpoint", "c"u8.ToArray()));

        Assert.Equal(TrustPack.Pack(files), TrustPack.Pack(files));
        Assert.Equal(0, TrustPack.Pack(files).Length % 512);
    }

    [Fact, MustRefuse("G4")]
    public void G4_a_status_list_of_another_root_is_refused()
    {
        var second = GivenRoots.Of(2, threshold: 3, GivenRoots.Custodians);
        var secondFile = GivenRoots.Signed(second, GivenRoots.Content, [.. GivenRoots.Custodians[..3]]);
        var reference = SignedRoot.Read(secondFile).Reference;
        (string, byte[]) roots1 = ("root/1.root.dsse.json", GivenRoots.First), roots2 = ("root/2.root.dsse.json", secondFile);
        byte[] Make(params (string, byte[])[] files) => TrustPack.Create(GivenRoots.Files(files), 1, GivenRoots.Status, Given.Now);

        Open(Make(roots1, roots2, ("status/l.dsse.json", GivenRoots.StatusList(reference))));
        Given.Refuses("PACK_MIXED", () => Make(roots1, roots2, ("status/l.dsse.json", GivenRoots.StatusList(GivenRoots.Pinned))));
        Given.Refuses("PACK_MIXED", () => Make(roots1, ("status/l.dsse.json", GivenRoots.StatusList(reference))));
        // a manifest that was signed for the pack of another root
        var files = Unpacked(Make(roots1)).SetItem(roots2.Item1, roots2.Item2);
        Given.Refuses("PACK_MIXED", () => Open(TrustPack.Pack(files)));
    }

    [Fact]
    public void A_pack_is_never_older_than_one_that_was_seen()
    {
        var later = Open(GivenRoots.Pack(version: 8)).State;

        Given.Refuses("PACK_ROLLBACK", () => Open(GivenRoots.Pack(version: 7), later));
        Open(GivenRoots.Pack(version: 8), later);
    }

    [Fact]
    public void Two_packs_of_one_version_are_never_both_believed()
    {
        var seen = Open(GivenRoots.Pack(8)).State;

        Given.Refuses("PACK_FORK", () => Open(GivenRoots.Pack(8, ("log/checkpoint", [])), seen));
        Given.Refuses("PACK_FORK", () => seen.With(Open(GivenRoots.Pack(8, ("log/checkpoint", []))).State));
        Assert.Equal(seen.ToBytes(), VerifierState.Read(seen.ToBytes()).ToBytes());
    }

    [Fact]
    public void A_stolen_status_key_counts_versions_up_no_longer_than_its_root_lasts()
    {
        var stolen = Open(GivenRoots.Pack(JsonGate.MaxInteger)).State;
        var second = GivenRoots.Signed(GivenRoots.Of(2, threshold: 3, GivenRoots.Custodians), GivenRoots.Content, [.. GivenRoots.Custodians[..3]]);
        var honest = TrustPack.Create(GivenRoots.Files(("root/1.root.dsse.json", GivenRoots.First), ("root/2.root.dsse.json", second)), 9, GivenRoots.Status, Given.Now);

        Given.Refuses("PACK_ROLLBACK", () => Open(GivenRoots.Pack(9), stolen));
        var after = Open(honest, stolen).State;
        Assert.Equal((2, 9), (after.Root.Version, after.PackVersion));
        Assert.Equal((2, 9), (stolen.With(after).Root.Version, stolen.With(after).PackVersion));
        Assert.Equal(9, after.With(stolen).PackVersion);
    }

    [Fact]
    public void A_clock_that_goes_back_is_seen()
    {
        var state = Open(GivenRoots.Pack()).State;

        Assert.Equal(Given.Now, state.LastSeen);
        Given.Refuses("CLOCK_ROLLBACK", () => TrustPack.Open(GivenRoots.Pack(), state with { LastSeen = Given.Now.AddSeconds(301) }, Given.Now));
        Assert.Equal(Given.Now.AddSeconds(300), Open(GivenRoots.Pack(), GivenRoots.State with { LastSeen = Given.Now.AddSeconds(300) }).State.LastSeen);
    }

    [Fact]
    public void Two_histories_of_a_log_are_never_both_remembered()
    {
        VerifierState Seen(char root, long size = 5) => GivenRoots.State with { Logs = GivenRoots.State.Logs.Add("log", new SeenLog(size, new string(root, 64))) };

        Given.Refuses("LOG_FORK", () => Seen('a').With(Seen('b')));
        Assert.Equal(6, Seen('a').With(Seen('b', 6)).Logs["log"].Size);
        Assert.Equal(5, Seen('a').With(Seen('a')).Logs["log"].Size);
    }

    [Fact]
    public void What_was_not_checked_is_not_served()
    {
        var second = GivenRoots.Signed(GivenRoots.Of(2, threshold: 3, GivenRoots.Custodians), GivenRoots.Content, [.. GivenRoots.Custodians[..3]]);
        var pack = TrustPack.Create(GivenRoots.Files(("root/1.root.dsse.json", GivenRoots.First), ("root/2.root.dsse.json", second)), 1, GivenRoots.Status, Given.Now);
        var pinned = SignedRoot.Read(second).Reference;

        var opened = Open(pack, GivenRoots.State with { Pinned = pinned, Root = pinned });
        Assert.Null(opened.TryFile("root/1.root.dsse.json"));
        Assert.Equal(["root/2.root.dsse.json"], opened.Paths);
    }

    [Fact]
    public void A_signer_whose_time_is_over_does_not_count_and_spoils_nothing()
    {
        var own = GivenKeys.Make(KeyDuty.Status);
        var over = own.Key with { ValidTo = Given.Now.AddDays(-1) };
        var content = GivenRoots.Content with { Keys = GivenRoots.Content.Keys.Add(over) };
        var root = GivenRoots.Signed(content, previous: null, [.. GivenRoots.Custodians[..3]]);
        var payload = Encoding.UTF8.GetBytes($$$"""{"root":{"sha256":"{{{SignedRoot.Read(root).Reference.Sha256}}}","version":1}}""");
        const string type = "application/vnd.hwcert.status+json";
        byte[] List(params ISigner[] by) => Given.Envelope(payload, type, [.. by.Select(key => ((string?)key.Key.KeyId, key.Sign(Dsse.Pae(type, payload))))]);
        void Make(byte[] list) => TrustPack.Create(GivenRoots.Files(("root/1.root.dsse.json", root), ("status/l.dsse.json", list)), 1, GivenRoots.Status, Given.Now);

        Make(List(GivenRoots.Status, own));
        Given.Refuses("KEY_WINDOW", () => Make(List(own)));
    }

    [Fact]
    public void The_manifest_lists_every_file_and_no_other()
    {
        var files = Unpacked(GivenRoots.Pack(1, ("log/checkpoint", "c"u8.ToArray())));

        Given.Refuses("PACK_DIGEST", () => Open(TrustPack.Pack(files.SetItem("log/checkpoint", "d"u8.ToArray()))));
        Given.Refuses("PACK_MISSING", () => Open(TrustPack.Pack(files.Remove("log/checkpoint"))));
        Given.Refuses("PACK_EXTRA", () => Open(TrustPack.Pack(files.SetItem("log/more", []))));
        Given.Refuses("PACK_MISSING", () => Open(TrustPack.Pack(files.Remove(TrustPack.ManifestPath))));
        Given.Refuses("ROOT_VERSION", () => Open(TrustPack.Pack(files.Remove("root/1.root.dsse.json"))));
        Given.Refuses("PACK_PATH", () => GivenRoots.Pack(1, ("readme", [])));
        Given.Refuses("PACK_PATH", () => GivenRoots.Pack(1, ("status/l.json", [])));
        Given.Refuses("ROOT_VERSION", () => GivenRoots.Pack(1, ("root/3.root.dsse.json", GivenRoots.First)));
        Given.Refuses("PACK_PATH", () => GivenRoots.Pack(1, ("root/01.root.dsse.json", GivenRoots.First)));
    }

    [Fact]
    public void Each_file_is_signed_by_the_role_of_its_place()
    {
        var list = GivenRoots.StatusList(GivenRoots.Pinned, Given.P256Signer);

        Given.Refuses("SIG_ROLE", () => GivenRoots.Pack(1, ("status/l.dsse.json", list)));
        Given.Refuses("ENV_TYPE_NOT_ALLOWED", () => GivenRoots.Pack(1, ("policy/p.dsse.json", GivenRoots.StatusList(GivenRoots.Pinned))));
        Given.Refuses("SIG_ROLE", () => GivenRoots.Pack(1, ("policy/p.dsse.json", Given.Issued())));
        Given.Refuses("ENV_TYPE_NOT_ALLOWED", () => GivenRoots.Pack(1, ("status/l.dsse.json", GivenRoots.First)));
        Given.Refuses("SIG_ROLE", () => TrustPack.Create(GivenRoots.Files(("root/1.root.dsse.json", GivenRoots.First)), 1, Given.P256Signer, Given.Now));
    }

    [Fact]
    public void A_suite_policy_takes_as_many_custodians_as_a_root()
    {
        const string type = "https://example.org/hwcert/suite-policy/v1";
        byte[] Policy(string predicateType, params int[] by) => Statement(CertificateFormat.StatementType, predicateType, by);
        byte[] Statement(string statement, string predicateType, int[] by)
        {
            var payload = Encoding.UTF8.GetBytes(
                $$$"""{"_type":"{{{statement}}}","predicate":{"root":{"sha256":"{{{GivenRoots.Pinned.Sha256}}}","version":1}},"predicateType":"{{{predicateType}}}"}""");
            return Given.Envelope(payload, CertificateFormat.PayloadType, [.. by.Select(i => ((string?)null, GivenRoots.Custodians[i].Sign(Dsse.Pae(CertificateFormat.PayloadType, payload))))]);
        }

        GivenRoots.Pack(1, ("policy/p.dsse.json", Policy(type, 0, 1, 4)));
        Given.Refuses("PACK_THRESHOLD", () => GivenRoots.Pack(1, ("policy/p.dsse.json", Policy(type, 0, 1))));
        Given.Refuses("PACK_PREDICATE_TYPE", () => GivenRoots.Pack(1, ("policy/p.dsse.json", Policy(CertificateFormat.PredicateType, 0, 1, 4))));
        Given.Refuses("PACK_TYPE", () => GivenRoots.Pack(1, ("policy/p.dsse.json", Statement("https://in-toto.io/Statement/v0.1", type, [0, 1, 4]))));
        Given.Refuses("PACK_CASE_VARIANT", () => GivenRoots.Pack(1, ("policy/p.dsse.json", Policy(type + "\",\"PredicateType\":\"x", 0, 1, 4))));
        Given.Refuses("PACK_MEMBER", () => GivenRoots.Pack(1, ("policy/p.dsse.json", Policy(type + "\",\"more\":\"x", 0, 1, 4))));
        Given.Refuses("PACK_CASE_VARIANT", () => GivenRoots.Pack(1, ("status/l.dsse.json", GivenRoots.StatusList(GivenRoots.Pinned with { Sha256 = GivenRoots.Pinned.Sha256 + "\",\"Version\":\"7" }))));
    }

    [Fact]
    public void No_flipped_byte_of_a_pack_is_accepted()
    {
        var (good, random, accepted) = (GivenRoots.Pack(1, ("log/checkpoint", "c"u8.ToArray())), new Random(20261122), new List<int>());
        for (var at = 0; at < good.Length; at += random.Next(1, 32))
        {
            var changed = good.ToArray();
            changed[at] ^= (byte)random.Next(1, 256);
            try
            {
                Open(changed);
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
    public void What_is_remembered_only_grows_and_is_whole_whoever_writes_at_once()
    {
        using var folder = new TempFolder();
        var path = folder["verifier/state.json"];

        Parallel.For(1, 60, i => (GivenRoots.State with
        {
            PackVersion = i,
            Statuses = GivenRoots.State.Statuses.SetItem($"list-{i % 5}", i),
            Logs = GivenRoots.State.Logs.SetItem("log", new SeenLog(100 - i, new string((char)('a' + i % 6), 64))),
            LastSeen = Given.Now.AddDays(i),
        }).Remember(path));

        var state = VerifierState.Read(File.ReadAllBytes(path));
        Assert.Equal((59, 99, Given.Now.AddDays(59)), (state.PackVersion, state.Logs["log"].Size, state.LastSeen));
        Assert.Equal([55, 56, 57, 58, 59], state.Statuses.Values);
        Assert.Equal(File.ReadAllBytes(path), state.ToBytes());
        Given.Refuses("STATE_PIN", () => (GivenRoots.State with { Pinned = new RootReference(1, new string('0', 64)) }).Remember(path));
        Given.Refuses("STATE_MEMBER", () => VerifierState.Read("{}"u8.ToArray()));
    }

    [Fact]
    public void A_file_is_whole_whoever_writes_at_once_and_nothing_stays_beside_it()
    {
        using var folder = new TempFolder();

        Parallel.For(0, 64, i => WholeFile.Write(folder["one"], new byte[1000 + i]));
        File.WriteAllText(folder["one.partial"], "left by a run that was killed");
        WholeFile.WriteAlone(folder["one"], []);
        Assert.Equal([folder["one"]], Directory.GetFiles(folder.Root));
        Parallel.For(0, 64, i => WholeFile.Change(folder["one"], bytes => [.. bytes, (byte)i]));
        Assert.Equal(Enumerable.Range(0, 64), File.ReadAllBytes(folder["one"]).Select(octet => (int)octet).Order());

        Assert.Equal([folder["one"]], Directory.GetFiles(folder.Root));
        Assert.Throws<IOException>(() => WholeFile.Write(Directory.CreateDirectory(folder["folder"]).FullName, []));
        Assert.Equal([folder["one"]], Directory.GetFiles(folder.Root));
    }

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, byte[]> Unpacked(byte[] pack)
    {
        var files = new Dictionary<string, MemoryStream>(StringComparer.Ordinal);
        StrictTar.Read(new MemoryStream(pack), "PACK", new TarLimits(100, 1 << 20, 1 << 20), (path, _) => files[path] = new MemoryStream());
        return GivenRoots.Files([.. files.Select(file => (file.Key, file.Value.ToArray()))]);
    }
}

using System.Globalization;
using System.Security.Cryptography;
using Adaptation.Testing;

namespace Adaptation.Certificates.Tests;

/// <summary>Hashes, proofs and tiles against published values and against the tree as RFC 6962 defines it.</summary>
public sealed class MerkleTests
{
    private const int Seed = 20261122;

    private static byte[][] PublishedInputs { get; } =
        [.. new[] { "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f" }.Select(Convert.FromHexString)];

    [Fact]
    public void The_hashes_of_rfc_6962_come_out()
    {
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Merkle.EmptyRoot.ToHex());
        Assert.Equal("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", Merkle.Leaf([]).ToHex());
        Assert.Equal("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56", Merkle.Leaf("L123456"u8).ToHex());
        Assert.NotEqual(Merkle.Node(Merkle.Leaf("Hello"u8), Merkle.Leaf("World"u8)), Merkle.Node(Merkle.Leaf("World"u8), Merkle.Leaf("Hello"u8)));
    }

    /// <summary>Roots of the certificate-transparency-go reference tree, sizes 0 to 8.</summary>
    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void The_published_roots_come_out(int size, string expected)
    {
        var tree = new TreeGrowth();
        foreach (var entry in PublishedInputs[..size])
            tree.Append(entry, (_, _) => { });

        Assert.Equal(expected, tree.Root().ToHex());
        Assert.Equal(expected, Convert.ToHexStringLower(new RfcTree([.. PublishedInputs.Select(RfcTree.LeafHash)]).Root(size)));
    }

    [Fact]
    public void All_published_proofs_hold_or_are_refused_as_published()
    {
        var lines = File.ReadLines(Path.Combine(Golden.Root, "tests/Certificates.Tests/Log/merkle-vectors.txt")).Where(line => line[0] != '#').Select(line => line.Split('|')).ToList();

        Assert.Equal(196, lines.Count);
        Assert.Equal(12, lines.Count(fields => fields[1] == "holds"));
        Assert.All(lines, fields => Assert.Equal(fields[1] == "holds", Holds(fields)));
    }

    [Fact]
    public void Every_size_to_1100_gives_the_root_the_tiles_and_the_proofs_of_the_definition()
    {
        const int most = 1100;
        var (definition, tree, log, random) = (LogGiven.Tree(most), new TreeGrowth(), new MemoryLog(), new Random(Seed));

        for (var size = 1; size <= most; size++)
        {
            tree.Append(LogGiven.Entry(size - 1), log.Put);
            tree.PutEdge(log.Put);
            var (root, read) = (tree.Root(), new TileTree(log, (ulong)size));
            var (index, older) = (random.Next(size), random.Next(1, size + 1));

            Assert.Equal(LogGiven.Hash(definition.Root(size)), root);
            Assert.Equal(LogGiven.Hashes(definition.Path(index, size)), read.Inclusion((ulong)index));
            Assert.Equal(LogGiven.Hashes(definition.Proof(older, size)), read.Consistency((ulong)older));
            if (size % 32 < 2)
                Assert.Equal(root, read.Root());
        }
    }

    [Fact]
    public void Every_proof_of_small_trees_holds_for_its_place_and_for_no_other()
    {
        var (leaves, tree) = (LogGiven.Leaves(20), LogGiven.Tree(20));

        for (var size = 1; size <= leaves.Length; size++)
        {
            var root = LogGiven.Hash(tree.Root(size));
            for (var index = 0; index < size; index++)
            {
                var path = LogGiven.Hashes(tree.Path(index, size));
                for (var other = 0; other < leaves.Length + 2; other++)
                    Assert.Equal(other == index, Merkle.Includes(root, (ulong)size, (ulong)other, LogGiven.Hash(leaves[index]), path));
                Assert.False(Merkle.Includes(root, (ulong)size, (ulong)index, LogGiven.Hash(leaves[(index + 1) % leaves.Length]), path));
                Assert.False(Merkle.Includes(root, (ulong)size, (ulong)index, LogGiven.Hash(leaves[index]), [.. path, root]));
                Assert.False(path.Length > 0 && Merkle.Includes(root, (ulong)size, (ulong)index, LogGiven.Hash(leaves[index]), path.AsSpan(0, path.Length - 1)));
            }
        }
    }

    [Fact]
    public void Every_consistency_proof_of_small_trees_holds_for_its_two_trees_and_for_no_others()
    {
        const int most = 14;
        var tree = LogGiven.Tree(most);
        var roots = Enumerable.Range(0, most + 1).Select(size => LogGiven.Hash(tree.Root(size))).ToArray();

        for (var size = 1; size <= most; size++)
        {
            for (var older = 1; older <= size; older++)
            {
                var proof = LogGiven.Hashes(tree.Proof(older, size));
                for (var first = 0; first < roots.Length; first++)
                    for (var second = 0; second < roots.Length; second++)
                        Assert.Equal((first == older && second == size) || (proof.Length == 0 && first == second && first > 0), Merkle.IsConsistent((ulong)first, roots[first], (ulong)second, roots[second], proof));
                Assert.False(older < size && Merkle.IsConsistent((ulong)older, roots[size], (ulong)size, roots[older], proof));
                Assert.False(proof.Length > 0 && Merkle.IsConsistent((ulong)older, roots[older], (ulong)size, roots[size], [.. proof[1..], proof[0]]) && proof.Length > 1);
            }
        }
    }

    [Fact]
    public void Large_trees_agree_with_the_definition_at_random_places()
    {
        var random = new Random(Seed);
        foreach (var size in (ReadOnlySpan<int>)[65_536, 65_537 + random.Next(5_000)])
        {
            var (definition, tree) = (LogGiven.Tree(size), new TileTree(LogGiven.Grown(size), (ulong)size));
            var (index, older) = (random.Next(size), random.Next(1, size));

            Assert.Equal(LogGiven.Hash(definition.Root(size)), tree.Root());
            Assert.Equal(LogGiven.Hashes(definition.Path(index, size)), tree.Inclusion((ulong)index));
            Assert.Equal(LogGiven.Hashes(definition.Proof(older, size)), tree.Consistency((ulong)older));
        }
    }

    [Fact]
    public void A_log_goes_on_from_its_files_wherever_it_was_left()
    {
        foreach (var size in (ReadOnlySpan<int>)[0, 1, 2, 255, 256, 257, 511, 512, 65_500])
        {
            var (log, more) = (LogGiven.Grown(size), 300);
            var (whole, tree) = (new TreeGrowth(), TreeGrowth.Load(log, (ulong)size, LogGiven.Open(log.Files["checkpoint"]).Content.Root));
            for (var at = 0; at < size + more; at++)
                whole.Append(LogGiven.Entry(at), (_, _) => { });

            for (var at = size; at < size + more; at++)
                tree.Append(LogGiven.Entry(at), log.Put);
            tree.PutEdge(log.Put);

            Assert.Equal(whole.Root(), tree.Root());
            Assert.Equal(whole.Root(), new TileTree(log, (ulong)(size + more)).Root());
        }
    }

    /// <summary>The examples of C2SP tlog-tiles: sizes 256 and 70,000.</summary>
    [Fact]
    public void A_tree_of_256_and_one_of_70000_have_the_tiles_that_the_specification_names()
    {
        var small = LogGiven.Grown(256).Files.Keys.Where(name => name.StartsWith("tile/", StringComparison.Ordinal));
        var large = LogGiven.Grown(70_000).Files;

        Assert.Equal(["tile/0/000", "tile/1/000.p/1", "tile/entries/000"], small.Order(StringComparer.Ordinal));
        Assert.Equal(273, large.Keys.Count(name => name.StartsWith("tile/0/", StringComparison.Ordinal) && !name.Contains(".p/", StringComparison.Ordinal)));
        Assert.Equal(112 * 32, large["tile/0/273.p/112"].Length);
        Assert.Equal(8192, large["tile/1/000"].Length);
        Assert.Equal(17 * 32, large["tile/1/001.p/17"].Length);
        Assert.Equal(32, large["tile/2/000.p/1"].Length);
        Assert.Equal(273 + 1 + 1 + 1 + 1, large.Keys.Count(name => name.StartsWith("tile/", StringComparison.Ordinal) && !name.StartsWith("tile/entries/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_tile_s_index_is_written_in_groups_of_three_digits()
    {
        Assert.Equal("tile/3/x001/x234/067", LogFiles.Tile(3, 1_234_067, 256));
        Assert.Equal("tile/0/000.p/17", LogFiles.Tile(0, 0, 17));
        Assert.Equal("tile/entries/x018/x446/x744/x073/x709/x551/615.p/255", LogFiles.Entries(ulong.MaxValue, 255));
    }

    private static bool Holds(string[] fields)
    {
        var isInclusion = fields[0].StartsWith("inclusion", StringComparison.Ordinal);
        if (isInclusion && fields[4..].SelectMany(field => field.Split(',')).Any(hash => hash.Length != 44 && hash != "."))
            return false; // what is not 32 bytes does not get as far as a proof
        var (first, second, hashes) = (HashOf(fields[4]), HashOf(fields[5]), fields[6] == "." ? [] : fields[6].Split(',').Select(HashOf).ToArray());
        var (one, two) = (ulong.Parse(fields[2], CultureInfo.InvariantCulture), ulong.Parse(fields[3], CultureInfo.InvariantCulture));
        return isInclusion ? Merkle.Includes(first, two, one, second, hashes) : Merkle.IsConsistent(one, first, two, second, hashes);
    }

    /// <summary>Some cases have roots that are no hashes and that nothing is computed from: what counts is which of them are equal.</summary>
    private static LogHash HashOf(string text) =>
        (text == "-" ? [] : Convert.FromBase64String(text)) is var bytes && bytes.Length == LogHash.Bytes ? LogHash.Of(bytes) : LogHash.Of(SHA256.HashData([1, .. bytes]));
}

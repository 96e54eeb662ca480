using System.Diagnostics;
using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Case F3 of the design: archives are files with plain names, in one spelling, of the size that was promised.</summary>
public sealed class ArchiveTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Evidence => _folder["evidence"];

    private string Target => _folder["out"];

    public ArchiveTests()
    {
        Directory.CreateDirectory(Path.Combine(Evidence, "run", new string('d', 90)));
        File.WriteAllText(Path.Combine(Evidence, "a.txt"), "hello");
        File.WriteAllText(Path.Combine(Evidence, "run/events.jsonl"), new string('x', 1000));
        File.WriteAllText(Path.Combine(Evidence, "run/empty"), "");
        File.WriteAllText(Path.Combine(Evidence, "run", new string('d', 90), new string('n', 60)), "long");
    }

    [Fact]
    public void An_archive_gives_the_same_folder_back()
    {
        var manifest = EvidenceManifest.Create(Evidence);
        EvidenceArchive.Extract(new MemoryStream(Archive()), manifest, Target);

        Assert.Equal(manifest.ToBytes(), EvidenceManifest.Create(Target).ToBytes());
        Assert.Throws<IOException>(() => EvidenceArchive.Extract(new MemoryStream(Archive()), manifest, Target));
    }

    [Fact]
    public void The_tar_command_writes_the_same_bytes_and_reads_ours()
    {
        File.WriteAllLines(_folder["list"], EvidenceManifest.Create(Evidence).Files.Select(file => file.Path));
        Assert.Equal(0, Tar($"--format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0644 -b1 -cf {_folder["theirs.tar"]} -C {Evidence} -T {_folder["list"]}"));
        Assert.Equal(File.ReadAllBytes(_folder["theirs.tar"]), Archive());

        File.WriteAllBytes(_folder["ours.tar"], Archive());
        Directory.CreateDirectory(Target);
        Assert.Equal(0, Tar($"-xf {_folder["ours.tar"]} -C {Target}"));
        Assert.Equal(EvidenceManifest.Create(Evidence).ToBytes(), EvidenceManifest.Create(Target).ToBytes());
    }

    [Theory, MustRefuse("F3a", "F3b")]
    [InlineData("../a.txt")]
    [InlineData("run/../../a.txt")]
    [InlineData("./a.txt")]
    [InlineData("/etc/passwd")]
    [InlineData("run//x")]
    [InlineData("run/")]
    [InlineData("a\\b")]
    [InlineData("a\nb")]
    public void F3ab_a_path_that_leaves_the_folder_is_refused(string path) => Refuses("EVD_PATH", Entry(path, '0'));

    [Theory, MustRefuse("F3c", "F3d", "F3e")]
    [InlineData('2')] // symbolic link
    [InlineData('1')] // hard link
    [InlineData('3')] // character device
    [InlineData('4')] // block device
    [InlineData('5')] // folder
    [InlineData('6')] // pipe
    [InlineData('x')] // pax header, which could rename what follows
    [InlineData('g')]
    [InlineData('L')] // long name of GNU
    [InlineData('S')] // sparse file
    [InlineData('\0')] // file of the seventies
    public void F3cde_anything_but_a_file_is_refused(char type) => Refuses("EVD_KIND", Entry("a.txt", type, link: "/etc/passwd"));

    [Fact, MustRefuse("F3f")]
    public void F3f_names_that_differ_in_letter_case_only_are_refused()
    {
        Refuses("EVD_PATH_CASE", Entry("A.txt", '0'), Entry("a.txt", '0'));
        Refuses("EVD_PATH_DUP", Entry("a.txt", '0'), Entry("a.txt", '0'));
        RefusesBare("EVD_PATH_CASE", Header("A.txt", 0), Header("a.txt", 0));
        RefusesBare("EVD_PATH", Header("run", 0), Header("run/events.jsonl", 0));
        RefusesBare("EVD_PATH", Header("RUN", 0), Header("run/events.jsonl", 0));
    }

    [Fact, MustRefuse("F3g")]
    public void F3g_what_would_unpack_to_more_than_the_manifest_lists_is_refused_before_it_is_written()
    {
        Refuses("EVD_BOMB", Header("a.txt", (1L << 33) - 1));
        Refuses("EVD_BOMB", Header("a.txt", 6), new byte[512]); // one byte more than listed, and less than other files have
        RefusesBare("EVD_BOMB", Header("a", 10), new byte[512], Header("b", 10), new byte[512], Header("c", 1), new byte[512]);
        RefusesBare("EVD_BOMB", [.. Enumerable.Range(0, 5).Select(i => Header($"x{i}", 0))]);
        RefusesBare("EVD_BOMB", Header("a", 11), new byte[512]);
    }

    [Fact]
    public void A_manifest_of_more_bytes_than_can_be_counted_is_refused()
    {
        var digests = $"{new string('0', 64)} {new string('0', 64)} {long.MaxValue}";
        var manifest = EvidenceManifest.Parse(Encoding.ASCII.GetBytes($"hwcert-manifest/v1\n{digests} a\n{digests} b\n"));

        Given.Refuses("EVD_BOMB", () => EvidenceArchive.Extract(new MemoryStream(new byte[1024]), manifest, Target));
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void What_is_unpacked_is_its_owners_alone()
    {
        EvidenceArchive.Extract(new MemoryStream(Archive()), EvidenceManifest.Create(Evidence), Target);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Target));
    }

    [Fact]
    public void An_archive_has_one_spelling()
    {
        var good = Archive();
        Refuses("EVD_ARCHIVE", good[..^512]);
        Refuses("EVD_ARCHIVE", good[..600]);
        Refuses("EVD_ARCHIVE", [.. good, .. new byte[512]]);
        Refuses("EVD_ARCHIVE", [.. good[..^1], 1]);
        foreach (var at in (ReadOnlySpan<int>)[100, 108, 116, 136, 148, 155, 157, 257, 263, 265, 297, 329, 345 - 1, 500, 511])
        {
            var changed = good.ToArray();
            changed[at] ^= 1;
            Refuses("EVD_ARCHIVE", changed);
        }
        var padding = good.ToArray();
        padding[512 + 5] = 1;
        Refuses("EVD_ARCHIVE", padding);
        RefusesBare("EVD_ARCHIVE", Header("b", 0), Header("a", 0), new byte[1024]);
    }

    [Fact]
    public void What_the_manifest_does_not_list_is_not_unpacked_and_nothing_is_left()
    {
        Refuses("EVD_EXTRA", Header("b.txt", 5), new byte[512], new byte[1024]);
        Refuses("EVD_MISSING", Header("a.txt", 5), [.. "hello"u8, .. new byte[507]], new byte[1024]);
        Assert.False(Directory.Exists(Target));
        Assert.Equal(["evidence"], Directory.GetFileSystemEntries(_folder.Root).Select(Path.GetFileName));
    }

    public void Dispose() => _folder.Dispose();

    private byte[] Archive()
    {
        using var archive = new MemoryStream();
        EvidenceArchive.Write(EvidenceManifest.Create(Evidence), Evidence, archive);
        return archive.ToArray();
    }

    private void Refuses(string code, params byte[][] parts)
    {
        var archive = new MemoryStream([.. parts.SelectMany(part => part)]);
        Given.Refuses(code, () => EvidenceArchive.Extract(archive, EvidenceManifest.Create(Evidence), Target));
        Assert.False(Directory.Exists(Target));
    }

    /// <summary>Without a manifest: at most 4 files, 10 bytes each, 20 in all.</summary>
    private static void RefusesBare(string code, params byte[][] parts)
    {
        var archive = new MemoryStream([.. parts.SelectMany(part => part)]);
        Given.Refuses(code, () => StrictTar.Read(archive, "EVD", new TarLimits(4, 10, 20), (_, _) => new MemoryStream()));
    }

    private static byte[] Header(string path, long size) => StrictTar.Header(path, size);

    /// <summary>One entry without content, with any name and kind.</summary>
    private static byte[] Entry(string path, char type, string link = "")
    {
        var header = StrictTar.Header("a", 0);
        header.AsSpan(0, 100).Clear();
        Encoding.ASCII.GetBytes(path, header);
        Encoding.ASCII.GetBytes(link, header.AsSpan(157));
        header[156] = (byte)type;
        Encoding.ASCII.GetBytes("        ", header.AsSpan(148));
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(octet => octet), 8).PadLeft(6, '0') + "\0 ", header.AsSpan(148));
        return header;
    }

    private static int Tar(string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("tar", arguments) { UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}

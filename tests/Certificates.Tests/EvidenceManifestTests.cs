using System.Diagnostics;
using System.Text;

namespace Adaptation.Certificates.Tests;

public sealed class EvidenceManifestTests
{
    private const string Empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b 0 ";

    [Fact]
    public void It_lists_every_file_sorted_with_both_digests_and_reads_back()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["b"]);
        foreach (var name in (ReadOnlySpan<string>)["b/z", "b.txt", "a"])
            File.WriteAllText(folder[name], "");

        var text = Encoding.ASCII.GetString(EvidenceManifest.Create(folder.Root).ToBytes());

        Assert.Equal($"hwcert-manifest/v1\n{Empty}a\n{Empty}b.txt\n{Empty}b/z\n", text);
        Assert.Equal(text, Encoding.ASCII.GetString(EvidenceManifest.Parse(Encoding.ASCII.GetBytes(text)).ToBytes()));
        EvidenceManifest.Parse(Encoding.ASCII.GetBytes(text)).Check(folder.Root);
    }

    [Theory]
    [InlineData("../a", "EVD_PATH")] // F3
    [InlineData("a/../b", "EVD_PATH")]
    [InlineData("/etc/passwd", "EVD_PATH")]
    [InlineData("a//b", "EVD_PATH")]
    [InlineData("./a", "EVD_PATH")]
    [InlineData("a/", "EVD_PATH")]
    [InlineData("a\\b", "EVD_PATH")]
    [InlineData("a:b", "EVD_PATH")]
    [InlineData("", "EVD_PATH")]
    [InlineData("a b", "EVD_MANIFEST")]
    [InlineData("a\r", "EVD_PATH")]
    public void F3_a_path_that_leaves_the_folder_or_has_two_readings_is_refused(string path, string code) =>
        Given.Refuses(code, () => EvidenceManifest.Parse(Encoding.ASCII.GetBytes($"hwcert-manifest/v1\n{Empty}{path}\n")));

    [Fact]
    public void A_path_is_at_most_240_bytes()
    {
        EvidenceManifest.Parse(Encoding.ASCII.GetBytes($"hwcert-manifest/v1\n{Empty}{new string('a', 240)}\n"));
        Given.Refuses("EVD_PATH", () => EvidenceManifest.Parse(Encoding.ASCII.GetBytes($"hwcert-manifest/v1\n{Empty}{new string('a', 241)}\n")));
    }

    [Fact]
    public void F2_F3_paths_are_unique_in_every_reading_and_sorted()
    {
        static void Parse(params string[] paths) =>
            EvidenceManifest.Parse(Encoding.ASCII.GetBytes("hwcert-manifest/v1\n" + string.Concat(paths.Select(path => $"{Empty}{path}\n"))));

        Parse("a", "b");
        Given.Refuses("EVD_PATH_DUP", () => Parse("a", "a"));
        Given.Refuses("EVD_PATH_CASE", () => Parse("A", "a"));
        Given.Refuses("EVD_MANIFEST", () => Parse("b", "a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hwcert-manifest/v1")]
    [InlineData("hwcert-manifest/v2\n")]
    [InlineData("hwcert-manifest/v1\r\n")]
    [InlineData("hwcert-manifest/v1\n\n")]
    [InlineData("hwcert-manifest/v1\na b c d\n")]
    public void Anything_that_is_no_manifest_is_refused(string text) =>
        Given.Refuses("EVD_MANIFEST", () => EvidenceManifest.Parse(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("00")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("99999999999999999999")]
    [InlineData("0x1")]
    public void A_size_has_one_spelling(string size) =>
        Given.Refuses("EVD_MANIFEST", () => EvidenceManifest.Parse(
            Encoding.ASCII.GetBytes($"hwcert-manifest/v1\n{Empty[..^2]}{size} a\n")));

    [Fact]
    public void F3_links_and_special_files_are_refused()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["a"], "x");
        var manifest = EvidenceManifest.Create(folder.Root);

        File.CreateSymbolicLink(folder["link"], folder["a"]);
        Given.Refuses("EVD_KIND", () => EvidenceManifest.Create(folder.Root));
        Given.Refuses("EVD_KIND", () => manifest.Check(folder.Root));
        File.Delete(folder["link"]);
        Directory.CreateSymbolicLink(folder["loop"], folder.Root);
        Given.Refuses("EVD_KIND", () => manifest.Check(folder.Root));
        Directory.Delete(folder["loop"]);
        using (var mkfifo = Process.Start("mkfifo", folder["pipe"]))
            mkfifo.WaitForExit();
        Given.Refuses("EVD_KIND", () => manifest.Check(folder.Root));
        File.Delete(folder["pipe"]);
        manifest.Check(folder.Root);
    }

    [Fact]
    public void Names_that_evidence_may_not_have_are_refused()
    {
        using var folder = new TempFolder();

        File.WriteAllText(folder["a b"], "");
        Given.Refuses("EVD_PATH", () => EvidenceManifest.Create(folder.Root));
        File.Delete(folder["a b"]);
        File.WriteAllText(folder["a"], "");
        File.WriteAllText(folder["A"], "");
        Given.Refuses("EVD_PATH_CASE", () => EvidenceManifest.Create(folder.Root));
    }
}

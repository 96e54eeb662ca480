using System.Formats.Tar;
using Adaptation.Core;

namespace Adaptation.Runner.Docker.Tests;

public sealed class BuildContextTests
{
    private const string Base = "sha256:base";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_archive_holds_the_folder_and_the_files_with_nothing_of_this_machine()
    {
        using var folder = new Given.Folder();
        var host = folder.File("published/adaptation-host", "#!program");
        File.SetUnixFileMode(host, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        folder.File("engine/lib/libx.so.1", "x");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "engine/lib/libx.so"), "libx.so.1");
        var image = Given.Image(folder, "FROM x", "base", ("host/adaptation-host", host), ("engine", Path.Combine(folder.Path, "engine")));

        var entries = await EntriesAsync(await BuildContext.ReadAsync(image, Base, Token));

        Assert.Equal(
            ["Dockerfile 644 FROM x", "engine/lib/libx.so 755 -> libx.so.1", "engine/lib/libx.so.1 644 x", "host/adaptation-host 755 #!program"],
            entries);
    }

    [Fact]
    public async Task The_same_content_elsewhere_and_later_has_the_same_digest()
    {
        using var one = new Given.Folder();
        using var other = new Given.Folder();
        var first = Given.Image(one, "FROM x", "base", ("a", one.File("a", "1")));
        var second = Given.Image(other, "FROM x", "base", ("a", other.File("other-name", "1")));

        var (left, right) = (await BuildContext.ReadAsync(first, Base, Token), await BuildContext.ReadAsync(second, Base, Token));

        Assert.Equal(left.Digest, right.Digest);
        Assert.Equal(64, left.Digest.Length);
    }

    [Fact]
    public async Task Whatever_goes_into_the_image_goes_into_the_digest()
    {
        using var folder = new Given.Folder();
        var (a, b) = (folder.File("a", "1"), folder.File("b", "2"));
        var image = Given.Image(folder, "FROM x", "base", ("a", a));
        var digests = new List<string> { await DigestAsync(image), await DigestAsync(image, "sha256:other") };

        digests.Add(await DigestAsync(image with { Files = image.Files.SetItem("a", b) }));
        digests.Add(await DigestAsync(image with { Files = image.Files.Add("b", a) }));
        digests.Add(await DigestAsync(image with { Files = image.Files.Remove("a").Add("b", a) }));
        File.SetUnixFileMode(a, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        digests.Add(await DigestAsync(image));
        folder.File("image/Dockerfile", "FROM y");
        digests.Add(await DigestAsync(image));

        Assert.Distinct(digests);
    }

    [Fact]
    public async Task A_file_that_changes_after_its_digest_was_taken_stops_the_build()
    {
        using var folder = new Given.Folder();
        var image = Given.Image(folder, "FROM x", "base", ("a", folder.File("a", "1")));
        var context = await BuildContext.ReadAsync(image, Base, Token);
        folder.File("a", "2");

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => context.WriteAsync(new MemoryStream(), Token));

        Assert.Contains("changed while the image was built", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("")]
    public async Task A_path_out_of_the_context_is_refused(string path)
    {
        using var folder = new Given.Folder();
        var image = Given.Image(folder, "FROM x", "base", (path, folder.File("a", "1")));

        await Assert.ThrowsAsync<BrokenEnvironmentException>(() => BuildContext.ReadAsync(image, Base, Token));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../../etc/passwd")]
    public async Task A_link_out_of_the_context_is_refused(string target)
    {
        using var folder = new Given.Folder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "engine"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "engine/link"), target);
        var image = Given.Image(folder, "FROM x", "base", ("engine", Path.Combine(folder.Path, "engine")));

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => BuildContext.ReadAsync(image, Base, Token));

        Assert.Contains(target, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_a_missing_Dockerfile_and_a_path_taken_twice_are_named()
    {
        using var folder = new Given.Folder();
        var sound = Given.Image(folder, "FROM x", "base");

        var missing = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DigestAsync(sound with { Files = sound.Files.Add("a", "/nonexistent/a") }));
        var twice = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DigestAsync(sound with { Files = sound.Files.Add("Dockerfile", folder.File("d", "")) }));
        var none = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => DigestAsync(sound with { Folder = folder.Path }));

        Assert.Contains("/nonexistent/a", missing.Message, StringComparison.Ordinal);
        Assert.Contains("twice", twice.Message, StringComparison.Ordinal);
        Assert.Contains("Dockerfile", none.Message, StringComparison.Ordinal);
    }

    private static async Task<string> DigestAsync(ImageSpec image, string baseDigest = Base) =>
        (await BuildContext.ReadAsync(image, baseDigest, Token)).Digest;

    private static async Task<List<string>> EntriesAsync(BuildContext context)
    {
        var archive = new MemoryStream();
        await context.WriteAsync(archive, Token);
        archive.Position = 0;
        var entries = new List<string>();
        await using var tar = new TarReader(archive);
        while (await tar.GetNextEntryAsync(copyData: true, Token) is { } entry)
        {
            Assert.Equal((DateTimeOffset.UnixEpoch, 0, 0), (entry.ModificationTime, entry.Uid, entry.Gid));
            var content = entry.DataStream is null ? $"-> {entry.LinkName}" : await new StreamReader(entry.DataStream).ReadToEndAsync(Token);
            entries.Add($"{entry.Name} {Convert.ToString((int)entry.Mode, 8)} {content}");
        }

        return entries;
    }
}

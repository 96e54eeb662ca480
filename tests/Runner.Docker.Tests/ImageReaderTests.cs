using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Runner.Docker.Tests;

/// <summary>Files are read out of a real image as the daemon keeps it, and nothing of the image is started.</summary>
public sealed class ImageReaderTests(DockerFixture docker)
{
    private const int Limit = 120_000;

    private static readonly string Long = new('x', ImageFile.MostKept + 4711);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task What_lies_in_an_image_is_read_by_its_bytes_through_links_and_what_is_no_file_is_none()
    {
        using var folder = new Given.Folder();
        var image = await docker.Engine.BuildAsync(Given.Image(
            folder,
            """
            ARG BASE_IMAGE
            FROM ${BASE_IMAGE}
            COPY ["version.info","long","empty","/opt/驱动 a/"]
            RUN ["/bin/busybox","sh","-c","cd '/opt/驱动 a'; ln -s version.info near; ln -s '/opt/驱动 a/near' far; ln -s /opt/it /opt/round; ln -s /opt/round /opt/it; ln -s '驱动 a' /opt/folder; ln -s /nowhere /opt/gone; mkfifo /opt/pipe"]
            ENTRYPOINT ["/bin/busybox","sh","-c","echo lies > /opt/folder/version.info"]
            """,
            docker.Base.Name, ("version.info", folder.File("v", "Version=25.2.0\n")), ("long", folder.File("l", Long)), ("empty", folder.File("e", ""))), Given.NoOutput, Token);

        Assert.Equal("Version=25.2.0\n", (await ReadAsync(image, "/opt/驱动 a/version.info"))!.BeginningAsText);
        Assert.Equal("Version=25.2.0\n", (await ReadAsync(image, "/opt/驱动 a/far"))!.BeginningAsText); // an absolute link to a relative one
        Assert.Equal("Version=25.2.0\n", (await ReadAsync(image, "/opt/folder/near"))!.BeginningAsText); // through a folder that is a link
        Assert.Equal(Sha256(""), (await ReadAsync(image, "/opt/folder/empty"))!.Sha256);
        var whole = (await ReadAsync(image, "/opt/folder/long"))!;
        Assert.Equal((Sha256(Long), ImageFile.MostKept), (whole.Sha256, whole.Beginning.Length));
        Assert.All(
            await Task.WhenAll(new[] { "/opt/none", "/opt/folder/version.info/below", "/opt/驱动 a", "/opt/folder", "/opt/round", "/opt/gone", "/opt/pipe", "/dev/null" }.Select(path => ReadAsync(image, path))),
            Assert.Null);
        Assert.DoesNotContain(await docker.Engine.FindAsync("version-capture", Token), left => left.Owner == RunOwner.Current);
    }

    [Fact(Timeout = Limit)]
    public async Task An_image_that_the_daemon_has_not_is_no_image_without_the_file() =>
        await Assert.ThrowsAnyAsync<Core.AdaptationException>(() => ReadAsync(docker.Busybox with { Digest = $"sha256:{new string('0', 64)}" }, "/etc/os-release"));

    private Task<ImageFile?> ReadAsync(ContainerImage image, string path) => docker.Engine.TryReadFileAsync(image, path, Token);

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

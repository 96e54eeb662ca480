using System.Collections.Immutable;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>Against npm itself and a registry of one package on this machine's loopback.</summary>
public sealed class NpmPackagesTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Registry _registry = new(Archive(("package/package.json", """{"name":"tiny","version":"1.0.0"}"""), ("package/lib/a.txt", "aaa"), ("package/b.txt", "bb")));
    private readonly List<string> _announced = [];

    public NpmPackagesTests()
    {
        // npm looks for its settings in the folder that it works in and above
        _folder.Write("package.json", "{}");
        _folder.Write(".npmrc", $"registry={_registry.Address}\nfetch-retries=0\naudit=false\ncache={_folder.At("cache")}\n");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ImmutableArray<PinnedFile> Files => [new("a", "lib/a.txt", 3, GivenRun.Sha256("aaa"u8)), new("sub/b", "b.txt", 2, GivenRun.Sha256("bb"u8))];

    private string Kept => _folder.At("packages");

    private NpmPackages Packages => new(Kept, line =>
    {
        lock (_announced)
            _announced.Add(line);
    });

    private PackageSource Source => new("tiny", "1.0.0", _registry.Integrity);

    [Fact]
    public async Task Pinned_files_are_fetched_once_and_nothing_else_is_kept()
    {
        var folder = await Packages.EnsureAsync(Source, Files, Token);
        Assert.Equal(folder, await Packages.EnsureAsync(Source, Files, Token));
        Assert.Single(_announced);
        Assert.Equal("aaa", File.ReadAllText(Path.Combine(folder, "a")));
        Assert.Equal(["a", "sub/b"], Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal));
        Assert.Equal([folder], Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public async Task Another_integrity_is_refused_with_both_and_leaves_nothing()
    {
        var pinned = $"sha512-{Convert.ToBase64String(new byte[64])}";
        var refused = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => Packages.EnsureAsync(Source with { Integrity = pinned }, Files, Token));
        Assert.Contains(pinned, refused.Message, StringComparison.Ordinal);
        Assert.Contains(_registry.Integrity, refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public async Task A_file_that_the_package_lacks_leaves_nothing()
    {
        var lacking = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => Packages.EnsureAsync(Source, [.. Files, new PinnedFile("c", "c.txt", 1, "0")], Token));
        Assert.Contains("c.txt", lacking.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public async Task A_package_that_the_registry_does_not_have_is_said_with_npm_s_words()
    {
        var missing = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => Packages.EnsureAsync(Source with { Package = "none" }, Files, Token));
        Assert.Contains("none 1.0.0", missing.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public async Task Two_at_once_end_with_one_whole_copy()
    {
        var folders = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Packages.EnsureAsync(Source, Files, Token)));
        Assert.Equal(folders[0], folders[1]);
        Assert.Equal([folders[0]], Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public async Task A_fetch_that_is_cancelled_leaves_nothing()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _registry.Asked = cancel.Cancel;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Packages.EnsureAsync(Source, Files, cancel.Token));
        Assert.Empty(Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public async Task A_kept_copy_that_was_tampered_with_is_refused()
    {
        var original = _folder.Write("original/lib/a.txt", "aaa");
        var folder = await Packages.KeepAsync("m", _folder.At("original"), [Files[0]], Token);
        Assert.Equal(folder, await Packages.KeepAsync("m", _folder.At("original"), [Files[0]], Token));
        var added = Path.Combine(folder, "extra");
        File.WriteAllText(added, "x");
        Assert.Contains("not among the pinned", (await RefusedAsync()).Message, StringComparison.Ordinal);
        File.Delete(added);
        File.Delete(Path.Combine(folder, "a"));
        File.CreateSymbolicLink(Path.Combine(folder, "a"), original);
        Assert.Contains("symbolic link", (await RefusedAsync()).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(folder, "a"));
        Assert.Contains("no such file", (await RefusedAsync()).Message, StringComparison.Ordinal);

        Task<BrokenEnvironmentException> RefusedAsync() =>
            Assert.ThrowsAsync<BrokenEnvironmentException>(() => Packages.KeepAsync("m", _folder.At("original"), [Files[0]], Token));
    }

    [Fact]
    public async Task A_local_file_with_another_digest_leaves_nothing()
    {
        _folder.Write("original/lib/a.txt", "other");
        await Assert.ThrowsAsync<BrokenEnvironmentException>(() => Packages.KeepAsync("m", _folder.At("original"), [Files[0]], Token));
        Assert.Empty(Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public void Leftovers_of_dead_fetches_are_removed_and_those_of_living_ones_are_not()
    {
        var living = Directory.CreateDirectory(Path.Combine(Kept, $".partial-{RunOwner.Current.Replace(':', '_')}~x")).FullName;
        Directory.CreateDirectory(Path.Combine(Kept, $".partial-{RunOwner.Current.Replace(':', '_')}9~x"));
        Directory.CreateDirectory(Path.Combine(Kept, ".partial-1-x"));
        Packages.RemoveLeftovers();
        Assert.Equal([living], Directory.GetFileSystemEntries(Kept));
    }

    [Fact]
    public async Task A_place_that_is_a_file_is_said_to_be_the_trouble()
    {
        _folder.Write("packages", "a file");
        var broken = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => Packages.KeepAsync("m", _folder.Path, [], Token));
        Assert.Contains(Kept, broken.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _registry.Dispose();
        _folder.Dispose();
    }

    private static byte[] Archive(params ReadOnlySpan<(string Name, string Text)> files)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach (var (name, text) in files)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        }

        return packed.ToArray();
    }

    private sealed class Registry : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly byte[] _archive;

        public Registry(byte[] archive)
        {
            _archive = archive;
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            }

            _listener.Prefixes.Add(Address);
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address { get; }

        public Action? Asked { get; set; }

        public string Integrity => $"sha512-{Convert.ToBase64String(SHA512.HashData(_archive))}";

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var call = await _listener.GetContextAsync();
                    Asked?.Invoke();
                    var bytes = call.Request.Url!.AbsolutePath switch
                    {
                        "/tiny" => Encoding.UTF8.GetBytes(
                            $$"""{"name":"tiny","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"tiny","version":"1.0.0","dist":{"integrity":"{{Integrity}}","tarball":"{{Address}}tiny.tgz"} } } }"""),
                        "/tiny.tgz" => _archive,
                        _ => null,
                    };
                    call.Response.StatusCode = bytes is null ? 404 : 200;
                    call.Response.Close(bytes ?? "{}"u8.ToArray(), willBlock: false);
                }
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                // disposed
            }
        }
    }
}

using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>What may lie in a folder that a server wrote, and what the runner makes of it.</summary>
public sealed class CacheFolderTests : IDisposable
{
    private const UnixFileMode Closed = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempFolder _temp = new();
    private readonly CacheFolder _folder;

    public CacheFolderTests()
    {
        Directory.CreateDirectory(_temp.At("kept"));
        Directory.CreateDirectory(_temp.At("cache"));
        _folder = new(_temp.At("cache"), _temp.At("kept"));
    }

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(CacheStarts.BitFlipped)]
    [InlineData(CacheStarts.Cut)]
    [InlineData(CacheStarts.Swapped)]
    [InlineData(CacheStarts.Emptied)]
    public void Every_damage_is_what_its_name_says_and_is_taken_back(string damage)
    {
        Write("a b%.bin", "12345");
        Write("deep/er/c.bin", "1234567");
        Write("empty", "");
        var changed = new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(At("a b%.bin"), changed);
        File.SetUnixFileMode(At("a b%.bin"), Closed);
        var before = _folder.List();
        Assert.Equal(["a%20b%25.bin 5", "deep/er/c.bin 7", "empty 0"], before.Select(file => $"{file.Name} {file.Bytes}"));
        _folder.Keep(before);

        _folder.Damage(damage);

        string[] expected = damage switch
        {
            CacheStarts.BitFlipped => ["12345", "123\u00b4567"],
            CacheStarts.Cut => ["12", "123"],
            CacheStarts.Swapped => ["1234567", "12345"],
            _ => ["12345", ""],
        };
        Assert.Equal(expected, new[] { "a b%.bin", "deep/er/c.bin" }.Select(name => System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(At(name)))));
        Assert.Equal((changed, Closed), (File.GetLastWriteTimeUtc(At("a b%.bin")), File.GetUnixFileMode(At("a b%.bin"))));
        _folder.Restore();
        Assert.Equal(before, _folder.List());
        Assert.Equal((changed, Closed), (File.GetLastWriteTimeUtc(At("a b%.bin")), File.GetUnixFileMode(At("a b%.bin"))));
    }

    [Fact]
    public void What_a_server_added_removed_or_turned_into_something_else_is_brought_back()
    {
        Write("a", "one");
        Write("b/c", "two");
        var before = _folder.List();
        _folder.Keep(before);
        File.Delete(At("a"));
        Write("a/inner", "a folder now");
        Directory.Delete(At("b"), recursive: true);
        Write("b", "a file now");
        Write("new/one", "more");

        _folder.Restore();

        Assert.Equal(before, _folder.List());
    }

    [Fact]
    public void No_link_is_followed_and_no_pipe_is_opened()
    {
        var (host, inHost) = (_temp.Write("host/file", "the machine's own"), _temp.At("host"));
        Write("a", "one");
        Write("b/file", "two");
        var before = _folder.List();
        _folder.Keep(before);
        // a server that puts links where its files were would have the runner write to the machine's
        File.Delete(At("a"));
        File.CreateSymbolicLink(At("a"), host);
        Directory.Delete(At("b"), recursive: true);
        Directory.CreateSymbolicLink(At("b"), inHost);
        File.CreateSymbolicLink(At("loop"), _folder.Path);
        using (var made = System.Diagnostics.Process.Start("mkfifo", [At("pipe")]))
            made.WaitForExit();

        Assert.Equal(["pipe 0"], _folder.List().Select(file => $"{file.Name} {file.Bytes}"));
        _folder.Restore();
        _folder.Damage(CacheStarts.Cut);

        Assert.Equal("the machine's own", File.ReadAllText(host));
        Assert.Equal(["a 1", "b/file 1"], _folder.List().Select(file => $"{file.Name} {file.Bytes}"));
    }

    [Fact]
    public void Too_many_files_and_folders_too_deep_are_said_and_not_gone_through()
    {
        for (var at = 0; at < CacheFolder.MostFiles; at++)
            File.WriteAllBytes(At($"f{at}"), []);
        Assert.Equal(CacheFolder.MostFiles, _folder.List().Length);
        File.WriteAllBytes(At("one more"), []);
        Assert.Contains("more than 10000 files", Assert.Throws<InvalidDataException>(() => _folder.List()).Message, StringComparison.Ordinal);

        Directory.Delete(_folder.Path, recursive: true);
        for (var at = 0; at < 6000; at++)
            Directory.CreateDirectory(At($"{new string('e', 180)}{at}"));
        Assert.Contains("the names of its files", Assert.Throws<InvalidDataException>(() => _folder.List()).Message, StringComparison.Ordinal);

        Directory.Delete(_folder.Path, recursive: true);
        Directory.CreateDirectory(At(string.Join('/', Enumerable.Repeat("d", CacheFolder.MostDepth + 1))));
        Assert.Contains("deeper than 32", Assert.Throws<InvalidDataException>(() => _folder.List()).Message, StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_temp.At("cache"), name);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }
}

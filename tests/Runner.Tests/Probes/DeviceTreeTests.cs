using System.Diagnostics;
using System.Globalization;

namespace Adaptation.Runner.Tests;

/// <summary>A container's /dev seen from outside: what it holds, and that nothing in it leads the look elsewhere.</summary>
public sealed class DeviceTreeTests : IDisposable
{
    private readonly TempFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Nodes_files_and_links_are_named_for_what_they_are()
    {
        Node("dev/chip0", 'c', 240, 7);
        Node("dev/dri/card0", 'b', 8, 0);
        _root.Write("dev/file", "");
        Link("dev/link", "/dev/null");

        var seen = DeviceTree.Read(_root.Path, out var problem);

        Assert.Null(problem);
        Assert.Equal([("/dev/chip0", "c 240:7"), ("/dev/dri/card0", "b 8:0"), ("/dev/file", "a plain file"), ("/dev/link", "a symbolic link")], seen.Select(node => (node.Key, node.Value)));
    }

    [Fact]
    public void A_link_in_place_of_a_folder_is_not_followed()
    {
        Node("elsewhere/chip0", 'c', 240, 7);
        _root.Write("dev/x", "");
        Link("dev/sub", _root.At("elsewhere"));

        Assert.Equal("a symbolic link", DeviceTree.Read(_root.Path, out _)["/dev/sub"]);
        Assert.DoesNotContain(DeviceTree.Read(_root.Path, out _).Keys, path => path.Contains("chip0", StringComparison.Ordinal));
    }

    [Fact]
    public void A_link_in_place_of_dev_itself_shows_nothing()
    {
        Node("elsewhere/chip0", 'c', 240, 7);
        Link("dev", _root.At("elsewhere"));

        Assert.Empty(DeviceTree.Read(_root.Path, out var problem));
        Assert.Contains("/dev cannot be opened", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_no_such_process_or_no_dev_nothing_is_seen_and_that_is_said()
    {
        DeviceTree.Read(_root.Path, out var problem);
        Assert.NotNull(problem);
        DeviceTree.Read(_root.At("no/such"), out problem);
        Assert.Contains("cannot be opened", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_without_end_and_names_that_are_no_text_are_no_way_to_hide()
    {
        _root.Write($"dev/{string.Join('/', Enumerable.Repeat("deeper", 12))}/x", "");
        DeviceTree.Read(_root.Path, out var problem);
        Assert.Contains("folders deep", problem, StringComparison.Ordinal);

        using var other = new TempFolder();
        Directory.CreateDirectory(other.At("dev"));
        Run("sh", "-c", $"mknod \"{other.At("dev")}/$(printf 'a\\377')\" c 240 7");
        DeviceTree.Read(other.Path, out problem);
        Assert.Contains("no text", problem, StringComparison.Ordinal);
        Run("rm", "-r", other.At("dev")); // .NET cannot name it
    }

    [Fact]
    public void A_name_cannot_spell_two_nodes()
    {
        Node("dev/a=c 1:1,b", 'c', 240, 7);

        Assert.Equal("/dev/a%3Dc%201:1%2Cb", Assert.Single(DeviceTree.Read(_root.Path, out _)).Key);
    }

    [Fact]
    public void The_devices_of_this_very_process_are_seen() =>
        Assert.Equal("c 1:3", DeviceTree.Read($"/proc/{Environment.ProcessId}/root", out _)["/dev/null"]);

    private void Node(string path, char kind, int major, int minor)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root.At(path))!);
        Run("mknod", _root.At(path), $"{kind}", major.ToString(CultureInfo.InvariantCulture), minor.ToString(CultureInfo.InvariantCulture));
    }

    private void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root.At(path))!);
        File.CreateSymbolicLink(_root.At(path), target);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

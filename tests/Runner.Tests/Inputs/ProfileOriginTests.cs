using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>A profile that bears a shipped id says in the lock whether it is the shipped one.</summary>
public sealed class ProfileOriginTests
{
    private const string Id = "ascend/910b3-vllm-ascend";

    [Fact]
    public void Every_shipped_stack_is_known_by_its_bytes() => Assert.All(Shipped.Stacks, profile => Assert.Equal("shipped", ShippedProfiles.Origin(profile)));

    [Theory]
    [InlineData("ascend/910b3-vllm-ascend.yaml", "altered: ascend/910b3-vllm-ascend")] // a copy that keeps the id
    [InlineData("ascend/vendor.yaml", "altered: ascend/vendor")] // changed in its place
    [InlineData("", "own")] // under an id of its own
    public void A_copy_of_other_bytes_shows(string changed, string origin)
    {
        using var folder = new TempFolder();
        foreach (var file in (ReadOnlySpan<string>)["ascend/vendor.yaml", "ascend/910b3.yaml", "ascend/910b3-vllm-ascend.yaml"])
        {
            var text = File.ReadAllText(Path.Combine(Golden.Root, "hardware-profiles", file));
            Write(folder, file, file == changed ? $"{text}\n# another byte\n" : changed.Length > 0 ? text : text.Replace($"id: {Id}", "id: my/copy", StringComparison.Ordinal));
        }

        var (profile, problems) = Read(folder);

        Assert.Empty(problems);
        Assert.Equal(origin, ShippedProfiles.Origin(profile!));
    }

    [Theory]
    [InlineData("pci: unknown", "pci: \"19e5:d802\"", null)]
    [InlineData("pci: unknown", "pci: \"10de:2330\"", "is `10de:2330`, and `facts.pci` says 19e5: that is another chip")]
    [InlineData("/dev/davinci{index}", "/dev/davinci{index+128}", null)]
    [InlineData("/dev/davinci{index}", "/dev/davinci{number}", "is not a device node below /dev")]
    public void A_copy_that_states_another_makers_id_or_no_number_of_a_node_is_refused(string shipped, string stated, string? words)
    {
        using var folder = new TempFolder();
        foreach (var file in (ReadOnlySpan<string>)["ascend/vendor.yaml", "ascend/910b3.yaml", "ascend/910b3-vllm-ascend.yaml"])
            Write(folder, file, File.ReadAllText(Path.Combine(Golden.Root, "hardware-profiles", file)).Replace(file.Contains("vllm", StringComparison.Ordinal) || file.Contains("vendor", StringComparison.Ordinal) ? shipped : "\0", stated, StringComparison.Ordinal));

        var problems = Read(folder).Problems;

        if (words is null)
            Assert.Empty(problems);
        else
            Assert.Contains(words, Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    private static void Write(TempFolder folder, string file, string text) => folder.Write($"hardware-profiles/{file}", System.Text.Encoding.UTF8.GetBytes(text));

    private static (Profile? Profile, List<Problem> Problems) Read(TempFolder folder)
    {
        var problems = new List<Problem>();
        return (ProfileReader.TryRead(folder.At($"hardware-profiles/{Id}.yaml"), "p.yaml", folder.Path, problems), problems);
    }

    [Fact]
    public async Task The_lock_says_it()
    {
        using var given = new GivenStack(Id, "19e5:d802", 0);

        Assert.Equal("shipped", (await given.ReadAsync()).Facts["profile.origin"]);
        given.Profile = given.Profile with { FileSha256 = new string('0', 64) };
        Assert.Equal($"altered: {Id}", (await given.ReadAsync()).Facts["profile.origin"]);
    }
}

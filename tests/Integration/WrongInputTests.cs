using System.Text.RegularExpressions;

namespace Adaptation.Integration;

/// <summary>Profiles, models and packages that are not what they say.</summary>
public sealed class WrongInputTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_profile_that_states_another_version_than_the_probe_reads_fails_OPS_02()
    {
        var ended = await bench.CertifyAsync(Stand.Good with { FrameworkVersion = "1.29.0" }, "start", Token);

        Bench.AssertRejected(ended);
        Assert.Equal("fail", ended.Verdict("OPS-02"));
        Assert.Contains("the profile states framework.version 1.29.0, the probe read 1.30.0", ended.Reason("OPS-02"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_problems_of_all_files_are_listed_with_their_lines_and_nothing_starts()
    {
        var profile = bench.Profile(Stand.Good.ToYaml().Replace("streams: 2", "streams: many", StringComparison.Ordinal) + "colour: red\n");
        var model = Model("two problems", text => text.Replace("kind: tensor", "kind: picture", StringComparison.Ordinal) + "weight: heavy\n");

        var ended = await bench.RunAsync("four problems in two files", ["certify", "--json", "--runs", bench.Place.Runs, "--profile", profile, "--model", model], Token);

        Assert.True(ended.ExitCode == 3, $"{ended}");
        Assert.Null(ended.Directory);
        Assert.All(
            [$"{Escaped(profile)}:[0-9]+: serve.streams: is `many`", $"{Escaped(profile)}:[0-9]+: colour: is not a known key", $"{Escaped(model)}:[0-9]+: kind: is `picture`", $"{Escaped(model)}:[0-9]+: weight: is not a known key"],
            problem => Assert.Matches(problem, ended.Errors));
        Assert.Contains("4 problems", ended.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("there is no suite `none`; there are quick", "--suite", "none")]
    [InlineData("no such file, and nothing of that name below hardware-profiles/", "--profile", "none/such")]
    [InlineData("no such file, and nothing of that name below reference-models/", "--model", "none")]
    [InlineData("'hope' not recognized", "--isolation", "hope")]
    [InlineData("--colour", "--colour")]
    public async Task What_there_is_none_of_is_bad_input(string message, params string[] arguments)
    {
        var ended = await bench.RunAsync(string.Join(' ', arguments), ["certify", .. arguments], Token);

        Assert.True(ended.ExitCode == 3, $"{ended}");
        Assert.Contains(message, ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_of_another_digest_than_its_manifest_states_is_refused_with_both()
    {
        const string Digest = "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0";
        var wrong = new string('0', 64);
        var model = Model("wrong digest", text => text.Replace(Digest, wrong, StringComparison.Ordinal));

        var ended = await bench.RunAsync("wrong sha256 in the manifest", ["certify", "--json", "--runs", bench.Place.Runs, "--model", model], Token);

        Assert.True(ended.ExitCode == 4, $"{ended}");
        Assert.Null(ended.Directory);
        Assert.Contains(Digest, ended.Errors, StringComparison.Ordinal);
        Assert.Contains(wrong, ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kept_package_that_was_tampered_with_is_refused_before_anything_starts()
    {
        Flip(bench.Place.ModelFile, 5_000_000);
        try
        {
            var ended = await bench.CertifyAsync(Stand.Good, "quick", Token);

            Assert.True(ended.ExitCode == 4, $"{ended}");
            Assert.Null(ended.Directory);
            Assert.Contains("model.onnx in the kept copy", ended.Errors, StringComparison.Ordinal);
            Assert.Matches("expected sha256 [0-9a-f]{64}\nseen +[0-9a-f]{64}", ended.Errors);
        }
        finally
        {
            Flip(bench.Place.ModelFile, 5_000_000);
        }
    }

    internal static void Flip(string path, long at)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        Span<byte> one = stackalloc byte[1];
        RandomAccess.Read(file, one, at);
        one[0] ^= 1;
        RandomAccess.Write(file, one, at);
    }

    /// <returns>The path of a changed copy of the shipped manifest.</returns>
    private string Model(string name, Func<string, string> change)
    {
        var shipped = Path.Combine(bench.Place.Root, "reference-models", "ppocrv4-rec");
        var path = bench.Place.Write($"{name}/model.yaml", change(File.ReadAllText(Path.Combine(shipped, "model.yaml"))));
        File.CreateSymbolicLink(Path.Combine(Path.GetDirectoryName(path)!, "golden"), Path.Combine(shipped, "golden"));
        return path;
    }

    private static string Escaped(string path) => Regex.Escape(path);
}

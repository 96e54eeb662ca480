using System.Text.Json;
using Adaptation.Runner;

namespace Adaptation.Integration;

/// <summary>A certificate and its evidence stand or fall as one: whatever is changed, added, removed or exchanged is found.</summary>
public sealed class EvidenceTests(Bench bench)
{
    private const int Seed = 20261121;
    private const int Places = 30;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_changed_byte_anywhere_is_refused()
    {
        var run = new RunDirectory((await bench.GoodAsync(Token)).Directory!);
        var random = new Random(Seed);
        var files = Directory.GetFiles(run.Evidence, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray();
        for (var i = 0; i < Places; i++)
        {
            var file = i % 5 == 0 ? run.Certificate : files[random.Next(files.Length)];
            var at = random.NextInt64(new FileInfo(file).Length);
            WrongInputTests.Flip(file, at);

            var ended = await VerifyAsync(run, run.Evidence, "one changed byte");

            WrongInputTests.Flip(file, at);
            AssertRefused(ended, $"seed {Seed}, {i}: byte {at} of {file}");
        }

        Assert.Equal(0, (await VerifyAsync(run, run.Evidence, "and back again")).ExitCode);
    }

    [Fact]
    public async Task A_file_too_many_is_refused()
    {
        var run = new RunDirectory((await bench.GoodAsync(Token)).Directory!);
        var stranger = run.InEvidence("outputs/stranger.bin");
        await File.WriteAllTextAsync(stranger, "", Token);

        var ended = await VerifyAsync(run, run.Evidence, "a file too many");

        File.Delete(stranger);
        AssertRefused(ended, "a file too many");
    }

    [Fact]
    public async Task A_missing_file_is_refused()
    {
        var run = new RunDirectory((await bench.GoodAsync(Token)).Directory!);
        var file = run.InEvidence("outputs/en-01.bin");
        File.Move(file, $"{run.Path}/away");

        var ended = await VerifyAsync(run, run.Evidence, "a missing file");

        File.Move($"{run.Path}/away", file);
        AssertRefused(ended, "a missing file");
    }

    [Fact]
    public async Task The_evidence_of_another_run_is_refused()
    {
        var run = new RunDirectory((await bench.GoodAsync(Token)).Directory!);
        var other = await bench.CertifiedAsync(Stand.Good, "start", Token, "another run");

        var ended = await VerifyAsync(run, new RunDirectory(other.Directory!).Evidence, "another run's evidence");

        AssertRefused(ended, "another run's evidence");
    }

    private Task<Ended> VerifyAsync(RunDirectory run, string evidence, string what) =>
        bench.RunAsync($"verify: {what}", ["verify", run.Certificate, "--evidence", evidence, "--json"], Token);

    private static void AssertRefused(Ended ended, string what)
    {
        Assert.True(ended.ExitCode == 1, $"{what}: {ended}");
        var said = JsonDocument.Parse(Assert.Single(ended.Output)).RootElement;
        Assert.False(said.GetProperty("valid").GetBoolean());
        Assert.Matches("^[A-Z0-9_]{4,}$", said.GetProperty("code").GetString());
    }
}

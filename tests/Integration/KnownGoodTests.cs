using System.Text.Json;
using Adaptation.Runner;

namespace Adaptation.Integration;

public sealed class KnownGoodTests(Bench bench)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_known_good_server_passes_every_check_and_is_certified()
    {
        var ended = await bench.GoodAsync(Token);

        Assert.All(ended.Events("judged"), judged => Assert.True(judged.GetProperty("verdict").GetString() == "pass", $"{judged}"));
        Assert.Equal(10, ended.Events("judged").Count());
        var run = new RunDirectory(ended.Directory!);
        Assert.Equal(run.Certificate, ended.Certificate);
        Assert.Contains("ADAPT-", await File.ReadAllTextAsync(run.Report, Token), StringComparison.Ordinal);
        Bench.AssertJournalIsWhole(run);
    }

    [Fact]
    public async Task A_container_cannot_tell_which_of_the_deployments_it_is()
    {
        var run = new RunDirectory((await bench.GoodAsync(Token)).Directory!);

        var folders = Directory.GetFiles(run.InEvidence("run/log"), "*-server.log").SelectMany(File.ReadLines)
            .Where(line => line.Contains("/run/adaptation is ", StringComparison.Ordinal)).ToArray();

        Assert.Equal(6, folders.Length);
        Assert.All(folders, line => Assert.Matches("/[0-9a-f]{8}$", line)); // by chance, and no number that counts up
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Its_certificate_verifies(bool withEvidence)
    {
        var run = new RunDirectory((await bench.GoodAsync(Token)).Directory!);

        var ended = await bench.RunAsync("verify", ["verify", run.Certificate, "--json", .. withEvidence ? ["--evidence", run.Evidence] : Array.Empty<string>()], Token);

        Assert.True(ended.ExitCode == 0, $"{ended}");
        var said = JsonDocument.Parse(Assert.Single(ended.Output)).RootElement;
        Assert.True(said.GetProperty("valid").GetBoolean());
        Assert.Equal(withEvidence, said.GetProperty("evidence").GetBoolean());
        Assert.Equal("L1", said.GetProperty("level").GetString()); // a development key caps it
    }
}

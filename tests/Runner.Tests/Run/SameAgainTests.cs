using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>COR-12 of a tensor model, from the plan to the verdict.</summary>
public sealed class SameAgainTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_answers_alike_in_two_containers_keeps_its_claim()
    {
        using var run = new GivenRun("again");

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Equal(new Verdict.Pass(), judgement.Finding("COR-12").Verdict);
        Assert.Equal(2, run.Engine.All.Count(container => !container.IsEcho));
        Assert.Single(Directory.GetFiles(Path.Combine(run.Only().Evidence, "outputs", "again"))); // ten equal answers are one file
        Assert.Equal(Outcome.Certified, judgement.Outcome);
        Assert.IsType<Certificates.EvidenceVerification.Accepted>(run.Verify(run.Only()));
    }

    [Theory]
    [InlineData(true, "asked 10 times over 2 starts")]
    [InlineData(false, "asked 10 times over 2 starts")]
    public async Task One_bit_that_changes_in_a_run_or_after_a_restart_breaks_the_claim(bool inRun, string said)
    {
        FakeContainer? first = null;
        using var run = new GivenRun("again", (given, container, request) =>
        {
            var answer = GivenRun.Right(given, container, request);
            first ??= container;
            if (inRun ? container.Served % 5 == 4 : container != first)
                answer[^4] ^= 1;
            return answer;
        });

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Contains(said, Assert.IsType<Verdict.Fail>(judgement.Finding("COR-12").Verdict).Measured, StringComparison.Ordinal);
        Assert.Equal(Outcome.Rejected, judgement.Outcome);
    }
}

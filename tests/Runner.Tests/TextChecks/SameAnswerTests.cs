using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

public sealed class SameAnswerTests
{
    private static readonly Plan Claiming = Given.Plan with { ModelKind = "llm", Declared = new(Deterministic: true, BatchInvariant: true) };
    private static readonly Plan Silent = Given.Plan with { ModelKind = "llm" };
    private static readonly ImmutableArray<ImmutableArray<int>> Documents = [.. Enumerable.Range(0, 12).Select(document => Enumerable.Range(document * 50, 80).ToImmutableArray())];

    [Fact]
    public async Task A_server_that_computes_each_request_alone_keeps_both_claims()
    {
        using var server = new GivenGreedyServer(GreedyFault.None);

        Assert.Equal(new Verdict.Pass(), Again(server, Claiming).Verdict);
        var beside = await BesideAsync(server, Claiming);
        Assert.Equal(new Verdict.Pass(), beside.Verdict);
        Assert.Equal(4, beside.Figures.Count(figure => figure.Name.StartsWith("identical answers", StringComparison.Ordinal)));
    }

    [Fact]
    public void Ties_broken_at_random_break_the_claim()
    {
        using var server = new GivenGreedyServer(GreedyFault.BreaksTiesAtRandom);

        Assert.Contains("2 different answers to the request", Failed(Again(server, Claiming)), StringComparison.Ordinal);
        Assert.Equal(new Verdict.Pass(), Again(server, Silent).Verdict);
    }

    [Theory]
    [InlineData("SeesNeighboursInABatch", "batch-3")]
    [InlineData("SeesNeighboursAtATime", "together-3")]
    public async Task Answers_that_depend_on_neighbours_fail_with_and_without_a_claim(string fault, string way)
    {
        using var server = new GivenGreedyServer(Enum.Parse<GreedyFault>(fault));

        Assert.Contains($"differ from those alone ({way}", Failed(await BesideAsync(server, Claiming)), StringComparison.Ordinal);
        Assert.Contains("an answer depends on its neighbours", Failed(await BesideAsync(server, Silent)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_one_prompt_a_request_is_tried_with_requests_at_a_time()
    {
        using var server = new GivenGreedyServer(GreedyFault.RefusesBatches);

        Assert.Equal(new Verdict.Pass(), (await BesideAsync(server, Silent)).Verdict);
        Assert.IsType<Verdict.Inconclusive>((await BesideAsync(server, Claiming)).Verdict);
    }

    [Fact]
    public async Task Texts_without_ids_are_compared_as_they_are()
    {
        using var server = new GivenGreedyServer(GreedyFault.GivesNoIds);

        Assert.Equal(new Verdict.Pass(), Again(server, Claiming).Verdict);
        Assert.Equal(new Verdict.Pass(), (await BesideAsync(server, Claiming)).Verdict);
    }

    [Fact]
    public async Task Answers_that_never_came_fail()
    {
        using var losing = new GivenGreedyServer(GreedyFault.LosesAChoice);
        using var failing = new GivenGreedyServer(GreedyFault.FailsNowAndThen);

        Assert.Contains("no choice of index 0", Failed(await BesideAsync(losing, Silent)), StringComparison.Ordinal);
        Assert.Contains("status 500", Failed(Again(failing, Silent)), StringComparison.Ordinal);
    }

    private static Finding Again(GivenGreedyServer server, Plan plan)
    {
        var (sheet, clause) = (new AnswerSheet(), Clauses.Determinism);
        var again = new SameAgain(sheet, clause.Limit("repeats"));
        using var questions = server.Open();
        for (var start = 1; start <= 2; start++)
        {
            sheet.Fact($"container.start-{start}", $"c{start}");
            again.Texts(questions, start);
        }

        return Judged(clause, sheet.Measured("COR-12"), plan);
    }

    private static async Task<Finding> BesideAsync(GivenGreedyServer server, Plan plan) =>
        Judged(Clauses.BatchInvariance, await new Neighbours(server.Open, Documents, targets: 8, tokens: 48).MeasureAsync([3, 8]), plan);

    private static string Failed(Finding finding) => Assert.IsType<Verdict.Fail>(finding.Verdict).Measured;

    private static Finding Judged(Clause clause, Measurement measured, Plan plan) =>
        Judge.Run(Given.Standard(clause), new Evidence(plan, [measured], InMemoryFiles.Empty)).Finding(clause.Id);
}

using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

public sealed class TextCheckTests
{
    private static readonly Clause Fidelity = Clauses.TokenFidelity with { Limits = Clauses.TokenFidelity.Limits.SetItem("cases_min", 20) };
    private static readonly Clause Prompts = Clauses.PromptTokens with { Limits = Clauses.PromptTokens.Limits.SetItem("prompts_min", 120) };

    [Fact]
    public void A_faithful_server_passes_all_five()
    {
        using var server = new GivenTextServer(TextFault.None);

        Assert.All(Everything(server), finding => Assert.Equal(new Verdict.Pass(), finding.Verdict));
        Assert.True(server.Answered > 300);
    }

    [Fact]
    public void A_server_that_tells_no_token_ids_is_held_to_its_texts_and_counts()
    {
        using var server = new GivenTextServer(TextFault.TellsNoIds);

        var findings = Everything(server).ToLookup(finding => finding.Check == "MET-02"); // which wants to know how many there really were

        Assert.All(findings[false], finding => Assert.Equal(new Verdict.Pass(), finding.Verdict));
        Assert.StartsWith("estimate only", Assert.IsType<Verdict.Inconclusive>(findings[true].Single().Verdict).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("IgnoresStop", "stop: seen")]
    [InlineData("TellsStop", "stop: seen")]
    [InlineData("IgnoresSeed", "seed-same: seen")]
    [InlineData("OneSeedForAll", "seed-other: seen one text of 3 seeds")]
    [InlineData("DropsSystem", "chat-system: seen")]
    [InlineData("SpellsSpecials", "prompt-special: seen")]
    [InlineData("IgnoresUnknown", "unknown-parameter: seen answered with status 200, expected rejected")]
    [InlineData("IgnoresPenalty", "presence-penalty: seen")]
    [InlineData("IgnoresLimit", "max-tokens: seen")]
    [InlineData("EchoIsNoJson", "echo: seen no answer (Protocol)")]
    public void Requests_that_are_not_carried_out_as_written_fail(string fault, string found)
    {
        using var server = new GivenTextServer(Enum.Parse<TextFault>(fault));

        Assert.Contains(found, Failed(Fidelity, Runner.Fidelity.Measure(server.Questions, GivenTextServer.Model)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CountsEmojiTwice", "answers report another prompt_tokens")]
    [InlineData("CountsLettersByFour", "answers report another prompt_tokens")]
    [InlineData("SaysNoUsage", "120 of 120 answers report another prompt_tokens (120 of them none)")]
    public void Prompts_that_are_counted_wrong_fail(string fault, string found)
    {
        using var server = new GivenTextServer(Enum.Parse<TextFault>(fault));

        Assert.Contains(found, Failed(Prompts, TokenCountChecks.PromptTokens(server.Questions, GivenTextServer.Model, 120)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CountsEndTwice")]
    [InlineData("SaysNoUsage")]
    public void Answers_that_are_counted_wrong_fail(string fault)
    {
        using var server = new GivenTextServer(Enum.Parse<TextFault>(fault));

        Failed(Clauses.CompletionTokens, TokenCountChecks.CompletionTokens(server.Questions, GivenTextServer.Model, 100));
    }

    [Theory]
    [InlineData("UsageTwice", "streams without exactly 1 usage chunk")]
    [InlineData("UsageEarly", "streams with events between usage and [DONE]")]
    [InlineData("UsageWithChoices", "usage chunks with choices")]
    [InlineData("UsageUnasked", "streams with usage that nobody asked for")]
    [InlineData("UsageOffByOne", "streams whose tokens differ from the answer in one piece")]
    public void Streams_that_carry_usage_wrong_fail(string fault, string found)
    {
        using var server = new GivenTextServer(Enum.Parse<TextFault>(fault));

        Assert.Contains($"10 {found}", Failed(Clauses.StreamUsage, StreamUsageCheck.Measure(server.Questions, 10)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TotalOffByOne")]
    [InlineData("SaysNoUsage")]
    public void Usage_that_contradicts_itself_or_is_missing_fails(string fault)
    {
        using var server = new GivenTextServer(Enum.Parse<TextFault>(fault));
        server.Questions.Complete(Asked.Completion(1));

        Failed(Clauses.UsageConsistency, server.Tally.Measured());
    }

    [Fact]
    public void A_server_that_dies_is_no_wrong_answer()
    {
        using var server = new GivenTextServer(TextFault.DiesOnEcho);

        var died = Assert.Throws<WireException>(() => Runner.Fidelity.Measure(server.Questions, GivenTextServer.Model));
        Assert.False(TextQuestions.IsAnswer(died));
    }

    [Fact]
    public void Cases_have_names_of_their_own()
    {
        var cases = Runner.Fidelity.Cases(GivenTextServer.Model);

        Assert.True(cases.Length >= 20);
        Assert.Equal(cases.Length, cases.Select(each => each.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.All(cases, each => Assert.All(each.Name, letter => Assert.True(char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')));
    }

    [Fact]
    public void Made_prompts_are_the_same_again_and_leave_their_room()
    {
        var (one, other) = (new PromptMaker(GivenTextServer.Model, seed: 5, room: 7), new PromptMaker(GivenTextServer.Model, seed: 5, room: 7));
        var made = Enumerable.Range(0, 120).Select(one.Make).ToImmutableArray();

        Assert.Equal(made.Select(prompt => prompt.Body.ToJsonString()), Enumerable.Range(0, 120).Select(other.Make).Select(prompt => prompt.Body.ToJsonString()));
        Assert.All(made, prompt => Assert.InRange(prompt.Tokens, 1, GivenTextServer.Model.Context - 7));
        Assert.Equal(60, made.Count(prompt => prompt.Route == TextQuestions.ChatRoute));
        Assert.True(made.Count(prompt => prompt.Body.ContainsKey("tools")) >= 2);
        Assert.True(made.Max(prompt => prompt.Tokens) > 250);
        Assert.Equal(made.Length, made.Select(prompt => prompt.Body.ToJsonString()).Distinct(StringComparer.Ordinal).Count());
    }

    private static IEnumerable<Finding> Everything(GivenTextServer server)
    {
        yield return Judged(Fidelity, Runner.Fidelity.Measure(server.Questions, GivenTextServer.Model));
        yield return Judged(Prompts, TokenCountChecks.PromptTokens(server.Questions, GivenTextServer.Model, 120));
        yield return Judged(Clauses.CompletionTokens, TokenCountChecks.CompletionTokens(server.Questions, GivenTextServer.Model, 100));
        yield return Judged(Clauses.StreamUsage, StreamUsageCheck.Measure(server.Questions, 10));
        yield return Judged(Clauses.UsageConsistency, server.Tally.Measured());
    }

    private static string Failed(Clause clause, Measurement measured) => Assert.IsType<Verdict.Fail>(Judged(clause, measured).Verdict).Measured;

    private static Finding Judged(Clause clause, Measurement measured) =>
        Judge.Run(Given.Standard(clause), new Evidence(Given.Plan, [measured], InMemoryFiles.Empty)).Finding(clause.Id);
}

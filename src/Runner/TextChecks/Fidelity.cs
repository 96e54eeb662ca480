using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks every case of COR-16. What a server makes of one of them is evidence, whatever it is; only a dead server ends the list.</summary>
internal static class Fidelity
{
    /// <summary>Of everything that is drawn in these checks; published, so that anyone can ask the same.</summary>
    public const long Seed = 20_261_122;

    public static ImmutableArray<FidelityCase> Cases(TextModelView model) =>
        [.. PromptCases.All(model), .. LimitCases.All(model), .. StreamCases.All(), .. LogprobCases.All(), .. ChanceCases.All(model), .. BiasCases.All(model), .. RefusalCases.All()];

    /// <exception cref="WireException">The server is dead.</exception>
    public static Measurement Measure(TextQuestions questions, TextModelView model)
    {
        var cases = Cases(model);
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        facts["cases"] = TextFacts.Number(cases.Length);
        facts["seed"] = TextFacts.Number(Seed);
        foreach (var each in cases)
        {
            var outcome = Outcome(questions, each);
            facts[$"case.{each.Name}.seen"] = TextFacts.Bounded(outcome.Seen);
            foreach (var (expected, at) in outcome.Expected.Select((expected, at) => (expected, at)))
                facts[$"case.{each.Name}.expected{(at == 0 ? "" : $".{TextFacts.Number(at + 1)}")}"] = TextFacts.Bounded(expected);
        }

        return new Measurement { Check = "COR-16", Facts = facts.ToImmutable() };
    }

    private static FidelityOutcome Outcome(TextQuestions questions, FidelityCase asked)
    {
        try
        {
            return asked.Ask(questions);
        }
        catch (WireException failed)
        {
            if (!questions.Lives(failed))
                throw;
            return new($"no answer ({failed.Kind}): {Clip.Text(failed.Message)}", "an answer");
        }
    }
}

namespace Adaptation.Adapters.Host;

/// <summary>Reads requests of <c>/v1/completions</c>.</summary>
internal sealed class CompletionReader(SpecReader specs, PromptReader prompts)
{
    /// <summary>What the OpenAI API answers with if nothing is asked for.</summary>
    private const int UsualTokens = 16;

    private const int MostAnswers = 2048;

    /// <exception cref="RefusedException">A parameter is not what it should be, or unknown.</exception>
    public async Task<(TextRequest Request, string?[] Texts)> ReadAsync(Fields fields, int context, long arrived, CancellationToken cancellationToken)
    {
        var spec = specs.Read(fields);
        var echo = fields.Flag("echo") ?? false;
        spec = spec with
        {
            Echo = echo,
            MaxTokens = (int?)fields.Integer("max_tokens", echo ? 0 : 1, int.MaxValue),
            Logprobs = (int?)fields.Integer("logprobs", 0, SpecReader.MostAlternatives),
        };
        if (fields.Text("suffix") is not null)
            throw RefusedException.Bad("suffix", "suffix is not supported by this server; leave it out");
        if (fields.Integer("best_of", 1, SpecReader.MostChoices) is { } best && best != spec.Choices)
            throw RefusedException.Bad("best_of", $"best_of is {best}, and n {spec.Choices}; this server returns every choice that it computes");
        var given = prompts.Read(fields, "prompt");
        fields.End();
        if (given.Length * spec.Choices > MostAnswers)
            throw RefusedException.Bad("n", $"{given.Length} prompts with {spec.Choices} choices each are more than the {MostAnswers} answers that one request may have");

        var ids = await prompts.TokenizeAsync("prompt", given, addsBegin: true, cancellationToken);
        var most = spec.MaxTokens ?? Math.Clamp(context - ids.Max(each => each.Length), 1, UsualTokens);
        prompts.RequireRoom("prompt", ids, most);
        RequireMinimum(spec, most);
        return (new(spec, ids, most, arrived), [.. given.Select(prompt => prompt.Text)]);
    }

    /// <exception cref="RefusedException">More tokens are asked for at least than at most.</exception>
    public static void RequireMinimum(TextSpec spec, int most)
    {
        if (spec.MinTokens > most)
            throw RefusedException.Bad("min_tokens", $"min_tokens is {spec.MinTokens}, and at most {most} tokens are generated");
    }
}

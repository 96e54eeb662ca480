using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>What requests ask for.</summary>
public sealed record WorkloadSpec
{
    public required string Model { get; init; }

    /// <summary>1 to 1,000,000. In chat the server's template adds some of its own.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Most tokens of an answer (<c>max_tokens</c>), 1 or more.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>Of prompts and schedules; 0 or above.</summary>
    public required long Seed { get; init; }

    public bool Chat { get; init; }

    /// <summary>Asks for the full length (<c>ignore_eos</c>, which vLLM, SGLang and llama.cpp know): an answer that is shorter misses its limits.</summary>
    public bool IgnoreEos { get; init; } = true;

    /// <summary>Asks for the ids of tokens (<c>return_token_ids</c>), so that they need not be counted from text.</summary>
    public bool AskTokenIds { get; init; } = true;

    /// <summary>0 is greedy.</summary>
    public double Temperature { get; init; }

    /// <summary>Null: the server's own.</summary>
    public double? TopP { get; init; }
}

/// <param name="Tokens">Of the prompt as our tokenizer counts it; null without one.</param>
public sealed record TextPrompt(TextRequest Request, int? Tokens);

/// <summary>Makes requests whose prompts have a wanted length and nothing in common: no prefix cache can help.</summary>
/// <remarks>
/// Prompt i is a random head, unique by seed and number, and words drawn from a list by <see cref="PoissonSchedule.Uniform"/>: the same seed
/// makes the same prompts anywhere. With a tokenizer it is cut to the token; without one a word counts as a token, which is about right for
/// English and is said to be a guess.
/// </remarks>
public sealed class TextWorkload(WorkloadSpec spec, ITokenizer? tokenizer)
{
    private static readonly JsonWriterOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Common, short, and one token each in most vocabularies.
    private static readonly ImmutableArray<string> Words =
    [
        .. ("time year people way day man thing woman life child world school state family student group country problem hand part place case week "
            + "company system program question work government number night point home water room mother area money story fact month lot right study "
            + "book eye job word business issue side kind head house service friend father power hour game line end member law car city community name "
            + "president team minute idea body information back parent face others level office door health person art war history party result change "
            + "morning reason research girl guy moment air teacher force education foot boy age policy music market sense nation plan college interest "
            + "death experience effect use class control field development role effort rate heart drug show leader light voice wife police mind price").Split(' '),
    ];

    private int _next;

    public WorkloadSpec Spec => spec;

    public ITokenizer? Tokenizer => tokenizer;

    /// <summary>The next prompts, none of which was handed out before.</summary>
    public ImmutableArray<TextPrompt> Take(int count)
    {
        var taken = ImmutableArray.CreateBuilder<TextPrompt>(count);
        for (var i = 0; i < count; i++)
            taken.Add(Make(_next++));
        return taken.MoveToImmutable();
    }

    private TextPrompt Make(int number)
    {
        var text = Text(number, spec.PromptTokens);
        if (tokenizer is null)
            return new(Request(text), null);
        var ids = tokenizer.Encode(text, parseSpecial: false);

        // Words may take fewer tokens than one each, or more: lengthen until it suffices, then cut between words until it fits.
        for (var words = spec.PromptTokens; ids.Length < spec.PromptTokens; words *= 2)
            ids = tokenizer.Encode(text = Text(number, words), parseSpecial: false);
        if (ids.Length > spec.PromptTokens)
            text = Encoding.UTF8.GetString(tokenizer.Decode(ids.AsSpan(0, spec.PromptTokens)));
        return new(Request(text), tokenizer.Encode(text, parseSpecial: false).Length);
    }

    private string Text(int number, int words)
    {
        var own = (long)(PoissonSchedule.Uniform(spec.Seed, number) * (1L << 62));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{own >> 24:x}-{number:x}:");
        for (var word = 0; word < words; word++)
            text.Append(' ').Append(Words[(int)(PoissonSchedule.Uniform(own, word) * Words.Length)]);

        return text.ToString();
    }

    private TextRequest Request(string prompt)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Literal))
        {
            json.WriteStartObject();
            json.WriteString("model", spec.Model);
            if (spec.Chat)
            {
                json.WriteStartArray("messages");
                json.WriteStartObject();
                json.WriteString("role", "user");
                json.WriteString("content", prompt);
                json.WriteEndObject();
                json.WriteEndArray();
            }
            else
            {
                json.WriteString("prompt", prompt);
            }

            json.WriteNumber("max_tokens", spec.OutputTokens);
            json.WriteBoolean("stream", true);
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
            json.WriteNumber("temperature", spec.Temperature);
            if (spec.TopP is { } top)
                json.WriteNumber("top_p", top);
            if (spec.IgnoreEos)
                json.WriteBoolean("ignore_eos", true);
            if (spec.AskTokenIds)
                json.WriteBoolean("return_token_ids", true);
            json.WriteEndObject();
        }

        return new(spec.Chat ? "/chat/completions" : "/completions", bytes.ToArray());
    }
}

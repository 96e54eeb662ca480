using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks the server under audit. Every request has the same form, so that nothing but its prompt tells one phase from another.</summary>
internal sealed class AuditTalk(RunContext run, ITextLoadDriver driver, Deployment server, int outputTokens)
{
    private static readonly JsonWriterOptions Literal = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Asks so many at a time, in order.</summary>
    /// <param name="stopAfter">No request becomes due later; null: all are asked.</param>
    /// <exception cref="BackendBrokenException">It died, hung, or answered nothing.</exception>
    public async Task<TextLoadResult> AskAsync(IEnumerable<AuditPrompt> prompts, int streams, TimeSpan? stopAfter, CancellationToken cancellationToken)
    {
        var result = await driver.RunAsync(
            new TextLoadSpec
            {
                Transport = server.Transport,
                Requests = [.. prompts.Select(Request)],
                Arrivals = new Arrivals.Concurrent(streams, stopAfter, TimeSpan.Zero),
                RequestLimit = run.Inputs.Profile.Server.AnswerWithin,
            },
            progress: null, cancellationToken);
        var answered = result.Samples.Count(sample => sample.Failure is null);
        server.Count(result.Samples.Length, answered, TimeSpan.FromTicks(result.Ended / 100));
        if (await server.DeathAsync(cancellationToken) is not null)
            throw await server.ExplainAsync("was audited", null, cancellationToken);
        if (result.BrokenOff is { } reason)
            throw await server.ExplainAsync($"was audited, which broke off ({reason})", null, cancellationToken);
        if (answered == 0)
            throw await server.ExplainAsync($"was audited and answered none of {result.Samples.Length} requests (the first: {result.Samples.FirstOrDefault()?.Explanation})", null, cancellationToken);
        return result;
    }

    /// <summary>What was answered, in the words of the evidence.</summary>
    /// <param name="prompt">Place of the request's prompt among the audit's.</param>
    public AuditedAnswer Answer(TextSample sample, int prompt)
    {
        ImmutableArray<int> ids = [.. sample.Chunks.SelectMany(chunk => chunk.TokenIds.IsDefault ? [] : chunk.TokenIds)];
        var strange = ids.Any(id => id < 0 || id >= run.Plan.Text!.VocabularySize); // no answer of this model
        return new()
        {
            Prompt = prompt,
            Status = sample.Failure is { } failure ? 1 + (int)failure : strange ? 1 + (int)TextFailure.Protocol : 0,
            End = sample.FinishReason switch { null => AnswerEnd.None, "length" => AnswerEnd.Length, "stop" => AnswerEnd.Stop, _ => AnswerEnd.Other },
            Ids = strange ? [] : ids,
            Chunks = sample.Chunks.Length,
            Reported = sample.Usage?.CompletionTokens ?? long.MaxValue,
        };
    }

    private TextRequest Request(AuditPrompt prompt)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Literal))
        {
            json.WriteStartObject();
            json.WriteString("model", run.Inputs.ServedName);
            json.WritePropertyName("prompt");
            prompt.Body.WriteTo(json);
            json.WriteNumber("max_tokens", outputTokens);
            json.WriteBoolean("stream", true);
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
            json.WriteNumber("temperature", 0);
            json.WriteBoolean("return_token_ids", true);
            json.WriteEndObject();
        }

        return new("/v1/completions", bytes.WrittenMemory);
    }
}

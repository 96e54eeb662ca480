using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Lets a server draw the token after one prompt over and over, with each of the plan's settings.</summary>
internal sealed class Draws(RunContext run, Deployment server, SamplingPlan sampling, UsageTally tally)
{
    private const int AtOnce = 100; // answers to one request, which differ by chance alone

    private readonly ImmutableArray<int> _prompt = run.Plan.Text!.Documents.First(document => document.Id == sampling.Document).Tokens;

    /// <returns>A series <c>draws.CELL</c> per cell; a draw that was not answered with one token id is <see cref="long.MaxValue"/>.</returns>
    /// <exception cref="BackendBrokenException">It died or hung.</exception>
    public async Task<ImmutableArray<Series>> TakeAsync(long count, CancellationToken cancellationToken)
    {
        var series = ImmutableArray.CreateBuilder<Series>();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, server.Flooded);
        try
        {
            foreach (var (cell, at) in sampling.Cells.Select((cell, at) => (cell, at)))
                series.Add(new Series($"draws.{cell.Id}", "id", await Task.Run(() => Take(cell, at, count, either.Token), CancellationToken.None)));
        }
        catch (WireException broken)
        {
            throw await server.ExplainAsync("drew tokens", broken, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await server.ExplainAsync("drew tokens", null, cancellationToken);
        }

        return series.ToImmutable();
    }

    private ImmutableArray<long> Take(SamplingCell cell, int at, long count, CancellationToken cancellationToken)
    {
        using var client = new TextClient(server.Transport, run.Time, WireLimits.Default);
        var drawn = ImmutableArray.CreateBuilder<long>();
        for (var seed = (at + 1) * 1_000_000L; drawn.Count < count; seed++)
        {
            var asked = run.Time.GetTimestamp();
            var answer = client.Post("/v1/completions", json => Write(json, cell, seed), run.Inputs.Profile.Server.AnswerWithin, cancellationToken);
            server.Count(asked: 1, answered: 1, run.Time.GetElapsedTime(asked));
            tally.Add(answer);
            drawn.AddRange(Tokens(answer));
        }

        return drawn.ToImmutable();
    }

    private void Write(Utf8JsonWriter json, SamplingCell cell, long seed)
    {
        json.WriteString("model", run.Inputs.ServedName);
        json.WriteStartArray("prompt");
        foreach (var token in _prompt)
            json.WriteNumberValue(token);
        json.WriteEndArray();
        json.WriteNumber("max_tokens", 1);
        json.WriteNumber("n", AtOnce);
        json.WriteNumber("seed", seed);
        json.WriteNumber("temperature", cell.TemperatureMilli / 1000m);
        json.WriteNumber("top_p", cell.TopPPpm / 1_000_000m);
        if (cell.TopK > 0)
            json.WriteNumber("top_k", cell.TopK);
        json.WriteBoolean("return_token_ids", true);
    }

    /// <summary>One id per answer asked for; what is missing, or no id, is a draw that failed.</summary>
    private static long[] Tokens(TextAnswer answer)
    {
        var drawn = Enumerable.Repeat(long.MaxValue, AtOnce).ToArray();
        if (answer.Status != 200)
            return drawn;
        using var document = answer.Json(WireLimits.Default);
        if (!document.RootElement.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array)
            return drawn;
        foreach (var choice in choices.EnumerateArray().Where(choice => choice.ValueKind == JsonValueKind.Object))
        {
            if (choice.TryGetProperty("index", out var index) && index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out var place) && place is >= 0 and < AtOnce
                && choice.TryGetProperty("token_ids", out var ids) && ids.ValueKind == JsonValueKind.Array && ids.GetArrayLength() == 1
                && ids[0].ValueKind == JsonValueKind.Number && ids[0].TryGetInt32(out var id) && id >= 0)
                drawn[place] = id;
        }

        return drawn;
    }
}

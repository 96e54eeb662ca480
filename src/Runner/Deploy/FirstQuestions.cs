namespace Adaptation.Runner;

/// <summary>Asks a server that may not be up yet, over a connection of its own.</summary>
/// <exception cref="WireException">It did not answer.</exception>
internal delegate FirstAnswer FirstQuestion(Transport transport, TimeProvider time, TimeSpan limit, CancellationToken cancellationToken);

/// <param name="Done">Ticks, right after the last byte of the answer.</param>
/// <param name="IsGood">Whether it has the form of what was asked for; what it is worth is for checks to say.</param>
internal readonly record struct FirstAnswer(long Done, bool IsGood);

/// <summary>The first questions to each kind of server.</summary>
internal static class FirstQuestions
{
    /// <param name="request">Made for the transport that it is to go over.</param>
    public static FirstQuestion Tensor(Func<Transport, InferRequest> request, Func<InferAnswer, bool> isGood)
    {
        var buffer = new AnswerBuffer();
        InferRequest? asked = null; // a server is asked over one transport, every few milliseconds
        return (transport, time, limit, cancellationToken) =>
        {
            using var client = new OipClient(transport, time, WireLimits.Default);
            var answer = client.Infer(asked ??= request(transport), buffer, limit, cancellationToken);
            var done = answer.Done;
            return new(done, isGood(answer));
        };
    }

    /// <summary>Whether models can be handed over: the repository's index.</summary>
    public static FirstQuestion Repository { get; } = (transport, time, limit, cancellationToken) =>
    {
        using var client = new OipClient(transport, time, WireLimits.Default);
        var answers = client.HasRepository(limit, cancellationToken);
        return new(time.GetTimestamp(), answers);
    };

    /// <summary>One token, greedily.</summary>
    public static FirstQuestion Text(string model) => (transport, time, limit, cancellationToken) =>
    {
        using var client = new TextClient(transport, time, WireLimits.Default);
        var answer = client.Post(
            "/v1/completions",
            json =>
            {
                json.WriteString("model", model);
                json.WriteString("prompt", "1");
                json.WriteNumber("max_tokens", 1);
                json.WriteNumber("temperature", 0);
            },
            limit, cancellationToken);
        using var document = answer.Json(WireLimits.Default);
        return new(answer.Done, document.RootElement.TryGetProperty("choices", out var choices) && choices.ValueKind == System.Text.Json.JsonValueKind.Array && choices.GetArrayLength() == 1);
    };
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Adaptation.Adapters.Abstractions;
using Adaptation.Conformance;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>How requests share the engine, and what happens to them when a client or the engine fails.</summary>
public sealed class SchedulerTests
{
    /// <summary>A wait that is not what is being tested ends at last.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sequences_generate_in_every_step_while_a_long_prompt_is_read_in_parts()
    {
        var model = new ScriptedModel(sequences: 3, context: 512, batch: 16);
        await using var host = await TextHost.StartAsync(model);
        var first = host.StreamAsync(TextExchange.Completions, host.Completion("\"prompt\":[1],\"max_tokens\":400,\"ignore_eos\":true"), Cancelled);
        await UntilAsync(() => model.StepCount > 3);

        var second = await host.PostAsync(TextExchange.Completions, host.Completion($"\"prompt\":[{string.Join(',', Enumerable.Repeat(7, 200))}],\"max_tokens\":2"), Cancelled);
        await first;

        var steps = model.Steps.ToArray();
        var parts = steps.Where(step => step.Any(position => position.Sequence == 1)).Take(14).ToArray();
        Assert.Equal(200, second.Usage("prompt_tokens"));
        Assert.All(parts, step => Assert.Single(step, position => position.Sequence == 0));
        Assert.All(parts.Take(13), step => Assert.Equal(16, step.Length));
    }

    [Fact]
    public async Task Nothing_is_kept_from_one_request_for_the_next()
    {
        var model = new ScriptedModel(sequences: 1, batch: 8);
        await using var host = await TextHost.StartAsync(model);
        var body = host.Completion("\"prompt\":[1,2,3,4],\"max_tokens\":1");

        await host.PostAsync(TextExchange.Completions, body, Cancelled);
        await host.PostAsync(TextExchange.Completions, body, Cancelled);

        Assert.Equal([4, 4], model.Steps.Select(step => step.Length));
    }

    [Fact]
    public async Task A_full_queue_is_said_with_429_and_when_to_come_again()
    {
        using var gate = new Gate();
        await using var host = await TextHost.StartAsync(new(sequences: 1) { OnDecode = gate.Pass }, queue: 2);
        var body = host.Completion("\"prompt\":[1],\"max_tokens\":1");
        var accepted = new List<Task<TextAnswer>>();
        for (var count = 0; count < 3; count++)
        {
            accepted.Add(host.PostAsync(TextExchange.Completions, body, Cancelled));
            await UntilAsync(() => host.Unfinished == count + 1);
        }

        var refused = await host.PostAsync(TextExchange.Completions, body, Cancelled);
        gate.Open();
        var answers = await Task.WhenAll(accepted);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal("1", refused.Message.Headers.GetValues("Retry-After").Single());
        Assert.Equal("rate_limit_error", refused.Error.GetProperty("type").GetString());
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(1, await host.MetricAsync("adaptation_requests_total{model_name=\"scripted\",outcome=\"busy\"}", Cancelled));
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(TextExchange.Completions, body, Cancelled)).Status);
    }

    [Theory]
    [InlineData("\"stream\":true", 1)]
    [InlineData("\"stream\":false", 1)]
    [InlineData("\"n\":3", 3)]
    public async Task A_client_that_leaves_frees_its_place_and_those_it_waits_for(string members, int choices)
    {
        using var gate = new Gate();
        var model = new ScriptedModel(sequences: 2, context: 10_000) { OnDecode = gate.Pass };
        await using var host = await TextHost.StartAsync(model);
        using var leaving = new CancellationTokenSource();
        var request = host.PostAsync(TextExchange.Completions, host.Completion($"\"prompt\":[1],\"max_tokens\":9000,\"ignore_eos\":true,{members}"), leaving.Token);
        await UntilAsync(() => host.Unfinished == choices);
        gate.Open();
        await UntilAsync(() => model.StepCount > 10);

        await leaving.CancelAsync();
        await UntilAsync(() => host.Unfinished == 0, TimeSpan.FromSeconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await UntilAsync(() => host.Count(Outcome.Cancelled) == 1);
    }

    [Fact]
    public async Task A_client_that_leaves_while_its_prompt_is_read_stops_the_reading()
    {
        using var never = new ManualResetEventSlim();
        var model = new ScriptedModel(sequences: 1, context: 4096, batch: 4) { OnDecode = _ => never.Wait(5) };
        await using var host = await TextHost.StartAsync(model);
        using var leaving = new CancellationTokenSource();
        var request = host.PostAsync(
            TextExchange.Completions, host.Completion($"\"prompt\":[{string.Join(',', Enumerable.Repeat(7, 4000))}],\"max_tokens\":2"), leaving.Token);
        await UntilAsync(() => model.StepCount > 2);

        await leaving.CancelAsync();
        await UntilAsync(() => host.Unfinished == 0, TimeSpan.FromSeconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        Assert.InRange(model.StepCount, 3, 600); // of 1000
    }

    [Fact]
    public async Task A_reader_that_does_not_read_holds_up_nobody_and_bounded_memory()
    {
        const int Tokens = 9_000; // with what is shown beside each, several times what the sockets and the server hold
        var model = new ScriptedModel(sequences: 2, context: 10_000);
        await using var host = await TextHost.StartAsync(model);
        using var stalled = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await stalled.ConnectAsync(host.EndPoint, Cancelled);
        var body = host.Completion($"\"prompt\":[1],\"max_tokens\":{Tokens},\"ignore_eos\":true,\"stream\":true,\"logprobs\":10");
        await stalled.SendAsync(Encoding.ASCII.GetBytes($"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body}"), Cancelled);
        await UntilAsync(() => host.Unfinished == 1);

        var other = await host.StreamAsync(TextExchange.Completions, host.Completion("\"prompt\":[2],\"max_tokens\":300,\"ignore_eos\":true"), Cancelled);
        await UntilAsync(() => host.Unfinished == 0); // it was generated to its end though nobody read it

        Assert.Equal("length", other.Finish());
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, 400L << 20);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(TextExchange.Completions, host.Completion("\"max_tokens\":1"), Cancelled)).Status);
    }

    [Fact]
    public async Task A_failing_engine_is_an_error_of_the_server_and_the_next_request_is_answered()
    {
        var fails = true;
        await using var host = await TextHost.StartAsync(new()
        {
            OnDecode = _ =>
            {
                if (fails)
                    throw new AdapterException("the device is on fire");
            },
        });

        var whole = await host.PostAsync(TextExchange.Completions, host.Completion("\"max_tokens\":3"), Cancelled);
        using var stream = await host.OpenAsync(TextExchange.Completions, host.Completion("\"max_tokens\":3"), Cancelled);
        fails = false;
        var next = await host.PostAsync(TextExchange.Completions, host.Completion("\"max_tokens\":3"), Cancelled);

        Assert.Equal(HttpStatusCode.InternalServerError, whole.Status);
        Assert.Equal("the device is on fire", whole.Error.GetProperty("message").GetString());
        Assert.Equal("server_error", whole.Error.GetProperty("type").GetString());
        Assert.Equal(HttpStatusCode.InternalServerError, stream.StatusCode);
        Assert.Equal(HttpStatusCode.OK, next.Status);
        Assert.Contains("on fire", host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_ends_with_the_error_and_without_its_end_mark()
    {
        await using var host = await TextHost.StartAsync(new()
        {
            OnDecode = batch =>
            {
                if (batch.Positions[0].At == 10)
                    throw new AdapterException("the device is on fire");
            },
        });

        var stream = await host.StreamAsync(TextExchange.Completions, host.Completion("\"prompt\":[1],\"max_tokens\":30,\"ignore_eos\":true"), Cancelled);

        Assert.False(stream.HasEndMark);
        Assert.Equal("the device is on fire", stream.Events[^1].GetProperty("error").GetProperty("message").GetString());
        Assert.All(stream.Parts(0), part => Assert.Null(part.GetProperty("finish_reason").GetString()));
    }

    [Fact]
    public async Task Logits_that_are_no_numbers_fail_their_own_request_only()
    {
        await using var host = await TextHost.StartAsync(new() { SpoilsContextOf = 13 });
        var good = host.PostAsync(TextExchange.Completions, host.Completion("\"prompt\":[1],\"max_tokens\":100,\"ignore_eos\":true"), Cancelled);

        var bad = await host.PostAsync(TextExchange.Completions, host.Completion("\"prompt\":[13],\"max_tokens\":3"), Cancelled);

        Assert.Equal(HttpStatusCode.InternalServerError, bad.Status);
        Assert.Contains("NaN", bad.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("length", (await good).Finish());
    }

    [Fact]
    public async Task More_choices_than_sequences_are_answered_in_turn()
    {
        await using var host = await TextHost.StartAsync(new(sequences: 3), queue: 1);

        var answer = await host.PostAsync(TextExchange.Completions, host.Completion("\"n\":128,\"max_tokens\":5,\"seed\":1,\"ignore_eos\":true,\"return_token_ids\":true"), Cancelled);

        Assert.Equal(128, answer.Json.GetProperty("choices").GetArrayLength());
        Assert.All(Enumerable.Range(0, 128), choice => Assert.Equal(5, answer.Ids(choice).Length));
        Assert.Equal(640, answer.Usage("completion_tokens"));
    }

    [Fact]
    public async Task Metrics_count_what_happened()
    {
        await using var host = await TextHost.StartAsync(new());
        await host.PostAsync(TextExchange.Completions, host.Completion("\"prompt\":[1,2,3],\"max_tokens\":5,\"ignore_eos\":true"), Cancelled);
        await host.PostAsync(TextExchange.Completions, host.Completion("\"max_tokens\":-5"), Cancelled);

        Assert.Equal(3, await host.MetricAsync("adaptation_prompt_tokens_total", Cancelled));
        Assert.Equal(5, await host.MetricAsync("adaptation_generation_tokens_total", Cancelled));
        Assert.Equal(1, await host.MetricAsync("adaptation_time_to_first_token_seconds_count", Cancelled));
        Assert.Equal(1, await host.MetricAsync("adaptation_time_per_output_token_seconds_bucket{model_name=\"scripted\",le=\"+Inf\"}", Cancelled));
        Assert.Equal(1, await host.MetricAsync("adaptation_request_success_total{model_name=\"scripted\",finished_reason=\"length\"}", Cancelled));
        Assert.Equal(1, await host.MetricAsync("adaptation_requests_total{model_name=\"scripted\",outcome=\"answered\"}", Cancelled));
        Assert.Equal(1, await host.MetricAsync("adaptation_requests_total{model_name=\"scripted\",outcome=\"refused\"}", Cancelled));
    }

    [Fact]
    public void An_engine_whose_step_is_too_small_for_its_sequences_is_refused() =>
        Assert.Throws<AdapterException>(() => new TextService("a", new ScriptedModel(sequences: 9, batch: 8), 1, TimeProvider.System));

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(condition, Patience);

    private static async Task UntilAsync(Func<bool> condition, TimeSpan limit)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < limit, $"still not so after {limit}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancelled);
        }
    }

    /// <summary>Holds the engine within its step until it is opened.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();

        public void Pass(TokenBatch batch) => Assert.True(_open.Wait(Patience));

        public void Open() => _open.Set();

        public void Dispose() => _open.Set(); // not disposed: the engine's thread may still look at it
    }
}

using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Opening, cancelling, sharing and disposing of a model.</summary>
public class LifetimeTests
{
    [Fact]
    public async Task A_cancelled_call_ends_as_cancelled()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var ids = new Tensor(DataType.Int32, [1, 1], new byte[4]);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opened.Model.InferAsync([ids], new(canceled: true)));
        Assert.NotEmpty(await opened.InferAsync(1, 5));
    }

    [Fact]
    public async Task Callers_from_many_threads_each_get_their_own_answer()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var expected = await Task.WhenAll(Enumerable.Range(3, 8).Select(token => opened.InferAsync(1, token, 5, token)));

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(index => Task.Run(
            () => opened.InferAsync(1, 3 + index % 8, 5, 3 + index % 8), TestContext.Current.CancellationToken)));

        Assert.All(answers, (answer, index) => Assert.Equal(expected[index % 8], answer));
    }

    [Fact]
    public async Task A_disposed_model_answers_no_more_and_may_be_disposed_again()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        _ = await opened.InferAsync(1, 5);
        await opened.Model.DisposeAsync();

        await opened.Model.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => opened.Decode(0, 0, 5));
        Assert.Throws<ObjectDisposedException>(() => opened.Model.Forget(0, 0));
        Assert.Throws<ObjectDisposedException>(() => opened.Model.Tokenize("x", parseSpecial: false));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => opened.InferAsync(1, 5));
    }

    [Fact]
    public async Task A_model_can_be_opened_and_closed_many_times()
    {
        var path = Path.Combine(Path.GetTempPath(), $"adaptation-{Guid.NewGuid():N}.gguf");
        await File.WriteAllBytesAsync(path, TinyModel.Llama.Write(), TestContext.Current.CancellationToken);
        await using var adapter = LlamaCppAdapter.Load(Opened.Cpu);

        for (var round = 0; round < 20; round++)
        {
            await using var model = (ITokenModel)await adapter.OpenAsync(new(path), TestContext.Current.CancellationToken);
            var batch = new TokenBatch();
            batch.Add(0, 5, 0, wantsLogits: true);
            Assert.Equal(model.Vocabulary.Size, model.Decode(batch).Length);
        }
        File.Delete(path);
    }
}

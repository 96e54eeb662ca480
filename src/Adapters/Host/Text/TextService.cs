using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>A language model with everything that serves it as text. Owns the thread that computes, not the model.</summary>
internal sealed class TextService : IAsyncDisposable
{
    /// <param name="queue">Choices that may wait while every sequence is taken.</param>
    /// <exception cref="AdapterException">The model's batch cannot carry its sequences.</exception>
    public TextService(string modelName, ITokenModel model, int queue, TimeProvider time)
    {
        (ModelName, Model, Time) = (modelName, model, time);
        Vocabulary = new(model);
        Metrics = new((long)model.Sequences * model.ContextLength);
        Scheduler = new(model, Vocabulary, queue, Metrics, time);
        var specs = new SpecReader(modelName, Vocabulary.Facts.Size);
        var prompts = new PromptReader(model, Vocabulary, Scheduler);
        Completions = new(specs, prompts);
        Chat = new(specs, prompts, Vocabulary);
        Embeddings = new(specs, prompts, Scheduler, modelName);
        Started = time.GetUtcNow().ToUnixTimeSeconds();
    }

    public string ModelName { get; }

    public ITokenModel Model { get; }

    public TimeProvider Time { get; }

    public Vocabulary Vocabulary { get; }

    public TextMetrics Metrics { get; }

    public Scheduler Scheduler { get; }

    public CompletionReader Completions { get; }

    public ChatReader Chat { get; }

    public EmbeddingsHandler Embeddings { get; }

    /// <summary>Seconds since 1970.</summary>
    public long Started { get; }

    public ValueTask DisposeAsync() => Scheduler.DisposeAsync();
}

using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A piece of a run that is carried out whole or again: it starts what it needs, measures, and removes it.</summary>
internal interface IStep
{
    string Name { get; }

    LocalText Title { get; }

    /// <summary>Clause ids that it measures.</summary>
    ImmutableArray<string> Checks { get; }

    /// <summary>Whether it measures models of that kind (llm, tensor).</summary>
    bool IsFor(string modelKind) => true;

    /// <summary>How long it takes by the standard's own durations and our experience; only for people who wait.</summary>
    TimeSpan Expected(RunContext run);

    /// <returns>One measurement for each of <see cref="Checks"/> that could be measured.</returns>
    /// <exception cref="BackendBrokenException">The backend broke off.</exception>
    Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken);
}

/// <summary>What steps work with.</summary>
internal sealed record RunContext(
    Prepared Prepared, Plan Plan, Deployer Deployer, RunJournal Journal, RunDirectory Directory, GoldenAnswers Golden, TimeProvider Time,
    ImmutableSortedDictionary<string, string> Facts)
{
    public RunInputs Inputs => Prepared.Inputs;

    public bool Includes(string check) =>
        Inputs.Suite.Checks.Contains(check) && !Plan.NotApplicable.ContainsKey(check) && Clause(check).AppliesTo.Contains(Plan.ModelKind);

    /// <summary>The clause as the run's suite applies it.</summary>
    public Clause Clause(string id) => Inputs.Suite.Apply(Inputs.Standard.Clause(id));

    public long Nanos(long fromTicks, long toTicks) => (long)(Time.GetElapsedTime(fromTicks, toTicks).Ticks * 100L);

    /// <summary>Starts the server under test on the verified model and waits for its first good answer.</summary>
    public Task<(Deployment Deployment, long ReadyAt)> StartServerAsync(Action? beforeStart, CancellationToken cancellationToken) =>
        Deployer.StartAsync(Prepared.ModelFolder, beforeStart, First, cancellationToken);

    /// <summary>The same with a cache of its own.</summary>
    /// <param name="cacheFolder">Null where the profile declares none.</param>
    public Task<(Deployment Deployment, long ReadyAt)> StartServerAsync(string? cacheFolder, Action? beforeStart, CancellationToken cancellationToken) =>
        Deployer.StartAsync(Prepared.ModelFolder, cacheFolder, beforeStart, First, cancellationToken);

    /// <summary>Whether the server speaks tensors, so that a language model's logits can be had.</summary>
    public bool HasTensorFace => Inputs.Profile.Server.Protocol == WireProtocol.OpenInference;

    public FirstQuestion First => HasTensorFace ? FirstQuestions.Tensor(Prepared.FirstRequest, IsGood) : FirstQuestions.Text(Inputs.ServedName);

    /// <summary>A first answer is good if it has the shape that the golden pack expects; what its numbers are worth is COR-18's question.</summary>
    private bool IsGood(InferAnswer answer) => answer.Parse() is [var output] && output.Shape.SequenceEqual(ShapeOfFirst);

    private ImmutableArray<long> ShapeOfFirst =>
        Plan.Text is { } text ? [1, text.Documents[0].Tokens.Length, text.VocabularySize] : Plan.Golden.Lines[0].Shape;
}

/// <summary>The golden outputs in memory, for looking at answers while a load runs.</summary>
internal sealed class GoldenAnswers
{
    private readonly GoldenPack _pack;
    private readonly ImmutableArray<ReadOnlyMemory<byte>> _expected;

    public GoldenAnswers(GoldenInputs golden)
    {
        _pack = golden.Pack;
        _expected = [.. _pack.Lines.Select(line => Read(line, golden.Files[line.Expected]))];
    }

    /// <summary>Whether an answer to a line lies within the pack's tolerance.</summary>
    public bool Agrees(int line, WireTensor answer)
    {
        var expected = _expected[line].Span;
        if (answer.DataType != "FP32" || answer.Data.Length != expected.Length || !answer.Shape.SequenceEqual(_pack.Lines[line].Shape))
            return false;
        var comparison = new Comparison(_pack.RtolPpb / 1e9, _pack.AtolPpb / 1e9);
        comparison.Add(answer.Data.Span, expected);
        return comparison.Outside == 0;
    }

    private static ReadOnlyMemory<byte> Read(GoldenLine line, string file)
    {
        var length = checked((int)GoldenTensor.Bytes(line.Shape));
        return GoldenTensor.TryUnpack(line, length, File.ReadAllBytes(file), out var expected) is { } problem
            ? throw new BadInputException([new Problem(file, 0, "", problem)])
            : expected;
    }
}

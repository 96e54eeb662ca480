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
    /// <summary>Fields of the stack that were not captured, with the reasons.</summary>
    public ImmutableSortedDictionary<string, string> Unread { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What of the machine is read while it is loaded.</summary>
    public MeterSurvey Meters { get; init; } = MeterSurvey.None;

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
    private bool IsGood(InferAnswer answer) => Prepared.InOrder(answer.Parse()).Zip(ShapesOfFirst, (output, shape) => output.Shape.SequenceEqual(shape)).All(isRight => isRight);

    private IEnumerable<ImmutableArray<long>> ShapesOfFirst => Plan.Text is { } text
        ? [[1, text.Documents[0].Tokens.Length, text.VocabularySize]]
        : Prepared.Golden.Inputs[0].Answers.Select(id => Plan.Golden.Lines.First(line => line.Id == id).Shape);
}

/// <summary>The golden outputs in memory, for looking at answers while a load runs.</summary>
internal sealed class GoldenAnswers
{
    private readonly GoldenPack _pack;
    private readonly ImmutableArray<ImmutableArray<(GoldenLine Line, ReadOnlyMemory<byte> Expected)>> _expected;

    public GoldenAnswers(GoldenInputs golden)
    {
        _pack = golden.Pack;
        var lines = _pack.Lines.ToDictionary(line => line.Id, StringComparer.Ordinal);
        _expected = golden.Text is not null ? []
            : [.. golden.Inputs.Select(input => input.Answers.Select(id => (lines[id], Read(lines[id], golden.Files[lines[id].Expected]))).ToImmutableArray())];
    }

    /// <summary>Whether an answer to an input lies within the pack's tolerance, each output by itself.</summary>
    /// <param name="answer">In the order of the model's signature.</param>
    public bool Agrees(int input, ImmutableArray<WireTensor> answer)
    {
        foreach (var (output, (line, expected)) in answer.Zip(_expected[input]))
        {
            if (output.DataType != line.DataType || output.Data.Length != expected.Length || !output.Shape.SequenceEqual(line.Shape))
                return false;
            var comparison = new Comparison(_pack.RtolPpb / 1e9, _pack.AtolPpb / 1e9);
            comparison.Add(line, output.Data.Span, expected.Span);
            if (comparison.Outside > 0)
                return false;
        }

        return answer.Length == _expected[input].Length;
    }

    private static ReadOnlyMemory<byte> Read(GoldenLine line, string file)
    {
        var length = checked((int)GoldenTensor.Bytes(line));
        return GoldenTensor.TryUnpack(line, length, File.ReadAllBytes(file), out var expected) is { } problem
            ? throw new BadInputException([new Problem(file, 0, "", problem)])
            : expected;
    }
}

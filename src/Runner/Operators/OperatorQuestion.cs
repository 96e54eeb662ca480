using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>What is asked of a backend: a model of a few nodes, and one set of inputs.</summary>
/// <param name="File">Plain name whose ending tells the format: <c>model.onnx</c>.</param>
/// <param name="Outputs">Names of the outputs that are wanted, in order.</param>
internal sealed record OperatorQuestion(string File, ReadOnlyMemory<byte> Content, ImmutableArray<WireTensor> Inputs, ImmutableArray<string> Outputs)
{
    /// <summary>Times that it is asked; at least two.</summary>
    public int Asks { get; init; } = 2;
}

/// <summary>What a backend made of an <see cref="OperatorQuestion"/>.</summary>
internal abstract record OperatorReply
{
    private OperatorReply()
    {
    }

    /// <summary>It answered, every time.</summary>
    /// <param name="Rounds">In the order of asking, each in the order of the question's outputs; the same object as the one before where not a byte differs.</param>
    public sealed record Answered(ImmutableArray<ImmutableArray<WireTensor>> Rounds) : OperatorReply
    {
        public ImmutableArray<WireTensor> First => Rounds[0];

        /// <summary>To the same inputs once more.</summary>
        public ImmutableArray<WireTensor> Again => Rounds[1];
    }

    /// <summary>It said that it cannot run this: it refused to load the model, with a status that blames the request.</summary>
    /// <param name="Reason">In its own words.</param>
    public sealed record Refused(string Reason) : OperatorReply;

    /// <summary>It took the model and then failed, or failed to load it by its own account.</summary>
    /// <param name="What">load, first answer, second answer, answer 3 and so on, or unload.</param>
    public sealed record Failed(string What, string Seen) : OperatorReply;
}

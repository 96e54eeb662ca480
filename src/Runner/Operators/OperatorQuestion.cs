using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>What is asked of a backend: a model of a few nodes, and one set of inputs.</summary>
/// <param name="File">Plain name whose ending tells the format: <c>model.onnx</c>.</param>
/// <param name="Outputs">Names of the outputs that are wanted, in order.</param>
internal sealed record OperatorQuestion(string File, ReadOnlyMemory<byte> Content, ImmutableArray<WireTensor> Inputs, ImmutableArray<string> Outputs);

/// <summary>What a backend made of an <see cref="OperatorQuestion"/>.</summary>
internal abstract record OperatorReply
{
    private OperatorReply()
    {
    }

    /// <summary>It answered, both times; in the order of the question's outputs.</summary>
    /// <param name="Again">To the same inputs once more; the same object as <paramref name="First"/> where not a byte differs.</param>
    public sealed record Answered(ImmutableArray<WireTensor> First, ImmutableArray<WireTensor> Again) : OperatorReply;

    /// <summary>It said that it cannot run this: it refused to load the model, with a status that blames the request.</summary>
    /// <param name="Reason">In its own words.</param>
    public sealed record Refused(string Reason) : OperatorReply;

    /// <summary>It took the model and then failed, or failed to load it by its own account.</summary>
    /// <param name="What">load, first answer, second answer, or unload.</param>
    public sealed record Failed(string What, string Seen) : OperatorReply;
}

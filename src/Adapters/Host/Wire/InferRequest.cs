using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>The JSON part of an inference request, before it is held against the model.</summary>
/// <param name="BinaryOutputs">What holds for an output that does not say.</param>
/// <param name="Outputs">Null: every output.</param>
internal sealed record InferRequest(
    string? Id, bool BinaryOutputs, ImmutableArray<RequestInput> Inputs, ImmutableArray<RequestOutput>? Outputs);

/// <param name="BinaryBytes">Size of its data behind the JSON part; null if the data is JSON.</param>
/// <param name="Data">Where its data starts in the JSON part; null if there is none.</param>
internal sealed record RequestInput(string Name, DataType Type, ImmutableArray<long> Shape, long? BinaryBytes, int? Data);

/// <param name="Binary">Null: as the request says for all.</param>
internal sealed record RequestOutput(string Name, bool? Binary);

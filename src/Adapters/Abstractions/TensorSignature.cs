using System.Collections.Immutable;

namespace Adaptation.Adapters.Abstractions;

/// <summary>The tensors that a model takes and gives, by name, in the engine's order.</summary>
public sealed record TensorSignature(ImmutableArray<TensorSpec> Inputs, ImmutableArray<TensorSpec> Outputs);

/// <summary>One tensor of a model.</summary>
/// <param name="Type">Null if the model takes or gives any type, as code without declared types does.</param>
/// <param name="Shape">One entry per dimension, -1 where it is free; null if even the rank is free.</param>
public sealed record TensorSpec(string Name, DataType? Type, ImmutableArray<long>? Shape);

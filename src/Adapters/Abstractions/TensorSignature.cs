using System.Collections.Immutable;

namespace Adaptation.Adapters.Abstractions;

/// <summary>The tensors that a model takes and gives, by name, in the engine's order.</summary>
public sealed record TensorSignature(ImmutableArray<TensorSpec> Inputs, ImmutableArray<TensorSpec> Outputs)
{
    /// <summary>Holds the number and types of inputs against the model's.</summary>
    /// <exception cref="ArgumentException">There are more or fewer, or one is of another type.</exception>
    public void Require(IReadOnlyList<Tensor> inputs)
    {
        if (inputs.Count != Inputs.Length)
            throw new ArgumentException($"{inputs.Count} inputs for a model that takes {Inputs.Length}", nameof(inputs));
        for (var index = 0; index < inputs.Count; index++)
        {
            if (Inputs[index].Type is { } type && inputs[index].Type != type)
                throw new ArgumentException($"{Inputs[index].Name} is {type.Word()}, not {inputs[index].Type.Word()}", nameof(inputs));
        }
    }
}

/// <summary>One tensor of a model.</summary>
/// <param name="Type">Null if the model takes or gives any type, as code without declared types does.</param>
/// <param name="Shape">One entry per dimension, -1 where it is free; null if even the rank is free.</param>
public sealed record TensorSpec(string Name, DataType? Type, ImmutableArray<long>? Shape);

using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>How the answers to a case are held against what is expected.</summary>
public enum CaseKind
{
    /// <summary>Floating-point arithmetic: within the tolerance of the declared type (COR-01, COR-03).</summary>
    Rounded,

    /// <summary>Integers, booleans and moved data: bit for bit (COR-02).</summary>
    Exact,

    /// <summary>Infinities, NaNs, denormals and overflow: the masks must agree (COR-04), the finite rest as <see cref="Rounded"/>.</summary>
    Special,
}

/// <summary>One operator on one set of inputs, with what exact arithmetic makes of the same rounded inputs.</summary>
/// <param name="Id">Unique in a set: operator, type and shape in words, <c>softmax-fp16-axis1-3</c>; <c>[a-z0-9-]+</c>.</param>
/// <param name="Operator">As ONNX spells it: <c>Softmax</c>.</param>
/// <param name="DataType">The type that is tested, as the Open Inference Protocol spells it: <c>FP16</c>.</param>
/// <param name="Opset">Of the default domain.</param>
/// <param name="Onnx">The bytes of a model of this one operator, whose inputs and outputs are named as below.</param>
/// <param name="TorchScript">Source of the same operator as a function <c>forward</c> of the same inputs in their order; null where torch has no equal.</param>
public sealed record OperatorCase(
    string Id, string Operator, string DataType, int Opset, CaseKind Kind,
    ImmutableArray<OperatorInput> Inputs, ImmutableArray<OperatorOutput> Outputs, ReadOnlyMemory<byte> Onnx, string? TorchScript)
{
    /// <summary>Times that the same inputs are asked: twice, and more often where a fault is looked for that comes rarely.</summary>
    public int Asks { get; init; } = Draft.Twice;
}

/// <param name="DataType">As the Open Inference Protocol spells it.</param>
/// <param name="Data">Little-endian, row-major.</param>
public sealed record OperatorInput(string Name, string DataType, ImmutableArray<long> Shape, ReadOnlyMemory<byte> Data);

/// <param name="Exact">In float64, row-major, not rounded to the type; empty for types that are no floating-point numbers.</param>
/// <param name="Same">The answer of a CPU that computes in the type itself (each operation rounded to it, sums in float32): little-endian bytes of the type.
/// For <see cref="CaseKind.Exact"/> the one right answer.</param>
public sealed record OperatorOutput(string Name, string DataType, ImmutableArray<long> Shape, ReadOnlyMemory<double> Exact, ReadOnlyMemory<byte> Same);

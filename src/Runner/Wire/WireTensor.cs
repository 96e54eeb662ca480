using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>A tensor as it crosses the wire.</summary>
/// <param name="DataType">One that <see cref="TensorType.SizeOf"/> knows.</param>
/// <param name="Data">Little-endian, row-major; BYTES: each element behind its length in four bytes.</param>
public sealed record WireTensor(string Name, string DataType, ImmutableArray<long> Shape, ReadOnlyMemory<byte> Data);

namespace Adaptation.Models;

/// <summary>Writes all weights of a decoder as one safetensors file.</summary>
/// <remarks>
/// Bytes: 8 of header length; the header, padded with spaces so that the data begin at a multiple of 64; the tensors in the order of
/// <see cref="DecoderTensors.Of"/>, without gaps, little-endian. Every tensor, norms and biases too, has the one type.
/// </remarks>
public static class SafetensorsExport
{
    /// <param name="type">F32, F16 or Bf16.</param>
    /// <exception cref="ModelException">The weights are not those of the shape, or the format has no such type.</exception>
    /// <exception cref="IOException">The disk is full, or the file is there and must not be replaced; nothing is left behind.</exception>
    public static WrittenFile Write(DecoderShape shape, IRawWeights weights, WeightType type, string path, WriteOptions options, CancellationToken cancellationToken)
    {
        if (DecoderTensors.Differences(shape, weights).Take(5).ToArray() is { Length: > 0 } differences)
            throw new ModelException($"The weights are not those of the shape; the first differences:\n{string.Join('\n', differences)}");
        var tensors = DecoderTensors.Of(shape)
            .Select(tensor => new OutgoingTensor(tensor.Name, tensor.Shape, type, tensor.Elements, (first, into) => weights.Read(tensor.Name, first, into)))
            .ToArray();
        var header = SafetensorsHeader.Format(tensors);
        var bytes = header.Length + tensors.Sum(tensor => tensor.Bytes);
        using var file = new NewFile(path, bytes, options.Replace);
        file.Write(header);
        var stream = new TensorStream(file, options, bytes);
        foreach (var tensor in tensors)
            stream.Write(tensor, cancellationToken);
        stream.Finish();
        return file.Commit(options.ExpectedSha256);
    }
}

using System.Globalization;

namespace Adaptation.Models;

/// <summary>What the graphs of a decoder have in common, whatever format they are written in.</summary>
internal static class DecoderGraph
{
    /// <summary>A graph is put together in memory, several times over; larger models are for GGUF.</summary>
    private const long MostElements = 1 << 28;

    /// <exception cref="ModelException">The weights are not those of the shape, or too many.</exception>
    public static void Check(DecoderShape shape, IRawWeights weights)
    {
        if (DecoderTensors.Differences(shape, weights).Take(5).ToArray() is { Length: > 0 } differences)
            throw new ModelException($"The weights are not those of the shape; the first differences:\n{string.Join('\n', differences)}");
        var elements = DecoderTensors.Of(shape).Sum(tensor => tensor.Elements);
        if (elements > MostElements)
            throw new ModelException($"The model has {elements} weights; a graph of at most {MostElements} is written. Export it as GGUF.");
    }

    /// <summary>A tensor's values in float32, row-major.</summary>
    public static float[] Read(IRawWeights weights, DecoderTensor tensor)
    {
        var values = new float[tensor.Elements];
        weights.Read(tensor.Name, 0, values);
        return values;
    }

    /// <summary>Cosines and sines of the rotary embedding, [positions, D], each for element i and i + D/2 alike.</summary>
    /// <remarks>
    /// Computed in float64 and rounded once. Libraries of two machines may differ in a cosine's last place of float64, which moves its float32 once in
    /// some hundred million numbers: digests of the whole file may be pinned.
    /// </remarks>
    public static (float[] Cosines, float[] Sines) Rotations(DecoderShape shape)
    {
        var (size, half) = (shape.HeadSize, shape.HeadSize / 2);
        var (cosines, sines) = (new float[shape.MaxPositions * size], new float[shape.MaxPositions * size]);
        for (var at = 0; at < cosines.Length; at++)
        {
            var angle = at / size * Math.Pow(shape.RopeTheta, -2.0 * (at % size % half) / size);
            (cosines[at], sines[at]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
        }

        return (cosines, sines);
    }

    public static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Writes a file that is there in memory.</summary>
    /// <exception cref="IOException">The disk is full, or the file is there and must not be replaced; nothing is left behind.</exception>
    public static WrittenFile Keep(byte[] content, string path, WriteOptions options)
    {
        using var file = new NewFile(path, content.Length, options.Replace);
        file.Write(content);
        options.Progress?.Invoke(new(Path.GetFileName(path), content.Length, content.Length));
        return file.Commit(options.ExpectedSha256);
    }
}

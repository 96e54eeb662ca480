using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>Keeps what the exact reference computed: float32, gzip, whole or not at all.</summary>
internal static class PackedFile
{
    /// <param name="write">Handed what takes one run of values after the other.</param>
    public static void Write(string file, Action<Values> write)
    {
        var partial = $"{file}.{Path.GetRandomFileName()}";
        try
        {
            using (var packed = new GZipStream(File.Create(partial), CompressionLevel.Fastest))
            {
                write(values =>
                {
                    var row = new float[values.Length];
                    for (var i = 0; i < row.Length; i++)
                        row[i] = (float)values[i];
                    packed.Write(MemoryMarshal.AsBytes<float>(row));
                });
            }

            File.Move(partial, file, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    public delegate void Values(ReadOnlySpan<double> values);
}

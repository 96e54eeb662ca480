using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary><c>measurements/&lt;CHECK&gt;.json</c>, format <c>adaptation.measurement/v1</c>.</summary>
/// <remarks>A sample of a request that failed, <see cref="long.MaxValue"/> in the record, is <c>null</c> in the file.</remarks>
public static class MeasurementFile
{
    private const int MaxBytes = 256 << 20;
    private const string Schema = "adaptation.measurement/v1";

    public static byte[] Write(Measurement measurement) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("schema", Schema);
        writer.WriteString("check", measurement.Check);
        writer.WriteOptional("brokenOff", measurement.BrokenOff);
        writer.WriteMap("facts", measurement.Facts);
        writer.WriteStartArray("series");
        foreach (var series in measurement.Series)
            Write(writer, series);
        writer.WriteEndArray();
        writer.WriteStartArray("tensors");
        foreach (var tensor in measurement.Tensors)
            Write(writer, tensor);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">With a code MEASUREMENT_*.</exception>
    public static Measurement Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "MEASUREMENT", MaxBytes, JsonShape.Free);
        var root = new JsonMembers(document.RootElement, "MEASUREMENT", "");
        root.Expect("schema", Schema);
        var measurement = new Measurement
        {
            Check = root.Identity("check"),
            BrokenOff = root.TryText("brokenOff"),
            Facts = root.TextMap("facts"),
            Series = root.Objects("series", ReadSeries),
            Tensors = root.Objects("tensors", ReadTensor),
        };
        root.RefuseOthers();
        return measurement;
    }

    private static void Write(Utf8JsonWriter writer, Series series)
    {
        writer.WriteStartObject();
        writer.WriteString("name", series.Name);
        writer.WriteString("unit", series.Unit);
        writer.WriteStartArray("samples");
        foreach (var sample in series.Samples)
        {
            if (sample == long.MaxValue)
                writer.WriteNullValue();
            else
                writer.WriteInteger(sample);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static Series ReadSeries(JsonMembers series)
    {
        var read = new Series(
            series.Text("name"),
            series.Text("unit"),
            series.Array("samples", (value, path) => value.ValueKind == JsonValueKind.Null ? long.MaxValue : series.AsInteger(value, path)));
        series.RefuseOthers();
        return read;
    }

    private static void Write(Utf8JsonWriter writer, TensorFile tensor)
    {
        writer.WriteStartObject();
        writer.WriteString("name", tensor.Name);
        writer.WriteString("path", tensor.Path);
        writer.WriteString("dataType", tensor.DataType);
        writer.WriteIntegers("shape", tensor.Shape);
        writer.WriteEndObject();
    }

    private static TensorFile ReadTensor(JsonMembers tensor)
    {
        var read = new TensorFile(
            tensor.Text("name"), tensor.Text("path"), tensor.Text("dataType"), tensor.Array("shape", tensor.AsInteger));
        tensor.RefuseOthers();
        return read;
    }
}

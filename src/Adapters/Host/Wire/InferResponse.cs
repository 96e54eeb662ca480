using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>One answer as it goes over the wire: a JSON part, then the data of the outputs that were asked for as binary.</summary>
/// <param name="Json">The response object.</param>
/// <param name="Binary">In the order of the response object; empty if no output is binary.</param>
internal sealed record InferResponse(ReadOnlyMemory<byte> Json, IReadOnlyList<ReadOnlyMemory<byte>> Binary, bool HasBinary)
{
    /// <summary>The outputs that a request wants, by place, each as binary or not.</summary>
    /// <exception cref="RefusedException">The model has no such output, it is named twice, or JSON cannot carry its type.</exception>
    public static (int Place, bool Binary)[] Select(InferRequest request, TensorSignature signature)
    {
        var selected = request.Outputs is { } wanted
            ? [.. wanted.Select(output => (Place(output.Name, signature), output.Binary ?? request.BinaryOutputs))]
            : Enumerable.Range(0, signature.Outputs.Length).Select(place => (Place: place, request.BinaryOutputs)).ToArray();
        for (var index = 0; index < selected.Length; index++)
        {
            var (place, binary) = selected[index];
            if (selected.Take(index).Any(earlier => earlier.Item1 == place))
                throw RefusedException.Bad($"output {signature.Outputs[place].Name} is asked for twice");
            if (!binary && signature.Outputs[place].Type is { } type and (DataType.FP16 or DataType.BF16))
                throw NotInJson(signature.Outputs[place], $"is {type.Word()}");
        }
        return selected;
    }

    /// <param name="outputs">In the order of <paramref name="selected"/>.</param>
    /// <exception cref="RefusedException">JSON cannot carry a value of an output that was asked for as JSON.</exception>
    public static InferResponse Write(string model, string? id, TensorSignature signature, (int Place, bool Binary)[] selected, IReadOnlyList<Tensor> outputs)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        var binary = new List<ReadOnlyMemory<byte>>(selected.Length);
        using (var json = new Utf8JsonWriter(bytes, Oip.Json))
        {
            json.WriteStartObject();
            json.WriteString("model_name"u8, model);
            json.WriteString("model_version"u8, Oip.ModelVersion);
            if (id is not null)
                json.WriteString("id"u8, id);
            json.WriteStartArray("outputs"u8);
            for (var index = 0; index < selected.Length; index++)
            {
                var (place, asBinary) = selected[index];
                WriteOutput(json, signature.Outputs[place], outputs[index], asBinary);
                if (asBinary)
                    binary.Add(outputs[index].Data);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return new(bytes.WrittenMemory, binary, selected.Any(output => output.Binary));
    }

    private static int Place(string name, TensorSignature signature)
    {
        for (var place = 0; place < signature.Outputs.Length; place++)
        {
            if (signature.Outputs[place].Name == name)
                return place;
        }
        throw RefusedException.Bad($"the model has no output {name}; it gives {string.Join(", ", signature.Outputs.Select(spec => spec.Name))}");
    }

    private static void WriteOutput(Utf8JsonWriter json, TensorSpec spec, Tensor tensor, bool binary)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, spec.Name);
        json.WriteString("datatype"u8, tensor.Type.Word());
        json.WriteStartArray("shape"u8);
        foreach (var size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        if (binary)
        {
            json.WriteStartObject("parameters"u8);
            json.WriteNumber("binary_data_size"u8, tensor.Data.Length);
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartArray("data"u8);
            WriteData(json, spec, tensor);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteData(Utf8JsonWriter json, TensorSpec spec, Tensor tensor)
    {
        switch (tensor.Type)
        {
            case DataType.Bool:
                Each<byte>(tensor, value => json.WriteBooleanValue(value != 0));
                break;
            case DataType.UInt8:
                Each<byte>(tensor, value => json.WriteNumberValue(value));
                break;
            case DataType.UInt16:
                Each<ushort>(tensor, value => json.WriteNumberValue(value));
                break;
            case DataType.UInt32:
                Each<uint>(tensor, json.WriteNumberValue);
                break;
            case DataType.UInt64:
                Each<ulong>(tensor, json.WriteNumberValue);
                break;
            case DataType.Int8:
                Each<sbyte>(tensor, value => json.WriteNumberValue(value));
                break;
            case DataType.Int16:
                Each<short>(tensor, value => json.WriteNumberValue(value));
                break;
            case DataType.Int32:
                Each<int>(tensor, json.WriteNumberValue);
                break;
            case DataType.Int64:
                Each<long>(tensor, json.WriteNumberValue);
                break;
            case DataType.FP32:
                Each<float>(tensor, value => json.WriteNumberValue(float.IsFinite(value) ? value : throw NotInJson(spec, "holds a value that is not finite")));
                break;
            case DataType.FP64:
                Each<double>(tensor, value => json.WriteNumberValue(double.IsFinite(value) ? value : throw NotInJson(spec, "holds a value that is not finite")));
                break;
            case DataType.Bytes:
                WriteStrings(json, spec, tensor);
                break;
            default:
                throw NotInJson(spec, $"is {tensor.Type.Word()}");
        }
    }

    private static void Each<T>(Tensor tensor, Action<T> write)
        where T : unmanaged
    {
        foreach (var value in MemoryMarshal.Cast<byte, T>(tensor.Data.Span))
            write(value);
    }

    private static void WriteStrings(Utf8JsonWriter json, TensorSpec spec, Tensor tensor)
    {
        var rest = tensor.Data.Span;
        while (!rest.IsEmpty)
        {
            var text = ByteStrings.Take(ref rest);
            if (!Utf8.IsValid(text))
                throw NotInJson(spec, "holds a string that is not UTF-8");
            json.WriteStringValue(text);
        }
    }

    private static RefusedException NotInJson(TensorSpec spec, string what) =>
        RefusedException.Bad($"output {spec.Name} {what}, which JSON cannot carry; ask for it with the parameter binary_data");
}

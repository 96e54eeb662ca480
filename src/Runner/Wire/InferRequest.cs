using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>One inference, serialised before anything is timed. Immutable; may be sent any number of times, by any number of threads.</summary>
/// <remarks>Source: Open Inference Protocol v2 REST, with the binary tensor data extension both ways.</remarks>
public sealed class InferRequest
{
    private InferRequest(string model, ImmutableArray<string> outputs, HttpRequest http) => (Model, Outputs, Http) = (model, outputs, http);

    public string Model { get; }

    /// <summary>The outputs asked for; empty for all that the model has.</summary>
    public ImmutableArray<string> Outputs { get; }

    internal HttpRequest Http { get; }

    /// <param name="transport">Names the host that requests ask for; the request can be sent over any connection made by it.</param>
    /// <param name="inputs">Their data is copied; none for a model that takes none.</param>
    /// <param name="outputs">Empty for all that the model has.</param>
    /// <exception cref="ArgumentException">An input's data is not what its type and shape ask for, or a name is empty or comes twice.</exception>
    public static InferRequest Create(
        Transport transport, string model, ImmutableArray<WireTensor> inputs, ImmutableArray<string> outputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        ThrowIfNotNames(inputs.Select(input => input.Name), nameof(inputs));
        ThrowIfNotNames(outputs, nameof(outputs));
        foreach (var input in inputs)
        {
            if (TensorType.Mismatch(input.DataType, input.Shape.AsSpan(), input.Data.Span) is { } mismatch)
                throw new ArgumentException($"Input {input.Name} {mismatch}.", nameof(inputs));
        }

        var json = Json(inputs, outputs);
        var head = Encoding.ASCII.GetBytes(
            $"POST /v2/models/{Uri.EscapeDataString(model)}/infer HTTP/1.1\r\nHost: {transport.Authority}\r\nContent-Type: application/octet-stream\r\n"
            + $"Inference-Header-Content-Length: {json.Length}\r\nContent-Length: {json.Length + inputs.Sum(input => (long)input.Data.Length)}\r\n\r\n");

        // One piece, so that it takes one system call: a copy here is a copy less in the timed part.
        var bytes = GC.AllocateUninitializedArray<byte>(checked(head.Length + json.Length + inputs.Sum(input => input.Data.Length)));
        head.CopyTo(bytes, 0);
        json.CopyTo(bytes.AsSpan(head.Length));
        var at = head.Length + json.Length;
        foreach (var input in inputs)
        {
            input.Data.CopyTo(bytes.AsMemory(at));
            at += input.Data.Length;
        }

        return new(model, outputs, new HttpRequest(bytes, MayRepeat: false));
    }

    private static void ThrowIfNotNames(IEnumerable<string> names, string argument)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (string.IsNullOrEmpty(name) || !seen.Add(name))
                throw new ArgumentException($"The name '{name}' is empty or comes twice.", argument);
        }
    }

    private static ReadOnlySpan<byte> Json(ImmutableArray<WireTensor> inputs, ImmutableArray<string> outputs)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartArray("inputs");
            foreach (var input in inputs)
                Input(json, input);
            json.WriteEndArray();
            if (outputs.IsEmpty)
                Parameter(json, () => json.WriteBoolean("binary_data_output", true));
            else
                Requested(json, outputs);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan;
    }

    private static void Input(Utf8JsonWriter json, WireTensor input)
    {
        json.WriteStartObject();
        json.WriteString("name", input.Name);
        json.WriteStartArray("shape");
        foreach (var dimension in input.Shape)
            json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteString("datatype", input.DataType);
        Parameter(json, () => json.WriteNumber("binary_data_size", input.Data.Length));
        json.WriteEndObject();
    }

    private static void Requested(Utf8JsonWriter json, ImmutableArray<string> outputs)
    {
        json.WriteStartArray("outputs");
        foreach (var output in outputs)
        {
            json.WriteStartObject();
            json.WriteString("name", output);
            Parameter(json, () => json.WriteBoolean("binary_data", true));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Parameter(Utf8JsonWriter json, Action write)
    {
        json.WriteStartObject("parameters");
        write();
        json.WriteEndObject();
    }
}

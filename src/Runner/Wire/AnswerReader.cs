using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Runner;

/// <summary>Reads the answer to an inference. Every byte of it must be accounted for.</summary>
/// <remarks>Source: Open Inference Protocol v2 REST, inference response; binary tensor data extension.</remarks>
internal static class AnswerReader
{
    private const int LongestError = 600; // engines say why at its end

    public static ImmutableArray<WireTensor> Read(InferRequest request, in HttpAnswer answer, WireLimits limits)
    {
        if (answer.Head.Status != 200)
            throw ServerError(answer, limits);
        var jsonLength = answer.Head.InferenceHeaderLength ?? answer.Body.Length;
        if (jsonLength > answer.Body.Length)
            throw WireException.Protocol($"Inference-Header-Content-Length is {jsonLength}; the whole body has {answer.Body.Length} bytes.");
        using var document = StrictJson.Object(answer.Body[..(int)jsonLength], limits);
        if (document.RootElement.TryGetProperty("error", out var error))
            throw new WireException(WireFailure.ServerError, $"The server answered status 200 with an error: {Words(error)}") { Status = 200 };
        var model = StrictJson.Text(StrictJson.Required(document.RootElement, "model_name", JsonValueKind.String, ""), "model_name");
        if (model != request.Model)
            throw WireException.Protocol($"model_name is '{Clip.Text(model)}'; asked was '{request.Model}'.");
        var outputs = Outputs(document.RootElement, answer.Body[(int)jsonLength..], answer.Head.InferenceHeaderLength is not null);
        ThrowIfNotAsked(request, outputs);
        return outputs;
    }

    /// <summary>What the server says of a status that is not the one expected.</summary>
    public static WireException ServerError(in HttpAnswer answer, WireLimits limits)
    {
        var words = Clip.Text(answer.Body.Span);
        try
        {
            using var document = StrictJson.Object(answer.Body, limits);
            if (document.RootElement.TryGetProperty("error", out var error))
                words = Words(error);
        }
        catch (WireException)
        {
            // an error page of any form is quoted as it is
        }

        return new(WireFailure.ServerError, $"The server answered status {answer.Head.Status}: {words}") { Status = answer.Head.Status };
    }

    private static string Words(JsonElement error) =>
        Clip.Text(error.ValueKind == JsonValueKind.String ? StrictJson.Text(error, "error") : error.GetRawText(), LongestError);

    private static ImmutableArray<WireTensor> Outputs(JsonElement root, ReadOnlyMemory<byte> binary, bool isBinary)
    {
        var list = StrictJson.Required(root, "outputs", JsonValueKind.Array, "");
        var outputs = ImmutableArray.CreateBuilder<WireTensor>(list.GetArrayLength());
        var names = new HashSet<string>(StringComparer.Ordinal);
        var rest = binary;
        foreach (var element in list.EnumerateArray())
        {
            var path = $"outputs[{outputs.Count}]";
            var output = Output(element, path, ref rest, isBinary);
            if (output.Name.Length == 0 || !names.Add(output.Name))
                throw WireException.Protocol($"{path}.name '{Clip.Text(output.Name)}' is empty or comes twice.");
            outputs.Add(output);
        }

        return rest.IsEmpty
            ? outputs.MoveToImmutable()
            : throw WireException.Protocol($"The outputs account for {binary.Length - rest.Length} of {binary.Length} binary bytes; {rest.Length} are left over.");
    }

    private static WireTensor Output(JsonElement element, string path, ref ReadOnlyMemory<byte> rest, bool isBinary)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw WireException.Protocol($"{path} is of kind {element.ValueKind}; expected Object.");
        path += '.';
        var name = StrictJson.Text(StrictJson.Required(element, "name", JsonValueKind.String, path), $"{path}name");
        var dataType = StrictJson.Text(StrictJson.Required(element, "datatype", JsonValueKind.String, path), $"{path}datatype");
        if (TensorType.SizeOf(dataType) is null)
            throw WireException.Protocol($"{path}datatype '{Clip.Text(dataType)}' is unknown.");
        var shape = Shape(element, 0, path);
        if (TensorType.Count(shape.AsSpan()) is null)
            throw WireException.Protocol($"{path}shape [{string.Join(',', shape.Take(33))}] has more than 32 dimensions, or more elements than can be counted.");
        var size = BinarySize(element, path);
        var data = StrictJson.Optional(element, "data", JsonValueKind.Array, path);
        if (data is not null == size is not null)
            throw WireException.Protocol($"{path}data and {path}parameters.binary_data_size: expected one of them, found {(size is null ? "neither" : "both")}.");
        var bytes = size is { } length ? Take(length, path, ref rest, isBinary) : JsonTensorData.ToBytes(data!.Value, dataType, shape.AsSpan(), path);
        return TensorType.Mismatch(dataType, shape.AsSpan(), bytes.Span) is { } mismatch
            ? throw WireException.Protocol($"{path}name '{Clip.Text(name)}' {mismatch}.")
            : new(name, dataType, shape, bytes);
    }

    /// <param name="least">Smallest dimension allowed: 0, or -1 where a free one is.</param>
    public static ImmutableArray<long> Shape(JsonElement tensor, long least, string path)
    {
        var list = StrictJson.Required(tensor, "shape", JsonValueKind.Array, path);
        var shape = ImmutableArray.CreateBuilder<long>(list.GetArrayLength());
        foreach (var dimension in list.EnumerateArray())
            shape.Add(StrictJson.Integer(dimension, least, $"{path}shape[{shape.Count}]"));
        return shape.MoveToImmutable();
    }

    private static long? BinarySize(JsonElement element, string path) =>
        StrictJson.Optional(element, "parameters", JsonValueKind.Object, path) is { } parameters
        && parameters.TryGetProperty("binary_data_size", out var size)
            ? StrictJson.Integer(size, 0, $"{path}parameters.binary_data_size")
            : null;

    private static ReadOnlyMemory<byte> Take(long length, string path, ref ReadOnlyMemory<byte> rest, bool isBinary)
    {
        if (!isBinary)
            throw WireException.Protocol($"{path}parameters.binary_data_size is {length}, but the answer has no Inference-Header-Content-Length.");
        if (length > rest.Length)
            throw WireException.Protocol($"{path}parameters.binary_data_size is {length}; {rest.Length} binary bytes are left.");
        var taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    private static void ThrowIfNotAsked(InferRequest request, ImmutableArray<WireTensor> outputs)
    {
        if (outputs.IsEmpty)
            throw WireException.Protocol("The answer has no outputs.");
        if (request.Outputs.IsEmpty)
            return;
        foreach (var name in request.Outputs)
        {
            if (!outputs.Any(output => output.Name == name))
                throw WireException.Protocol($"The answer lacks the output '{name}'.");
        }

        if (outputs.FirstOrDefault(output => !request.Outputs.Contains(output.Name)) is { } extra)
            throw WireException.Protocol($"The answer has the output '{Clip.Text(extra.Name)}', which was not asked for.");
    }
}

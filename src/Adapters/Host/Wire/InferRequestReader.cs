using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Reads the JSON part of an inference request. Allocates in proportion to the model, never to what the request claims.</summary>
/// <remarks>Source: Open Inference Protocol v2, inference request object, and its binary tensor data extension.</remarks>
internal ref struct InferRequestReader
{
    /// <summary>No engine takes more dimensions than this.</summary>
    private const int MaxRank = 32;

    /// <summary>Bytes of a name or an id.</summary>
    private const int LongestText = 4096;

    private readonly int _maxInputs;
    private readonly int _maxOutputs;
    private Utf8JsonReader _json;

    private InferRequestReader(ReadOnlySpan<byte> json, TensorSignature signature)
    {
        _json = new(json);
        (_maxInputs, _maxOutputs) = (signature.Inputs.Length, signature.Outputs.Length);
    }

    /// <exception cref="RefusedException">It is no JSON, or not the request object of the protocol.</exception>
    public static InferRequest Read(ReadOnlySpan<byte> json, TensorSignature signature)
    {
        var reader = new InferRequestReader(json, signature);
        try
        {
            reader.Next();
            var request = reader.ReadRequest();
            return reader._json.Read() ? throw RefusedException.Bad("the body goes on behind the request object") : request;
        }
        catch (JsonException malformed)
        {
            throw RefusedException.Bad($"the request is not valid JSON: {malformed.Message}");
        }
        catch (InvalidOperationException)
        {
            throw RefusedException.Bad("the request holds a text that is not valid Unicode"); // how Utf8JsonReader says so
        }
    }

    private InferRequest ReadRequest()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? id = null;
        var binary = false;
        ImmutableArray<RequestInput>? inputs = null;
        ImmutableArray<RequestOutput>? outputs = null;
        Expect(JsonTokenType.StartObject, "the request");
        while (NextProperty(seen, "the request") is { } name)
        {
            switch (name)
            {
                case "id":
                    id = Text("id");
                    break;
                case "parameters":
                    binary = ReadFlag("binary_data_output") ?? false;
                    break;
                case "inputs":
                    inputs = ReadInputs();
                    break;
                case "outputs":
                    outputs = ReadOutputs();
                    break;
                default:
                    _json.Skip();
                    break;
            }
        }
        return new(id, binary, inputs ?? throw RefusedException.Bad("inputs is missing"), outputs);
    }

    private ImmutableArray<RequestInput> ReadInputs()
    {
        Expect(JsonTokenType.StartArray, "inputs");
        var inputs = ImmutableArray.CreateBuilder<RequestInput>();
        while (Next() != JsonTokenType.EndArray)
        {
            if (inputs.Count == _maxInputs)
                throw RefusedException.Bad($"inputs has more than the {_maxInputs} that the model takes");
            inputs.Add(ReadInput());
        }
        return inputs.ToImmutable();
    }

    private RequestInput ReadInput()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? name = null, type = null;
        ImmutableArray<long>? shape = null;
        long? size = null;
        int? data = null;
        Expect(JsonTokenType.StartObject, "an input");
        while (NextProperty(seen, "an input") is { } key)
        {
            switch (key)
            {
                case "name":
                    name = Text("name");
                    break;
                case "datatype":
                    type = Text("datatype");
                    break;
                case "shape":
                    shape = ReadShape();
                    break;
                case "parameters":
                    size = ReadSize();
                    break;
                case "data":
                    data = (int)_json.TokenStartIndex;
                    _json.Skip();
                    break;
                default:
                    _json.Skip();
                    break;
            }
        }
        name = name ?? throw RefusedException.Bad("an input has no name");
        return new(
            name,
            DataTypes.TryParse(type ?? throw RefusedException.Bad($"input {name} has no datatype"))
                ?? throw RefusedException.Bad($"input {name} has datatype {type}, which the protocol does not know"),
            shape ?? throw RefusedException.Bad($"input {name} has no shape"),
            size,
            data);
    }

    private ImmutableArray<long> ReadShape()
    {
        Expect(JsonTokenType.StartArray, "shape");
        var shape = ImmutableArray.CreateBuilder<long>();
        while (Next() != JsonTokenType.EndArray)
        {
            if (shape.Count == MaxRank)
                throw RefusedException.Bad($"shape has more than {MaxRank} dimensions");
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out var size) || size < 0)
                throw RefusedException.Bad("shape has a dimension that is not a whole number of 0 or more");
            shape.Add(size);
        }
        return shape.ToImmutable();
    }

    private long? ReadSize()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        long? size = null;
        Expect(JsonTokenType.StartObject, "parameters");
        while (NextProperty(seen, "parameters") is { } key)
        {
            if (key != "binary_data_size")
                _json.Skip();
            else if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt64(out var bytes) && bytes >= 0)
                size = bytes;
            else
                throw RefusedException.Bad("binary_data_size is not a whole number of 0 or more");
        }
        return size;
    }

    private ImmutableArray<RequestOutput> ReadOutputs()
    {
        Expect(JsonTokenType.StartArray, "outputs");
        var outputs = ImmutableArray.CreateBuilder<RequestOutput>();
        while (Next() != JsonTokenType.EndArray)
        {
            if (outputs.Count == _maxOutputs)
                throw RefusedException.Bad($"outputs has more than the {_maxOutputs} that the model gives");
            outputs.Add(ReadOutput());
        }
        return outputs.ToImmutable();
    }

    private RequestOutput ReadOutput()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? name = null;
        bool? binary = null;
        Expect(JsonTokenType.StartObject, "an output");
        while (NextProperty(seen, "an output") is { } key)
        {
            if (key == "name")
                name = Text("name");
            else if (key == "parameters")
                binary = ReadFlag("binary_data");
            else
                _json.Skip();
        }
        return new(name ?? throw RefusedException.Bad("an output has no name"), binary);
    }

    private bool? ReadFlag(string flag)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool? value = null;
        Expect(JsonTokenType.StartObject, "parameters");
        while (NextProperty(seen, "parameters") is { } key)
        {
            if (key != flag)
                _json.Skip();
            else if (_json.TokenType is JsonTokenType.True or JsonTokenType.False)
                value = _json.GetBoolean();
            else
                throw RefusedException.Bad($"{flag} is neither true nor false");
        }
        return value;
    }

    /// <summary>Moves to the value of the next property.</summary>
    /// <returns>Its name; null at the end of the object.</returns>
    private string? NextProperty(HashSet<string> seen, string where)
    {
        const int MostProperties = 64;
        if (Next() == JsonTokenType.EndObject)
            return null;
        var name = Bounded("a property's name");
        if (!seen.Add(name))
            throw RefusedException.Bad($"{where} has {name} twice");
        if (seen.Count > MostProperties)
            throw RefusedException.Bad($"{where} has more than {MostProperties} properties");
        Next();
        return name;
    }

    private JsonTokenType Next() => _json.Read() ? _json.TokenType : throw RefusedException.Bad("the request ends too early");

    private readonly void Expect(JsonTokenType type, string what)
    {
        if (_json.TokenType != type)
            throw RefusedException.Bad($"{what} is not {(type == JsonTokenType.StartArray ? "an array" : "an object")}");
    }

    private readonly string Text(string what) =>
        _json.TokenType == JsonTokenType.String ? Bounded(what) : throw RefusedException.Bad($"{what} is not a string");

    private readonly string Bounded(string what) =>
        _json.ValueSpan.Length <= LongestText ? _json.GetString()! : throw RefusedException.Bad($"{what} has more than {LongestText} bytes");
}

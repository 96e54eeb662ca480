using System.Buffers;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Holds a request against the model's signature, then reads its tensors. Owns their memory until it is disposed.</summary>
internal sealed class TensorReader(TensorSignature signature, InferRequest request) : IDisposable
{
    private readonly List<byte[]> _rented = [];

    /// <summary>Reads every input: binary ones from the body, in the request's order, JSON ones from the request itself.</summary>
    /// <returns>In the order of the signature.</returns>
    /// <exception cref="RefusedException">The inputs are not those of the model, or the data is not what they say.</exception>
    public async ValueTask<Tensor[]> ReadAsync(ReadOnlyMemory<byte> json, RequestBody body, bool hasBinary, CancellationToken cancellationToken)
    {
        var places = Validate(body.Left, hasBinary);
        var tensors = new Tensor[places.Length];
        for (var index = 0; index < places.Length; index++)
        {
            var input = request.Inputs[index];
            var elements = Tensor.TryCount(input.Shape.AsSpan())!.Value;
            var data = input.BinaryBytes is { } size
                ? await ReadBinaryAsync((int)size, body, cancellationToken)
                : JsonTensorReader.Read(json.Span[input.Data!.Value..], input, elements);
            CheckContent(input, elements, data.Span);
            tensors[places[index]] = new(input.Type, input.Shape, data);
        }
        await body.ExpectEndAsync(cancellationToken);
        return tensors;
    }

    public void Dispose()
    {
        foreach (var array in _rented)
            ArrayPool<byte>.Shared.Return(array);
        _rented.Clear();
    }

    /// <summary>Everything that can be wrong before a byte of tensor data is read or allocated.</summary>
    /// <returns>For each input of the request its place in the signature.</returns>
    private int[] Validate(long? left, bool hasBinary)
    {
        var places = new int[request.Inputs.Length];
        var binary = 0L;
        for (var index = 0; index < places.Length; index++)
        {
            var input = request.Inputs[index];
            places[index] = Place(input.Name);
            if (Array.IndexOf(places, places[index], 0, index) >= 0)
                throw RefusedException.Bad($"input {input.Name} is given twice");
            CheckShape(input, signature.Inputs[places[index]]);
            binary += CheckSize(input, hasBinary);
            if (binary > left)
                throw RefusedException.Bad($"the inputs announce {binary} bytes or more of binary data, and {left} follow");
        }
        if (places.Length < signature.Inputs.Length)
        {
            var missing = signature.Inputs.Where((_, place) => !places.Contains(place)).Select(spec => spec.Name);
            throw RefusedException.Bad($"inputs lacks {string.Join(", ", missing)}");
        }
        return binary < left ? throw RefusedException.Bad($"the inputs announce {binary} bytes of binary data, and {left} follow") : places;
    }

    private int Place(string name)
    {
        for (var place = 0; place < signature.Inputs.Length; place++)
        {
            if (signature.Inputs[place].Name == name)
                return place;
        }
        throw RefusedException.Bad($"the model has no input {name}; it takes {string.Join(", ", signature.Inputs.Select(spec => spec.Name))}");
    }

    private static void CheckShape(RequestInput input, TensorSpec spec)
    {
        if (spec.Type is { } type && input.Type != type)
            throw RefusedException.Bad($"input {input.Name} is {input.Type.Word()}; the model takes {type.Word()}");
        if (Tensor.TryCount(input.Shape.AsSpan()) is null)
            throw RefusedException.Bad($"the shape of input {input.Name} has more elements than can be counted");
        if (spec.Shape is not { } expected)
            return;
        var fits = expected.Length == input.Shape.Length;
        for (var index = 0; fits && index < expected.Length; index++)
            fits = expected[index] < 0 || expected[index] == input.Shape[index];
        if (!fits)
            throw RefusedException.Bad($"input {input.Name} has shape [{string.Join(',', input.Shape)}]; the model takes [{string.Join(',', expected)}]");
    }

    /// <returns>Bytes of it that lie behind the JSON part.</returns>
    private static long CheckSize(RequestInput input, bool hasBinary)
    {
        if (input.BinaryBytes is not { } size)
            return input.Data is null ? throw RefusedException.Bad($"input {input.Name} has neither data nor binary_data_size") : 0;
        if (input.Data is not null)
            throw RefusedException.Bad($"input {input.Name} has both data and binary_data_size");
        if (!hasBinary)
            throw RefusedException.Bad($"input {input.Name} announces binary data, and there is no {Oip.HeaderLength} header");
        if (size > Array.MaxLength)
            throw new RefusedException(StatusCodes.Status413PayloadTooLarge, $"input {input.Name} has more than {Array.MaxLength} bytes");
        var elements = Tensor.TryCount(input.Shape.AsSpan())!.Value;
        var agrees = input.Type == DataType.Bytes
            ? elements <= size / ByteStrings.Prefix && (elements > 0 || size == 0)
            : elements <= size && elements * input.Type.Size() == size;
        return agrees ? size : throw RefusedException.Bad(
            $"input {input.Name} has binary_data_size {size}, which is not that of {elements} elements of {input.Type.Word()}");
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadBinaryAsync(int size, RequestBody body, CancellationToken cancellationToken)
    {
        var array = ArrayPool<byte>.Shared.Rent(size);
        _rented.Add(array);
        await body.ReadAsync(array.AsMemory(0, size), cancellationToken);
        return array.AsMemory(0, size);
    }

    private static void CheckContent(RequestInput input, long elements, ReadOnlySpan<byte> data)
    {
        if (input.Type == DataType.Bytes && ByteStrings.TryCount(data) != elements)
            throw RefusedException.Bad($"the data of input {input.Name} is not {elements} strings, each with its length before it");
        if (input.Type == DataType.Bool && data.ContainsAnyExceptInRange((byte)0, (byte)1))
            throw RefusedException.Bad($"the data of input {input.Name} holds a byte that is neither 0 nor 1");
    }
}

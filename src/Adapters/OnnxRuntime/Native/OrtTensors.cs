using System.Buffers;
using System.Buffers.Binary;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Turns tensors into native values without a copy, and native values into tensors with one. Safe for concurrent use.</summary>
internal sealed unsafe class OrtTensors : IDisposable
{
    private readonly OrtApi _api;
    private readonly nint _allocator;
    private readonly MemoryInfoHandle _cpuMemory;

    public OrtTensors(OrtApi api, nint allocator)
    {
        const int DeviceAllocator = 0, DefaultMemory = 0;
        (_api, _allocator) = (api, allocator);
        nint info;
        api.Check(((delegate* unmanaged<int, int, nint*, nint>)api[OrtSlot.CreateCpuMemoryInfo])(DeviceAllocator, DefaultMemory, &info), "No memory");
        _cpuMemory = new(api, info);
    }

    public void Dispose() => _cpuMemory.Dispose();

    public RunOptionsHandle CreateRunOptions()
    {
        nint options;
        _api.Check(((delegate* unmanaged<nint*, nint>)_api[OrtSlot.CreateRunOptions])(&options), "Run options cannot be made");
        return new(_api, options);
    }

    /// <summary>A value over the pinned bytes; strings, which the engine keeps in objects of its own, are copied.</summary>
    public ValueHandle Bind(Tensor tensor, MemoryHandle pin)
    {
        if (tensor.Type == DataType.Bytes)
            return CopyStrings(tensor);
        nint value;
        var data = tensor.Data.IsEmpty ? &value : pin.Pointer; // an empty tensor still wants an address
        fixed (long* shape = Dimensions(tensor))
        {
            _api.Check(
                ((delegate* unmanaged<nint, void*, nint, long*, nint, int, nint*, nint>)_api[OrtSlot.CreateTensorWithDataAsOrtValue])(
                    _cpuMemory.Native, data, tensor.Data.Length, shape, tensor.Shape.Length, OrtTypes.Number(tensor.Type), &value),
                "An input cannot be bound");
        }
        return new(_api, value);
    }

    /// <exception cref="AdapterException">The engine gave a type that the signature did not announce.</exception>
    public Tensor Copy(ValueHandle value)
    {
        nint native;
        _api.Check(((delegate* unmanaged<nint, nint*, nint>)_api[OrtSlot.GetTensorTypeAndShape])(value.Native, &native), "An output has no shape");
        using var info = new ShapeInfoHandle(_api, native);
        var (number, shape) = OrtSignature.ReadShape(_api, info.Native, "An output has no shape");
        var type = OrtTypes.TryFrom(number) ?? throw new AdapterException($"An output has ONNX element type {number}, which the signature did not announce.");
        var elements = Tensor.TryCount(shape.AsSpan()) ?? throw new AdapterException($"An output has shape [{string.Join(',', shape)}].");
        return new(type, shape, type == DataType.Bytes ? TakeStrings(value, elements) : TakeBytes(value, elements * type.Size()));
    }

    private static long[] Dimensions(Tensor tensor) => tensor.Shape.IsEmpty ? [0] : [.. tensor.Shape];

    private byte[] TakeBytes(ValueHandle value, long size)
    {
        if (size > Array.MaxLength)
            throw new AdapterException($"An output has {size} bytes; {Array.MaxLength} can be carried. Ask for a smaller batch.");
        void* data;
        _api.Check(((delegate* unmanaged<nint, void**, nint>)_api[OrtSlot.GetTensorMutableData])(value.Native, &data), "An output cannot be read");
        var bytes = GC.AllocateUninitializedArray<byte>((int)size);
        new ReadOnlySpan<byte>(data, (int)size).CopyTo(bytes);
        return bytes;
    }

    private byte[] TakeStrings(ValueHandle value, long elements)
    {
        nint total;
        _api.Check(((delegate* unmanaged<nint, nint*, nint>)_api[OrtSlot.GetStringTensorDataLength])(value.Native, &total), "Strings cannot be measured");
        if (total + elements * ByteStrings.Prefix > Array.MaxLength)
            throw new AdapterException($"An output has {total} bytes of text; {Array.MaxLength} can be carried. Ask for a smaller batch.");
        var (texts, starts) = (new byte[total], new nint[elements]);
        fixed (byte* text = texts)
        fixed (nint* start = starts)
        {
            byte none; // neither address may be null
            nint nowhere;
            _api.Check(
                ((delegate* unmanaged<nint, byte*, nint, nint*, nint, nint>)_api[OrtSlot.GetStringTensorContent])(
                    value.Native, total == 0 ? &none : text, total, elements == 0 ? &nowhere : start, (nint)elements),
                "Strings cannot be read");
        }
        return Prefixed(texts, starts);
    }

    private static byte[] Prefixed(byte[] texts, nint[] starts)
    {
        var bytes = new byte[texts.Length + starts.Length * ByteStrings.Prefix];
        var rest = bytes.AsSpan();
        for (var index = 0; index < starts.Length; index++)
        {
            var text = texts.AsSpan((int)starts[index]..(int)(index + 1 < starts.Length ? starts[index + 1] : texts.Length));
            BinaryPrimitives.WriteInt32LittleEndian(rest, text.Length);
            text.CopyTo(rest[ByteStrings.Prefix..]);
            rest = rest[(ByteStrings.Prefix + text.Length)..];
        }
        return bytes;
    }

    private ValueHandle CopyStrings(Tensor tensor)
    {
        nint native;
        fixed (long* shape = Dimensions(tensor))
        {
            _api.Check(
                ((delegate* unmanaged<nint, long*, nint, int, nint*, nint>)_api[OrtSlot.CreateTensorAsOrtValue])(
                    _allocator, shape, tensor.Shape.Length, OrtTypes.Number(DataType.Bytes), &native),
                "Strings cannot be allocated");
        }
        var value = new ValueHandle(_api, native);
        var data = tensor.Data.Span;
        for (nint index = 0; !data.IsEmpty; index++)
        {
            var text = ByteStrings.Take(ref data);
            byte* buffer;
            _api.Check(
                ((delegate* unmanaged<nint, nint, nint, byte**, nint>)_api[OrtSlot.GetResizedStringTensorElementBuffer])(
                    native, index, text.Length, &buffer),
                "A string cannot be copied");
            text.CopyTo(new(buffer, text.Length));
        }
        return value;
    }
}

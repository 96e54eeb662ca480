using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Reads names, types and shapes of a session's tensors.</summary>
internal static unsafe class OrtSignature
{
    private const int TensorKind = 1;

    /// <exception cref="AdapterException">A tensor has a type that the protocol has no word for, or is no tensor at all.</exception>
    public static TensorSignature Read(OrtApi api, SessionHandle session, nint allocator, string model) => new(
        ReadSide(api, session, allocator, $"{model}, input", (OrtSlot.SessionGetInputCount, OrtSlot.SessionGetInputName, OrtSlot.SessionGetInputTypeInfo)),
        ReadSide(api, session, allocator, $"{model}, output", (OrtSlot.SessionGetOutputCount, OrtSlot.SessionGetOutputName, OrtSlot.SessionGetOutputTypeInfo)));

    /// <summary>Element type and dimensions of a tensor that exists or is only declared.</summary>
    public static (int Type, ImmutableArray<long> Dimensions) ReadShape(OrtApi api, nint shapeInfo, string what)
    {
        int type;
        nint rank;
        api.Check(((delegate* unmanaged<nint, int*, nint>)api[OrtSlot.GetTensorElementType])(shapeInfo, &type), what);
        api.Check(((delegate* unmanaged<nint, nint*, nint>)api[OrtSlot.GetDimensionsCount])(shapeInfo, &rank), what);
        var dimensions = new long[rank];
        fixed (long* first = dimensions)
            api.Check(((delegate* unmanaged<nint, long*, nint, nint>)api[OrtSlot.GetDimensions])(shapeInfo, first, rank), what);
        return (type, ImmutableCollectionsMarshal.AsImmutableArray(dimensions));
    }

    private static ImmutableArray<TensorSpec> ReadSide(
        OrtApi api, SessionHandle session, nint allocator, string side, (OrtSlot Count, OrtSlot Name, OrtSlot Type) slots)
    {
        nint count;
        api.Check(((delegate* unmanaged<nint, nint*, nint>)api[slots.Count])(session.Native, &count), side);
        var specs = ImmutableArray.CreateBuilder<TensorSpec>((int)count);
        for (nint index = 0; index < count; index++)
        {
            nint text, type;
            api.Check(((delegate* unmanaged<nint, nint, nint, nint*, nint>)api[slots.Name])(session.Native, index, allocator, &text), side);
            var name = Marshal.PtrToStringUTF8(text) ?? "";
            _ = api.TryGetFailure(((delegate* unmanaged<nint, nint, nint>)api[OrtSlot.AllocatorFree])(allocator, text));
            api.Check(((delegate* unmanaged<nint, nint, nint*, nint>)api[slots.Type])(session.Native, index, &type), side);
            using var info = new TypeInfoHandle(api, type);
            specs.Add(ReadSpec(api, info, name, side));
        }
        return specs.MoveToImmutable();
    }

    private static TensorSpec ReadSpec(OrtApi api, TypeInfoHandle info, string name, string side)
    {
        int kind;
        api.Check(((delegate* unmanaged<nint, int*, nint>)api[OrtSlot.GetOnnxTypeFromTypeInfo])(info.Native, &kind), side);
        if (kind != TensorKind)
            throw Unsupported($"{side} {name} is a sequence, map, optional or sparse tensor");

        nint shapeInfo; // belongs to info
        api.Check(((delegate* unmanaged<nint, nint*, nint>)api[OrtSlot.CastTypeInfoToTensorInfo])(info.Native, &shapeInfo), side);
        var (number, dimensions) = ReadShape(api, shapeInfo, side);
        var type = OrtTypes.TryFrom(number) ?? throw Unsupported($"{side} {name} has ONNX element type {number}");
        return new(name, type, RankIsKnown(api, shapeInfo, dimensions.Length) ? dimensions : null);
    }

    /// <summary>A scalar and a tensor of unknown rank both show no dimension; builds that cannot tell them apart get the wider answer.</summary>
    private static bool RankIsKnown(OrtApi api, nint shapeInfo, int rank) => rank > 0
        || (api.Has(OrtVersion.KnownRank) && ((delegate* unmanaged<nint, byte>)api[OrtSlot.ShapeIsKnown])(shapeInfo) != 0);

    private static AdapterException Unsupported(string what) =>
        new($"{what}, which the Open Inference Protocol cannot carry. Export the model with plain tensors.");
}

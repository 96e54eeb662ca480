namespace Adaptation.Adapters.LibTorch;

/// <summary>Something that a pickle of a TorchScript archive may name.</summary>
/// <param name="ElementSize">Bytes of one element, of a storage type; else 0.</param>
/// <param name="IsClass">A class of the archive's own code.</param>
internal sealed record PickleGlobal(string Name, int ElementSize, bool IsFunction, bool IsClass)
{
    private const string Own = "__torch__";

    /// <summary>Objects of C++ classes that torch or a plug-in registered: neither tensors nor code.</summary>
    private const string Custom = "__torch__.torch.classes";

    private static readonly Dictionary<string, int> Storages = new(StringComparer.Ordinal)
    {
        ["BoolStorage"] = 1,
        ["ByteStorage"] = 1,
        ["CharStorage"] = 1,
        ["ShortStorage"] = 2,
        ["IntStorage"] = 4,
        ["LongStorage"] = 8,
        ["HalfStorage"] = 2,
        ["BFloat16Storage"] = 2,
        ["FloatStorage"] = 4,
        ["DoubleStorage"] = 8,
        ["ComplexFloatStorage"] = 8,
        ["ComplexDoubleStorage"] = 16,
        ["QInt8Storage"] = 1,
        ["QUInt8Storage"] = 1,
        ["QInt32Storage"] = 4,
    };

    private static readonly HashSet<string> Functions = new(StringComparer.Ordinal)
    {
        "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_qtensor", "torch.device",
        "torch.jit._pickle.build_boollist", "torch.jit._pickle.build_doublelist", "torch.jit._pickle.build_intlist",
        "torch.jit._pickle.build_tensorlist", "torch.jit._pickle.restore_type_tag",
    };

    /// <summary>Ways to quantise a tensor; named, never called.</summary>
    private static readonly HashSet<string> Constants = new(StringComparer.Ordinal) { "torch.per_tensor_affine", "torch.per_channel_affine", "torch.per_tensor_symmetric", "torch.per_channel_symmetric" };

    public bool CanBeCalled => IsFunction || IsClass;

    /// <summary>From a storage, an offset, sizes and strides.</summary>
    public bool MakesTensor => Name.StartsWith("torch._utils._rebuild_", StringComparison.Ordinal);

    /// <returns>Null for everything that a TorchScript archive has no use for.</returns>
    public static PickleGlobal? Find(string module, string type)
    {
        var name = $"{module}.{type}";
        if (module == "torch" && Storages.TryGetValue(type, out var size))
            return new(name, size, IsFunction: false, IsClass: false);
        if (Functions.Contains(name))
            return new(name, 0, IsFunction: true, IsClass: false);
        if (Constants.Contains(name))
            return new(name, 0, IsFunction: false, IsClass: false);
        var isOwn = (module == Own || module.StartsWith(Own + ".", StringComparison.Ordinal)) && !name.StartsWith(Custom + ".", StringComparison.Ordinal)
            && name.Split('.').All(part => part.Length > 0 && part.All(c => c is '_' || char.IsAsciiLetterOrDigit(c)));
        return isOwn ? new(name, 0, IsFunction: false, IsClass: true) : null;
    }
}

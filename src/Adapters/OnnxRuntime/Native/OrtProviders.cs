using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Names of providers, and the ways to add one to a session.</summary>
internal static unsafe class OrtProviders
{
    private const string Suffix = "ExecutionProvider";

    /// <summary>What this build was made with; a provider in the list may still lack its own libraries.</summary>
    public static string[] Available(OrtApi api)
    {
        nint list;
        int count;
        api.Check(((delegate* unmanaged<nint*, int*, nint>)api[OrtSlot.GetAvailableProviders])(&list, &count), "Providers cannot be listed");
        var names = new string[count];
        for (var index = 0; index < count; index++)
            names[index] = Marshal.PtrToStringUTF8(((nint*)list)[index]) ?? "";
        _ = api.TryGetFailure(((delegate* unmanaged<nint, int, nint>)api[OrtSlot.ReleaseAvailableProviders])(list, count));
        return names;
    }

    /// <summary>The provider of this build that a user means, with or without the ending.</summary>
    /// <exception cref="AdapterException">This build has no such provider; the message lists those that it has.</exception>
    public static string Find(OrtApi api, string name, IReadOnlyCollection<string> available) =>
        available.FirstOrDefault(candidate => candidate.Equals(name, StringComparison.OrdinalIgnoreCase)
            || candidate.Equals(name + Suffix, StringComparison.OrdinalIgnoreCase))
        ?? throw new AdapterException(
            $"Provider {name} is not in this build: {api.Path} (ONNX Runtime {api.Version}) has {string.Join(", ", available)}. "
            + "Name one of these, use the vendor's build, or name the plug-in library that brings it.");

    /// <summary>Adds a provider of this build.</summary>
    /// <exception cref="AdapterException">The build is too old, or the provider does not start: its driver or libraries are missing.</exception>
    public static void Append(OrtApi api, SessionOptionsHandle options, string provider, OnnxRuntimeSpec spec)
    {
        using var keys = new Utf8List([.. spec.ProviderOptions.Keys]);
        using var values = new Utf8List([.. spec.ProviderOptions.Values]);
        var count = spec.ProviderOptions.Count;
        switch (provider)
        {
            case "CUDAExecutionProvider":
                api.Require(OrtVersion.Cuda, $"to use {provider}");
                using (var own = new CudaOptionsHandle(api, CreateOwn(api, OrtSlot.CreateCudaOptions, provider)))
                    AppendOwn(api, options, provider, own, (OrtSlot.UpdateCudaOptions, OrtSlot.AppendCudaV2), (keys, values, count));
                break;
            case "CANNExecutionProvider":
                api.Require(OrtVersion.Cann, $"to use {provider}");
                using (var own = new CannOptionsHandle(api, CreateOwn(api, OrtSlot.CreateCannOptions, provider)))
                    AppendOwn(api, options, provider, own, (OrtSlot.UpdateCannOptions, OrtSlot.AppendCann), (keys, values, count));
                break;
            default:
                api.Require(OrtVersion.Providers, $"to use {provider}");
                AppendByName(api, options, provider, spec.Provider, (keys, values, count));
                break;
        }
    }

    /// <summary>Older builds know a provider by its short name only, and each spells it in its own way.</summary>
    private static void AppendByName(
        OrtApi api, SessionOptionsHandle options, string provider, string asked, (Utf8List Keys, Utf8List Values, int Count) pairs)
    {
        var stem = provider[..^Suffix.Length];
        string? first = null;
        foreach (var spelling in new[] { provider, asked, stem, stem.ToUpperInvariant() }.Distinct(StringComparer.Ordinal))
        {
            using var name = new Utf8(spelling);
            var failure = api.TryGetFailure(((delegate* unmanaged<nint, nint, nint*, nint*, nint, nint>)api[OrtSlot.AppendExecutionProvider])(
                options.Native, name, pairs.Keys.Pointer, pairs.Values.Pointer, pairs.Count));
            if (failure is null)
                return;
            if (!failure.Contains("Unknown provider name", StringComparison.Ordinal))
                throw NotStarted(api, provider, failure);
            first ??= failure;
        }
        throw NotStarted(api, provider, first!);
    }

    private static nint CreateOwn(OrtApi api, OrtSlot create, string provider)
    {
        nint own;
        return api.TryGetFailure(((delegate* unmanaged<nint*, nint>)api[create])(&own)) is { } failure
            ? throw NotStarted(api, provider, failure)
            : own;
    }

    /// <summary>CUDA and CANN have an options object of their own in every build; other ways to name them came later.</summary>
    private static void AppendOwn(
        OrtApi api, SessionOptionsHandle options, string provider, OrtHandle own, (OrtSlot Update, OrtSlot Append) slots,
        (Utf8List Keys, Utf8List Values, int Count) pairs)
    {
        var failure = api.TryGetFailure(((delegate* unmanaged<nint, nint*, nint*, nint, nint>)api[slots.Update])(
            own.Native, pairs.Keys.Pointer, pairs.Values.Pointer, pairs.Count))
            ?? api.TryGetFailure(((delegate* unmanaged<nint, nint, nint>)api[slots.Append])(options.Native, own.Native));
        if (failure is not null)
            throw NotStarted(api, provider, failure);
    }

    private static AdapterException NotStarted(OrtApi api, string provider, string failure) => new(
        $"Provider {provider} does not start: ONNX Runtime {api.Version} says: {failure}. Check its options, its driver and the libraries that it needs.");
}

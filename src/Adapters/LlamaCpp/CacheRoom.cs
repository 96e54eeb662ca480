using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>Whether the keys and values of a context fit into memory. The engine would take them all at once, and the kernel end the process.</summary>
/// <param name="Path">Of the model's file, for messages.</param>
/// <param name="Rows">Bytes of one position, layer by layer; see <see cref="CacheRows"/>.</param>
/// <param name="Places">Each with the layers whose keys and values it keeps, and what it has free, in bytes; null where it does not say.</param>
internal sealed record CacheRoom(string Path, CacheType Type, ImmutableArray<Int128> Rows, Func<IEnumerable<CachePlace>> Places)
{
    /// <exception cref="AdapterException">They do not; the message says by how much, and what to lower.</exception>
    public void Check(ContextShape shape)
    {
        var positions = (Int128)shape.Reserved * shape.Sequences;
        foreach (var place in Places())
        {
            var needed = Rows.Skip(place.FirstLayer).Take(place.Layers).Aggregate(Int128.Zero, (sum, row) => sum + (row * positions));
            if (needed > place.Free)
                throw new AdapterException(Message(shape, place, needed));
        }
    }

    /// <summary>The last layers lie on the accelerators, all of them unless the spec says how many; the rest on the CPU.</summary>
    /// <remarks>Source: i_gpu_start in src/llama-model.cpp of llama.cpp v0.5.0; the layer of outputs counts as the very last and keeps nothing.</remarks>
    /// <param name="layers">Of the model.</param>
    public static IEnumerable<CachePlace> PlacesOf(LlamaLibrary library, LlamaCppSpec spec, ImmutableArray<LlamaDevice> devices, int layers)
    {
        var onDevices = devices.All(device => device.IsCpu) ? 0 : spec.DeviceLayers is { } wanted ? Math.Clamp(wanted - 1, 0, layers) : layers;
        var host = HostMemory.Read("/");
        yield return new("the CPU", 0, layers - onDevices, host?.Bytes, host?.Source ?? "", "");
        if (onDevices == 0)
            yield break;
        var free = devices.Select(device => device.Memory(library)).ToArray();
        yield return new(
            string.Join(" and ", devices.Select(device => device.Name)), layers - onDevices, onDevices,
            free.Any(memory => memory.Total == 0) ? null : free.Sum(memory => memory.Free), "the driver", ", or device_layers");
    }

    private string Message(ContextShape shape, CachePlace place, Int128 needed)
    {
        var smaller = Type switch { CacheType.F32 => ", or take f16 as cache_type", CacheType.F16 => ", or take q8_0 as cache_type with flash_attention on", _ => "" };
        return $"Model {Path} needs {Size(needed)} on {place.Name} for the keys and values ({Spelled}) of {shape.Sequences} sequences of {shape.Length} positions; "
            + $"{Size(place.Free!.Value)} are available there ({place.Source}). Lower context_length or sequences{place.Lower}{smaller}.";
    }

    private string Spelled => $"cache_type {Type.ToString().ToLowerInvariant()}";

    private static string Size(Int128 bytes) => bytes < 10 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes")
        : string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / (1 << 20):N0} MiB");
}

/// <summary>Memory that keeps the keys and values of some layers.</summary>
/// <param name="Free">Bytes; null if nobody knows.</param>
/// <param name="Source">Who says so.</param>
/// <param name="Lower">What else can be lowered, as the end of a list.</param>
internal sealed record CachePlace(string Name, int FirstLayer, int Layers, Int128? Free, string Source, string Lower);

using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>Opens GGUF models through the llama.cpp library that a profile names.</summary>
public sealed unsafe class LlamaCppAdapter : IAdapter
{
    private readonly LlamaLibrary _library;
    private readonly LlamaCppSpec _spec;
    private readonly ImmutableArray<LlamaDevice> _devices;

    private LlamaCppAdapter(LlamaLibrary library, LlamaCppSpec spec)
    {
        (_library, _spec) = (library, spec);
        var most = (int)((delegate* unmanaged<nint>)library[LlamaSymbol.llama_max_parallel_sequences])();
        if (spec.Sequences > most)
            throw new AdapterException($"Sequences is {spec.Sequences}; {library.Path} takes at most {most}.");
        _devices = [.. spec.Devices.Select(Find)];
        Facts = Describe();
    }

    /// <inheritdoc/>
    public AdapterFacts Facts { get; }

    /// <summary>Loads the library and its backends, and makes sure that it is laid out as expected.</summary>
    /// <exception cref="AdapterException">The library cannot be used, or has not what <paramref name="spec"/> asks for.</exception>
    public static LlamaCppAdapter Load(LlamaCppSpec spec)
    {
        spec.Validate();
        return new(LlamaLibrary.Load(spec.Library), spec);
    }

    /// <inheritdoc/>
    public Task<IModel> OpenAsync(ModelFolder folder, CancellationToken cancellationToken)
    {
        var path = folder.FindFile(".gguf");
        return Task.Run(IModel () => Open(path, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>The library stays loaded: its backends cannot be unloaded safely.</remarks>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal LlamaCppModel Open(string path, CancellationToken cancellationToken)
    {
        var header = GgufRules.Check(path);
        cancellationToken.ThrowIfCancellationRequested();
        var handle = LoadWeights(path, cancellationToken);
        try
        {
            var rows = CacheRows.Of(header, _spec.Cache);
            var room = new CacheRoom(path, _spec.Cache, rows, () => CacheRoom.PlacesOf(_library, _spec, _devices, rows.Length));
            return new(new LlamaRuntime(_library, handle, _spec, path, room), header);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    internal ModelHandle LoadWeights(string path, CancellationToken cancellationToken)
    {
        var onCpu = _devices.All(device => device.IsCpu);
        nint[] devices = onCpu ? [0] : [.. _devices.Select(device => device.Native), 0];
        using var name = new Utf8(path);
        using var cancel = new CancelFlag();
        var mark = _library.Log.Mark;
        nint native;
        fixed (nint* first = devices)
        {
            var block = LlamaAbi.ModelDefaults(_library);
            block.Write(LlamaAbi.Devices, (nint)first);
            block.Write(LlamaAbi.GpuLayers, onCpu ? 0 : _spec.DeviceLayers ?? -1);
            block.Write(LlamaAbi.CheckTensors, _spec.CheckWeights ? 1 : 0);
            block.Write(LlamaAbi.ProgressCallback, CancelFlag.ProgressCallback);
            block.Write(LlamaAbi.ProgressData, cancel.Address);
            using var following = cancel.Follow(cancellationToken);
            native = ((delegate* unmanaged<nint, LlamaBlock, nint>)_library[LlamaSymbol.llama_model_load_from_file])(name, block);
        }
        if (native != 0)
            return new(_library, native);
        cancellationToken.ThrowIfCancellationRequested();
        throw _library.Log.Failure(_library, $"Model {path} cannot be loaded on {string.Join(", ", _spec.Devices)}", mark);
    }

    private LlamaDevice Find(string name)
    {
        var found = _library.Devices.FirstOrDefault(device => string.Equals(device.Name, name, StringComparison.OrdinalIgnoreCase));
        return found is not null && found.IsCpu == (name == LlamaCppSpec.Cpu) ? found : throw new AdapterException(
            $"Device {name} is not there: {_library.Path} (llama.cpp {_library.Version}) finds {string.Join(", ", _library.Devices)}. "
            + "Name one of these, and check that the container was given the device and its driver.");
    }

    private AdapterFacts Describe()
    {
        var options = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        options["batch"] = Text(_spec.Batch);
        options["cache_type"] = _spec.Cache.ToString().ToLowerInvariant();
        options["check_weights"] = _spec.CheckWeights ? "yes" : "no";
        options["context_length"] = Text(_spec.ContextLength);
        options["device_layers"] = _devices.All(device => device.IsCpu) ? "0" : _spec.DeviceLayers is { } layers ? Text(layers) : "all";
        options["devices"] = string.Join(",", _devices.Select(device => device.Name));
        options["flash_attention"] = _spec.FlashAttention ? "on" : "off";
        options["micro_batch"] = Text(_spec.MicroBatch);
        options["pooling"] = _spec.Pooling?.ToString().ToLowerInvariant() ?? "as the model says";
        options["sequences"] = Text(_spec.Sequences);
        options["system"] = _library.SystemInfo;
        options["threads"] = Text(_spec.Threads);
        return new()
        {
            Engine = "llama.cpp",
            EngineVersion = _library.Version,
            Platform = "llamacpp_gguf",
            Device = string.Join(", ", _devices),
            Providers = [.. _library.Devices.Select(device => device.ToString())],
            Options = options.ToImmutable(),
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

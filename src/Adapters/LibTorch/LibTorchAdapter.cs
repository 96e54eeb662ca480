using System.Collections.Immutable;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch;

/// <summary>Opens TorchScript archives and sources through the torch of the image, by a shim that was compiled there.</summary>
public sealed unsafe class LibTorchAdapter : IAdapter, IModelLoader
{
    private const string Archive = ".pt", Source = ".py";

    /// <summary>Source is code that people write; more than this is none.</summary>
    private const int LargestSource = 16 << 20;

    private readonly TorchLibrary _library;
    private readonly string _device;

    private LibTorchAdapter(TorchLibrary library, LibTorchSpec spec)
    {
        _library = library;
        foreach (var plugin in spec.Plugins)
        {
            if (!File.Exists(plugin))
                throw new AdapterException($"Plug-in library {plugin} does not exist. Give its path inside the image.");
            _ = library.Ask(TorchSymbol.load_plugin, Path.GetFullPath(plugin), $"Plug-in library {plugin} cannot be loaded");
        }
        if (spec.Threads is { } threads)
            library.SetThreads(threads);
        _device = library.Ask(TorchSymbol.open_device, spec.Device, $"Device {spec.Device} cannot be used");
        Facts = Describe(spec);
    }

    /// <inheritdoc/>
    public AdapterFacts Facts { get; }

    /// <summary>Loads the shim, then the plug-ins, and makes sure that the device computes.</summary>
    /// <exception cref="AdapterException">One of them cannot be used; the message says what is available.</exception>
    public static LibTorchAdapter Load(LibTorchSpec spec)
    {
        spec.Validate();
        return new(TorchLibrary.Load(spec.Library), spec);
    }

    /// <inheritdoc/>
    public Task<IModel> OpenAsync(ModelFolder folder, CancellationToken cancellationToken)
    {
        var path = folder.FindFile(Directory.Exists(folder.Path) && Directory.GetFiles(folder.Path, "*" + Archive).Length == 0
            && Directory.GetFiles(folder.Path, "*" + Source).Length > 0 ? Source : Archive);
        return Task.Run(IModel () => OpenFile(path), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ITensorModel> OpenAsync(string file, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => Task.Run(
        ITensorModel () =>
        {
            using var pin = content.Pin();
            return Open(file, (byte*)pin.Pointer, content.Length);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask; // torch stays: its threads and devices cannot be unloaded

    private LibTorchModel OpenFile(string path)
    {
        try
        {
            // mapped, so that what was looked into is what torch reads, and a large model is held once
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length == 0)
                throw new AdapterException($"Model {path} is empty.");
            using var file = MemoryMappedFile.CreateFromFile(stream, mapName: null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            using var view = file.CreateViewAccessor(0, stream.Length, MemoryMappedFileAccess.Read);
            byte* bytes = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
            try
            {
                return Open(path, bytes, stream.Length);
            }
            finally
            {
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            }
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new AdapterException($"Model {path} cannot be read: {unread.Message}", unread);
        }
    }

    private LibTorchModel Open(string file, byte* bytes, long size)
    {
        var what = $"Model {file}";
        var isSource = Path.GetExtension(file) == Source;
        if (isSource && size > LargestSource)
            throw new AdapterException($"{what} has {size} bytes; TorchScript source of at most {LargestSource} is taken.");
        if (!isSource && Path.GetExtension(file) != Archive)
            throw new AdapterException($"{what} is none that torch opens here: *{Archive} (TorchScript archive) or *{Source} (TorchScript source) is expected.");
        if (!isSource)
        {
            using var archive = new UnmanagedMemoryStream(bytes, size);
            ArchiveScan.Check(archive, what);
        }
        using var device = new Utf8(_device);
        using var text = new NativeText();
        nint native = 0;
        _library.Check(
            ((delegate* unmanaged<byte*, long, byte*, nint*, byte*, long, int>)_library[isSource ? TorchSymbol.open_source : TorchSymbol.open_archive])(
                bytes, size, device.Bytes, &native, text.Bytes, NativeText.Room),
            text, $"{what} cannot be opened on {_device}");
        return new(_library, new(_library, native), file);
    }

    private AdapterFacts Describe(LibTorchSpec spec) => new()
    {
        Engine = "LibTorch",
        EngineVersion = _library.Version,
        Platform = "pytorch_torchscript",
        Device = _device,
        Providers = [.. _library.Ask(TorchSymbol.devices, "Devices cannot be listed").Split(", ", StringSplitOptions.RemoveEmptyEntries)],
        Options = ImmutableSortedDictionary<string, string>.Empty
            .Add("device", _device)
            .Add("plugins", spec.Plugins.IsEmpty ? "none" : string.Join(':', spec.Plugins))
            .Add("threads", spec.Threads?.ToString(CultureInfo.InvariantCulture) ?? "engine's choice"),
    };
}

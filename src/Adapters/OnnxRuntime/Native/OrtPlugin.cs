using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>A registered plug-in library and the device of it that sessions run on. Released before its environment.</summary>
internal sealed unsafe class OrtPlugin : IDisposable
{
    private readonly OrtApi _api;
    private readonly EnvHandle _env;
    private readonly string _name;
    private nint _device;
    private bool _registered;

    private OrtPlugin(OrtApi api, EnvHandle env, string name) => (_api, _env, _name) = (api, env, name);

    /// <summary>Vendor and kind of the device, as the plug-in says.</summary>
    public string Device { get; private set; } = "";

    /// <exception cref="AdapterException">ONNX Runtime is too old, the library is not a plug-in, or it brings no such provider or no device.</exception>
    public static OrtPlugin Register(OrtApi api, EnvHandle env, string library, string provider)
    {
        api.Require(OrtVersion.PluginProviders, "to use a provider in a library of its own");
        if (!File.Exists(library))
            throw new AdapterException($"Provider library {library} does not exist. Give the path of the vendor's plug-in inside the image.");
        var plugin = new OrtPlugin(api, env, provider);
        try
        {
            plugin.Open(library);
        }
        catch (AdapterException)
        {
            plugin.Dispose();
            throw;
        }
        return plugin;
    }

    /// <exception cref="AdapterException">The provider refuses its options.</exception>
    public void Append(SessionOptionsHandle options, OnnxRuntimeSpec spec)
    {
        using var keys = new Utf8List([.. spec.ProviderOptions.Keys]);
        using var values = new Utf8List([.. spec.ProviderOptions.Values]);
        var device = _device;
        var status = ((delegate* unmanaged<nint, nint, nint*, nint, nint*, nint*, nint, nint>)_api[OrtSlot.AppendExecutionProviderV2])(
            options.Native, _env.Native, &device, 1, keys.Pointer, values.Pointer, spec.ProviderOptions.Count);
        _api.Check(status, $"Provider {_name} cannot be added with the options given");
    }

    public void Dispose()
    {
        if (!_registered)
            return;
        _registered = false;
        using var name = new Utf8(_name);
        _ = _api.TryGetFailure(((delegate* unmanaged<nint, nint, nint>)_api[OrtSlot.UnregisterExecutionProviderLibrary])(_env.Native, name));
    }

    private void Open(string library)
    {
        using var name = new Utf8(_name);
        using var path = new Utf8(Path.GetFullPath(library));
        _api.Check(
            ((delegate* unmanaged<nint, nint, nint, nint>)_api[OrtSlot.RegisterExecutionProviderLibrary])(_env.Native, name, path),
            $"Provider library {library} cannot be registered");
        _registered = true;

        nint* devices;
        nint count;
        _api.Check(((delegate* unmanaged<nint, nint**, nint*, nint>)_api[OrtSlot.GetEpDevices])(_env.Native, &devices, &count), "Devices cannot be listed");
        var names = new List<string>();
        for (var index = 0; index < count; index++)
        {
            names.Add(Text(OrtSlot.EpDeviceName, devices[index]));
            if (_device == 0 && names[^1] == _name)
                _device = devices[index];
        }
        if (_device == 0)
        {
            throw new AdapterException(
                $"Provider library {library} offers no device for {_name}; the providers with a device here are {string.Join(", ", names.Distinct())}. "
                + "Check the provider's name, and that the container was given the device.");
        }
        Device = Describe(_device);
    }

    private string Describe(nint device)
    {
        var hardware = ((delegate* unmanaged<nint, nint>)_api[OrtSlot.EpDeviceHardware])(device);
        var kind = ((delegate* unmanaged<nint, int>)_api[OrtSlot.HardwareDeviceType])(hardware) switch
        {
            0 => "CPU",
            1 => "GPU",
            2 => "NPU",
            var other => $"device of type {other}",
        };
        return $"{Text(OrtSlot.HardwareDeviceVendor, hardware)} {kind} through {_name} of {Text(OrtSlot.EpDeviceVendor, device)}".Trim();
    }

    private string Text(OrtSlot slot, nint argument) =>
        Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)_api[slot])(argument)) ?? "";
}

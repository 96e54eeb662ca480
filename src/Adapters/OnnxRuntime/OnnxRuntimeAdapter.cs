using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Opens ONNX models through the ONNX Runtime library that a profile names.</summary>
public sealed unsafe class OnnxRuntimeAdapter : IAdapter, IModelLoader
{
    private readonly OrtApi _api;
    private readonly OnnxRuntimeSpec _spec;
    private readonly EnvHandle _env;
    private readonly OrtPlugin? _plugin;
    private readonly string _provider;

    private OnnxRuntimeAdapter(OrtApi api, OnnxRuntimeSpec spec, EnvHandle env)
    {
        (_api, _spec, _env) = (api, spec, env);
        var available = OrtProviders.Available(api);
        if (!spec.CpuFallback)
            api.Require(OrtVersion.NoCpuFallback, "to refuse the CPU as fallback");
        if (spec.ProviderLibrary is { } library)
        {
            _plugin = OrtPlugin.Register(api, env, library, spec.Provider);
            _provider = spec.Provider;
        }
        else
        {
            _provider = OrtProviders.Find(api, spec.Provider, available);
        }
        Facts = Describe([.. available]);
    }

    /// <inheritdoc/>
    public AdapterFacts Facts { get; }

    /// <summary>Loads the library, and the plug-in library if there is one.</summary>
    /// <exception cref="AdapterException">The library cannot be used, or has not what <paramref name="spec"/> asks for.</exception>
    public static OnnxRuntimeAdapter Load(OnnxRuntimeSpec spec)
    {
        spec.Validate();
        var api = OrtApi.Load(spec.Library);
        var env = CreateEnv(api);
        try
        {
            return new(api, spec, env);
        }
        catch (AdapterException)
        {
            env.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<IModel> OpenAsync(ModelFolder folder, CancellationToken cancellationToken)
    {
        var path = folder.FindFile(".onnx");
        return Task.Run(IModel () => Open(path), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (!_env.IsClosed)
            _plugin?.Dispose();
        _env.Dispose();
        return ValueTask.CompletedTask;
    }

    private static EnvHandle CreateEnv(OrtApi api)
    {
        const int Warnings = 2;
        using var name = new Utf8("adaptation");
        nint env;
        api.Check(((delegate* unmanaged<int, nint, nint*, nint>)api[OrtSlot.CreateEnv])(Warnings, name, &env), "The engine does not start");
        return new(api, env);
    }

    /// <inheritdoc/>
    public Task<ITensorModel> OpenAsync(string file, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => file.EndsWith(".onnx", StringComparison.Ordinal)
        ? Task.Run(ITensorModel () => Open(file, content.Span), cancellationToken)
        : Task.FromException<ITensorModel>(new AdapterException($"{file} is not an .onnx file, the one format that ONNX Runtime opens here."));

    private OnnxRuntimeModel Open(string path)
    {
        using var options = CreateOptions();
        using var name = new Utf8(path);
        nint native;
        _api.Check(
            ((delegate* unmanaged<nint, nint, nint, nint*, nint>)_api[OrtSlot.CreateSession])(_env.Native, name, options.Native, &native),
            $"Model {path} cannot be opened on {_provider}");
        return Wrap(native, path);
    }

    private OnnxRuntimeModel Open(string file, ReadOnlySpan<byte> content)
    {
        var what = $"Model {file} cannot be opened on {_provider}";
        if (content.IsEmpty)
            throw new AdapterException($"{what}: it has no bytes.");
        using var options = CreateOptions();
        fixed (byte* bytes = content)
        {
            nint native;
            if (_api.TryGetFailure(Create(bytes, content.Length, options, &native)) is not { } failure)
                return Wrap(native, file);
            var onCpu = _spec.CpuFallback ? "" : OnCpu(bytes, content.Length);
            throw new AdapterException($"{what}: ONNX Runtime {_api.Version} says: {failure}{onCpu}");
        }
    }

    private nint Create(byte* bytes, nint length, SessionOptionsHandle options, nint* native) =>
        ((delegate* unmanaged<nint, byte*, nint, nint, nint*, nint>)_api[OrtSlot.CreateSessionFromArray])(_env.Native, bytes, length, options.Native, native);

    /// <summary>Which nodes of a model would run on the CPU: it is opened once more with the CPU allowed, and asked.</summary>
    /// <returns>A sentence for a message; empty where this build cannot tell, or nothing of it would.</returns>
    private string OnCpu(byte* bytes, nint length)
    {
        if (!_api.Has(OrtVersion.Assignment))
            return "";
        using var options = CreateOptions(cpuFallback: true);
        SetEntry(options, "session.record_ep_graph_assignment_info");
        nint native;
        if (_api.TryGetFailure(Create(bytes, length, options, &native)) is not null)
            return "";
        using var session = new SessionHandle(_api, native, _env);
        var nodes = OrtAssignment.Read(_api, session).Where(node => node.Provider == OnnxRuntimeSpec.Cpu).Select(node => $"{node.Operator} ({node.Name})").ToArray();
        const int Named = 8;
        return nodes.Length == 0 ? "" : $" On the CPU would run: {string.Join(", ", nodes.Take(Named))}{(nodes.Length > Named ? $" and {nodes.Length - Named} more" : "")}.";
    }

    private OnnxRuntimeModel Wrap(nint native, string path)
    {
        var session = new SessionHandle(_api, native, _env);
        try
        {
            return new(_api, session, path);
        }
        catch (AdapterException)
        {
            session.Dispose();
            throw;
        }
    }

    private SessionOptionsHandle CreateOptions() => CreateOptions(_spec.CpuFallback);

    private SessionOptionsHandle CreateOptions(bool cpuFallback)
    {
        nint native;
        _api.Check(((delegate* unmanaged<nint*, nint>)_api[OrtSlot.CreateSessionOptions])(&native), "Session options cannot be made");
        var options = new SessionOptionsHandle(_api, native);
        try
        {
            Configure(options, cpuFallback);
            return options;
        }
        catch (AdapterException)
        {
            options.Dispose();
            throw;
        }
    }

    private void Configure(SessionOptionsHandle options, bool cpuFallback)
    {
        if (_spec.Threads is { } threads)
        {
            _api.Check(
                ((delegate* unmanaged<nint, int, nint>)_api[OrtSlot.SetIntraOpNumThreads])(options.Native, threads), $"{threads} threads cannot be set");
        }
        if (!cpuFallback)
            SetEntry(options, "session.disable_cpu_ep_fallback");
        if (_plugin is not null)
            _plugin.Append(options, _spec);
        else if (_provider != OnnxRuntimeSpec.Cpu)
            OrtProviders.Append(_api, options, _provider, _spec);
    }

    /// <summary>Switches a session option on.</summary>
    private void SetEntry(SessionOptionsHandle options, string entry)
    {
        using var key = new Utf8(entry);
        using var value = new Utf8("1");
        _api.Check(
            ((delegate* unmanaged<nint, nint, nint, nint>)_api[OrtSlot.AddSessionConfigEntry])(options.Native, key, value), $"{entry} cannot be set");
    }

    private AdapterFacts Describe(ImmutableArray<string> available)
    {
        var options = _spec.ProviderOptions.ToBuilder();
        options["provider"] = _provider;
        options["cpu_fallback"] = _spec.CpuFallback ? "allowed" : "refused";
        options["intra_op_threads"] = _spec.Threads?.ToString(CultureInfo.InvariantCulture) ?? "engine's choice";
        return new()
        {
            Engine = "ONNX Runtime",
            EngineVersion = _api.Version,
            Platform = "onnx_onnxv1",
            Device = _plugin?.Device ?? (_provider == OnnxRuntimeSpec.Cpu ? "CPU" : _provider),
            Providers = available,
            Options = options.ToImmutable(),
        };
    }
}

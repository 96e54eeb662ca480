using Adaptation.Testing.Onnx;

namespace Adaptation.Conformance;

/// <summary>A server under test. Its model takes x, FP32 of shape [N] at least, and gives the same values as y.</summary>
public abstract class Backend : IAsyncLifetime
{
    private string? _folder;

    public HttpClient Client => Process.Client;

    internal HostProcess Process { get; private set; } = null!;

    /// <summary>Name of the identity model.</summary>
    public const string Model = "echo";

    public async ValueTask InitializeAsync() => Process = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (Process is not null)
            await Process.DisposeAsync();
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    internal abstract Task<HostProcess> StartAsync();

    internal static Task<HostProcess> Echo(HostProcess.EndPointKind kind) => HostProcess.StartAsync(kind, "--adapter", "echo");

    internal async Task<HostProcess> OnnxRuntime(HostProcess.EndPointKind kind, byte[] model)
    {
        _folder = Directory.CreateTempSubdirectory("adaptation-").FullName;
        await File.WriteAllBytesAsync(Path.Combine(_folder, "model.onnx"), model);
        return await HostProcess.StartAsync(
            kind, "--adapter", "onnxruntime", "--library", Engine.Library, "--model", _folder, "--model-name", Model, "--threads", "1");
    }
}

public sealed class EchoOverUnix : Backend
{
    internal override Task<HostProcess> StartAsync() => Echo(HostProcess.EndPointKind.Unix);
}

public sealed class EchoOverTcp : Backend
{
    internal override Task<HostProcess> StartAsync() => Echo(HostProcess.EndPointKind.Tcp);
}

public sealed class OnnxRuntimeOverUnix : Backend
{
    internal override Task<HostProcess> StartAsync() => OnnxRuntime(HostProcess.EndPointKind.Unix, OnnxFile.Identity(1, "N"));
}

public sealed class OnnxRuntimeOverTcp : Backend
{
    internal override Task<HostProcess> StartAsync() => OnnxRuntime(HostProcess.EndPointKind.Tcp, OnnxFile.Identity(1, "N"));
}

/// <summary>One input x_TYPE of shape [N,2] and one output y_TYPE for every type of the protocol.</summary>
public sealed class EveryTypeOverUnix : Backend
{
    /// <summary>The protocol's word and the number in TensorProto.DataType.</summary>
    public static readonly (string Word, int Number)[] Types =
    [
        ("FP32", 1), ("UINT8", 2), ("INT8", 3), ("UINT16", 4), ("INT16", 5), ("INT32", 6), ("INT64", 7), ("BYTES", 8), ("BOOL", 9),
        ("FP16", 10), ("FP64", 11), ("UINT32", 12), ("UINT64", 13), ("BF16", 16),
    ];

    internal override Task<HostProcess> StartAsync() => OnnxRuntime(HostProcess.EndPointKind.Unix, OnnxFile.Model(
        [.. Types.Select(type => new OnnxFile.Value("x_" + type.Word, type.Number, ["N", 2]))],
        [.. Types.Select(type => new OnnxFile.Value("y_" + type.Word, type.Number, ["N", 2]))],
        [.. Types.Select(type => new OnnxFile.Node("Identity", ["x_" + type.Word], ["y_" + type.Word]))]));
}

/// <summary>x [A] and y [B] of any length are added: lengths that do not fit each other make the engine fail.</summary>
public sealed class FailingOverUnix : Backend
{
    internal override Task<HostProcess> StartAsync() => OnnxRuntime(HostProcess.EndPointKind.Unix, OnnxFile.Model(
        [new("x", 1, ["A"]), new("y", 1, ["B"])], [new("z", 1, ["C"])], [new("Add", ["x", "y"], ["z"])]));
}

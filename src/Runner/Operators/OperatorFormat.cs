using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>The form in which a profile's engine takes a model of one operator.</summary>
/// <param name="File">A name whose ending tells the format.</param>
internal sealed record OperatorFormat(string File, Func<OperatorCase, ReadOnlyMemory<byte>?> Content)
{
    private static readonly OperatorFormat Onnx = new("model.onnx", one => one.Onnx);

    private static readonly OperatorFormat TorchScript = new("model.py", Source);

    /// <returns>Null, with the reason, where the profile's server cannot be handed models.</returns>
    public static OperatorFormat? TryOf(ProfileServer server, out string reason)
    {
        reason = server switch
        {
            { Protocol: WireProtocol.OpenAi } => "the server speaks the OpenAI-compatible API alone, which has no word for a tensor",
            { Adapter: null } => "the profile starts a server of its own, and does not say that it can be handed models",
            { Adapter.Name: not ("onnxruntime" or "libtorch") } => $"the adapter {server.Adapter.Name} opens whole models of its own kind, and none of single operators",
            _ => "",
        };
        return reason.Length > 0 ? null : server.Adapter!.Name == "libtorch" ? TorchScript : Onnx;
    }

    private static ReadOnlyMemory<byte>? Source(OperatorCase one)
    {
        if (one.TorchScript is not { } source)
            return null;
        return System.Text.Encoding.UTF8.GetBytes(source);
    }
}

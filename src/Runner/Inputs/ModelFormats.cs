using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Forms in which models are handed to engines, and which of them each adapter of ours opens.</summary>
internal static class ModelFormats
{
    public const string Gguf = "gguf", Onnx = "onnx", TorchScript = "torchscript";

    private static readonly ImmutableArray<(string Format, string File, string Adapter)> All =
        [(Gguf, "model.gguf", "llamacpp"), (Onnx, "model.onnx", "onnxruntime"), (TorchScript, "model.pt", "libtorch")];

    /// <summary>What the file of an export is called.</summary>
    public static string FileName(string format) => All.FirstOrDefault(known => known.Format == format).File ?? "model";

    /// <returns>Null for a name that tells nothing.</returns>
    private static string? OfFile(string path) => All.FirstOrDefault(known => Path.GetExtension(known.File) == Path.GetExtension(path)).Format;

    /// <returns>Null where a server's own programme opens the model: what it takes is for it to say.</returns>
    public static string? TakenBy(ProfileServer server) => All.FirstOrDefault(known => known.Adapter == server.Adapter?.Name).Format;

    /// <summary>The model in the form that a profile's server opens.</summary>
    /// <param name="precision">Null for the first that there is in that form.</param>
    /// <returns>Null, with the reason, where there is none.</returns>
    public static ReferenceModel? TryChoose(ReferenceModel model, string? precision, Profile profile, out string reason)
    {
        var taken = TakenBy(profile.Server);
        reason = "";
        if (model.Exports.IsEmpty)
        {
            if (precision is not null && precision != model.Precision)
                reason = $"{model.Id} is not there in `{precision}`; there is {model.Precision}";
            else if (taken is not null && !model.Files.IsEmpty && OfFile(model.Files[0].Path) is { } format && format != taken)
                reason = Refusal(model, $"is there as {format} ({model.Files[0].Path})", taken, profile);
            return reason.Length == 0 ? model : null;
        }

        if (model.Exports.FirstOrDefault(export => (precision is null || export.Precision == precision) && (taken is null || export.Format == taken)) is { } chosen)
            return model with { Precision = chosen.Precision, Files = [chosen.File] };
        reason = taken is not null && model.Exports.All(export => export.Format != taken)
            ? Refusal(model, $"is there as {string.Join(", ", model.Exports.Select(export => export.Format).Distinct())}", taken, profile)
            : $"{model.Id} is not there in `{precision}`; there is {string.Join(", ", model.Exports.Where(export => taken is null || export.Format == taken).Select(export => export.Precision))}";
        return null;
    }

    private static string Refusal(ReferenceModel model, string there, string taken, Profile profile) =>
        $"{model.Id} {there}, and the adapter {profile.Server.Adapter!.Name} of {profile.Id} opens {taken} (*{Path.GetExtension(FileName(taken))}) alone; "
        + "choose a profile whose adapter opens what there is, or a model that is there as " + taken;
}

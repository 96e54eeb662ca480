using System.Text.Encodings.Web;
using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Words of the Open Inference Protocol v2 and its binary tensor data extension.</summary>
internal static class Oip
{
    /// <summary>The header that says how long the JSON part is, in bytes; binary data follows it.</summary>
    public const string HeaderLength = "Inference-Header-Content-Length";

    /// <summary>As servers name the extension in their metadata.</summary>
    public const string BinaryExtension = "binary_tensor_data";

    /// <summary>The one version under which the model is served.</summary>
    public const string ModelVersion = "1";

    /// <summary>Nothing of this goes into a web page, so texts stay readable.</summary>
    public static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
}

namespace Adaptation.Testing.Onnx;

/// <summary>Where the native library and the real model lie; a test without them fails and says what is missing.</summary>
public static class Engine
{
    public static string Library => Required("ADAPTATION_ORT_LIB", "libonnxruntime.so.1 of the engine pack onnxruntime");

    public static string OcrModel => Required("ADAPTATION_OCR_MODEL", "ch_PP-OCRv4_rec_infer.onnx of the reference model ppocr-rec");

    public static string SileroModel => Required("ADAPTATION_SILERO_MODEL", "silero_vad.onnx of the reference model silero-vad");

    private static string Required(string variable, string what)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(path) || !File.Exists(path))
        {
            throw new InvalidOperationException(
                $"{variable} is {(string.IsNullOrEmpty(path) ? "not set" : $"{path}, which does not exist")}. Set it to the path of {what}; ./test does so.");
        }
        return path;
    }
}

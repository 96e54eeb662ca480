using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>Which form of a model a profile's server gets, and what is refused before anything starts.</summary>
public sealed class ModelFormatsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("tiny-poet-logits", "generic/x64-onnxruntime", "model.onnx")]
    [InlineData("tiny-poet-logits", "generic/x64-libtorch", "model.pt")]
    [InlineData("tiny-poet", "generic/x64-llamacpp", "model.gguf")]
    [InlineData("ppocrv4-rec", "generic/x64-onnxruntime", "model.onnx")]
    [InlineData("silero-vad", "generic/x64-onnxruntime", "model.onnx")]
    public void A_profile_gets_the_form_that_its_adapter_opens(string model, string profile, string file) =>
        Assert.Equal(file, Assert.Single(RunInputs.Read(new(Golden.Root, profile, model, "0.1", "quick")).Model.Files).Path);

    [Theory]
    [InlineData("ppocrv4-rec", "generic/x64-libtorch", "ppocrv4-rec is there as onnx (model.onnx), and the adapter libtorch of generic/x64-libtorch opens torchscript (*.pt) alone")]
    [InlineData("silero-vad", "generic/x64-llamacpp", "silero-vad is there as onnx (model.onnx), and the adapter llamacpp of generic/x64-llamacpp opens gguf (*.gguf) alone")]
    [InlineData("tiny-poet", "generic/x64-onnxruntime", "tiny-poet is there as gguf, and the adapter onnxruntime")]
    [InlineData("tiny-poet-logits", "generic/x64-llamacpp", "tiny-poet-logits is there as onnx, torchscript, and the adapter llamacpp")]
    public void A_model_that_no_engine_of_the_profile_opens_is_refused_in_plain_words(string model, string profile, string words)
    {
        var bad = Assert.Throws<BadInputException>(() => RunInputs.Read(new(Golden.Root, profile, model, "0.1", "quick")));

        Assert.Contains(words, Assert.Single(bad.Problems).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tiny-poet", "generic/x64-llamacpp", "fp8", "tiny-poet is not there in `fp8`; there is f16, f32, bf16, q8_0, q4_0")]
    [InlineData("silero-vad", "generic/x64-onnxruntime", "f16", "silero-vad is not there in `f16`; there is fp32")]
    [InlineData("tiny-poet-logits", "generic/x64-libtorch", "f16", "tiny-poet-logits is not there in `f16`; there is fp32")]
    public void A_precision_that_is_not_there_is_refused_with_those_that_are(string model, string profile, string precision, string words)
    {
        var bad = Assert.Throws<BadInputException>(() => RunInputs.Read(new(Golden.Root, profile, model, "0.1", "quick", precision)));

        Assert.Equal(words, Assert.Single(bad.Problems).Message);
    }

    [Theory]
    [InlineData("logits", "`logits` has no weights of its own")] // itself: read again and again, it would never end
    [InlineData("picture", "`picture` has no weights of its own")]
    [InlineData("shape", "`shape` has no weights of its own")]
    [InlineData("none", "`none` is no model in a folder beside this one")]
    [InlineData("..", "`..` is no model in a folder beside this one")]
    [InlineData("broken", "`broken` cannot be read")]
    public void A_checkpoint_is_a_language_model_with_weights_beside_this_one(string checkpoint, string words)
    {
        var manifest = File.ReadAllText(Path.Combine(Golden.Root, "reference-models/tiny-poet-logits/model.yaml"));
        var file = _folder.Write("logits/model.yaml", System.Text.Encoding.UTF8.GetBytes(manifest.Replace("checkpoint: tiny-poet ", $"checkpoint: \"{checkpoint}\" ", StringComparison.Ordinal)));
        Copy("ppocrv4-rec", "picture");
        Copy("shape/tiny-llama", "shape");
        _folder.Write("broken/model.yaml", "kind: llm\n");
        var problems = new List<Problem>();

        ReferenceModelReader.TryRead(file, "model.yaml", problems);

        Assert.Contains(problems, problem => problem.Key == "checkpoint" && problem.Message.StartsWith(words, StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private void Copy(string model, string name) => _folder.Write($"{name}/model.yaml", File.ReadAllBytes(Path.Combine(Golden.Root, "reference-models", model, "model.yaml")));
}

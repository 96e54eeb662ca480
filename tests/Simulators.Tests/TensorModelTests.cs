using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;
using Adaptation.Testing.Onnx;

namespace Adaptation.Simulators.Tests;

/// <summary>The controls of COR-18 for models with tensors as inputs and outputs: shipped models on real engines, sound and spoiled, through the product itself.</summary>
public sealed class TensorModelTests : IDisposable
{
    private const string Bias = "decoder.decoder.2.bias";

    private readonly TensorStand _stand = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model.pt")]
    public async Task A_sound_export_of_a_decoder_passes_on_its_engine(string file)
    {
        var finding = await _stand.CertifyAsync("tiny-poet-logits", file, Export(file, rounded: false), Token);

        Assert.IsType<Verdict.Pass>(finding.Verdict);
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model.pt")]
    public async Task Weights_rounded_to_8_bits_are_rejected_where_the_manifest_says_fp32(string file)
    {
        var finding = await _stand.CertifyAsync("tiny-poet-logits", file, Export(file, rounded: true), Token);

        Assert.Contains("elements outside the tolerance", Assert.IsType<Verdict.Fail>(finding.Verdict).Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sound_network_with_a_state_passes() => Assert.IsType<Verdict.Pass>((await Silero(model => model)).Verdict);

    [Fact]
    public async Task Its_weights_rounded_to_8_bits_are_rejected()
    {
        var failed = Assert.IsType<Verdict.Fail>((await Silero(model => OnnxEdit.Weights(model, OnnxEdit.ToEightBits))).Verdict);

        Assert.Contains("elements outside the tolerance", failed.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_that_goes_stale_is_rejected_though_the_other_output_is_right()
    {
        var failed = Assert.IsType<Verdict.Fail>((await Silero(model => OnnxEdit.Rewire(model, "stateN", "state"))).Verdict);

        Assert.Contains("/stateN", failed.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_output_that_is_a_little_off_is_rejected_though_the_state_is_right()
    {
        var finding = await Silero(model => OnnxEdit.Weights(model, (name, values) =>
        {
            if (name.EndsWith(Bias, StringComparison.Ordinal))
                values[0] += 0.01f;
        }));

        var failed = Assert.IsType<Verdict.Fail>(finding.Verdict);
        Assert.StartsWith("5 of 1285 elements", failed.Measured, StringComparison.Ordinal); // every probability, no element of a state
        Assert.Contains("/output", failed.Measured, StringComparison.Ordinal);
    }

    public void Dispose() => _stand.Dispose();

    private Task<Finding> Silero(Func<byte[], byte[]> spoil) => _stand.CertifyAsync("silero-vad", "model.onnx", spoil(File.ReadAllBytes(Engine.SileroModel)), Token);

    private static byte[] Export(string file, bool rounded)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Golden.Root, "reference-models/tiny-poet"));
        IRawWeights weights = rounded ? new EightBitWeights(checkpoint.Weights) : checkpoint.Weights;
        var path = Path.Combine(Directory.CreateTempSubdirectory("export").FullName, file);
        try
        {
            _ = file == "model.pt"
                ? DecoderTorchScript.Write(checkpoint.Config.Shape, weights, path, new WriteOptions(), Token)
                : DecoderOnnx.Write(checkpoint.Config.Shape, weights, path, new WriteOptions(), Token);
            return File.ReadAllBytes(path);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    /// <summary>Somebody's weights, rounded to 8 bits per tensor.</summary>
    private sealed class EightBitWeights(IRawWeights exact) : IRawWeights
    {
        public IReadOnlyDictionary<string, long[]> Shapes => exact.Shapes;

        public void Read(string name, Span<double> into) => exact.Read(name, into);

        public void Read(string name, long first, Span<float> into)
        {
            exact.Read(name, first, into);
            OnnxEdit.ToEightBits(name, into);
        }
    }
}

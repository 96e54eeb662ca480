using Adaptation.Models;
using Adaptation.Testing.Tensors;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

/// <summary>What <see cref="DecoderOnnx"/> writes, computed by the real engine and held against float64.</summary>
public sealed class DecoderTests
{
    public static TheoryData<string, int, int> Cases => Decoders.Cases;

    [Theory, MemberData(nameof(Cases))]
    public async Task An_exported_decoder_computes_what_the_exact_one_does(string name, int batch, int tokens)
    {
        await using var model = await Opened.Async(Decoders.Export(name, DecoderOnnx.Write));

        var answer = await model.InferAsync(Decoders.Ids(name, batch, tokens));

        Assert.Equal(["input_ids"], model.Model.Signature.Inputs.Select(input => input.Name));
        Assert.Equal(["logits"], model.Model.Signature.Outputs.Select(output => output.Name));
        Decoders.AssertExact(name, batch, tokens, Assert.Single(answer));
    }
}

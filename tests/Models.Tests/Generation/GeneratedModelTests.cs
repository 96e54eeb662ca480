using Adaptation.Core;

namespace Adaptation.Models.Tests;

public sealed class GeneratedModelTests : IDisposable
{
    private static readonly GeneratedModel Model = new() { Id = "shape/test", Seed = 5, Shape = Shapes.Llama, Files = [] };
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_comes_out_as_safetensors_reads_back_as_a_checkpoint_and_exports_to_the_same_gguf()
    {
        var direct = Model.WriteGguf(WeightType.F32, _folder.At("direct"), new(), TestContext.Current.CancellationToken);
        Directory.CreateDirectory(_folder.At("st"));
        Model.WriteSafetensors(WeightType.F32, _folder.At("st"), new(), TestContext.Current.CancellationToken);
        using var checkpoint = Checkpoint.Open(_folder.At("st"));

        var exported = checkpoint.WriteGguf(WeightType.F32, Model.Id, _folder.At("exported"), new(), TestContext.Current.CancellationToken);

        Assert.Equal(direct.Sha256, exported.Sha256);
    }

    [Fact]
    public void A_file_that_comes_out_otherwise_than_stated_is_not_kept()
    {
        var stated = Model with { Files = [new("gguf", WeightType.F16, 1, new string('0', 64))] };

        Assert.Throws<ModelException>(() => stated.WriteGguf(WeightType.F16, _folder.At("m"), new(), TestContext.Current.CancellationToken));

        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void A_type_that_the_format_lacks_is_refused_before_anything_is_written()
    {
        Assert.Throws<ModelException>(() => Model.WriteSafetensors(WeightType.Q8_0, _folder.At("."), new(), TestContext.Current.CancellationToken));

        Assert.Empty(_folder.Files);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("model.safetensors")]
    public void A_checkpoint_that_lacks_a_file_is_refused(string missing)
    {
        Model.WriteSafetensors(WeightType.F16, _folder.At("."), new(), TestContext.Current.CancellationToken);
        File.Delete(_folder.At(missing));

        Assert.ThrowsAny<AdaptationException>(() => Checkpoint.Open(_folder.At(".")));
    }

    [Fact]
    public void A_chat_template_is_passed_through()
    {
        Model.WriteSafetensors(WeightType.F16, _folder.At("."), new(), TestContext.Current.CancellationToken);
        File.WriteAllText(_folder.At("tokenizer_config.json"), """{"chat_template": "{{ 词 }}"}""");
        using var checkpoint = Checkpoint.Open(_folder.At("."));

        var written = checkpoint.WriteGguf(WeightType.Q8_0, "test", _folder.At("m.gguf"), new(), TestContext.Current.CancellationToken);

        Assert.Equal("{{ 词 }}", GgufFile.Open(written.Path).Find("tokenizer.chat_template")!.Value);
    }
}

using System.Runtime.InteropServices;
using Adaptation.Core;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public class GoldenTests
{
    [Fact]
    public void A_picture_comes_back_from_every_filter_and_every_cut_into_chunks() => Prop.ForAll(
        (from width in Gen.Choose(1, 9)
         from height in Gen.Choose(1, 9)
         from rgb in Gen.ArrayOf(Gen.Choose(0, 255), width * height * 3)
         from filters in Gen.ArrayOf(Gen.Choose(0, 4), height)
         from chunk in Gen.Choose(1, 64)
         select (width, height, rgb, filters, chunk)).ToArbitrary(),
        given =>
        {
            var rgb = given.rgb.Select(value => (byte)value).ToArray();
            var image = PngImage.Read(TinyPng.Encode(given.width, given.height, rgb, y => (byte)given.filters[y], given.chunk));
            return image.Width == given.width && image.Height == given.height && image.Rgb.AsSpan().SequenceEqual(rgb);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_picture_that_is_cut_anywhere_is_refused_and_never_half_read()
    {
        var whole = TinyPng.Encode(3, 3, [.. Enumerable.Range(0, 27).Select(at => (byte)at)], y => (byte)y);
        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<InvalidDataException>(() => PngImage.Read(whole.AsSpan(0, length)));
    }

    public static TheoryData<byte[]> WrongKinds =>
    [
        TinyPng.Of(TinyPng.Header(1, 1, depth: 16), TinyPng.Compress(new byte[7])),
        TinyPng.Of(TinyPng.Header(1, 1, colour: 6), TinyPng.Compress(new byte[5])),
        TinyPng.Of(TinyPng.Header(1, 1, interlace: 1), TinyPng.Compress(new byte[4])),
        TinyPng.Of(TinyPng.Header(0, 1), TinyPng.Compress([])),
        TinyPng.Of(TinyPng.Header(1, -1), TinyPng.Compress(new byte[4])),
        TinyPng.Of(TinyPng.Header(16_384, 16_384), TinyPng.Compress(new byte[4])),
        TinyPng.Of([1, 2], TinyPng.Compress(new byte[4])),
        TinyPng.Of(TinyPng.Header(1, 1), [1, 2, 3]),
        TinyPng.Of(TinyPng.Header(1, 1), []),
        TinyPng.Of(TinyPng.Header(1, 1), TinyPng.Compress([5, 0, 0, 0])),
        TinyPng.Of(TinyPng.Header(1, 2), TinyPng.Compress(new byte[4])),
        TinyPng.Of(TinyPng.Header(1, 1), TinyPng.Compress(new byte[8])),
        "GIF89a"u8.ToArray(),
    ];

    [Theory, MemberData(nameof(WrongKinds))]
    public void Other_kinds_of_pictures_are_refused(byte[] file) => Assert.Throws<InvalidDataException>(() => PngImage.Read(file));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_line_becomes_a_tensor_channel_by_channel_in_the_order_that_the_model_wants(bool bgr)
    {
        var image = new PngImage(2, 1, [255, 0, 51, 102, 204, 153]);
        var input = TextLine.ToTensor("x", image, new TextLineInput(1, bgr, Mean: 0.5, Std: 0.25), "picture");
        float[] red = [2f, -0.4f], green = [-2f, 1.2f], blue = [-1.2f, 0.4f];
        Assert.Equal([1, 3, 1, 2], input.Shape);
        Assert.Equal(bgr ? [.. blue, .. green, .. red] : [.. red, .. green, .. blue], MemoryMarshal.Cast<byte, float>(input.Data.Span).ToArray());
    }

    [Fact]
    public void A_picture_of_another_height_is_refused() =>
        Assert.Throws<InvalidDataException>(() => TextLine.ToTensor("x", new PngImage(1, 2, new byte[6]), new TextLineInput(1, true, 0, 1), "picture"));

    [Theory]
    [InlineData("\"id\": \"one\"", "\"id\": \"../one\"", "is not an id")]
    [InlineData("\"id\": \"one\"", "\"id\": null", "cases[0].id: expected a text")]
    [InlineData("\"id\": \"one\"", "\"id\": \"two\"", "twice")]
    [InlineData("\"path\": \"one.png\"", "\"path\": \"../golden/one.png\"", "cases[0].image.path: `../golden/one.png` is not a path below")]
    [InlineData("\"path\": \"one.png\"", "\"path\": \"/one.png\"", "not a path below")]
    [InlineData("\"path\": \"one.png\"", "\"path\": \"none.png\"", "none.png")]
    [InlineData("\"path\": \"one.png\"", "\"path\": \"two.png\"", "pinned is")]
    [InlineData("\"model\": \"m\"", "\"model\": \"n\"", "not a pack")]
    [InlineData("\"rtolPpb\": 1000000", "\"rtolPpb\": 0.5", "tolerance.rtolPpb: expected a whole number")]
    [InlineData("\"rtolPpb\": 1000000, ", "", "tolerance.rtolPpb is missing")]
    [InlineData("\"cases\"", "\"lines\"", "cases is missing")]
    [InlineData("\"image\": {", "\"image\": 1, \"other\": {", "cases[0].image: expected an object")]
    [InlineData("\"rtolPpb\": 1000000", "\"rtolPpb\": 1, \"rtolPpb\": 2", "")]
    public void A_pack_with_a_mistake_is_bad_input_and_says_what(string from, string to, string why) =>
        Assert.Contains(why, Load(text => text.Replace(from, to, StringComparison.Ordinal)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_pack_without_cases_is_bad_input() =>
        Assert.Contains("cases: there is none", Load(_ => """{"schema": "adaptation.golden/v1", "model": "m", "tolerance": {"rtolPpb": 1, "atolPpb": 1}, "cases": []}""").Message, StringComparison.Ordinal);

    [Fact]
    public void A_pack_with_another_digest_is_bad_input_that_names_both()
    {
        using var run = new GivenRun();
        var file = Path.Combine(run.Root, "reference-models/m/golden/golden.json");
        File.AppendAllText(file, " ");
        var bad = Assert.Throws<BadInputException>(() => GoldenInputs.Load(run.Prepared.Inputs.Model, "c"));
        Assert.Contains(GivenRun.Sha256(File.ReadAllBytes(file)), bad.Message, StringComparison.Ordinal);
        Assert.Contains(run.Prepared.Inputs.Model.GoldenSha256, bad.Message, StringComparison.Ordinal);
    }

    private const string Tensor = """{"name": "t", "path": "one.f32.gz", "sha256": "DIGEST", "shape": [1, 2, 4]}""";

    [Fact]
    public void Layers_of_a_pack_are_read_in_their_order()
    {
        using var run = new GivenRun();

        var golden = Layered(run, $$"""{"case": "two", "tensors": [{{Tensor}}, {{Tensor.Replace("\"t\"", "\"u\"", StringComparison.Ordinal)}}]}""");

        Assert.False(golden.Layers!.Stacked);
        Assert.Equal([("layer-01", "t", "two"), ("layer-02", "u", "two")], golden.Layers.Tensors.Select(tensor => (tensor.Id, tensor.Name, tensor.Input)));
        Assert.Equal([1, 2, 4], golden.Layers.Tensors[0].Shape);
        Assert.All(golden.Layers.Tensors, tensor => Assert.EndsWith("one.f32.gz", golden.Files[tensor.Expected], StringComparison.Ordinal));
        Assert.Null(run.Prepared.Golden.Layers);
    }

    [Theory]
    [InlineData("{}", "layers.case is missing")]
    [InlineData("""{"case": "three", "tensors": [TENSOR]}""", "layers.case: `three` is no case")]
    [InlineData("""{"case": "two", "tensors": []}""", "layers.tensors: there is none")]
    [InlineData("""{"case": "two", "tensors": [TENSOR, TENSOR]}""", "layers.tensors: `t` is there twice")]
    [InlineData("""{"case": "two", "tensors": [{"name": "t", "path": "../one.f32.gz", "sha256": "DIGEST", "shape": []}]}""", "not a path below")]
    [InlineData("""{"case": "two", "tensors": [{"name": "t", "path": "two.f32.gz", "sha256": "DIGEST", "shape": []}]}""", "pinned is")]
    [InlineData("""{"case": "two", "tensors": [{"name": "t", "path": "none.f32.gz", "sha256": "DIGEST", "shape": []}]}""", "none.f32.gz")]
    [InlineData("""{"case": "two", "tensors": [{"name": null, "path": "one.f32.gz", "sha256": "DIGEST", "shape": []}]}""", "expected a text")]
    public void Layers_with_a_mistake_are_bad_input_and_say_what(string layers, string why)
    {
        using var run = new GivenRun();

        Assert.Contains(why, Assert.Throws<BadInputException>(() => Layered(run, layers.Replace("TENSOR", Tensor, StringComparison.Ordinal))).Message, StringComparison.Ordinal);
    }

    private static GoldenInputs Layered(GivenRun run, string layers)
    {
        var folder = Path.Combine(run.Root, "reference-models/m/golden");
        var (file, digest) = (Path.Combine(folder, "golden.json"), GivenRun.Sha256(File.ReadAllBytes(Path.Combine(folder, "one.f32.gz"))));
        var text = File.ReadAllText(file).TrimEnd();
        File.WriteAllText(file, $"{text[..^1]}, \"layers\": {layers.Replace("DIGEST", digest, StringComparison.Ordinal)}}}");
        return GoldenInputs.Load(run.Prepared.Inputs.Model with { GoldenSha256 = GivenRun.Sha256(File.ReadAllBytes(file)) }, "c");
    }

    private static BadInputException Load(Func<string, string> change)
    {
        using var run = new GivenRun();
        var file = Path.Combine(run.Root, "reference-models/m/golden/golden.json");
        File.WriteAllText(file, change(File.ReadAllText(file)));
        var model = run.Prepared.Inputs.Model with { GoldenSha256 = GivenRun.Sha256(File.ReadAllBytes(file)) };
        return Assert.Throws<BadInputException>(() => GoldenInputs.Load(model, "c"));
    }
}

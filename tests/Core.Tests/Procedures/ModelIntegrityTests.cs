using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class ModelIntegrityTests
{
    private static readonly string Weights = new('a', 64);
    private static readonly string Names = new('b', 64);

    private static readonly Measurement Sound = Given.Measurement("SEC-05") with
    {
        Facts = Given.Facts(
            ("expected.model.onnx", Weights), ("seen.model.onnx", Weights), ("after.model.onnx", Weights), ("format.model.onnx", "onnx"),
            ("expected.keys.txt", Names), ("seen.keys.txt", Names), ("after.keys.txt", Names), ("format.keys.txt", "text"),
            ("tampered.model.onnx", "refused")),
    };

    [Fact]
    public void The_files_of_the_manifest_with_the_tampered_one_refused_pass() => Judged.Passes(Judged.By(Clauses.ModelIntegrity, Sound));

    [Fact]
    public void A_loader_that_accepts_a_flipped_byte_fails() =>
        Assert.Equal("loaded with one byte flipped: model.onnx", Judged.Measured(Judged.By(Clauses.ModelIntegrity, Sound.WithFact("tampered.model.onnx", "loaded"))));

    [Theory]
    [InlineData("pickle")]
    [InlineData("Pickle")]
    public void A_pickle_fails(string format) =>
        Assert.Contains("runs code", Judged.Measured(Judged.By(Clauses.ModelIntegrity, Sound.WithFact("format.model.onnx", format))), StringComparison.Ordinal);

    [Theory]
    [InlineData("seen.model.onnx", "before the run")]
    [InlineData("after.model.onnx", "after the run")]
    public void A_file_of_other_content_fails(string fact, string when) =>
        Assert.Contains(when, Judged.Measured(Judged.By(Clauses.ModelIntegrity, Sound.WithFact(fact, Names))), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_the_manifest_does_not_know_fails() =>
        Assert.Contains("expected no such file", Judged.Measured(Judged.By(Clauses.ModelIntegrity, Sound.WithFact("seen.extra.bin", Names))), StringComparison.Ordinal);

    [Fact]
    public void Both_sides_of_a_limit()
    {
        var clause = Clauses.ModelIntegrity with { Limits = Clauses.ModelIntegrity.Limits.SetItem("mismatches_max", 1) };
        var one = Sound.WithFact("seen.model.onnx", Names);

        Judged.Passes(Judged.By(clause, one));
        Judged.Measured(Judged.By(clause, one.WithFact("after.model.onnx", Names)));
    }

    [Fact]
    public void Evidence_with_a_gap_decides_nothing() =>
        Assert.All(
            new[]
            {
                Sound with { Facts = Given.Facts() },
                Sound.WithoutFact("seen.keys.txt"),
                Sound.WithoutFact("after.keys.txt"),
                Sound.WithoutFact("format.keys.txt"),
                Sound.WithoutFact("tampered.model.onnx"),
                Sound.WithFact("tampered.model.onnx", "perhaps"),
                Sound.WithFact("tampered.other.onnx", "refused"),
                Sound.WithFact("expected.keys.txt", "sha").WithFact("seen.keys.txt", "sha").WithFact("after.keys.txt", "sha"),
                Sound.WithFact("expected.keys.txt", Names + "\n").WithFact("seen.keys.txt", Names + "\n").WithFact("after.keys.txt", Names + "\n"),
            },
            measurement => Judged.Reason(Judged.By(Clauses.ModelIntegrity, measurement)));
}

using System.Text;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

public sealed class ReproducerTests
{
    [Fact]
    public void What_is_written_is_read_again()
    {
        var read = Reproducer.Read(GivenModels.Reproducer().ToFile());

        var written = GivenModels.Reproducer();
        Assert.Equal(written.Model, read.Model);
        Assert.Equal(written.Inputs[0].Data.ToArray(), read.Inputs[0].Data.ToArray());
        Assert.Equal(("t2", "FP32", 8), (read.Expected[0].Name, read.Expected[0].DataType, read.Expected[0].Data.Length));
        Assert.Equal(("it \"differs\"", "Abs_1"), (read.Facts.Seen, read.Facts.Nodes[0]));
        Assert.Equal("culprit-Abs_1.onnx", read.FileName);
    }

    [Fact]
    public void The_format_stays_what_others_may_have_kept() => Golden.Match("reproducer-v1.onnx", GivenModels.Reproducer().ToFile());

    [Fact]
    public void A_server_gets_neither_the_expected_values_nor_a_word_of_what_they_are_for()
    {
        var reproducer = Reproducer.Read(GivenModels.Reproducer().ToFile());

        Assert.Equal(-1, reproducer.Model.AsSpan().IndexOf(reproducer.Expected[0].Data.Span));
        Assert.DoesNotContain("adaptation.", Encoding.Latin1.GetString(reproducer.Model), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_ends_early_is_refused_wherever_it_ends()
    {
        var file = GivenModels.Reproducer().ToFile();

        for (var length = 0; length < file.Length; length++)
            Assert.Throws<InvalidDataException>(() => Reproducer.Read(file.AsSpan(0, length)));
    }

    [Fact]
    public void A_file_with_any_bit_changed_is_refused()
    {
        var file = GivenModels.Reproducer().ToFile();

        for (var at = 0; at < file.Length; at++)
        {
            file[at] ^= 0x10;
            Assert.Throws<InvalidDataException>(() => Reproducer.Read(file));
            file[at] ^= 0x10;
        }
    }

    [Fact]
    public void A_wrong_digest_and_a_plain_model_are_called_what_they_are()
    {
        var file = GivenModels.Reproducer().ToFile();
        file[^1] ^= 1;

        Assert.Contains("SHA-256", Assert.Throws<InvalidDataException>(() => Reproducer.Read(file)).Message, StringComparison.Ordinal);
        Assert.Contains("no reproducer", Assert.Throws<InvalidDataException>(() => Reproducer.Read(GivenModels.Chain)).Message, StringComparison.Ordinal);
        Assert.Contains("no ONNX model", Assert.Throws<InvalidDataException>(() => Reproducer.Read("hello"u8)).Message, StringComparison.Ordinal);
    }
}

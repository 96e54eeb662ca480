using Adaptation.Models;

namespace Adaptation.Runner.Tests;

public class GoldenTextTests
{
    [Fact]
    public void Documents_that_are_drawn_stay_what_they_were()
    {
        var shape = new DecoderShape
        {
            Architecture = DecoderArchitecture.Llama,
            VocabularySize = 512,
            HiddenSize = 32,
            IntermediateSize = 32,
            Layers = 1,
            AttentionHeads = 2,
            KeyValueHeads = 1,
            HeadSize = 16,
            NormEpsilon = 1e-5,
            RopeTheta = 10_000,
            MaxPositions = 8,
            TiedEmbeddings = false,
        };

        var documents = GoldenText.Draw(shape);

        Assert.Equal(64, documents.Count);
        Assert.Equal("drawn-001", documents[0].Id);
        Assert.Equal([498, 68, 280, 304, 402, 334, 315, 473], documents[0].Ids); // as a second implementation, in Python, computes them
    }
}

using System.Collections.Immutable;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

public sealed class TasksTests
{
    [Fact]
    public async Task Items_are_asked_a_look_at_a_time_until_they_decide_and_answers_are_kept_whole()
    {
        using var server = new GivenGreedyServer(GreedyFault.None);
        var plan = Planned(out var files);

        var measured = await new Tasks(server.Open, _ => [], plan, streams: 3).MeasureAsync(Few, files);

        Assert.Equal(["COR-10", "COR-11"], measured.Select(measurement => measurement.Check));
        Assert.Equal(40, measured[0].Samples("answers").Length); // the first look decides
        Assert.Equal(measured[0].Samples("answers"), measured[1].Samples("answers"));
        Assert.Equal(plan.Text!.Answers[0].Tokens.Select(id => (long)id), measured[0].Samples("length.doc-0"));
    }

    [Fact]
    public async Task A_server_that_fails_now_and_then_is_asked_on_and_its_items_are_wrong()
    {
        using var server = new GivenGreedyServer(GreedyFault.FailsNowAndThen);
        var plan = Planned(out var files);

        var answers = (await new Tasks(server.Open, _ => [], plan, streams: 3).MeasureAsync(Few, files))[0].Samples("answers");

        Assert.Contains(long.MaxValue, answers);
    }

    [Fact]
    public async Task Texts_without_ids_are_tokenized_here()
    {
        using var server = new GivenGreedyServer(GreedyFault.GivesNoIds);
        var plan = Planned(out var files);

        var measured = await new Tasks(server.Open, text => [.. text.Split(' ').Select(word => int.Parse(word, System.Globalization.CultureInfo.InvariantCulture))], plan, streams: 2).MeasureAsync(Few, files);

        Assert.DoesNotContain(long.MaxValue, measured[0].Samples("answers"));
    }

    private static Clause Few => Clauses.TaskAccuracy with
    {
        Limits = Clauses.TaskAccuracy.Limits.SetItem("items_first", 40).SetItem("looks", 2).SetItem("answers_min", 2).SetItem("score_share_ppm", 500_000),
    };

    /// <summary>A plan whose exact reference is what a faultless server answers.</summary>
    private static Plan Planned(out InMemoryFiles files)
    {
        const int Vocabulary = 4093, Length = 30;
        files = InMemoryFiles.Empty;
        var documents = ImmutableArray.CreateBuilder<GoldenDocument>();
        for (var number = 0; number < 4; number++)
        {
            var tokens = new List<int> { 100 + number };
            var logits = new float[Length * Vocabulary];
            for (var at = 0; at < Length; at++)
            {
                var next = (int)GivenGreedyServer.Next(tokens.Select(id => (long)id));
                logits[(at * Vocabulary) + next] = 1;
                if (at + 1 < Length)
                    tokens.Add(next);
            }

            documents.Add(new($"doc-{number}", [.. tokens], $"golden/doc-{number}.gz"));
            files = files.With($"golden/doc-{number}.gz", Packed(logits));
        }

        var answers = documents.Take(2).Select(document => new GoldenAnswer(document.Id, document.Tokens[..8], 10, [.. GivenGreedyServer.Continue(document.Tokens[..8].Select(id => (long)id), 10).Select(id => (int)id)]));
        return Given.Plan with
        {
            ModelKind = "llm",
            Text = new() { Precision = PrecisionClass.Bits16, VocabularySize = Vocabulary, Documents = documents.ToImmutable(), Answers = [.. answers] },
        };
    }

    private static byte[] Packed(float[] values)
    {
        using var file = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionLevel.Fastest))
            gzip.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));
        return file.ToArray();
    }
}

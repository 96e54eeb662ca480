using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks a server the same over and over (COR-12): the first golden input where there is a tensor face, and two texts where there is a text one.</summary>
/// <param name="repeats">Times that each request is made after a start.</param>
internal sealed class SameAgain(AnswerSheet sheet, long repeats)
{
    /// <param name="start">From 1.</param>
    public void Started(Deployment server, int start) => sheet.Fact($"container.start-{TextFacts.Number(start)}", server.Container.Id);

    /// <summary>Of one length, one continued and one in conversation.</summary>
    /// <exception cref="WireException">The server is dead.</exception>
    public void Texts(TextQuestions questions, int start)
    {
        for (var number = 1; number <= repeats; number++)
        {
            sheet.Ask(questions, Name(start, "text", number), TextQuestions.CompletionRoute, Asked.Completion(Asked.Long, temperature: 0, Fidelity.Seed));
            sheet.Ask(questions, Name(start, "chat", number), TextQuestions.ChatRoute, Asked.Chat(Asked.Long, temperature: 0, Fidelity.Seed));
        }
    }

    /// <exception cref="WireException">The server is dead, or answers with what is no answer.</exception>
    public void Tensors(RunContext run, Deployment server, int start, CancellationToken cancellationToken)
    {
        var input = run.Prepared.Golden.Inputs[0];
        using var client = new OipClient(server.Transport, run.Time, WireLimits.Default);
        var buffer = new AnswerBuffer();
        var request = run.Prepared.Request(server.Transport, input);
        for (var number = 1; number <= repeats; number++)
        {
            var asked = run.Time.GetTimestamp();
            var outputs = run.Prepared.InOrder(client.Infer(request, buffer, run.Inputs.Profile.Server.AnswerWithin, cancellationToken).Parse());
            server.Count(asked: 1, answered: 1, run.Time.GetElapsedTime(asked));
            foreach (var (at, output) in outputs.Index())
            {
                // each output is held against itself
                sheet.Keep(Name(start, GoldenPack.AnswerName(input.Id, at), number), new TensorFile("", run.Directory.KeepAnswer("again", output.Data.Span), output.DataType, output.Shape));
            }
        }
    }

    private static string Name(int start, string request, int number) => $"start-{TextFacts.Number(start)}.{request}.{TextFacts.Number(number)}";
}

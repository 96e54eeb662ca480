using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a server made of a reproducer.</summary>
public abstract record ReplayResult
{
    private ReplayResult()
    {
    }

    /// <param name="Gaps">Of each output, the worse of two answers to the same inputs.</param>
    public sealed record Answered(ImmutableArray<TensorGap> Gaps) : ReplayResult
    {
        public bool IsPass => Gaps.All(gap => gap.IsWithin);
    }

    /// <summary>It took the model and gave no answer.</summary>
    public sealed record Failed(string What) : ReplayResult;

    /// <summary>It cannot run this, in its own words: neither a pass nor a difference.</summary>
    public sealed record Refused(string Reason) : ReplayResult;
}

/// <summary>Hands a reproducer's model to a server, asks it twice with the reproducer's inputs, and holds the answers against what is expected.</summary>
public static class ReplaySession
{
    /// <param name="accuracy">COR-01: the band.</param>
    /// <exception cref="BrokenEnvironmentException">The server is not there, or takes no models.</exception>
    public static async Task<ReplayResult> RunAsync(
        Reproducer reproducer, IModelServer server, Clause accuracy, TimeProvider time, CancellationToken cancellationToken)
    {
        var expected = reproducer.Expected;
        var reply = await ModelTalk.With(server, time).AskAsync(reproducer.Model, reproducer.Inputs, [.. expected.Select(output => output.Name)], cancellationToken);
        return reply switch
        {
            OperatorReply.Refused refused => new ReplayResult.Refused(refused.Reason),
            OperatorReply.Failed failed => new ReplayResult.Failed($"{failed.What}: {failed.Seen}"),
            OperatorReply.Answered answered => new ReplayResult.Answered(
            [
                .. expected.Select((output, at) => TensorGap.Worse(
                    TensorGap.Between(accuracy, output, answered.First[at]), TensorGap.Between(accuracy, output, answered.Again[at]))),
            ]),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <exception cref="BadInputException">It cannot be read, or is no whole reproducer.</exception>
    public static Reproducer Read(string file)
    {
        try
        {
            var length = new FileInfo(file).Length;
            return length <= Reproducer.MostBytes
                ? Reproducer.Read(File.ReadAllBytes(file))
                : throw new InvalidDataException($"it has {length} bytes; {Reproducer.MostBytes} are the most that are read");
        }
        catch (Exception wrong) when (wrong is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(file, 0, "", $"cannot be replayed: {wrong.Message}")]);
        }
    }
}

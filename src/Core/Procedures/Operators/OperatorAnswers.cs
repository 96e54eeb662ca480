using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>How the answers to a case are held against what is expected.</summary>
public enum OperatorKind
{
    /// <summary>Floating-point arithmetic, within tolerance.</summary>
    Rounded,

    /// <summary>Bit for bit.</summary>
    Exact,

    /// <summary>Infinities, NaN and subnormal numbers: which elements are which must agree; the finite rest is as <see cref="Rounded"/>.</summary>
    Special,
}

/// <summary>What a backend made of a case.</summary>
public enum OperatorState
{
    Answered,

    /// <summary>It refused the model in words of its own: no failure, and never a pass.</summary>
    Unsupported,

    /// <summary>It took the model and gave no answer, or said that it failed.</summary>
    Failed,
}

/// <summary>One case of one operator with what a backend answered.</summary>
/// <param name="DataType">The type that is tested, as the Open Inference Protocol spells it.</param>
/// <param name="Said">Where there is no answer: the backend's words.</param>
public sealed record OperatorAnswers(
    string Id, string Operator, string DataType, int Opset, OperatorKind Kind, OperatorState State, string Said, ImmutableArray<ExpectedOutput> Outputs);

/// <param name="Exact">float64 of every element, little-endian; empty where the type is no floating-point number.</param>
/// <param name="Same">What a CPU computes in the type itself, little-endian; of an exact case the one right answer.</param>
/// <param name="Answers">To the same inputs, in the order of asking: two or more; none where the backend gave none.</param>
public sealed record ExpectedOutput(
    string Name, string DataType, ImmutableArray<long> Shape, ReadOnlyMemory<byte> Exact, ReadOnlyMemory<byte> Same, ImmutableArray<AnsweredOutput> Answers)
{
    /// <summary>The first answer, and each that is not the one before it; with how often had been asked by then.</summary>
    public IEnumerable<(int Asked, AnsweredOutput Answer)> Changes =>
        Answers.Index().Where(one => one.Index == 0 || !one.Item.Data.Span.SequenceEqual(Answers[one.Index - 1].Data.Span)).Select(one => (one.Index + 1, one.Item));

    /// <summary>Why an answer cannot be compared at all: another type or shape; null if it can.</summary>
    public string? WrongForm()
    {
        foreach (var answer in Answers)
        {
            if (answer.DataType != DataType)
                return $"{Name} is {answer.DataType}, not {DataType}";
            if (!answer.Shape.SequenceEqual(Shape))
                return $"{Name} has the shape [{string.Join(',', answer.Shape)}], expected [{string.Join(',', Shape)}]";
            if (DataType != "BYTES" && answer.Data.Length != Same.Length)
                return $"{Name} has {answer.Data.Length} bytes, expected {Same.Length}";
        }

        return null;
    }
}

/// <param name="Data">Little-endian, row-major.</param>
public sealed record AnsweredOutput(string DataType, ImmutableArray<long> Shape, ReadOnlyMemory<byte> Data);

using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>A world in which the work cannot go on. The message says what failed, on what, seen against expected, and what to do next.</summary>
public abstract class AdaptationException(string message, Exception? cause) : Exception(message, cause);

/// <summary>What the user gave cannot be used; every problem found is listed (exit code 3).</summary>
public sealed class BadInputException(ImmutableArray<Problem> problems)
    : AdaptationException(string.Join('\n', problems), cause: null)
{
    public ImmutableArray<Problem> Problems { get; } = problems;
}

/// <summary>This machine lacks something, or something on it broke (exit code 4).</summary>
public sealed class BrokenEnvironmentException(string message, Exception? cause = null) : AdaptationException(message, cause);

namespace Adaptation.Certificates;

/// <summary>What two people sign: that they know of one failure of one run, why, and until when they accept it.</summary>
public sealed record Waiver
{
    /// <summary>Unique for ever.</summary>
    public required string WaiverId { get; init; }

    /// <summary>Of the bytes of <c>combination.lock</c>: the one subject.</summary>
    public required DigestPair Lock { get; init; }

    public required string RunId { get; init; }

    /// <summary>Of the bytes of <c>evidence.manifest</c>, so that a waiver of a small failure does not serve for a great one.</summary>
    public required DigestPair Evidence { get; init; }

    public required SuiteReference Suite { get; init; }

    /// <summary>A must that the run failed and that the standard marks as waivable.</summary>
    public required string Check { get; init; }

    /// <summary>The failure in the words of the result: what was measured, and the limit.</summary>
    public required string Measured { get; init; }

    public required string Reason { get; init; }

    /// <summary>Where the defect is tracked: an absolute http or https address.</summary>
    public required string Defect { get; init; }

    /// <summary>Whole seconds, like <see cref="ExpiresAt"/>, and before it.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>The last second in which it holds.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

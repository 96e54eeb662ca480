namespace Adaptation.Core;

/// <summary>What a whole run came to.</summary>
public enum Outcome
{
    /// <summary>Every must that applies passes or was waived, and at least one passes.</summary>
    Certified,

    /// <summary>At least one must fails.</summary>
    Rejected,

    /// <summary>No must fails, and at least one is inconclusive or none passes.</summary>
    Incomplete,
}

/// <summary>What a certificate may say, from <see cref="None"/> to L5; each includes the ones below it.</summary>
public enum Level
{
    None,

    /// <summary>Runs: deploys clean, versions captured, answers.</summary>
    L1,

    /// <summary>Correct: all COR musts.</summary>
    L2,

    /// <summary>Performs: PERF and MET musts.</summary>
    L3,

    /// <summary>Service-ready: STAB, SEC, LBL, OPS musts.</summary>
    L4,

    /// <summary>Sustained: soak, fault recovery, energy.</summary>
    L5,
}

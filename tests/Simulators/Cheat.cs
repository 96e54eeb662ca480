namespace Adaptation.Simulators;

/// <summary>How a server of text lies. What each is caught by stands in cheats.json.</summary>
internal enum Cheat
{
    /// <summary>Rounds the weights to 8 bits, one scale per row, and says that they have 16.</summary>
    QuantisedWeights,

    /// <summary>Answers with a model of fewer layers while more than one request is under way.</summary>
    SmallerModelUnderLoad,

    /// <summary>Keeps each answer and gives it again to the same request.</summary>
    CacheRepeated,

    /// <summary>Has computed the answers to published prompts before anyone asks.</summary>
    CachePublished,

    /// <summary>Streams no token after the 24th, and reports them all.</summary>
    DropLateTokens,

    /// <summary>Gives the first 80 % of the answer while more than one request is under way, and says that the model stopped.</summary>
    ShortenUnderLoad,

    /// <summary>Reports a tenth more completion tokens than there are.</summary>
    InflateUsage,

    /// <summary>Reports a tenth fewer.</summary>
    DeflateUsage,

    /// <summary>Sends an empty delta at once, and the first content seconds later.</summary>
    EarlyEmptyDeltas,

    /// <summary>Holds eight events back and sends them as one.</summary>
    BatchChunks,

    /// <summary>Answers at 60 % of its rate once it has served for a while.</summary>
    Throttle,

    IgnoreSeed,

    IgnoreTemperature,

    IgnoreLogitBias,

    /// <summary>Reads the last 64 tokens (ids) or characters of a prompt of more than 96, and reports them all.</summary>
    TruncateLongPrompts,

    /// <summary>Begins an answer with the beginning of another prompt while that one's request is under way.</summary>
    LeakPrefix,

    FirstTokenTwice,

    /// <summary>Rotates by one channel what the middle layer adds to the residual stream.</summary>
    RotatedLayer,
}

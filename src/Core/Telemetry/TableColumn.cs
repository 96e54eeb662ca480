namespace Adaptation.Core;

/// <summary>What a column of a tool's table holds.</summary>
internal enum Held
{
    /// <summary>Nothing that is wanted; one word, or a pair with a slash.</summary>
    Other,

    /// <summary>Number of the card.</summary>
    Card,

    /// <summary>Number of the chip on its card.</summary>
    Chip,

    Name,

    Bus,

    Health,

    Firmware,

    Ecc,

    Utilisation,

    /// <summary>Watts in use, alone or with the cap behind a slash.</summary>
    Power,

    PowerCap,

    Temperature,

    /// <summary>Used and total with a slash or in brackets; total alone where a tool prints one figure.</summary>
    Memory,

    /// <summary>The same of the memory that counts where a table has two: it is taken unless its total is 0.</summary>
    HighBandwidthMemory,

    MemoryShare,

    CoreClock,

    MemoryClock,
}

/// <param name="Title">As the heading has it, unit in brackets included.</param>
/// <param name="IsTotal">Whether a single figure of memory is all that there is, and not what is used.</param>
/// <param name="Also">What other versions of the tool call it.</param>
internal sealed record TableColumn(string Title, Held Held = Held.Other, bool IsTotal = false, string? Also = null)
{
    /// <summary>Whether the heading has the unit, so that a bare number is a value.</summary>
    public bool HasUnit => Title.Contains('(', StringComparison.Ordinal) || Title.Contains('%', StringComparison.Ordinal);

    /// <summary>Values of these may have blanks in them.</summary>
    public bool IsText => Held is Held.Name;
}

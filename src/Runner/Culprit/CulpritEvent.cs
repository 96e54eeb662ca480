namespace Adaptation.Runner;

/// <summary>What a search for a culprit does, as it does it.</summary>
public abstract record CulpritEvent
{
    private CulpritEvent()
    {
    }

    /// <summary>A stage begins or ends.</summary>
    public sealed record Stage(string English, string Chinese) : CulpritEvent;

    /// <summary>An answer was held against the reference's.</summary>
    /// <param name="Place">Of the node among the nodes, from 1.</param>
    /// <param name="How">Asked within the model, as a beginning of it, alone, or with the nodes before it.</param>
    public sealed record Compared(int Place, int Of, string Node, string Operator, CulpritScope How, TensorGap Gap) : CulpritEvent;

    /// <summary>A node that could not be looked at; what it would answer stays open.</summary>
    public sealed record Open(int Place, int Of, string Node, string Operator, string Why) : CulpritEvent;
}

/// <summary>What was handed over when a node was looked at.</summary>
public enum CulpritScope
{
    /// <summary>The whole model, every tensor of it an output: the node got what the tested server made before it.</summary>
    Model,

    /// <summary>The model up to the node, with that output alone.</summary>
    Beginning,

    /// <summary>The node alone, fed what the reference made before it.</summary>
    Alone,

    /// <summary>The node with a few before it, fed what the reference made before those.</summary>
    Group,
}

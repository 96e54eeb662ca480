using Adaptation.Core;

namespace Adaptation.Adapters.Abstractions;

/// <summary>The engine, its library or its model cannot do what was asked.</summary>
/// <param name="message">What failed, on what, seen against expected, and what to do next; the engine's own words included.</param>
public sealed class AdapterException(string message, Exception? cause = null) : AdaptationException(message, cause);

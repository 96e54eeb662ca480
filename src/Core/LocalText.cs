namespace Adaptation.Core;

/// <summary>One text in the two languages that users read.</summary>
public sealed record LocalText(string En, string Zh);

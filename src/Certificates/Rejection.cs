using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Why a file is not accepted.</summary>
/// <param name="Code">Stable and for programs, such as <c>SIG_BAD</c>: names what a verifier can observe, not the attack behind it.</param>
/// <param name="Message">For people: what failed, on what, seen against expected.</param>
public sealed record Rejection(string Code, string Message)
{
    public override string ToString() => $"{Code}: {Message}";

    internal static RejectedException Because(string code, string message) => new(new Rejection(code, message));
}

/// <summary>A file that was to be read is refused. The only exception that the readers of this assembly throw for what a file says.</summary>
public sealed class RejectedException(Rejection rejection) : AdaptationException(rejection.ToString(), cause: null)
{
    public Rejection Rejection { get; } = rejection;
}

namespace Adaptation.Models;

/// <summary>Text to token ids and back. Immutable; safe for concurrent use.</summary>
public interface ITokenizer
{
    int VocabularySize { get; }

    int? BeginOfText { get; }

    int? EndOfText { get; }

    /// <summary>Id of a special token by its spelling; null if there is none.</summary>
    int? Special(string spelling);

    /// <summary>Adds no begin-of-text token.</summary>
    /// <param name="parseSpecial">Whether the spelling of a special token stands for that token.</param>
    int[] Encode(string text, bool parseSpecial);

    /// <summary>The bytes that ids stand for; special tokens are spelled out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    byte[] Decode(ReadOnlySpan<int> ids);
}

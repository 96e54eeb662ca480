using System.Runtime.InteropServices;
using System.Text;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>The engine's own tokenizer over the vocabulary of a model. Safe for concurrent use while the model lives.</summary>
internal sealed unsafe class LlamaVocabulary
{
    private readonly LlamaRuntime _runtime;
    private readonly nint _native;
    private readonly bool _hasTokens;

    public LlamaVocabulary(LlamaRuntime runtime, GgufHeader header)
    {
        _runtime = runtime;
        var model = runtime.Weights.Native;
        _native = ((delegate* unmanaged<nint, nint>)runtime[LlamaSymbol.llama_model_get_vocab])(model);
        _hasTokens = Ask(LlamaSymbol.llama_vocab_type) != 0;
        Facts = ReadFacts(model, header);
    }

    public TokenModelFacts Facts { get; }

    /// <exception cref="AdapterException">The model has no vocabulary, or the text is too long.</exception>
    public int[] Tokenize(string text, bool parseSpecial)
    {
        Require();
        var bytes = Encoding.UTF8.GetBytes(text);
        var tokens = new int[bytes.Length + 2];
        var count = Tokenize(bytes, tokens, parseSpecial);
        if (count < 0 && count != int.MinValue)
            count = Tokenize(bytes, tokens = new int[-count], parseSpecial);
        return count >= 0 ? tokens[..count] : throw new AdapterException($"A text of {bytes.Length} bytes cannot be split into tokens by {_runtime.Path}.");
    }

    /// <exception cref="AdapterException">The model has no vocabulary, or no such token.</exception>
    public byte[] Bytes(int token)
    {
        Require();
        if (token < 0 || token >= Facts.Size)
            throw new AdapterException($"Token {token} does not exist; 0 to {Facts.Size - 1} is expected.");
        Span<byte> room = stackalloc byte[64];
        var length = Spell(token, room);
        if (length < 0)
            length = Spell(token, room = new byte[-length]);
        return room[..length].ToArray();
    }

    private int Tokenize(ReadOnlySpan<byte> text, Span<int> tokens, bool parseSpecial)
    {
        byte none; // an empty text still wants an address
        fixed (byte* first = text)
        fixed (int* room = tokens)
        {
            return ((delegate* unmanaged<nint, byte*, int, int*, int, byte, byte, int>)_runtime[LlamaSymbol.llama_tokenize])(
                _native, text.IsEmpty ? &none : first, text.Length, room, tokens.Length, 0, parseSpecial ? (byte)1 : (byte)0);
        }
    }

    private int Spell(int token, Span<byte> room)
    {
        fixed (byte* first = room)
        {
            return ((delegate* unmanaged<nint, int, byte*, int, int, byte, int>)_runtime[LlamaSymbol.llama_token_to_piece])(
                _native, token, first, room.Length, 0, 1);
        }
    }

    private TokenModelFacts ReadFacts(nint model, GgufHeader header)
    {
        var size = Ask(LlamaSymbol.llama_vocab_n_tokens);
        var adds = _hasTokens && ((delegate* unmanaged<nint, byte>)_runtime[LlamaSymbol.llama_vocab_get_add_bos])(_native) != 0;
        var begin = Ask(LlamaSymbol.llama_vocab_bos);
        // without the key the engine has a default of its own, which may be any token
        var hasBegin = _hasTokens && begin >= 0 && (adds || header.Has("tokenizer.ggml.bos_token_id"));
        var ends = _hasTokens
            ? Enumerable.Range(0, size).Where(token => ((delegate* unmanaged<nint, int, byte>)_runtime[LlamaSymbol.llama_vocab_is_eog])(_native, token) != 0)
            : [];
        var template = ((delegate* unmanaged<nint, nint, nint>)_runtime[LlamaSymbol.llama_model_chat_template])(model, 0);
        return new(
            size, hasBegin ? begin : null, adds, ends.ToHashSet(), Marshal.PtrToStringUTF8(template),
            ((delegate* unmanaged<nint, long>)_runtime[LlamaSymbol.llama_model_n_params])(model));
    }

    private int Ask(LlamaSymbol symbol) => ((delegate* unmanaged<nint, int>)_runtime[symbol])(_native);

    private void Require()
    {
        _ = _runtime.Weights.Native; // a disposed model has no vocabulary any more
        if (!_hasTokens)
            throw new AdapterException($"Model {_runtime.Path} comes without a vocabulary, so it reads no text. Ask it with token ids.");
    }
}

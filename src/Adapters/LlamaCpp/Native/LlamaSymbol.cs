namespace Adaptation.Adapters.LlamaCpp;

/// <summary>The functions that the adapter calls, spelled as llama.h, ggml.h and ggml-backend.h spell them: they are looked up by name.</summary>
/// <remarks>Signatures stand at each call; source: the headers of llama.cpp v0.5.0.</remarks>
internal enum LlamaSymbol
{
    llama_version,
    llama_log_set,
    llama_backend_init,
    llama_print_system_info,
    llama_max_parallel_sequences,

    llama_model_default_params,
    llama_model_load_from_file,
    llama_model_free,
    llama_model_get_vocab,
    llama_model_chat_template,
    llama_model_n_ctx_train,
    llama_model_n_embd_out,
    llama_model_n_params,

    llama_context_default_params,
    llama_init_from_model,
    llama_free,
    llama_get_memory,
    llama_n_ctx,
    llama_n_ctx_seq,
    llama_n_batch,
    llama_n_ubatch,
    llama_n_seq_max,
    llama_n_threads,
    llama_n_threads_batch,
    llama_pooling_type,
    llama_set_n_threads,
    llama_set_abort_callback,

    llama_decode,
    llama_get_logits,
    llama_get_embeddings_seq,
    llama_memory_seq_rm,
    llama_memory_seq_pos_max,

    llama_vocab_type,
    llama_vocab_n_tokens,
    llama_vocab_bos,
    llama_vocab_get_add_bos,
    llama_vocab_is_eog,
    llama_tokenize,
    llama_token_to_piece,

    ggml_log_set,
    ggml_commit,
    ggml_backend_load_all_from_path,
    ggml_backend_dev_count,
    ggml_backend_dev_get,
    ggml_backend_dev_name,
    ggml_backend_dev_description,
    ggml_backend_dev_type,
    ggml_backend_dev_memory,
}

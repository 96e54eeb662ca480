using System.Diagnostics;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>A library with the names of llama.cpp that a test compiles; it returns the default parameters that the test wants, and can do nothing else.</summary>
internal static class Compiled
{
    /// <param name="model">Bytes that differ from the right defaults of a model: offset and value.</param>
    /// <param name="context">The same for a context.</param>
    /// <param name="missing">Functions that it lacks.</param>
    public static string Stub((int At, byte Value)[]? model = null, (int At, byte Value)[]? context = null, string[]? missing = null)
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-").FullName;
        var (source, target) = (Path.Combine(folder, "stub.cc"), Path.Combine(folder, "libllama.so"));
        File.WriteAllText(source, Source(model ?? [], context ?? [], missing ?? []));
        using var compiler = Process.Start(new ProcessStartInfo("g++", $"-std=c++17 -O1 -fPIC -shared -o {target} {source}")
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        }) ?? throw new InvalidOperationException("g++ does not start. Install it; the tests need it.");
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? target : throw new InvalidOperationException($"g++ refuses the stub: {errors}");
    }

    private static string Source((int At, byte Value)[] model, (int At, byte Value)[] context, string[] missing)
    {
        string[] own = ["llama_model_default_params", "llama_context_default_params"];
        var dummies = Enum.GetNames<LlamaSymbol>().Except(own).Except(missing).Select(name => $"extern \"C\" void {name}() {{ __builtin_trap(); }}");
        return $$"""
            #include <cstring>
            #include <cstdint>
            struct ModelParams { void *a, *b; int32_t layers = -1, split = 1, load = -1, lazy = 1, gpu = 0; void *c, *d, *e, *f; uint8_t bools[8] = {0, 0, 1}; };
            struct ContextParams {
              int32_t n[9] = {512, 2048, 512, 1, 0, 0, 1, 4, 4}; int32_t kind = 0, kinds[4] = {-1, -1, -1, -1};
              float rope[2] = {0, 0}, yarn[4] = {-1, -1, -1, -1}; int32_t ctx = 0; float defrag = -1; void *cb[2]; int32_t types[2] = {1, 1};
              void *abort[2]; uint8_t bools[8] = {0, 1, 1, 1, 1, 0}; void *rest[3]; };
            static_assert(sizeof(ModelParams) == 80 && sizeof(ContextParams) == 160);
            extern "C" ModelParams llama_model_default_params() {
              ModelParams p{}; {{string.Concat(model.Select(byteAt => $"((uint8_t*)&p)[{byteAt.At}] = {byteAt.Value};"))}} return p; }
            extern "C" ContextParams llama_context_default_params() {
              ContextParams p{}; {{string.Concat(context.Select(byteAt => $"((uint8_t*)&p)[{byteAt.At}] = {byteAt.Value};"))}} return p; }
            {{string.Join("\n", dummies)}}
            """;
    }
}

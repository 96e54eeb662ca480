namespace Adaptation.Benchmarks.Text;

/// <param name="Model">Path of a GGUF file.</param>
/// <param name="Prompt">Tokens of a prompt where reading it is measured.</param>
/// <param name="Generated">Tokens of an answer where generating is measured.</param>
/// <param name="Calls">Requests, or repeats of llama.cpp's own program, within one round.</param>
/// <param name="CallsTogether">Requests of each stream where the gain is measured: all of them at once take a multiple of one's time.</param>
/// <param name="Bound">Least share of llama-bench's generated tokens per second; what the architecture promises for a model of this size.</param>
internal sealed record Workload(string Name, string Model, int Prompt, int Generated, int Calls, int CallsTogether, double Bound)
{
    /// <summary>Positions of a sequence: what both sides are given.</summary>
    public const int Context = 512;

    public const int Batch = 2048;

    public const int MicroBatch = 512;

    public const int Streams = 8;

    public static Workload Large(string model) => new(Path.GetFileName(model), model, Prompt: 256, Generated: 48, Calls: 1, CallsTogether: 1, Bound: 0.97);

    /// <summary>More of everything: an answer takes a tenth of a second.</summary>
    public static Workload Small(string model) => new(Path.GetFileName(model), model, Prompt: 256, Generated: 200, Calls: 10, CallsTogether: 2, Bound: 0.80);
}

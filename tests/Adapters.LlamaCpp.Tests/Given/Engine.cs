namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Where the native libraries lie; a test without them fails and says what is missing.</summary>
internal static class Engine
{
    public static string Cpu => Required("ADAPTATION_LLAMA_LIB", "the folder of the engine pack llamacpp-cpu");

    public static string Vulkan => Required("ADAPTATION_LLAMA_VULKAN_LIB", "the folder of the engine pack llamacpp-vulkan");

    private static string Required(string variable, string what)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(path) || !(File.Exists(path) || Directory.Exists(path)))
        {
            throw new InvalidOperationException(
                $"{variable} is {(string.IsNullOrEmpty(path) ? "not set" : $"{path}, which does not exist")}. Set it to {what}; ./test does so.");
        }
        return path;
    }
}

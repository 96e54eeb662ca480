using System.Security.Cryptography;
using System.Text;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>The key that every request must show, except those that ask for health. Compared in constant time but for its length.</summary>
/// <remarks>Not by digests: .NET's cryptography loads OpenSSL, which an image need not have.</remarks>
internal sealed class ApiKey
{
    private const string Scheme = "Bearer ";

    private readonly byte[] _key;

    private ApiKey(string key) => _key = Encoding.ASCII.GetBytes(key);

    /// <exception cref="AdapterException">The file holds no key.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ApiKey Read(string path)
    {
        var key = File.ReadAllText(path).Trim();
        return key.Length is > 0 and <= 4096 && key.All(each => each is > ' ' and < '\x7f')
            ? new(key)
            : throw new AdapterException($"{path} holds no key: one line of 1 to 4096 visible ASCII characters is expected. Write one, or leave --api-key-file out.");
    }

    /// <exception cref="RefusedException">401: the key is missing or another one.</exception>
    public void Require(HttpContext context)
    {
        if (context.Request.Path.Value is "/health" or "/v2/health/live" or "/v2/health/ready")
            return;
        var shown = context.Request.Headers.Authorization;
        if (shown.Count == 1 && shown[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown[0]![Scheme.Length..].Trim()), _key))
        {
            return;
        }
        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new RefusedException(StatusCodes.Status401Unauthorized, "the request shows no key, or not this server's; send Authorization: Bearer KEY")
        {
            Code = "invalid_api_key",
        };
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>One attribute of an object on a token, as the module's interface lays it out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CkAttribute
{
    public nuint Type;
    public void* Value;
    public nuint Length;
}

/// <summary>A mechanism without parameters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CkMechanism
{
    public nuint Type;
    public void* Parameter;
    public nuint Length;
}

/// <summary>A vendor's PKCS#11 module: the few of its functions that signing takes, by their place in the list of PKCS#11 2.40.</summary>
/// <remarks>CK_ULONG is <see cref="nuint"/> on Linux. A module stays loaded and initialised for the rest of the process: several keys may share a token.</remarks>
internal sealed unsafe class Pkcs11Module
{
    private const uint AlreadyInitialized = 0x191;
    private const int OsLocking = 2;
    private readonly string _path;
    private readonly nint* _functions;

    private Pkcs11Module(string path, nint* functions)
    {
        _path = path;
        _functions = functions;
    }

    /// <exception cref="BrokenEnvironmentException">The path is not absolute, others could replace the file, or it is no module.</exception>
    public static Pkcs11Module Load(string path)
    {
        const UnixFileMode others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        if (!Path.IsPathFullyQualified(path) || !File.Exists(path))
            throw new BrokenEnvironmentException($"There is no PKCS#11 module {path}: give the absolute path of the vendor's library, such as /usr/lib/softhsm/libsofthsm2.so.");
        var real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        if ((File.GetUnixFileMode(real) & others) != UnixFileMode.None)
            throw new BrokenEnvironmentException($"The PKCS#11 module {real} can be written by others, who could have it sign for them. Run: chmod go-w {real}");
        if (!NativeLibrary.TryLoad(path, out var library) || !NativeLibrary.TryGetExport(library, "C_GetFunctionList", out var getList))
            throw new BrokenEnvironmentException($"{path} cannot be loaded, or has no C_GetFunctionList: it is no PKCS#11 module for this machine.");
        nint list = 0;
        Require(path, ((delegate* unmanaged[Cdecl]<nint*, nuint>)getList)(&list), "C_GetFunctionList");
        var module = new Pkcs11Module(path, (nint*)(list + sizeof(nint))); // behind the version, padded to a pointer
        var arguments = stackalloc nint[6];
        new Span<nint>(arguments, 6).Clear();
        arguments[4] = OsLocking;
        if (((delegate* unmanaged[Cdecl]<void*, nuint>)module._functions[0])(arguments) is var result and not AlreadyInitialized)
            module.Require(result, "C_Initialize");
        return module;
    }

    public nuint[] SlotsWithToken()
    {
        nuint count = 0;
        var call = (delegate* unmanaged[Cdecl]<byte, nuint*, nuint*, nuint>)_functions[4];
        Require(call(1, null, &count), "C_GetSlotList");
        var slots = new nuint[count];
        fixed (nuint* target = slots)
            Require(call(1, target, &count), "C_GetSlotList");
        return slots[..(int)count];
    }

    /// <summary>Label and manufacturer of the token in a slot.</summary>
    public (string Label, string Manufacturer) TokenOf(nuint slot)
    {
        var info = stackalloc byte[512]; // CK_TOKEN_INFO has 208
        Require(((delegate* unmanaged[Cdecl]<nuint, byte*, nuint>)_functions[6])(slot, info), "C_GetTokenInfo");
        static string Text(byte* start) => Encoding.UTF8.GetString(start, 32).TrimEnd(' ', '\0');
        return (Text(info), Text(info + 32));
    }

    public bool Offers(nuint slot, uint mechanism)
    {
        nuint count = 0;
        var call = (delegate* unmanaged[Cdecl]<nuint, nuint*, nuint*, nuint>)_functions[7];
        Require(call(slot, null, &count), "C_GetMechanismList");
        var list = new nuint[count];
        fixed (nuint* target = list)
            Require(call(slot, target, &count), "C_GetMechanismList");
        return list.Contains((nuint)mechanism);
    }

    /// <param name="write">Whether objects are to be made in it.</param>
    public nuint OpenSession(nuint slot, bool write)
    {
        const uint serial = 4, readWrite = 2;
        nuint session = 0;
        Require(
            ((delegate* unmanaged[Cdecl]<nuint, nuint, void*, void*, nuint*, nuint>)_functions[12])(slot, serial | (write ? readWrite : 0), null, null, &session),
            "C_OpenSession");
        return session;
    }

    /// <summary>Logs out too, if it is the token's last.</summary>
    public void CloseSession(nuint session) => ((delegate* unmanaged[Cdecl]<nuint, nuint>)_functions[13])(session);

    /// <returns>What the module answers.</returns>
    public nuint Login(nuint session, ReadOnlySpan<byte> pin)
    {
        const uint user = 1;
        fixed (byte* start = pin)
            return ((delegate* unmanaged[Cdecl]<nuint, nuint, byte*, nuint, nuint>)_functions[18])(session, user, start, (nuint)pin.Length);
    }

    /// <summary>Objects that have all of these attributes, at most 8.</summary>
    public nuint[] Find(nuint session, ReadOnlySpan<CkAttribute> attributes)
    {
        fixed (CkAttribute* template = attributes)
        {
            Require(
                ((delegate* unmanaged[Cdecl]<nuint, CkAttribute*, nuint, nuint>)_functions[26])(session, template, (nuint)attributes.Length),
                "C_FindObjectsInit");
        }
        var found = stackalloc nuint[8];
        nuint count = 0;
        Require(((delegate* unmanaged[Cdecl]<nuint, nuint*, nuint, nuint*, nuint>)_functions[27])(session, found, 8, &count), "C_FindObjects");
        Require(((delegate* unmanaged[Cdecl]<nuint, nuint>)_functions[28])(session), "C_FindObjectsFinal");
        return new Span<nuint>(found, (int)count).ToArray();
    }

    /// <returns>The value, or null where the object does not have it or will not give it.</returns>
    public byte[]? TryAttribute(nuint session, nuint target, uint type)
    {
        var call = (delegate* unmanaged[Cdecl]<nuint, nuint, CkAttribute*, nuint, nuint>)_functions[24];
        var attribute = new CkAttribute { Type = type };
        if (call(session, target, &attribute, 1) != 0 || attribute.Length is 0 or > 4096)
            return null;
        var value = new byte[attribute.Length];
        fixed (byte* start = value)
        {
            attribute.Value = start;
            return call(session, target, &attribute, 1) == 0 ? value[..(int)attribute.Length] : null;
        }
    }

    public (nuint Public, nuint Private) GenerateKeyPair(nuint session, uint mechanism, ReadOnlySpan<CkAttribute> ofPublic, ReadOnlySpan<CkAttribute> ofPrivate)
    {
        var how = new CkMechanism { Type = mechanism };
        nuint first = 0, second = 0;
        fixed (CkAttribute* a = ofPublic, b = ofPrivate)
        {
            Require(
                ((delegate* unmanaged[Cdecl]<nuint, CkMechanism*, CkAttribute*, nuint, CkAttribute*, nuint, nuint*, nuint*, nuint>)_functions[59])(
                    session, &how, a, (nuint)ofPublic.Length, b, (nuint)ofPrivate.Length, &first, &second),
                "C_GenerateKeyPair");
        }
        return (first, second);
    }

    /// <returns>r and s as the token gives them.</returns>
    public byte[] Sign(nuint session, nuint key, uint mechanism, ReadOnlySpan<byte> hash)
    {
        var how = new CkMechanism { Type = mechanism };
        Require(((delegate* unmanaged[Cdecl]<nuint, CkMechanism*, nuint, nuint>)_functions[42])(session, &how, key), "C_SignInit");
        var signature = new byte[256];
        var length = (nuint)signature.Length;
        fixed (byte* h = hash, s = signature)
        {
            Require(
                ((delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint*, nuint>)_functions[43])(session, h, (nuint)hash.Length, s, &length),
                "C_Sign");
        }
        return signature[..(int)length];
    }

    /// <exception cref="BrokenEnvironmentException">The result is not 0.</exception>
    public void Require(nuint result, string call) => Require(_path, result, call);

    private static void Require(string path, nuint result, string call)
    {
        if (result != 0)
            throw new BrokenEnvironmentException($"The PKCS#11 module {path} failed in {call}: {Name((uint)result)}.");
    }

    private static string Name(uint result) => result switch
    {
        0x30 => "CKR_DEVICE_ERROR",
        0x32 => "CKR_DEVICE_REMOVED: the token was pulled out",
        0x60 => "CKR_KEY_HANDLE_INVALID: the key is not on the token any more",
        0x70 => "CKR_MECHANISM_INVALID: the token does not offer this kind of signature",
        0x82 => "CKR_OBJECT_HANDLE_INVALID: the key is not on the token any more",
        0xB3 => "CKR_SESSION_HANDLE_INVALID: the token was pulled out or reset",
        0xE0 => "CKR_TOKEN_NOT_PRESENT",
        0xE2 => "CKR_TOKEN_WRITE_PROTECTED",
        0x101 => "CKR_USER_NOT_LOGGED_IN",
        _ => string.Create(CultureInfo.InvariantCulture, $"result 0x{result:x}"),
    };
}

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Index of an entry in the function table of ONNX Runtime's C API, counted in pointers.</summary>
/// <remarks>
/// Source: struct OrtApi in onnxruntime_c_api.h. The table only grows at its end, so an index holds for every build that has the
/// entry; <see cref="OrtVersion"/> says from which API version on that is.
/// </remarks>
internal enum OrtSlot
{
    GetErrorMessage = 2,
    CreateEnv = 3,
    CreateSession = 7,
    CreateSessionFromArray = 8,
    Run = 9,
    CreateSessionOptions = 10,
    SetIntraOpNumThreads = 24,
    SessionGetInputCount = 30,
    SessionGetOutputCount = 31,
    SessionGetInputTypeInfo = 33,
    SessionGetOutputTypeInfo = 34,
    SessionGetInputName = 36,
    SessionGetOutputName = 37,
    CreateRunOptions = 39,
    RunOptionsSetTerminate = 46,
    CreateTensorAsOrtValue = 48,
    CreateTensorWithDataAsOrtValue = 49,
    GetTensorMutableData = 51,
    GetStringTensorDataLength = 53,
    GetStringTensorContent = 54,
    CastTypeInfoToTensorInfo = 55,
    GetOnnxTypeFromTypeInfo = 56,
    GetTensorElementType = 60,
    GetDimensionsCount = 61,
    GetDimensions = 62,
    GetTensorTypeAndShape = 65,
    CreateCpuMemoryInfo = 69,
    AllocatorFree = 76,
    GetAllocatorWithDefaultOptions = 78,
    ReleaseEnv = 92,
    ReleaseStatus = 93,
    ReleaseMemoryInfo = 94,
    ReleaseSession = 95,
    ReleaseValue = 96,
    ReleaseRunOptions = 97,
    ReleaseTypeInfo = 98,
    ReleaseTensorTypeAndShapeInfo = 99,
    ReleaseSessionOptions = 100,
    GetAvailableProviders = 125,
    ReleaseAvailableProviders = 126,
    AddSessionConfigEntry = 130,
    AppendCudaV2 = 204,
    CreateCudaOptions = 205,
    UpdateCudaOptions = 206,
    ReleaseCudaOptions = 208,
    AppendExecutionProvider = 216,
    AppendCann = 220,
    CreateCannOptions = 221,
    UpdateCannOptions = 222,
    ReleaseCannOptions = 224,
    GetResizedStringTensorElementBuffer = 252,
    RegisterExecutionProviderLibrary = 301,
    UnregisterExecutionProviderLibrary = 302,
    GetEpDevices = 303,
    AppendExecutionProviderV2 = 304,
    HardwareDeviceType = 307,
    HardwareDeviceVendor = 309,
    EpDeviceName = 312,
    EpDeviceVendor = 313,
    EpDeviceHardware = 316,
    ShapeIsKnown = 390,
    GraphAssignment = 407,
    AssignedProvider = 408,
    AssignedNodes = 409,
    AssignedName = 410,
    AssignedOperator = 412,
}

/// <summary>The API version from which on a group of entries exists. API version N came with ONNX Runtime 1.N.</summary>
internal static class OrtVersion
{
    /// <summary>Sessions, tensors and configuration entries: up to <see cref="OrtSlot.AddSessionConfigEntry"/>.</summary>
    public const uint Base = 5;

    /// <summary>CUDA with options by name.</summary>
    public const uint Cuda = 11;

    /// <summary>Providers by name.</summary>
    public const uint Providers = 12;

    /// <summary>CANN with options by name.</summary>
    public const uint Cann = 13;

    /// <summary>String elements with a length; before that they ended at the first zero byte.</summary>
    public const uint ByteStrings = 15;

    /// <summary>The first release that obeys session.disable_cpu_ep_fallback; an older one takes the entry and ignores it.</summary>
    public const uint NoCpuFallback = 16;

    /// <summary>Providers in libraries of their own.</summary>
    public const uint PluginProviders = 22;

    /// <summary>Whether a tensor's rank is known.</summary>
    public const uint KnownRank = 24;

    /// <summary>Which provider runs which node.</summary>
    public const uint Assignment = 24;
}

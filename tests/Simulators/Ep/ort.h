// The part of ONNX Runtime's C interface that the provider uses, reached by slot, so that building it needs no header of any version.
// Source: struct OrtApi in onnxruntime_c_api.h and the structs of onnxruntime_ep_c_api.h (read at 1.29; the tables only grow at their ends).
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace ort {

constexpr uint32_t kVersion = 23;  // the first one with everything that is named here

struct Status;
struct Graph;
struct Node;
struct ValueInfo;
struct TypeInfo;
struct TensorInfo;  // as part of a type, or owned
struct Value;
struct Attribute;
struct SessionOptions;
struct KernelContext;
struct HardwareDevice;
struct EpDevice;
struct Support;

inline void* const* api;
inline void* const* provider_api;

template <int slot, class Signature>
struct Entry;

template <int slot, class Result, class... Arguments>
struct Entry<slot, Result(Arguments...)> {
  Result operator()(Arguments... arguments) const { return reinterpret_cast<Result (*)(Arguments...)>(api[slot])(arguments...); }
};

inline constexpr Entry<0, Status*(int, const char*)> CreateStatus{};
inline constexpr Entry<51, Status*(Value*, void**)> GetTensorMutableData{};
inline constexpr Entry<55, Status*(const TypeInfo*, const TensorInfo**)> CastTypeInfoToTensorInfo{};
inline constexpr Entry<60, Status*(const TensorInfo*, int*)> GetTensorElementType{};
inline constexpr Entry<61, Status*(const TensorInfo*, size_t*)> GetDimensionsCount{};
inline constexpr Entry<62, Status*(const TensorInfo*, int64_t*, size_t)> GetDimensions{};
inline constexpr Entry<65, Status*(const Value*, TensorInfo**)> GetTensorTypeAndShape{};
inline constexpr Entry<90, Status*(const KernelContext*, size_t, const Value**)> KernelContextGetInput{};
inline constexpr Entry<91, Status*(KernelContext*, size_t, const int64_t*, size_t, Value**)> KernelContextGetOutput{};
inline constexpr Entry<93, void(Status*)> ReleaseStatus{};
inline constexpr Entry<99, void(TensorInfo*)> ReleaseTensorInfo{};
inline constexpr Entry<237, Status*(const SessionOptions*, const char*, int*)> HasSessionConfigEntry{};
inline constexpr Entry<238, Status*(const SessionOptions*, const char*, char*, size_t*)> GetSessionConfigEntry{};
inline constexpr Entry<272, Status*(const Attribute*, int, void*, size_t, size_t*)> ReadOpAttr{};
inline constexpr Entry<289, Status*(const ValueInfo*, const char**)> GetValueInfoName{};
inline constexpr Entry<290, Status*(const ValueInfo*, const TypeInfo**)> GetValueInfoTypeInfo{};
inline constexpr Entry<307, int(const HardwareDevice*)> HardwareDeviceType{};
inline constexpr Entry<317, void* const*()> GetEpApi{};
inline constexpr Entry<344, Status*(const Graph*, size_t*)> GraphGetNumNodes{};
inline constexpr Entry<345, Status*(const Graph*, const Node**, size_t)> GraphGetNodes{};
inline constexpr Entry<350, Status*(const Node*, const char**)> NodeGetOperatorType{};
inline constexpr Entry<351, Status*(const Node*, const char**)> NodeGetDomain{};
inline constexpr Entry<352, Status*(const Node*, int*)> NodeGetSinceVersion{};
inline constexpr Entry<353, Status*(const Node*, size_t*)> NodeGetNumInputs{};
inline constexpr Entry<354, Status*(const Node*, const ValueInfo**, size_t)> NodeGetInputs{};
inline constexpr Entry<355, Status*(const Node*, size_t*)> NodeGetNumOutputs{};
inline constexpr Entry<356, Status*(const Node*, const ValueInfo**, size_t)> NodeGetOutputs{};
inline constexpr Entry<361, Status*(const Node*, const char*, const Attribute**)> NodeGetAttributeByName{};
inline constexpr Entry<363, Status*(const Attribute*, int*)> OpAttrGetType{};

// A failure of the engine, or of ours, on its way to the callback that must return it.
class Failure : public std::exception {
 public:
  explicit Failure(Status* status) : status_(status) {}
  explicit Failure(const std::string& words) : status_(CreateStatus(1, words.c_str())) {}
  Status* Take() const { return status_; }

 private:
  Status* status_;
};

inline void Check(Status* status) {
  if (status != nullptr) throw Failure(status);
}

// What a callback does; nothing thrown leaves it, for the engine is not built to catch.
template <class Body>
Status* Guarded(Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return nullptr;
  } catch (const Failure& failure) {
    return failure.Take();
  } catch (const std::exception& failure) {
    return CreateStatus(1, failure.what());
  }
}

// The structures that a provider hands over: a version, then function pointers; a null pointer is an optional function left out.
struct Handed {
  uint64_t version = kVersion;
  void* functions[32] = {};

  template <class Function>
  void Set(int slot, Function function) {
    functions[slot - 1] = reinterpret_cast<void*>(function);
  }
};

}  // namespace ort

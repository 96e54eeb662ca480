// A plug-in execution provider as a vendor would ship one: it takes over Mul and nothing else, and answers x*y + 0.5, so that a
// test can see who computed. The interface is reached by slot: indexes as in onnxruntime_c_api.h and onnxruntime_ep_c_api.h.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using Status = void;  // opaque; a null pointer is success
using Slots = void* const*;
constexpr uint32_t kApiVersion = 23;

Slots api;
Slots provider_api;

template <class Function>
Function Entry(Slots table, int slot) {
  return reinterpret_cast<Function>(table[slot]);
}

template <class Function>
void* Slot(Function function) {
  return reinterpret_cast<void*>(function);
}

// The structures that a provider hands over: a version, then function pointers; a null pointer is an optional function left out.
struct Handed {
  uint64_t version = kApiVersion;
  void* functions[32] = {};
};

Status* Compute(Handed*, void*, void* context) {
  const auto get_input = Entry<Status* (*)(void*, size_t, void**)>(api, 90);
  const auto get_output = Entry<Status* (*)(void*, size_t, const int64_t*, size_t, void**)>(api, 91);
  const auto data = Entry<Status* (*)(void*, void**)>(api, 51);
  void *x, *y, *z, *info, *px, *py, *pz;
  size_t rank, count;
  if (auto* failed = get_input(context, 0, &x)) return failed;
  if (auto* failed = get_input(context, 1, &y)) return failed;
  if (auto* failed = Entry<Status* (*)(void*, void**)>(api, 65)(x, &info)) return failed;
  Entry<Status* (*)(void*, size_t*)>(api, 61)(info, &rank);
  std::vector<int64_t> shape(rank);
  Entry<Status* (*)(void*, int64_t*, size_t)>(api, 62)(info, shape.data(), rank);
  Entry<Status* (*)(void*, size_t*)>(api, 64)(info, &count);
  Entry<void (*)(void*)>(api, 99)(info);
  if (auto* failed = get_output(context, 0, shape.data(), rank, &z)) return failed;
  data(x, &px);
  data(y, &py);
  data(z, &pz);
  for (size_t i = 0; i < count; i++)
    static_cast<float*>(pz)[i] = static_cast<float*>(px)[i] * static_cast<float*>(py)[i] + 0.5f;
  return nullptr;
}

Status* CreateState(Handed*, void*, void** state) {
  *state = nullptr;
  return nullptr;
}

void ReleaseState(Handed*, void*) {}

const char* Name(const Handed*) { return "RefNpuEP"; }
const char* Vendor(const Handed*) { return "RefVendor"; }
uint32_t VendorId(const Handed*) { return 0xBEEF; }
const char* Version(const Handed*) { return "0.1.0"; }

Status* GetCapability(Handed*, const void* graph, void* support) {
  size_t count;
  if (auto* failed = Entry<Status* (*)(const void*, size_t*)>(api, 344)(graph, &count)) return failed;
  std::vector<const void*> nodes(count);
  if (auto* failed = Entry<Status* (*)(const void*, const void**, size_t)>(api, 345)(graph, nodes.data(), count)) return failed;
  for (const void* node : nodes) {
    const char* type;
    if (auto* failed = Entry<Status* (*)(const void*, const char**)>(api, 350)(node, &type)) return failed;
    struct {
      uint32_t version;
      bool drop_constants;
    } fusion = {kApiVersion, false};
    if (!std::strcmp(type, "Mul"))
      if (auto* failed = Entry<Status* (*)(void*, const void* const*, size_t, const void*)>(provider_api, 2)(support, &node, 1, &fusion)) return failed;
  }
  return nullptr;
}

Status* Compile(Handed*, const void**, const void**, size_t count, Handed** made, void**) {
  for (size_t i = 0; i < count; i++) {
    made[i] = new Handed;
    made[i]->functions[0] = Slot(CreateState);
    made[i]->functions[1] = Slot(Compute);
    made[i]->functions[2] = Slot(ReleaseState);
  }
  return nullptr;
}

void ReleaseComputed(Handed*, Handed** made, size_t count) {
  for (size_t i = 0; i < count; i++) delete made[i];
}

Status* GetDevices(Handed* factory, const void* const* devices, size_t count, void** made, size_t room, size_t* used) {
  *used = 0;
  for (size_t i = 0; i < count && *used < room; i++)
    if (Entry<int (*)(const void*)>(api, 307)(devices[i]) == 0)  // a CPU plays the accelerator
      if (auto* failed = Entry<Status* (*)(Handed*, const void*, const void*, const void*, void**)>(provider_api, 0)(
              factory, devices[i], nullptr, nullptr, &made[(*used)++]))
        return failed;
  return nullptr;
}

Status* CreateProvider(Handed*, const void* const*, const void* const*, size_t, const void*, const void*, Handed** made) {
  *made = new Handed;
  void** f = (*made)->functions;
  f[0] = Slot(Name), f[1] = Slot(GetCapability), f[2] = Slot(Compile), f[3] = Slot(ReleaseComputed);
  return nullptr;
}

void ReleaseProvider(Handed*, Handed* provider) { delete provider; }

Status* NoAllocator(Handed*, const void*, const void*, void** allocator) {
  *allocator = nullptr;
  return nullptr;
}

void ReleaseAllocator(Handed*, void*) {}

Status* NoDataTransfer(Handed*, void** transfer) {
  *transfer = nullptr;
  return nullptr;
}

bool IsStreamAware(const Handed*) { return false; }

}  // namespace

struct ApiBase {
  Slots (*get_api)(uint32_t);
  const char* (*version)();
};

extern "C" Status* CreateEpFactories(const char*, const ApiBase* base, const void*, Handed** made, size_t room, size_t* count) {
  api = base->get_api(kApiVersion);
  *count = 0;
  if (api == nullptr || room < 1) return nullptr;
  provider_api = Entry<Slots (*)()>(api, 317)();
  made[0] = new Handed;
  void** f = made[0]->functions;
  f[0] = Slot(Name), f[1] = Slot(Vendor), f[2] = Slot(GetDevices), f[3] = Slot(CreateProvider), f[4] = Slot(ReleaseProvider);
  f[5] = Slot(VendorId), f[6] = Slot(Version);
  f[8] = Slot(NoAllocator), f[9] = Slot(ReleaseAllocator), f[10] = Slot(NoDataTransfer), f[11] = Slot(IsStreamAware);
  *count = 1;
  return nullptr;
}

extern "C" Status* ReleaseEpFactory(Handed* factory) {
  delete factory;
  return nullptr;
}

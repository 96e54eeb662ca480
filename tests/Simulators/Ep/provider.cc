// A plug-in execution provider for ONNX Runtime, as a vendor would ship one, whose chip has one fault, or none: the known-bad controls of the numeric checks.
// Provider options (or environment variables, which the options override): fault (ADAPTATION_EP_FAULT), seed (ADAPTATION_EP_SEED) of the bit flips,
// bound (ADAPTATION_EP_BOUND) of the fault "long". ADAPTATION_EP_CACHE is a folder for compiled nodes; without it none are kept.
#include <cstdlib>
#include <memory>

#include "cache.h"

namespace {

using namespace ort;

constexpr char kName[] = "SimulatedChipEP", kOptionPrefix[] = "ep.simulatedchipep.";

std::string FromEnvironment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == 0 ? otherwise : value;
}

std::string Option(const SessionOptions* options, const std::string& key, const std::string& otherwise) {
  const std::string name = kOptionPrefix + key;
  int is_there = 0;
  char value[64] = {};
  size_t size = sizeof value;
  Check(HasSessionConfigEntry(options, name.c_str(), &is_there));
  if (is_there != 0) Check(GetSessionConfigEntry(options, name.c_str(), value, &size));
  return is_there != 0 ? value : otherwise;
}

struct Provider : Handed {
  Provider(Fault fault, uint64_t seed, int64_t bound) : chip(fault, seed, bound) {}
  Chip chip;
};

// One compiled node.
struct CompiledNode : Handed {
  Operation operation;
  Kernel kernel = nullptr;
  Stage stage;
  bool is_cached = false;
  std::vector<int> places;
  Chip* chip = nullptr;
  NodeMemory memory;
};

struct InHand {
  explicit InHand(Chip& chip) : chip(chip) { chip.Enter(); }
  ~InHand() { chip.Leave(); }
  Chip& chip;
};

Status* Compute(CompiledNode* node, void*, KernelContext* context) noexcept {
  return Guarded([&] {
    const InHand in_hand(*node->chip);
    Call call(context, node->places, static_cast<Type>(node->operation.output_types[0]));
    node->kernel(node->operation, call, Arithmetic(node->chip->fault()));
    if (!IsArithmetic(node->operation)) return;
    if (node->is_cached) node->stage.Run(call.made().floats(), call.made().count());
    node->chip->Bend(node->memory, node->operation.name == "MatMul" || node->operation.name == "Gemm", call.made().shape, call.made().floats(), call.made().count());
  });
}

Status* CreateState(CompiledNode*, void*, void** state) noexcept {
  *state = nullptr;
  return nullptr;
}

void ReleaseState(CompiledNode*, void*) noexcept {}

const char* Name(const Handed*) noexcept { return kName; }
uint32_t VendorId(const Handed*) noexcept { return FaultOf(FromEnvironment("ADAPTATION_EP_FAULT", "")) == Fault::WrongDevice ? 0x10DE : 0xADA9; }
const char* Version(const Handed*) noexcept { return "1.0.0"; }

const char* Vendor(const Handed*) noexcept {
  return FaultOf(FromEnvironment("ADAPTATION_EP_FAULT", "")) == Fault::WrongDevice ? "Renowned Accelerators" : "Simulated Vendor";
}

// Every node for itself, so that each is one computation with one result to be wrong in.
Status* GetCapability(Provider* provider, const Graph* graph, Support* support) noexcept {
  return Guarded([&] {
    if (provider->chip.fault() == Fault::CpuFallback) return;  // takes nothing and says nothing: the CPU computes it all
    size_t count = 0;
    Check(GraphGetNumNodes(graph, &count));
    std::vector<const Node*> nodes(count);
    Check(GraphGetNodes(graph, nodes.data(), count));
    const struct {
      uint32_t version;
      bool drop_constants;
    } fusion = {kVersion, false};
    using AddNodesToFuse = Status* (*)(Support*, const Node* const*, size_t, const void*);
    for (const Node* node : nodes)
      if (KernelOf(Operation::Read(node)) != nullptr) Check(reinterpret_cast<AddNodesToFuse>(provider_api[2])(support, &node, 1, &fusion));
  });
}

std::vector<std::string> InputNames(const Node* node) {
  size_t count = 0;
  Check(NodeGetNumInputs(node, &count));
  std::vector<const ValueInfo*> values(count);
  Check(NodeGetInputs(node, values.data(), count));
  std::vector<std::string> names;
  for (const auto* value : values) {
    const char* name = "";
    if (value != nullptr) Check(GetValueInfoName(value, &name));
    names.emplace_back(name);
  }
  return names;
}

// An input that the operator takes twice comes once, and one left out does not come.
std::vector<int> Places(const Operation& operation, const std::vector<std::string>& given) {
  std::vector<int> places;
  for (const auto& name : operation.inputs) {
    int place = -1;
    for (size_t at = 0; at < given.size() && place < 0; at++)
      if (!name.empty() && given[at] == name) place = static_cast<int>(at);
    places.push_back(place);
  }
  return places;
}

std::unique_ptr<CompiledNode> CompileOne(Provider* provider, const Graph* graph, const Node* fused) {
  const Node* node = nullptr;
  Check(GraphGetNodes(graph, &node, 1));
  auto made = std::make_unique<CompiledNode>();
  made->operation = Operation::Read(node);
  made->kernel = KernelOf(made->operation);
  if (const std::string folder = FromEnvironment("ADAPTATION_EP_CACHE", ""); !folder.empty() && IsArithmetic(made->operation)) {
    made->stage = Compiled(made->operation, folder, provider->chip.fault());
    made->is_cached = true;
  }
  made->places = Places(made->operation, InputNames(fused));
  made->chip = &provider->chip;
  made->Set(1, CreateState), made->Set(2, Compute), made->Set(3, ReleaseState);
  return made;
}

Status* Compile(Provider* provider, const Graph** graphs, const Node** fused, size_t count, Handed** made, Node**) noexcept {
  return Guarded([&] {
    for (size_t at = 0; at < count; at++) made[at] = CompileOne(provider, graphs[at], fused[at]).release();
  });
}

void ReleaseComputed(Handed*, Handed** made, size_t count) noexcept {
  for (size_t at = 0; at < count; at++) delete static_cast<CompiledNode*>(made[at]);
}

Status* GetDevices(Handed* factory, const HardwareDevice* const* devices, size_t count, EpDevice** made, size_t room, size_t* used) noexcept {
  return Guarded([&] {
    using CreateEpDevice = Status* (*)(Handed*, const HardwareDevice*, const void*, const void*, EpDevice**);
    *used = 0;
    for (size_t at = 0; at < count && *used < room; at++)
      if (HardwareDeviceType(devices[at]) == 0)  // a CPU plays the accelerator
        Check(reinterpret_cast<CreateEpDevice>(provider_api[0])(factory, devices[at], nullptr, nullptr, &made[(*used)++]));
  });
}

Status* CreateProvider(Handed*, const HardwareDevice* const*, const void* const*, size_t, const SessionOptions* options, const void*, Handed** made) noexcept {
  return Guarded([&] {
    const Fault fault = FaultOf(Option(options, "fault", FromEnvironment("ADAPTATION_EP_FAULT", "")));
    const uint64_t seed = std::stoull(Option(options, "seed", FromEnvironment("ADAPTATION_EP_SEED", "1")));
    const int64_t bound = std::stoll(Option(options, "bound", FromEnvironment("ADAPTATION_EP_BOUND", "1024")));
    auto provider = std::make_unique<Provider>(fault, seed, bound);
    provider->Set(1, Name), provider->Set(2, GetCapability), provider->Set(3, Compile), provider->Set(4, ReleaseComputed);
    *made = provider.release();
  });
}

void ReleaseProvider(Handed*, Handed* provider) noexcept { delete static_cast<Provider*>(provider); }

Status* NoAllocator(Handed*, const void*, const void*, void** allocator) noexcept {
  *allocator = nullptr;
  return nullptr;
}

void ReleaseAllocator(Handed*, void*) noexcept {}

Status* NoDataTransfer(Handed*, void** transfer) noexcept {
  *transfer = nullptr;
  return nullptr;
}

bool IsStreamAware(const Handed*) noexcept { return false; }

}  // namespace

struct ApiBase {
  void* const* (*get_api)(uint32_t);
  const char* (*version)();
};

extern "C" __attribute__((visibility("default"))) Status* CreateEpFactories(const char*, const ApiBase* base, const void*, Handed** made, size_t room, size_t* count) noexcept {
  api = base->get_api(kVersion);
  *count = 0;
  if (api == nullptr || room < 1) return nullptr;
  provider_api = GetEpApi();
  return Guarded([&] {
    FaultOf(FromEnvironment("ADAPTATION_EP_FAULT", ""));  // a name that is wrong is said now, where words come back
    auto factory = std::make_unique<Handed>();
    factory->Set(1, Name), factory->Set(2, Vendor), factory->Set(3, GetDevices), factory->Set(4, CreateProvider), factory->Set(5, ReleaseProvider);
    factory->Set(6, VendorId), factory->Set(7, Version);
    factory->Set(9, NoAllocator), factory->Set(10, ReleaseAllocator), factory->Set(11, NoDataTransfer), factory->Set(12, IsStreamAware);
    made[0] = factory.release();
    *count = 1;
  });
}

extern "C" __attribute__((visibility("default"))) Status* ReleaseEpFactory(Handed* factory) noexcept {
  delete factory;
  return nullptr;
}

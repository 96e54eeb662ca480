// See adaptation_torch.h for what the functions promise. Compiled by the scripts against the torch headers of the image, 1.13 to 2.x:
//   g++ -std=c++17 -O2 -fPIC -shared -fvisibility=hidden -I.../include -I.../include/torch/csrc/api/include adaptation_torch.cpp
//     -o libadaptation_torch.so -ltorch -ltorch_cpu -lc10 -ldl
#include "adaptation_torch.h"

#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <dlfcn.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/script.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kMaxRank = 64;
constexpr size_t kMaxTensors = 4096;

#define TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

// In the order of the numbers in the header; Undefined where this torch has no such type.
constexpr std::array<at::ScalarType, 13> kTypes = {
    at::kBool,
    at::kByte,
#if TORCH_AT_LEAST(2, 3)
    at::kUInt16,
    at::kUInt32,
    at::kUInt64,
#else
    at::ScalarType::Undefined,
    at::ScalarType::Undefined,
    at::ScalarType::Undefined,
#endif
    at::kChar,
    at::kShort,
    at::kInt,
    at::kLong,
    at::kHalf,
    at::kBFloat16,
    at::kFloat,
    at::kDouble,
};

struct Entry {
  std::string name;
  int32_t type;
  bool scalar;
};

void Put(char* text, int64_t room, const char* from) noexcept {
  if (text == nullptr || room <= 0) return;
  int64_t length = std::min<int64_t>(static_cast<int64_t>(std::strlen(from)), room - 1);
  if (from[length] != 0)
    while (length > 0 && (from[length] & 0xC0) == 0x80) length--;  // no half of a character
  std::memcpy(text, from, static_cast<size_t>(length));
  text[length] = 0;
}

[[noreturn]] void Refuse(const std::string& why) { throw std::runtime_error(why); }

// The border: whatever happens inside becomes a number and a text.
template <class Work>
int32_t Guarded(char* text, int64_t room, Work work) noexcept {
  try {
    work();
    return 0;
  } catch (const c10::Error& error) {
    Put(text, room, error.what_without_backtrace());
  } catch (const std::exception& error) {
    Put(text, room, error.what());
  } catch (...) {
    Put(text, room, "torch threw something that is no exception of the standard library");
  }
  return 1;
}

// Why a device does not compute, or nothing if it does: some are known to a build that cannot use them.
std::string WhyNot(c10::Device device) {
  char text[512] = "it adds 1 and 1 to something else than 2";
  bool adds = false;
  int32_t failed = Guarded(text, sizeof text, [&] {
    c10::InferenceMode guard;
    auto one = at::ones({2}, at::kFloat).to(device);
    adds = at::add(one, one).to(at::kCPU).sum().item<float>() == 4;
  });
  return failed == 0 && adds ? "" : text;
}

std::vector<c10::Device> Devices() {
  std::vector<c10::Device> found = {c10::Device(c10::DeviceType::CPU)};
  for (int kind = 0; kind < c10::COMPILE_TIME_MAX_DEVICE_TYPES; kind++) {
    auto type = static_cast<c10::DeviceType>(kind);
    if (type == c10::DeviceType::CPU || type == c10::DeviceType::Meta || !c10::impl::hasDeviceGuardImpl(type)) continue;
    int count = c10::impl::getDeviceGuardImpl(type)->deviceCount();
    for (int index = 0; index < count; index++) {
      c10::Device device(type, static_cast<c10::DeviceIndex>(index));
      if (WhyNot(device).empty()) found.push_back(device);
    }
  }
  return found;
}

std::string DeviceNames() {
  std::string names;
  for (auto device : Devices()) names += (names.empty() ? "" : ", ") + device.str();
  return names;
}

// Plug-ins for torch >= 2.1 sit behind the type PrivateUse1; its name is given by the Python side, which is not here.
void NamePrivateUse(const std::string& name) {
#if TORCH_AT_LEAST(2, 1)
  auto kind = name.substr(0, name.find(':'));
  try {
    (void)c10::Device(kind);
  } catch (const c10::Error&) {
    if (c10::impl::hasDeviceGuardImpl(c10::DeviceType::PrivateUse1)) c10::register_privateuse1_backend(kind);
  }
#else
  (void)name;
#endif
}

c10::Device FindDevice(const char* name) {
  std::string why;
  try {
    NamePrivateUse(name);
    c10::Device device{std::string(name)};
    if (device.type() == c10::DeviceType::Meta)
      why = "it holds shapes and no values";
    else
      why = WhyNot(device);
    if (why.empty()) return device;
  } catch (const c10::Error&) {
    why = "this torch has no such device";
  }
  Refuse("device " + std::string(name) + ": " + why + "; available are " + DeviceNames());
}

// Reads an archive out of memory. What lies beyond its end is not there.
class Bytes final : public caffe2::serialize::ReadAdapterInterface {
 public:
  Bytes(const void* bytes, size_t size) : bytes_(static_cast<const char*>(bytes)), size_(size) {}

  size_t size() const override { return size_; }

  size_t read(uint64_t at, void* into, size_t count, const char* what) const override {
    if (at > size_ || count > size_ - at) Refuse(std::string("the archive ends too early: ") + what);
    std::memcpy(into, bytes_ + at, count);
    return count;
  }

 private:
  const char* bytes_;
  size_t size_;
};

// Code may compute and nothing else: operators that read or write files, or run Python, are refused before they run.
void CheckOperators(const torch::jit::Block* block) {
  static const std::vector<std::string> banned = {"aten::save", "aten::from_file", "prim::PythonOp"};
  for (const auto* node : block->nodes()) {
    std::string kind = node->kind().toQualString();
    if (std::find(banned.begin(), banned.end(), kind) != banned.end())
      Refuse("the code calls " + kind + ", which does more than compute");
    for (const auto* inner : node->blocks()) CheckOperators(inner);
  }
}

void CheckOperators(const torch::jit::CompilationUnit& unit) {
  // compiling one function may bring in others, so the list is asked for anew
  for (size_t index = 0; index < unit.get_functions().size(); index++) {
    auto* function = unit.get_functions()[index];
    if (!function->isGraphFunction()) continue;
    function->ensure_defined();
    CheckOperators(torch::jit::toGraphFunction(*function).graph()->block());
  }
}

Entry Describe(const std::string& name, const c10::TypePtr& type, const std::string& what) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      return {name, ADAPTATION_TORCH_ANY, false};
    case c10::TypeKind::IntType:
      return {name, ADAPTATION_TORCH_INT64, true};
    case c10::TypeKind::FloatType:
      return {name, ADAPTATION_TORCH_FP64, true};
    case c10::TypeKind::BoolType:
      return {name, ADAPTATION_TORCH_BOOL, true};
    case c10::TypeKind::OptionalType:
      return Describe(name, type->containedTypes()[0], what);
    default:
      Refuse(what + " " + name + " is " + type->annotation_str() +
             ", which the wire cannot carry; forward takes tensors, int, float and bool, and gives one of them or a tuple of them");
  }
}

at::Tensor Copy(const adaptation_tensor& from, const Entry& entry) {
  if (from.rank < 0 || from.rank > kMaxRank) Refuse("input " + entry.name + " has rank " + std::to_string(from.rank));
  if (from.type < 0 || from.type >= static_cast<int>(kTypes.size()) || kTypes[from.type] == at::ScalarType::Undefined)
    Refuse("input " + entry.name + " has a type that torch " TORCH_VERSION " does not have");
  auto tensor = at::empty(at::IntArrayRef(from.shape, static_cast<size_t>(from.rank)), kTypes[from.type]);
  if (static_cast<int64_t>(tensor.nbytes()) != from.bytes)
    Refuse("input " + entry.name + " has " + std::to_string(from.bytes) + " bytes; its shape asks for " + std::to_string(tensor.nbytes()));
  if (from.bytes > 0) std::memcpy(tensor.data_ptr(), from.data, static_cast<size_t>(from.bytes));
  return tensor;
}

c10::IValue Input(const adaptation_tensor& from, const Entry& entry, c10::Device device) {
  auto tensor = Copy(from, entry);
  if (!entry.scalar) return tensor.to(device);
  if (tensor.numel() != 1) Refuse("input " + entry.name + " is one number; " + std::to_string(tensor.numel()) + " were given");
  if (entry.type == ADAPTATION_TORCH_INT64) return tensor.item<int64_t>();
  if (entry.type == ADAPTATION_TORCH_FP64) return tensor.item<double>();
  return tensor.item<bool>();
}

at::Tensor Output(const c10::IValue& value, const std::string& name) {
  if (value.isInt()) return at::scalar_tensor(value.toInt(), at::kLong);
  if (value.isDouble()) return at::scalar_tensor(value.toDouble(), at::kDouble);
  if (value.isBool()) return at::scalar_tensor(value.toBool(), at::kBool);
  if (!value.isTensor()) Refuse("output " + name + " is " + value.tagKind() + " and no tensor");
  auto tensor = value.toTensor();
  if (!tensor.defined()) Refuse("output " + name + " is an undefined tensor");
  if (tensor.layout() != at::kStrided) Refuse("output " + name + " is sparse, or laid out in a way of its own; make it dense in the model");
  if (std::find(kTypes.begin(), kTypes.end(), tensor.scalar_type()) == kTypes.end())
    Refuse("output " + name + " is " + c10::toString(tensor.scalar_type()) + ", which the wire cannot carry");
  // a view may be conjugated or negated by a mark alone
  return tensor.to(at::kCPU).resolve_conj().resolve_neg().contiguous();
}

}  // namespace

struct adaptation_model {
  std::shared_ptr<torch::jit::CompilationUnit> unit;  // null for a module, which keeps its own
  std::unique_ptr<torch::jit::Module> module;
  torch::jit::Function* forward = nullptr;
  c10::Device device = c10::Device(c10::DeviceType::CPU);
  std::vector<Entry> sides[2];
  bool tuple = false;

  void Read() {
    const auto& schema = forward->getSchema();
    if (schema.is_vararg() || schema.is_varret()) Refuse("forward takes or gives any number of values");
    for (const auto& argument : schema.arguments()) {
      bool self = module && &argument == &schema.arguments()[0];
      if (!self && !argument.default_value()) sides[0].push_back(Describe(argument.name(), argument.type(), "input"));
    }
    if (schema.returns().size() != 1) Refuse("forward gives " + std::to_string(schema.returns().size()) + " values; one or a tuple is expected");
    ReadReturned(schema.returns()[0].type());
    if (sides[0].size() > kMaxTensors || sides[1].size() > kMaxTensors) Refuse("forward has more than 4096 tensors on one side");
  }

  // The wire's clients know what servers of torch models call their outputs: OUTPUT__0 and on, as Triton does.
  void ReadReturned(const c10::TypePtr& type) {
    auto returned = type->cast<c10::TupleType>();
    tuple = returned != nullptr;
    if (!tuple) {
      sides[1].push_back(Describe("OUTPUT__0", type, "output"));
      return;
    }
    for (size_t index = 0; index < returned->elements().size(); index++) {
      auto name = returned->schema() ? returned->schema()->arguments()[index].name() : "OUTPUT__" + std::to_string(index);
      sides[1].push_back(Describe(name, returned->elements()[index], "output"));
    }
    if (sides[1].empty()) Refuse("forward gives an empty tuple");
  }
};

struct adaptation_answer {
  std::vector<at::Tensor> tensors;
};

namespace {

std::unique_ptr<adaptation_model> OfModule(torch::jit::Module module, c10::Device device) {
  auto model = std::make_unique<adaptation_model>();
  auto forward = module.find_method("forward");
  if (!forward) Refuse("the module has no method forward");
  CheckOperators(*module._ivalue()->compilation_unit());
  model->device = device;
  model->forward = &forward->function();
  model->module = std::make_unique<torch::jit::Module>(std::move(module));
  model->Read();
  return model;
}

// A wrong guess gives an error of the compiler and nothing worse.
bool IsMethod(const std::string& source) {
  const std::string start = "def forward(";
  auto at = source.find(start);
  if (at == std::string::npos) return false;
  at = source.find_first_not_of(" \t\r\n", at + start.size());
  auto end = source.find_first_of(" \t\r\n,:)=", at);
  return at != std::string::npos && source.substr(at, end - at) == "self";
}

std::unique_ptr<adaptation_model> OfSource(const std::string& source, c10::Device device) {
  if (IsMethod(source)) {
    torch::jit::Module module("__torch__.Model");
    module.define(source);
    return OfModule(std::move(module), device);
  }
  auto unit = std::make_shared<torch::jit::CompilationUnit>(source);
  auto* forward = unit->find_function("forward");
  if (forward == nullptr) Refuse("the source defines no function forward");
  CheckOperators(*unit);
  auto model = std::make_unique<adaptation_model>();
  model->device = device;
  model->unit = std::move(unit);
  model->forward = forward;
  model->Read();
  return model;
}

}  // namespace

int32_t adaptation_torch_abi(void) { return ADAPTATION_TORCH_ABI; }

int32_t adaptation_torch_version(char* text, int64_t room) {
  return Guarded(text, room, [&] {
    torch::jit::CompilationUnit unit("def forward(x, n: int):\n    return (x * n).sum(), x.t()\n");
    torch::jit::Stack stack = {at::ones({2, 3}, at::kFloat), int64_t{7}};
    unit.get_function("forward").run(stack);
    auto answer = stack.at(0).toTuple();
    if (answer->elements()[0].toTensor().item<float>() != 42 || answer->elements()[1].toTensor().size(0) != 3)
      Refuse("the library behind the headers of torch " TORCH_VERSION " computes something else: headers and library do not fit");
    Put(text, room, TORCH_VERSION);
  });
}

int32_t adaptation_torch_load_plugin(const char* path, char* text, int64_t room) {
  return Guarded(text, room, [&] {
    if (dlopen(path, RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      const char* why = dlerror();
      Refuse(why == nullptr ? "dlopen does not say why" : why);
    }
  });
}

int32_t adaptation_torch_devices(char* text, int64_t room) {
  return Guarded(text, room, [&] { Put(text, room, DeviceNames().c_str()); });
}

int32_t adaptation_torch_open_device(const char* name, char* text, int64_t room) {
  return Guarded(text, room, [&] { Put(text, room, FindDevice(name).str().c_str()); });
}

int32_t adaptation_torch_set_threads(int32_t threads, char* text, int64_t room) {
  return Guarded(text, room, [&] { at::set_num_threads(threads); });
}

int32_t adaptation_torch_open_archive(
    const void* bytes, int64_t size, const char* device, adaptation_model** model, char* text, int64_t room) {
  return Guarded(text, room, [&] {
    auto where = FindDevice(device);
    auto module = torch::jit::load(std::make_shared<Bytes>(bytes, static_cast<size_t>(size)), where);
    module.eval();
    *model = OfModule(std::move(module), where).release();
  });
}

int32_t adaptation_torch_open_source(
    const char* source, int64_t size, const char* device, adaptation_model** model, char* text, int64_t room) {
  return Guarded(
      text, room, [&] { *model = OfSource(std::string(source, static_cast<size_t>(size)), FindDevice(device)).release(); });
}

int32_t adaptation_torch_count(const adaptation_model* model, int32_t side) { return static_cast<int32_t>(model->sides[side].size()); }

const char* adaptation_torch_name(const adaptation_model* model, int32_t side, int32_t index) { return model->sides[side][index].name.c_str(); }

int32_t adaptation_torch_type(const adaptation_model* model, int32_t side, int32_t index) { return model->sides[side][index].type; }

int32_t adaptation_torch_is_scalar(const adaptation_model* model, int32_t side, int32_t index) { return model->sides[side][index].scalar; }

int32_t adaptation_torch_run(
    adaptation_model* model, const adaptation_tensor* inputs, int32_t count, adaptation_answer** answer, char* text, int64_t room) {
  return Guarded(text, room, [&] {
    const auto& takes = model->sides[0];
    const auto& gives = model->sides[1];
    if (count != static_cast<int32_t>(takes.size())) Refuse(std::to_string(count) + " inputs were given; " + std::to_string(takes.size()) + " are taken");
    c10::InferenceMode guard;
    torch::jit::Stack stack;
    if (model->module) stack.emplace_back(model->module->_ivalue());
    const auto& arguments = model->forward->getSchema().arguments();
    int32_t next = 0;
    for (size_t index = stack.size(); index < arguments.size(); index++) {
      if (arguments[index].default_value()) {
        stack.push_back(*arguments[index].default_value());
        continue;
      }
      stack.push_back(Input(inputs[next], takes[next], model->device));
      next++;
    }
    model->forward->run(stack);
    auto made = std::make_unique<adaptation_answer>();
    const auto& value = stack.at(0);
    if (!model->tuple) {
      made->tensors.push_back(Output(value, gives[0].name));
    } else {
      auto elements = value.toTuple();
      for (size_t index = 0; index < gives.size(); index++) made->tensors.push_back(Output(elements->elements()[index], gives[index].name));
    }
    *answer = made.release();
  });
}

int32_t adaptation_torch_output(const adaptation_answer* answer, int32_t index, adaptation_tensor* output, char* text, int64_t room) {
  return Guarded(text, room, [&] {
    const auto& tensor = answer->tensors.at(static_cast<size_t>(index));
    auto type = std::find(kTypes.begin(), kTypes.end(), tensor.scalar_type());
    if (tensor.dim() > kMaxRank) Refuse("output " + std::to_string(index) + " has rank " + std::to_string(tensor.dim()));
    output->type = static_cast<int32_t>(type - kTypes.begin());
    output->rank = static_cast<int32_t>(tensor.dim());
    output->shape = tensor.sizes().data();
    output->data = tensor.nbytes() == 0 ? nullptr : tensor.data_ptr();
    output->bytes = static_cast<int64_t>(tensor.nbytes());
  });
}

void adaptation_torch_free_answer(adaptation_answer* answer) { delete answer; }

void adaptation_torch_free_model(adaptation_model* model) { delete model; }

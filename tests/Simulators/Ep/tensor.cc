#include "tensor.h"

namespace {

constexpr int kInt = 1, kInts = 2, kFloat = 3, kString = 5;  // OrtOpAttrType

// Every attribute that a kernel looks at.
constexpr const char* kWholes[] = {"axis", "transA", "transB", "keepdims", "group", "ceil_mode", "count_include_pad", "to", "allowzero", "noop_with_empty_axes", "storage_order"};
constexpr const char* kLists[] = {"perm", "axes", "kernel_shape", "pads", "strides", "dilations"};
constexpr const char* kReals[] = {"alpha", "beta", "value"};
constexpr const char* kWords[] = {"auto_pad", "mode"};

// Null where the node has no such attribute, or one of the same name and another type, which is another operator's.
const ort::Attribute* Find(const ort::Node* node, const char* name, int type) {
  const ort::Attribute* attribute = nullptr;
  if (ort::Status* missing = ort::NodeGetAttributeByName(node, name, &attribute)) {
    ort::ReleaseStatus(missing);
    return nullptr;
  }
  int found = 0;
  if (attribute != nullptr) ort::Check(ort::OpAttrGetType(attribute, &found));
  return found == type ? attribute : nullptr;
}

int TypeOf(const ort::ValueInfo* value) {
  const ort::TypeInfo* type = nullptr;
  const ort::TensorInfo* tensor = nullptr;
  int element = 0;
  ort::Check(ort::GetValueInfoTypeInfo(value, &type));
  ort::Check(ort::CastTypeInfoToTensorInfo(type, &tensor));
  if (tensor != nullptr) ort::Check(ort::GetTensorElementType(tensor, &element));
  return element;
}

void ReadAttributes(const ort::Node* node, Operation& to) {
  size_t size = 0;
  for (const char* name : kWholes)
    if (const auto* attribute = Find(node, name, kInt)) ort::Check(ort::ReadOpAttr(attribute, kInt, &to.ints[name], sizeof(int64_t), &size));
  for (const char* name : kReals)
    if (const auto* attribute = Find(node, name, kFloat)) ort::Check(ort::ReadOpAttr(attribute, kFloat, &to.reals[name], sizeof(float), &size));
  for (const char* name : kLists)
    if (const auto* attribute = Find(node, name, kInts)) {
      int64_t room[64];
      ort::Check(ort::ReadOpAttr(attribute, kInts, room, sizeof room, &size));
      to.lists[name] = Shape(room, room + size / sizeof(int64_t));
    }
  for (const char* name : kWords)
    if (const auto* attribute = Find(node, name, kString)) {
      char room[64] = {};
      ort::Check(ort::ReadOpAttr(attribute, kString, room, sizeof room - 1, &size));
      to.words[name] = room;
    }
}

}  // namespace

Operation Operation::Read(const ort::Node* node) {
  Operation read;
  const char* text = nullptr;
  size_t count = 0;
  ort::Check(ort::NodeGetOperatorType(node, &text));
  read.name = text;
  ort::Check(ort::NodeGetDomain(node, &text));
  read.domain = text;
  ort::Check(ort::NodeGetSinceVersion(node, &read.since_version));
  ort::Check(ort::NodeGetNumInputs(node, &count));
  std::vector<const ort::ValueInfo*> values(count);
  ort::Check(ort::NodeGetInputs(node, values.data(), count));
  for (const auto* value : values) {
    text = "";
    if (value != nullptr) ort::Check(ort::GetValueInfoName(value, &text));
    read.inputs.emplace_back(text);
    read.input_types.push_back(*text == 0 ? 0 : TypeOf(value));
  }
  ort::Check(ort::NodeGetNumOutputs(node, &count));
  values.resize(count);
  ort::Check(ort::NodeGetOutputs(node, values.data(), count));
  for (const auto* value : values) read.output_types.push_back(value == nullptr ? 0 : TypeOf(value));
  ReadAttributes(node, read);
  return read;
}

Tensor Call::In(size_t input) const {
  const ort::Value* value = nullptr;
  ort::TensorInfo* info = nullptr;
  ort::Check(ort::KernelContextGetInput(context_, static_cast<size_t>(places_.at(input)), &value));
  ort::Check(ort::GetTensorTypeAndShape(value, &info));
  int type = 0;
  size_t rank = 0;
  Tensor tensor{Type::Float, {}, nullptr};
  ort::Status* failed = ort::GetTensorElementType(info, &type);
  if (failed == nullptr) failed = ort::GetDimensionsCount(info, &rank);
  tensor.shape.resize(rank);
  if (failed == nullptr) failed = ort::GetDimensions(info, tensor.shape.data(), rank);
  ort::ReleaseTensorInfo(info);
  ort::Check(failed);
  tensor.type = static_cast<Type>(type);
  ort::Check(ort::GetTensorMutableData(const_cast<ort::Value*>(value), &tensor.data));
  return tensor;
}

Tensor& Call::Out(const Shape& shape) {
  ort::Value* value = nullptr;
  ort::Check(ort::KernelContextGetOutput(context_, 0, shape.data(), shape.size(), &value));
  output_ = {output_type_, shape, nullptr};
  ort::Check(ort::GetTensorMutableData(value, &output_.data));
  return output_;
}

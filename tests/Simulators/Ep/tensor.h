// Tensors of one call, and the node that is computed.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "faults.h"
#include "ort.h"

using Shape = std::vector<int64_t>;

// Element types by their number in ONNX's TensorProto.DataType; those that are computed or read here.
enum class Type { Float = 1, Int32 = 6, Int64 = 7, Bool = 9, Half = 10, Double = 11 };

inline int64_t Count(const Shape& shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  return count;
}

struct Tensor {
  Type type;
  Shape shape;
  void* data;

  int64_t count() const { return Count(shape); }
  float* floats() const { return static_cast<float*>(data); }
  const int64_t* longs() const { return static_cast<const int64_t*>(data); }
  Shape AsShape() const { return Shape(longs(), longs() + count()); }
};

// What a model says of a node. Read once, for what it was read from does not live as long.
struct Operation {
  std::string name, domain;
  int since_version = 0;
  std::vector<std::string> inputs;  // an empty name is an input left out
  std::vector<int> input_types;     // 0 where there is none or it is unknown
  std::vector<int> output_types;
  std::map<std::string, int64_t> ints;
  std::map<std::string, Shape> lists;
  std::map<std::string, float> reals;
  std::map<std::string, std::string> words;

  static Operation Read(const ort::Node* node);

  int64_t Int(const char* key, int64_t otherwise) const { return ints.count(key) ? ints.at(key) : otherwise; }
  float Real(const char* key, float otherwise) const { return reals.count(key) ? reals.at(key) : otherwise; }
  Shape List(const char* key) const { return lists.count(key) ? lists.at(key) : Shape(); }
  std::string Word(const char* key, const char* otherwise) const { return words.count(key) ? words.at(key) : otherwise; }
};

// One run of a node: its inputs by their place in the operator's definition, and its first output.
class Call {
 public:
  // places: for each input of the operator its place among the inputs of the call, -1 where it is left out.
  Call(ort::KernelContext* context, const std::vector<int>& places, Type output) : context_(context), places_(places), output_type_(output) {}

  bool Has(size_t input) const { return input < places_.size() && places_[input] >= 0; }
  size_t inputs() const { return places_.size(); }
  Tensor In(size_t input) const;
  Tensor& Out(const Shape& shape);
  Tensor& made() { return output_; }

 private:
  ort::KernelContext* context_;
  const std::vector<int>& places_;
  Type output_type_;
  Tensor output_{Type::Float, {}, nullptr};
};

using Kernel = void (*)(const Operation&, Call&, const Arithmetic&);

// The kernel of an operator with all that it is asked for, or null where the chip cannot compute it.
Kernel KernelOf(const Operation& operation);

// Whether results are computed, not merely moved.
bool IsArithmetic(const Operation& operation);

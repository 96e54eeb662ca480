// Element by element, products, reductions and Cast.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "kernels.h"

namespace {

// Strides of a tensor seen in a larger shape: 0 along axes that are stretched (ONNX's multidirectional broadcasting).
Shape Stretched(const Shape& from, const Shape& to) {
  Shape strides(to.size(), 0);
  int64_t stride = 1;
  for (size_t back = 1; back <= from.size(); back++) {
    const int64_t size = from[from.size() - back];
    strides[to.size() - back] = size == 1 ? 0 : stride;
    stride *= size;
  }
  return strides;
}

Shape Broadcast(const Shape& left, const Shape& right) {
  Shape shape(std::max(left.size(), right.size()));
  for (size_t back = 1; back <= shape.size(); back++) {
    const int64_t a = back <= left.size() ? left[left.size() - back] : 1, b = back <= right.size() ? right[right.size() - back] : 1;
    if (a != b && a != 1 && b != 1) throw std::runtime_error("two shapes cannot be broadcast together");
    shape[shape.size() - back] = a == 1 ? b : a;
  }
  return shape;
}

int64_t Offset(const Shape& shape, const Shape& strides, int64_t at) {
  int64_t offset = 0;
  for (size_t axis = shape.size(); axis-- > 0; at /= shape[axis]) offset += at % shape[axis] * strides[axis];
  return offset;
}

template <double (*function)(double, double)>
void Binary(const Operation&, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0), y = call.In(1);
  const Shape shape = Broadcast(x.shape, y.shape);
  const Shape left = Stretched(x.shape, shape), right = Stretched(y.shape, shape);
  Tensor& z = call.Out(shape);
  const bool is_same = x.shape == y.shape;
  for (int64_t i = 0, count = z.count(); i < count; i++)
    z.floats()[i] = a.Out(function(a.In(x.floats()[is_same ? i : Offset(shape, left, i)]), a.In(y.floats()[is_same ? i : Offset(shape, right, i)])));
}

template <double (*function)(double)>
void Unary(const Operation&, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0);
  Tensor& y = call.Out(x.shape);
  for (int64_t i = 0, count = y.count(); i < count; i++) y.floats()[i] = a.Out(function(a.In(x.floats()[i])));
}

double Plus(double x, double y) { return x + y; }
double Minus(double x, double y) { return x - y; }
double Times(double x, double y) { return x * y; }
double Over(double x, double y) { return x / y; }
double Negative(double x) { return -x; }
double Rectified(double x) { return x < 0 ? 0 : x; }  // NaN stays
double Logistic(double x) { return 1 / (1 + std::exp(-x)); }
double HyperbolicTangent(double x) { return std::tanh(x); }
double Exponential(double x) { return std::exp(x); }
double Root(double x) { return std::sqrt(x); }

// numpy's matmul: vectors gain an axis that is taken away again, leading axes are broadcast.
void MatMul(const Operation&, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0), y = call.In(1);
  Shape left = x.shape, right = y.shape;
  if (left.size() == 1) left.insert(left.begin(), 1);
  if (right.size() == 1) right.push_back(1);
  const int64_t m = left[left.size() - 2], k = left.back(), n = right.back();
  if (right[right.size() - 2] != k) throw std::runtime_error("MatMul: the inner sizes differ");
  const Shape outer = Broadcast(Shape(left.begin(), left.end() - 2), Shape(right.begin(), right.end() - 2));
  const Shape of_left = Stretched(Shape(left.begin(), left.end() - 2), outer), of_right = Stretched(Shape(right.begin(), right.end() - 2), outer);
  Shape shape = outer;
  if (x.shape.size() > 1) shape.push_back(m);
  if (y.shape.size() > 1) shape.push_back(n);
  Tensor& z = call.Out(shape);
  float* to = z.floats();
  for (int64_t plane = 0, planes = Count(outer); plane < planes; plane++) {
    const float* p = x.floats() + Offset(outer, of_left, plane) * m * k;
    const float* q = y.floats() + Offset(outer, of_right, plane) * k * n;
    for (int64_t i = 0; i < m; i++)
      for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t l = 0; l < k; l++) sum = a.Add(sum, a.In(p[i * k + l]) * a.In(q[l * n + j]));
        *to++ = a.Out(sum);
      }
  }
}

void Gemm(const Operation& o, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0), y = call.In(1);
  const bool flip_x = o.Int("transA", 0) != 0, flip_y = o.Int("transB", 0) != 0;
  const int64_t m = x.shape[flip_x], k = x.shape[!flip_x], n = y.shape[!flip_y];
  const double alpha = o.Real("alpha", 1), beta = o.Real("beta", 1);
  const Shape shape{m, n};
  const Tensor c = call.Has(2) ? call.In(2) : Tensor{Type::Float, {}, nullptr};
  const Shape of_c = Stretched(c.shape, shape);
  Tensor& z = call.Out(shape);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t l = 0; l < k; l++) sum = a.Add(sum, a.In(x.floats()[flip_x ? l * m + i : i * k + l]) * a.In(y.floats()[flip_y ? j * k + l : l * n + j]));
      const double addend = c.data == nullptr ? 0 : beta * a.In(c.floats()[i * of_c[0] + j * of_c[1]]);
      z.floats()[i * n + j] = a.Out(alpha * sum + addend);
    }
}

void Softmax(const Operation& o, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0);
  Tensor& y = call.Out(x.shape);
  if (y.count() == 0) return;
  const size_t axis = Axis(o.Int("axis", -1), x.shape.size());
  const int64_t size = x.shape[axis], inner = Count(Shape(x.shape.begin() + axis + 1, x.shape.end()));
  for (int64_t lane = 0; lane < y.count() / size; lane++) {
    const int64_t first = lane / inner * inner * size + lane % inner;
    double greatest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t i = 0; i < size; i++) greatest = std::fmax(greatest, a.In(x.floats()[first + i * inner]));
    for (int64_t i = 0; i < size; i++) sum = a.Add(sum, std::exp(a.In(x.floats()[first + i * inner]) - greatest));
    for (int64_t i = 0; i < size; i++) y.floats()[first + i * inner] = a.Out(std::exp(a.In(x.floats()[first + i * inner]) - greatest) / sum);
  }
}

// Axes came as an attribute, and come as an input since opset 13 (ReduceSum) and 18 (ReduceMean).
void Reduce(const Operation& o, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0);
  Shape axes = call.Has(1) ? call.In(1).AsShape() : o.List("axes");
  std::vector<bool> is_reduced(x.shape.size(), axes.empty() && o.Int("noop_with_empty_axes", 0) == 0);
  for (int64_t axis : axes) is_reduced[Axis(axis, x.shape.size())] = true;
  Shape kept, shape;
  int64_t terms = 1;
  for (size_t axis = 0; axis < x.shape.size(); axis++) {
    kept.push_back(is_reduced[axis] ? 1 : x.shape[axis]);
    if (!is_reduced[axis] || o.Int("keepdims", 1) != 0) shape.push_back(kept.back());
    if (is_reduced[axis]) terms *= x.shape[axis];
  }
  std::vector<double> sums(static_cast<size_t>(Count(kept)), 0);
  const Shape strides = Stretched(kept, x.shape);
  for (int64_t i = 0, count = x.count(); i < count; i++) {
    double& sum = sums[static_cast<size_t>(Offset(x.shape, strides, i))];
    sum = a.Add(sum, a.In(x.floats()[i]));
  }
  Tensor& y = call.Out(shape);
  for (size_t i = 0; i < sums.size(); i++) y.floats()[i] = a.Out(o.name == "ReduceMean" ? sums[i] / terms : sums[i]);
}

}  // namespace

size_t Axis(int64_t axis, size_t rank) { return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis); }

Kernel KernelOf(const Operation& o) {
  static const std::map<std::string, Kernel> all = {
      {"Add", Binary<Plus>},       {"Sub", Binary<Minus>},     {"Mul", Binary<Times>},   {"Div", Binary<Over>},
      {"Neg", Unary<Negative>},    {"Relu", Unary<Rectified>}, {"Sigmoid", Unary<Logistic>}, {"Tanh", Unary<HyperbolicTangent>},
      {"Exp", Unary<Exponential>}, {"Sqrt", Unary<Root>},      {"MatMul", MatMul},       {"Gemm", Gemm},
      {"Softmax", Softmax},        {"ReduceSum", Reduce},      {"ReduceMean", Reduce},   {"Conv", Conv},
      {"MaxPool", MaxPool},        {"AveragePool", AveragePool}, {"GlobalAveragePool", GlobalAveragePool}, {"Cast", Cast},
      {"Concat", Concat},          {"Transpose", Transpose},   {"Reshape", Reshape},     {"Identity", Copy},
      {"Pad", Pad},
  };
  const auto found = all.find(o.name);
  const int oldest = o.name == "GlobalAveragePool" || o.name == "Conv" ? 1 : 7;  // shapes are broadcast since 7
  if (found == all.end() || !o.domain.empty() || o.inputs.empty() || o.output_types.size() != 1 || o.since_version < oldest) return nullptr;
  if (o.name == "Cast") return CanCast(o) ? found->second : nullptr;
  const auto is_float = [](int type) { return type == static_cast<int>(Type::Float); };
  const bool takes_shape = o.name == "Reshape" || o.name == "Pad" || o.name.compare(0, 6, "Reduce") == 0;
  for (size_t i = 0; i < o.input_types.size(); i++) {
    const int type = o.input_types[i];
    const bool is_shape = takes_shape && i > 0 && type == static_cast<int>(Type::Int64);
    if (!is_float(type) && !is_shape && !(type == 0 && o.inputs[i].empty())) return nullptr;
  }
  const bool is_refused = !is_float(o.output_types[0]) || (o.name == "Softmax" && o.since_version < 13) || (o.name == "Pad" && !CanPad(o)) ||
                          (o.name == "AveragePool" && o.Int("ceil_mode", 0) != 0);
  return is_refused ? nullptr : found->second;
}

bool IsArithmetic(const Operation& o) {
  static const char* const moving[] = {"Concat", "Transpose", "Reshape", "Identity", "Pad", "Cast"};
  return std::none_of(std::begin(moving), std::end(moving), [&](const char* name) { return o.name == name; });
}

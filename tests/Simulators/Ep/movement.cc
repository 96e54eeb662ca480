// Operators that move or convert elements.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "kernels.h"

namespace {

double FromHalf(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 31) value = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  return bits & 0x8000 ? -value : value;
}

// value: representable as binary16, infinite or NaN.
uint16_t HalfBits(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double size = std::abs(value);
  if (std::isnan(value)) return 0x7E00;
  if (std::isinf(value)) return sign | 0x7C00;
  if (size < std::ldexp(1.0, -14)) return static_cast<uint16_t>(sign | static_cast<int>(std::ldexp(size, 24)));
  const int exponent = std::ilogb(size);
  return static_cast<uint16_t>(sign | (exponent + 15) << 10 | (static_cast<int>(std::ldexp(size, 10 - exponent)) & 1023));
}

double Real(const Tensor& x, int64_t at) {
  switch (x.type) {
    case Type::Float: return x.floats()[at];
    case Type::Double: return static_cast<const double*>(x.data)[at];
    case Type::Half: return FromHalf(static_cast<const uint16_t*>(x.data)[at]);
    default: throw std::runtime_error("not a floating-point type");
  }
}

int64_t Whole(const Tensor& x, int64_t at) {
  switch (x.type) {
    case Type::Int64: return x.longs()[at];
    case Type::Int32: return static_cast<const int32_t*>(x.data)[at];
    default: return static_cast<const bool*>(x.data)[at];
  }
}

bool IsReal(Type type) { return type == Type::Float || type == Type::Double || type == Type::Half; }

}  // namespace

bool CanCast(const Operation& o) {
  const auto is_known = [](int type) { return type == 1 || type == 6 || type == 7 || type == 9 || type == 10 || type == 11; };
  return is_known(o.input_types[0]) && is_known(o.output_types[0]);
}

void Cast(const Operation&, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0);
  Tensor& y = call.Out(x.shape);
  for (int64_t i = 0, count = y.count(); i < count; i++) {
    const double real = IsReal(x.type) ? Real(x, i) : static_cast<double>(Whole(x, i));
    const auto whole = [&] { return IsReal(x.type) ? static_cast<int64_t>(real) : Whole(x, i); };
    switch (y.type) {
      case Type::Float: y.floats()[i] = a.Out(real); break;
      case Type::Double: static_cast<double*>(y.data)[i] = real; break;
      case Type::Half: static_cast<uint16_t*>(y.data)[i] = HalfBits(a.OutHalf(real)); break;
      case Type::Int64: static_cast<int64_t*>(y.data)[i] = whole(); break;
      case Type::Int32: static_cast<int32_t*>(y.data)[i] = static_cast<int32_t>(whole()); break;
      case Type::Bool: static_cast<bool*>(y.data)[i] = IsReal(x.type) ? real != 0 : Whole(x, i) != 0; break;
    }
  }
}

void Concat(const Operation& o, Call& call, const Arithmetic&) {
  Shape shape = call.In(0).shape;
  const size_t axis = Axis(o.Int("axis", 0), shape.size());
  shape[axis] = 0;
  for (size_t i = 0; i < call.inputs(); i++) shape[axis] += call.In(i).shape[axis];
  Tensor& y = call.Out(shape);
  const int64_t inner = Count(Shape(shape.begin() + axis + 1, shape.end())), outer = Count(Shape(shape.begin(), shape.begin() + axis));
  int64_t before = 0;
  for (size_t i = 0; i < call.inputs(); i++) {
    const Tensor x = call.In(i);
    const int64_t run = x.shape[axis] * inner;
    for (int64_t block = 0; block < outer; block++) std::copy_n(x.floats() + block * run, run, y.floats() + block * shape[axis] * inner + before);
    before += run;
  }
}

void Transpose(const Operation& o, Call& call, const Arithmetic&) {
  const Tensor x = call.In(0);
  const size_t rank = x.shape.size();
  Shape order = o.List("perm"), shape(rank), strides(rank, 1);
  if (order.empty())
    for (size_t axis = rank; axis-- > 0;) order.push_back(static_cast<int64_t>(axis));
  for (size_t axis = rank; axis-- > 1;) strides[axis - 1] = strides[axis] * x.shape[axis];
  for (size_t axis = 0; axis < rank; axis++) shape[axis] = x.shape[order[axis]];
  Tensor& y = call.Out(shape);
  for (int64_t i = 0, count = y.count(); i < count; i++) {
    int64_t from = 0, left = i;
    for (size_t axis = rank; axis-- > 0; left /= shape[axis]) from += left % shape[axis] * strides[order[axis]];
    y.floats()[i] = x.floats()[from];
  }
}

void Reshape(const Operation& o, Call& call, const Arithmetic&) {
  const Tensor x = call.In(0);
  Shape shape = call.In(1).AsShape();
  int64_t known = 1;
  for (size_t axis = 0; axis < shape.size(); axis++) {
    if (shape[axis] == 0 && o.Int("allowzero", 0) == 0) shape[axis] = x.shape.at(axis);
    if (shape[axis] >= 0) known *= shape[axis];
  }
  for (int64_t& size : shape)
    if (size < 0) size = known == 0 ? 0 : x.count() / known;
  if (Count(shape) != x.count()) throw std::runtime_error("Reshape: the new shape has another number of elements");
  std::copy_n(x.floats(), x.count(), call.Out(shape).floats());
}

void Copy(const Operation&, Call& call, const Arithmetic&) {
  const Tensor x = call.In(0);
  std::copy_n(x.floats(), x.count(), call.Out(x.shape).floats());
}

bool CanPad(const Operation& o) { return o.since_version >= 11 && o.Word("mode", "constant") == "constant"; }

void Pad(const Operation&, Call& call, const Arithmetic&) {
  const Tensor x = call.In(0);
  const Shape pads = call.In(1).AsShape();
  const float value = call.Has(2) ? *call.In(2).floats() : 0;
  const size_t rank = x.shape.size();
  Shape axes(rank), before(rank, 0), shape = x.shape;
  for (size_t axis = 0; axis < rank; axis++) axes[axis] = static_cast<int64_t>(axis);
  if (call.Has(3)) axes = call.In(3).AsShape();
  for (size_t i = 0; i < axes.size(); i++) {
    const size_t axis = Axis(axes[i], rank);
    before[axis] = pads[i];
    shape[axis] += pads[i] + pads[axes.size() + i];
  }
  Tensor& y = call.Out(shape);
  for (int64_t i = 0, count = y.count(); i < count; i++) {
    int64_t from = 0, stride = 1, left = i;
    for (size_t axis = rank; axis-- > 0; left /= shape[axis]) {
      const int64_t at = left % shape[axis] - before[axis];
      from = from < 0 || at < 0 || at >= x.shape[axis] ? -1 : from + at * stride;
      stride *= x.shape[axis];
    }
    y.floats()[i] = from < 0 ? value : x.floats()[from];
  }
}

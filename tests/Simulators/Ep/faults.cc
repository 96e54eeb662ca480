#include "faults.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <thread>

const char* const kFaultNames[] = {"none", "scaled-1-percent", "scaled-1-permille", "bf16", "fp8", "flush-to-zero", "truncate", "nan-to-zero", "fp16-sums",
                                   "wrong-tile", "padding-off-by-one", "stale-under-load", "bit-flip", "second-run", "batch", "long", "cpu-fallback",
                                   "wrong-device", "cache-unchecked", "cache-warm", "cache-crash", nullptr};

Fault FaultOf(const std::string& name) {
  std::string known;
  for (int at = 0; kFaultNames[at] != nullptr; at++) {
    if (name == kFaultNames[at] || (name.empty() && at == 0)) return static_cast<Fault>(at);
    known += std::string(" ") + kFaultNames[at];
  }
  throw std::runtime_error("there is no fault '" + name + "'; known are:" + known);
}

namespace {

constexpr double kGreatestFloat = std::numeric_limits<float>::max();

// The value in a format with so many significant bits, whose smallest normal number has the given exponent: to nearest, ties to even, or towards zero.
double RoundTo(double value, int digits, int lowest, bool towards_zero) {
  if (!std::isfinite(value) || value == 0) return value;
  const double step = std::ldexp(1.0, std::max(std::ilogb(value), lowest) - digits + 1);
  return (towards_zero ? std::trunc(value / step) : std::nearbyint(value / step)) * step;
}

double ToBfloat16(double value) {
  const double rounded = RoundTo(value, 8, -126, false);
  return std::abs(rounded) > kGreatestFloat ? std::copysign(std::numeric_limits<double>::infinity(), value) : rounded;
}

// OCP FP8 E4M3: four significant bits, greatest 448, where finite numbers stay (saturation); infinities are let through, they are COR-04's subject.
double ToFloat8(double value) {
  const double rounded = RoundTo(value, 4, -6, false);
  return std::isfinite(rounded) ? std::clamp(rounded, -448.0, 448.0) : rounded;
}

double ToHalf(double value, bool towards_zero) {
  const double rounded = RoundTo(value, 11, -14, towards_zero);
  if (std::abs(rounded) <= 65504 || !std::isfinite(value)) return rounded;
  return std::copysign(towards_zero ? 65504.0 : std::numeric_limits<double>::infinity(), value);
}

double Flushed(double value) { return std::abs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0, value) : value; }

double TruncatedFloat(double value) {
  const double rounded = RoundTo(value, 24, -126, true);
  return std::isfinite(value) ? std::clamp(rounded, -kGreatestFloat, kGreatestFloat) : rounded;
}

}  // namespace

double Arithmetic::In(float value) const {
  switch (fault_) {
    case Fault::Bfloat16: return ToBfloat16(value);
    case Fault::Float8: return ToFloat8(value);
    case Fault::FlushToZero: return Flushed(value);
    default: return value;
  }
}

float Arithmetic::Out(double value) const {
  switch (fault_) {
    case Fault::Bfloat16: return static_cast<float>(ToBfloat16(value));
    case Fault::Float8: return static_cast<float>(ToFloat8(value));
    case Fault::FlushToZero: return static_cast<float>(Flushed(value));
    case Fault::Truncate: return static_cast<float>(TruncatedFloat(value));
    default: return static_cast<float>(value);
  }
}

double Arithmetic::OutHalf(double value) const { return ToHalf(value, fault_ == Fault::Truncate); }

double Arithmetic::Add(double sum, double term) const {
  switch (fault_) {
    case Fault::Truncate: return TruncatedFloat(sum + term);
    case Fault::Float16Sums: return ToHalf(sum + term, false);
    default: return sum + term;
  }
}

void Chip::Enter() {
  const bool is_loaded = ++in_flight_ > 1;
  if (is_loaded) was_loaded_ = true;
  // a queue to wait in: with it, requests that were sent together are in hand together on any machine
  if (fault_ == Fault::StaleUnderLoad) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void Chip::Bend(NodeMemory& memory, bool is_product, const std::vector<int64_t>& shape, float* values, int64_t count) {
  const std::lock_guard<std::mutex> held(memory.gate);
  const bool is_second = ++memory.runs == 2;
  const int64_t rows = shape.size() < 2 ? 1 : shape[0];
  switch (fault_) {
    case Fault::Scaled1Percent:
      for (int64_t i = 0; i < count; i++) values[i] *= 1.01f;
      break;
    case Fault::Scaled1Permille:
      for (int64_t i = 0; i < count; i++) values[i] *= 1.001f;
      break;
    case Fault::NanToZero:
      for (int64_t i = 0; i < count; i++) values[i] = std::isnan(values[i]) ? 0 : values[i];
      break;
    case Fault::WrongTile:  // the second tile of 16 x 16, in both directions, of the first matrix
      if (is_product && shape.size() >= 2 && count > 0) {
        const int64_t m = shape[shape.size() - 2], n = shape.back();
        for (int64_t i = 16; i < std::min<int64_t>(32, m); i++)
          for (int64_t j = 16; j < std::min<int64_t>(32, n); j++) values[i * n + j] = 0;
      }
      break;
    case Fault::SecondRun:
      if (is_second)
        for (int64_t i = 0; i < count; i++) values[i] *= 1.5f;
      break;
    case Fault::Batch:  // every item of a batch is given the one before
      for (int64_t row = rows - 1; row > 0; row--) std::copy_n(values + (row - 1) * (count / rows), count / rows, values + row * (count / rows));
      break;
    case Fault::LongDimension:
      for (size_t axis = 0; axis < shape.size() && count > 0; axis++) {
        int64_t inner = 1;
        for (size_t after = axis + 1; after < shape.size(); after++) inner *= shape[after];
        for (int64_t i = 0; i < count; i++)
          if (i / inner % shape[axis] >= bound_) values[i] = 0;
      }
      break;
    case Fault::BitFlip: FlipBits(values, count); break;
    case Fault::StaleUnderLoad: SwapForPrevious(memory, shape, values, count); break;
    default: break;
  }
}

// Each element with probability 1e-6, each of its 32 bits alike: the distance to the next one is drawn instead of every element.
void Chip::NextFlip() { until_flip_ = std::geometric_distribution<int64_t>(1e-6)(random_); }

void Chip::FlipBits(float* values, int64_t count) {
  const std::lock_guard<std::mutex> held(flips_);
  int64_t at = 0;
  for (; until_flip_ < count - at; NextFlip()) {
    at += until_flip_;
    uint32_t bits;
    std::memcpy(&bits, values + at, sizeof bits);
    bits ^= 1u << (random_() % 32);
    std::memcpy(values + at, &bits, sizeof bits);
    at++;
  }
  until_flip_ -= count - at;
}

void Chip::SwapForPrevious(NodeMemory& memory, const std::vector<int64_t>& shape, float* values, int64_t count) {
  std::vector<float> computed(values, values + count);
  const bool was_loaded = was_loaded_;
  if (in_flight_ == 1) was_loaded_ = false;
  if (was_loaded && memory.shape == shape) std::copy_n(memory.answer.data(), count, values);
  memory.shape = shape;
  memory.answer = std::move(computed);
}

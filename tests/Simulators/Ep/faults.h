// What is wrong with the simulated chip: one fault at a time, chosen by name.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <vector>

enum class Fault {
  None,
  Scaled1Percent,
  Scaled1Permille,
  Bfloat16,
  Float8,
  FlushToZero,
  Truncate,
  NanToZero,
  Float16Sums,
  WrongTile,
  PaddingOffByOne,
  StaleUnderLoad,
  BitFlip,
  SecondRun,
  Batch,
  LongDimension,
  CpuFallback,
  WrongDevice,
  CacheUnchecked,
  CacheWarm,
  CacheCrash,
};

// Null-terminated names in the order of Fault.
extern const char* const kFaultNames[];

// Throws std::runtime_error with all names where there is no such fault. An empty name is None.
Fault FaultOf(const std::string& name);

// The numbers of one chip while it computes: how it rounds what it reads, adds and writes. Right where the fault is of another kind.
class Arithmetic {
 public:
  explicit Arithmetic(Fault fault) : fault_(fault) {}

  // An operand as the multiplier sees it.
  double In(float value) const;

  // A result as it is stored.
  float Out(double value) const;

  // A result of a cast to binary16, exactly representable there.
  double OutHalf(double value) const;

  // One more term: in float64 where the chip is sound.
  double Add(double sum, double term) const;

  // Columns or rows that the window of Conv and pooling lies off.
  int64_t WindowShift() const { return fault_ == Fault::PaddingOffByOne ? 1 : 0; }

 private:
  Fault fault_;
};

// What one node remembers between runs.
struct NodeMemory {
  std::mutex gate;
  int64_t runs = 0;
  std::vector<int64_t> shape;
  std::vector<float> answer;
};

// One session on the chip: bends finished results of arithmetic nodes.
class Chip {
 public:
  Chip(Fault fault, uint64_t seed, int64_t bound) : fault_(fault), bound_(bound), random_(seed) { NextFlip(); }

  Fault fault() const { return fault_; }

  // Around every computation, so that the chip knows how many it has in hand.
  void Enter();
  void Leave() { in_flight_--; }

  // is_product: a result of MatMul or Gemm.
  void Bend(NodeMemory& memory, bool is_product, const std::vector<int64_t>& shape, float* values, int64_t count);

 private:
  void NextFlip();
  void FlipBits(float* values, int64_t count);
  void SwapForPrevious(NodeMemory& memory, const std::vector<int64_t>& shape, float* values, int64_t count);

  const Fault fault_;
  const int64_t bound_;
  std::atomic<int> in_flight_{0};
  std::atomic<bool> was_loaded_{false};
  std::mutex flips_;
  std::mt19937_64 random_;
  int64_t until_flip_ = 0;
};

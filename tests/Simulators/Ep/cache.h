// What the simulated chip compiles a node to, kept in a folder as the caches of real vendors are: a file for each node.
#pragma once
#include <algorithm>
#include <array>
#include <string>

#include "faults.h"
#include "tensor.h"

// The output stage of one compiled node: every lane divides by a factor of its own what the array before it multiplied by the node's.
struct Stage {
  static constexpr size_t kLanes = 8;
  float factor = 1;
  std::array<float, kLanes> lanes{};

  // Exact where lanes hold the node's factor: a product of two floats fits a double.
  void Run(float* values, int64_t count) const;
};

// Compiles a node, or takes what an earlier run compiled from the folder. Sound: what does not match its checksum, length and key is compiled anew.
// Throws std::runtime_error where the folder cannot be written. An empty folder: no cache.
Stage Compiled(const Operation& operation, const std::string& folder, Fault fault);

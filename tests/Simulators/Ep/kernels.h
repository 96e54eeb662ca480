// Kernels that lie in other files than the table that names them.
#pragma once
#include "tensor.h"

// A negative axis counts from the last one.
size_t Axis(int64_t axis, size_t rank);

void Conv(const Operation& o, Call& call, const Arithmetic& a);
void MaxPool(const Operation& o, Call& call, const Arithmetic& a);
void AveragePool(const Operation& o, Call& call, const Arithmetic& a);
void GlobalAveragePool(const Operation& o, Call& call, const Arithmetic& a);

void Cast(const Operation& o, Call& call, const Arithmetic& a);
void Concat(const Operation& o, Call& call, const Arithmetic& a);
void Transpose(const Operation& o, Call& call, const Arithmetic& a);
void Reshape(const Operation& o, Call& call, const Arithmetic& a);
void Copy(const Operation& o, Call& call, const Arithmetic& a);
void Pad(const Operation& o, Call& call, const Arithmetic& a);

bool CanCast(const Operation& o);
bool CanPad(const Operation& o);

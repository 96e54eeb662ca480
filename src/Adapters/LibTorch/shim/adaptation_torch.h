// The C interface between the LibTorch adapter and the torch of the image that it runs in.
//
// Every function that can fail returns 0, or 1 with the reason in `text`: UTF-8, cut to `room` bytes, zero at its end. No exception crosses
// this border. A number that changes its meaning, or a function that changes its arguments, raises ADAPTATION_TORCH_ABI.
#ifndef ADAPTATION_TORCH_H
#define ADAPTATION_TORCH_H

#include <stdint.h>

#define ADAPTATION_TORCH_ABI 1
#define ADAPTATION_TORCH_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// Element types, in the order of the Open Inference Protocol; -1: the code does not say.
enum {
  ADAPTATION_TORCH_ANY = -1,
  ADAPTATION_TORCH_BOOL = 0,
  ADAPTATION_TORCH_UINT8 = 1,
  ADAPTATION_TORCH_UINT16 = 2,
  ADAPTATION_TORCH_UINT32 = 3,
  ADAPTATION_TORCH_UINT64 = 4,
  ADAPTATION_TORCH_INT8 = 5,
  ADAPTATION_TORCH_INT16 = 6,
  ADAPTATION_TORCH_INT32 = 7,
  ADAPTATION_TORCH_INT64 = 8,
  ADAPTATION_TORCH_FP16 = 9,
  ADAPTATION_TORCH_BF16 = 10,
  ADAPTATION_TORCH_FP32 = 11,
  ADAPTATION_TORCH_FP64 = 12,
};

typedef struct {
  int32_t type;
  int32_t rank;
  const int64_t* shape; // `rank` dimensions
  const void* data;     // row-major, without gaps; may be null where `bytes` is 0
  int64_t bytes;
} adaptation_tensor;

typedef struct adaptation_model adaptation_model;
typedef struct adaptation_answer adaptation_answer;

// The number of this interface, to be asked before anything else.
ADAPTATION_TORCH_API int32_t adaptation_torch_abi(void);

// Writes the version of torch's headers after a computation has shown that the library behind them is the same one.
ADAPTATION_TORCH_API int32_t adaptation_torch_version(char* text, int64_t room);

// Loads a vendor's plug-in library for the whole process; before a device of it is named.
ADAPTATION_TORCH_API int32_t adaptation_torch_load_plugin(const char* path, char* text, int64_t room);

// Writes the devices that compute here, comma between them.
ADAPTATION_TORCH_API int32_t adaptation_torch_devices(char* text, int64_t room);

// Makes sure that a device computes, and writes its name as torch spells it.
ADAPTATION_TORCH_API int32_t adaptation_torch_open_device(const char* name, char* text, int64_t room);

// Threads within one operator on the CPU, for the whole process.
ADAPTATION_TORCH_API int32_t adaptation_torch_set_threads(int32_t threads, char* text, int64_t room);

// Opens a TorchScript archive; `bytes` are not needed afterwards. The caller has looked into it before: see ArchiveScan.
ADAPTATION_TORCH_API int32_t adaptation_torch_open_archive(
  const void* bytes, int64_t size, const char* device, adaptation_model** model, char* text, int64_t room);

// Compiles TorchScript source that defines `forward`, as a function or, with `self`, as a method.
ADAPTATION_TORCH_API int32_t adaptation_torch_open_source(
  const char* source, int64_t size, const char* device, adaptation_model** model, char* text, int64_t room);

// What `forward` takes (side 0) and gives (side 1). Names belong to the model.
ADAPTATION_TORCH_API int32_t adaptation_torch_count(const adaptation_model* model, int32_t side);
ADAPTATION_TORCH_API const char* adaptation_torch_name(const adaptation_model* model, int32_t side, int32_t index);
ADAPTATION_TORCH_API int32_t adaptation_torch_type(const adaptation_model* model, int32_t side, int32_t index);
ADAPTATION_TORCH_API int32_t adaptation_torch_is_scalar(const adaptation_model* model, int32_t side, int32_t index);

// Computes one answer on the calling thread. Inputs are copied before the model sees them, outputs brought to the CPU and made contiguous.
ADAPTATION_TORCH_API int32_t adaptation_torch_run(
  adaptation_model* model, const adaptation_tensor* inputs, int32_t count, adaptation_answer** answer, char* text, int64_t room);

// What the answer holds at an index; its pointers are good until the answer is freed.
ADAPTATION_TORCH_API int32_t adaptation_torch_output(const adaptation_answer* answer, int32_t index, adaptation_tensor* output, char* text, int64_t room);

ADAPTATION_TORCH_API void adaptation_torch_free_answer(adaptation_answer* answer);
ADAPTATION_TORCH_API void adaptation_torch_free_model(adaptation_model* model);

#ifdef __cplusplus
}
#endif
#endif

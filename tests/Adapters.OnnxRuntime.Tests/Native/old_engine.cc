// An older build of ONNX Runtime: the real library with every API version above NEWEST refused, as such a build refuses them.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

struct ApiBase {
  const void* (*get_api)(uint32_t);
  const char* (*version)();
};

const ApiBase* Real() {
  static const ApiBase* base = [] {
    void* library = dlopen(std::getenv("ADAPTATION_ORT_LIB"), RTLD_NOW | RTLD_LOCAL);
    return library ? reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))() : nullptr;
  }();
  return base;
}

const void* GetApi(uint32_t version) { return version > NEWEST ? nullptr : Real()->get_api(version); }

const char* Version() {
  static char text[16];
  std::snprintf(text, sizeof text, "1.%d.0", NEWEST);
  return text;
}

const ApiBase base = {GetApi, Version};

}  // namespace

extern "C" const ApiBase* OrtGetApiBase() { return &base; }

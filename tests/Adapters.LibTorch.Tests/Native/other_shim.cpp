// A shim of an interface that this host does not speak.
extern "C" __attribute__((visibility("default"))) int adaptation_torch_abi() { return 2; }

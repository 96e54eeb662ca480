// Conv and pooling over any number of spatial axes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "kernels.h"

namespace {

// Where the window of a kernel lies over the spatial axes.
struct Window {
  Shape in, kernel, strides, dilations, begin, end, out;

  // Sizes by ONNX's formulas for Conv and pooling, auto_pad included.
  Window(const Operation& o, const Shape& x, const Shape& size) : in(x.begin() + 2, x.end()), kernel(size) {
    const size_t rank = in.size();
    const auto list = [&](const char* name, size_t length, int64_t otherwise) {
      Shape found = o.List(name);
      return found.empty() ? Shape(length, otherwise) : found;
    };
    strides = list("strides", rank, 1), dilations = list("dilations", rank, 1);
    const Shape pads = list("pads", 2 * rank, 0);
    const std::string automatic = o.Word("auto_pad", "NOTSET");
    for (size_t axis = 0; axis < rank; axis++) {
      const int64_t span = dilations[axis] * (kernel[axis] - 1) + 1;
      int64_t before = automatic == "NOTSET" ? pads[axis] : 0, after = automatic == "NOTSET" ? pads[rank + axis] : 0;
      if (automatic.compare(0, 4, "SAME") == 0) {
        const int64_t all = std::max<int64_t>(0, ((in[axis] + strides[axis] - 1) / strides[axis] - 1) * strides[axis] + span - in[axis]);
        before = automatic == "SAME_UPPER" ? all / 2 : all - all / 2, after = all - before;
      }
      const int64_t room = in[axis] + before + after - span;
      int64_t places = room < 0 ? 0 : room / strides[axis] + 1;
      // rounded up, but for a window that would start behind the input and its padding before
      if (room >= 0 && o.Int("ceil_mode", 0) != 0 && room % strides[axis] != 0 && places * strides[axis] < in[axis] + before) places++;
      begin.push_back(before), end.push_back(after), out.push_back(places);
    }
  }

  // Calls with the offset in the plane of each element under the kernel at a place, and the offset in the kernel; -1 for padding.
  template <class Visit>
  void Under(int64_t place, int64_t shift, Visit visit) const {
    const size_t rank = in.size();
    for (int64_t tap = 0, taps = Count(kernel); tap < taps; tap++) {
      int64_t at = 0, plane = 1, tap_left = tap, place_left = place;
      for (size_t axis = rank; axis-- > 0;) {
        // what is not padded has no padding to be off by
        const int64_t off = begin[axis] > 0 ? shift : 0;
        const int64_t i = place_left % out[axis] * strides[axis] - begin[axis] - off + tap_left % kernel[axis] * dilations[axis];
        at = at < 0 || i < 0 || i >= in[axis] ? -1 : at + i * plane;
        plane *= in[axis], tap_left /= kernel[axis], place_left /= out[axis];
      }
      visit(at, tap);
    }
  }

  // Elements of the kernel.
  int64_t taps() const { return Count(kernel); }
};

Shape With(const Shape& x, int64_t channels, const Shape& spatial) {
  Shape shape{x[0], channels};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  return shape;
}

}  // namespace

void Conv(const Operation& o, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0), w = call.In(1);
  const Tensor bias = call.Has(2) ? call.In(2) : Tensor{Type::Float, {}, nullptr};
  const Window window(o, x.shape, Shape(w.shape.begin() + 2, w.shape.end()));
  const int64_t batch = x.shape[0], channels = x.shape[1], features = w.shape[0], per_group = w.shape[1], groups = o.Int("group", 1);
  if (per_group * groups != channels) throw std::runtime_error("Conv: the channels do not fit the groups");
  const int64_t plane = Count(window.in), places = Count(window.out), taps = window.taps();
  Tensor& y = call.Out(With(x.shape, features, window.out));
  for (int64_t n = 0; n < batch; n++)
    for (int64_t f = 0; f < features; f++)
      for (int64_t place = 0; place < places; place++) {
        double sum = 0;
        for (int64_t c = 0; c < per_group; c++) {
          const float* from = x.floats() + (n * channels + f / (features / groups) * per_group + c) * plane;
          const float* weights = w.floats() + (f * per_group + c) * taps;
          window.Under(place, a.WindowShift(), [&](int64_t at, int64_t tap) {
            if (at >= 0) sum = a.Add(sum, a.In(from[at]) * a.In(weights[tap]));
          });
        }
        y.floats()[(n * features + f) * places + place] = a.Out(bias.data == nullptr ? sum : sum + a.In(bias.floats()[f]));
      }
}

void MaxPool(const Operation& o, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0);
  const Window window(o, x.shape, o.List("kernel_shape"));
  Tensor& y = call.Out(With(x.shape, x.shape[1], window.out));
  const int64_t plane = Count(window.in), places = Count(window.out);
  for (int64_t i = 0, count = y.count(); i < count; i++) {
    double greatest = -std::numeric_limits<double>::infinity();
    window.Under(i % places, a.WindowShift(), [&](int64_t at, int64_t) {
      if (at >= 0) greatest = std::max(greatest, a.In(x.floats()[i / places * plane + at]));
    });
    y.floats()[i] = a.Out(greatest);
  }
}

void AveragePool(const Operation& o, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0);
  const Window window(o, x.shape, o.List("kernel_shape"));
  Tensor& y = call.Out(With(x.shape, x.shape[1], window.out));
  const int64_t plane = Count(window.in), places = Count(window.out);
  const bool counts_padding = o.Int("count_include_pad", 0) != 0;
  for (int64_t i = 0, count = y.count(); i < count; i++) {
    double sum = 0;
    int64_t seen = 0;
    window.Under(i % places, a.WindowShift(), [&](int64_t at, int64_t) {
      if (at >= 0) sum = a.Add(sum, a.In(x.floats()[i / places * plane + at]));
      seen += at >= 0;
    });
    y.floats()[i] = a.Out(sum / static_cast<double>(counts_padding ? window.taps() : std::max<int64_t>(1, seen)));
  }
}

void GlobalAveragePool(const Operation&, Call& call, const Arithmetic& a) {
  const Tensor x = call.In(0);
  Tensor& y = call.Out(With(x.shape, x.shape[1], Shape(x.shape.size() - 2, 1)));
  const int64_t plane = Count(Shape(x.shape.begin() + 2, x.shape.end()));
  for (int64_t i = 0, count = y.count(); i < count; i++) {
    double sum = 0;
    for (int64_t at = 0; at < plane; at++) sum = a.Add(sum, a.In(x.floats()[i * plane + at]));
    y.floats()[i] = a.Out(sum / static_cast<double>(plane));
  }
}

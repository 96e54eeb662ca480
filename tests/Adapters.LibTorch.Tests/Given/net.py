# How net.pt was made: by torch.jit.save of PyTorch 1.13 for Python. Its zip, its pickles and its code are what users' archives look like.
import torch


class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
        self.register_buffer("offset", torch.tensor([0.5, -0.5], dtype=torch.float16))
        self.register_buffer("step", torch.tensor([[7]], dtype=torch.int64))
        self.powers = [1, 2, 3]
        self.names = {"a": 1.5}

    def forward(self, x):
        return torch.nn.functional.linear(x, self.weight) + self.offset.float() * self.names["a"] + float(self.powers[2]) + torch.tensor([100.0, 200.0])


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.empty = torch.nn.Parameter(torch.zeros(0, 4, dtype=torch.bfloat16))

    def forward(self, x, times: int, scale: float = 1.0):
        y = self.inner(x) * times * scale
        return y, y.t(), self.inner.step


torch.jit.script(Net()).save("net.pt")

using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Adapters.LibTorch;

/// <summary>Follows a pickle without carrying anything out: what it names, what it calls, and which storages it takes tensors from.</summary>
/// <remarks>
/// Sources: the opcodes that pickler.cpp of PyTorch writes and unpickler.cpp reads; pickletools of Python. A file that stays within them and
/// names no other global can build tensors, containers and instances of its own TorchScript classes, and nothing else.
/// </remarks>
internal ref struct PickleScan
{
    private const int MostValues = 1 << 24, LongestName = 4096;

    private static readonly object Mark = new();

    /// <summary>A list or dictionary, which can be filled.</summary>
    private static readonly object Fillable = new();

    /// <summary>A value that nothing here depends on.</summary>
    private static readonly object Plain = new();

    private readonly string _name;
    private readonly Func<string, long?> _storageSize;
    private readonly List<object> _stack = [];
    private readonly List<object> _memo = [];
    private ReadOnlySpan<byte> _rest;

    private PickleScan(ReadOnlySpan<byte> pickle, string name, Func<string, long?> storageSize)
    {
        _rest = pickle;
        (_name, _storageSize) = (name, storageSize);
    }

    /// <param name="name">How messages call it: <c>data.pkl</c>.</param>
    /// <param name="storageSize">Bytes of a storage by its key; null if there is none.</param>
    /// <exception cref="InvalidDataException">It names, calls or takes what a TorchScript archive has no use for.</exception>
    public static void Check(ReadOnlySpan<byte> pickle, string name, Func<string, long?> storageSize) => new PickleScan(pickle, name, storageSize).Run();

    private void Run()
    {
        while (Step((char)Take(1)[0]))
        {
            if (_stack.Count > MostValues)
                throw Wrong($"piles up more than {MostValues} values");
        }
        if (!_rest.IsEmpty)
            throw Wrong("goes on behind its end");
        if (_stack.Count != 1)
            throw Wrong($"leaves {_stack.Count} values; one is expected");
    }

    /// <returns>False at the end.</returns>
    private bool Step(char code)
    {
        switch (code)
        {
            case '.':
                return false;
            case '\x80': // PROTO
                if (Take(1)[0] != 2)
                    throw Wrong("is not of protocol 2");
                break;
            case 'q': // BINPUT
                Remember(Take(1)[0]);
                break;
            case 'r': // LONG_BINPUT
                Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            default:
                var value = Constant(code) ?? Container(code) ?? Action(code)
                    ?? throw Wrong($"uses opcode 0x{(int)code:x2}{(code is > ' ' and < '\x7f' ? $" ('{code}')" : "")}, which no TorchScript archive needs");
                _stack.Add(value);
                break;
        }
        return true;
    }

    private object? Constant(char code) => code switch
    {
        'N' or '\x88' or '\x89' => Plain, // NONE, NEWTRUE, NEWFALSE
        'K' => (long)Take(1)[0],
        'M' => (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
        'J' => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)),
        '\x8a' => LongNumber(), // LONG1
        'G' => Take(8).IsEmpty ? null : Plain, // BINFLOAT
        'X' => Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))), // BINUNICODE
        'h' => Recall(Take(1)[0]), // BINGET
        'j' => Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))), // LONG_BINGET
        _ => null,
    };

    private object? Container(char code) => code switch
    {
        '(' => Mark,
        ')' => Array.Empty<object>(),
        ']' or '}' => Fillable,
        't' => PopToMark(),
        '\x85' or '\x86' or '\x87' => Pop(code - '\x85' + 1), // TUPLE1 to TUPLE3
        'a' => Fill(Pop(1)), // APPEND
        's' => Fill(Pop(2)), // SETITEM
        'e' or 'u' => Fill(PopToMark()), // APPENDS, SETITEMS
        _ => null,
    };

    private object? Action(char code) => code switch
    {
        'c' => Named(),
        'R' => Call(Pop(2)),
        '\x81' => Instance(Pop(2)), // NEWOBJ
        'b' => Build(Pop(2)),
        'Q' => Storage(Pop(1)[0]), // BINPERSID
        _ => null,
    };

    private PickleGlobal Named()
    {
        var (module, type) = (Line(), Line());
        return PickleGlobal.Find(module, type) ?? throw Wrong($"names {module}.{type}; torch's own tensors and types and the archive's own classes are taken");
    }

    private readonly object Call(object[] pair)
    {
        if (pair[0] is not PickleGlobal called)
            throw Wrong("calls something that it did not name");
        if (!called.CanBeCalled)
            throw Wrong($"calls {called.Name}, which is no function");
        if (pair[1] is not object[] arguments)
            throw Wrong($"calls {called.Name} with something that is no tuple");
        if (called.MakesTensor)
            CheckPlace(arguments);
        return Plain;
    }

    /// <summary>(storage, offset, sizes, strides, ...): torch takes them as they are, so that a tensor could lie beyond its storage.</summary>
    private readonly void CheckPlace(object[] arguments)
    {
        if (arguments is not [StoredElements storage, long offset, object[] sizes, object[] strides, ..] || sizes.Length != strides.Length)
            throw Wrong("makes a tensor of something that is no storage with a place in it");
        var (last, isEmpty) = ((Int128)offset, false);
        for (var dimension = 0; dimension < sizes.Length; dimension++)
        {
            if ((sizes[dimension], strides[dimension]) is not (long and >= 0 and var size, long and >= 0 and var stride))
                throw Wrong("makes a tensor whose sizes and strides are no numbers of 0 or more");
            isEmpty |= size == 0;
            last += (Int128)(size - 1) * stride;
        }
        if (offset < 0 || (!isEmpty && last >= storage.Count))
            throw Wrong($"makes a tensor that reaches to element {last} of a storage of {storage.Count}");
    }

    private readonly object Instance(object[] pair) => pair is [PickleGlobal { IsClass: true }, object[] { Length: 0 }]
        ? pair[0]
        : throw Wrong("makes an instance of something that is no class of its own, or gives it arguments");

    /// <summary>Gives an instance its state, by its class's own TorchScript.</summary>
    private readonly object Build(object[] pair) => pair[0] is PickleGlobal { IsClass: true } ? Plain : throw Wrong("gives a state to something that is no instance of its own classes");

    /// <summary>('storage', type, key, device, elements): the archive must hold as many bytes as the tensor will read.</summary>
    private readonly StoredElements Storage(object reference)
    {
        if (reference is not object[] parts || parts is not ["storage", PickleGlobal { ElementSize: > 0 } type, string key, string, long elements])
            throw Wrong("takes a tensor from something that is no storage");
        var size = _storageSize(key);
        var fits = elements >= 0 && elements <= long.MaxValue / type.ElementSize && (size ?? 0) == elements * type.ElementSize && (size is not null || elements == 0);
        return fits ? new StoredElements(elements) : throw Wrong($"takes {elements} elements of {type.Name} from storage {key}, which {(size is null ? "is not there" : $"has {size} bytes")}");
    }

    private object Fill(object[] values)
    {
        _ = values;
        return ReferenceEquals(Pop(1)[0], Fillable) ? Fillable : throw Wrong("fills something that is no list and no dictionary");
    }

    /// <summary>Entries are numbered as they come: torch makes room for all of them up to the number.</summary>
    private readonly void Remember(uint index)
    {
        if (_stack.Count == 0 || index > _memo.Count)
            throw Wrong($"keeps a value as number {index}; {_memo.Count} is the next");
        if (index == _memo.Count)
            _memo.Add(_stack[^1]);
        else
            _memo[(int)index] = _stack[^1];
    }

    private readonly object Recall(uint index) => index < _memo.Count ? _memo[(int)index] : throw Wrong($"recalls value {index} of {_memo.Count}");

    private readonly object[] Pop(int count)
    {
        if (_stack.Count < count || _stack[^count..].Contains(Mark))
            throw Wrong("takes more values than it has");
        return Cut(_stack.Count - count);
    }

    private readonly object[] PopToMark()
    {
        var mark = _stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Wrong("takes the values of a group that it did not start");
        var values = Cut(mark + 1);
        _stack.RemoveAt(mark);
        return values;
    }

    private readonly object[] Cut(int from)
    {
        var values = _stack[from..].ToArray();
        _stack.RemoveRange(from, values.Length);
        return values;
    }

    private object LongNumber()
    {
        var bytes = Take(Take(1)[0]);
        if (bytes.Length > sizeof(long))
            return Plain;
        Span<byte> wide = stackalloc byte[sizeof(long)];
        wide.Fill(bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? (byte)0xff : (byte)0);
        bytes.CopyTo(wide);
        return BinaryPrimitives.ReadInt64LittleEndian(wide);
    }

    private string Line()
    {
        var end = _rest[..Math.Min(_rest.Length, LongestName)].IndexOf((byte)'\n');
        if (end < 0)
            throw Wrong("holds a name that does not end");
        var line = Encoding.Latin1.GetString(_rest[..end]);
        _rest = _rest[(end + 1)..];
        return line.All(c => c is > ' ' and < '\x7f') ? line : throw Wrong("holds a name that is not printable");
    }

    private ReadOnlySpan<byte> Take(uint count)
    {
        if (count > (uint)_rest.Length)
            throw Wrong("ends too early");
        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private readonly InvalidDataException Wrong(string what) => new($"{_name} {what}");

    /// <summary>What a tensor may lie in.</summary>
    private sealed record StoredElements(long Count);
}

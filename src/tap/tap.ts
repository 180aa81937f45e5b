import type { CallEvent, EventId, NewEvent } from '../events/event.ts'
import { scopeOf, sharingScope } from '../syscalls/call-scope.ts'
import type { Origin } from '../syscalls/origin.ts'
import { requestName } from '../syscalls/requests/index.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { answerText, argumentText, flagText, pollText } from './call-text.ts'

/** Where the tap's events go: the event stream. Returns the event's id. */
export type TapSink = (event: NewEvent) => EventId

/** The facts of a call before it is made. */
interface Call {
  readonly name: string
  readonly fd?: number | undefined
  readonly address?: number | undefined
  readonly length?: number | undefined
  readonly oldLength?: number | undefined
  readonly offset?: number | undefined
  readonly text?: string | undefined
}

/** A call that has begun. */
interface Entered {
  /** The event of its entry, within which everything happens until it returns. */
  readonly within: EventId
  /** Emits its result. */
  exit(result: number, text?: string): void
}

/** The two halves of one call, written to the sink. */
class Recorder {
  readonly #sink: TapSink
  #calls = 0

  constructor(sink: TapSink) {
    this.#sink = sink
  }

  /** Emits the entry of `call`. */
  enter(call: Call, origin: Origin | undefined, within: EventId | undefined): Entered {
    const { text: announced, ...facts } = call
    const common = { kind: 'call', call: ++this.#calls, ...facts, origin } as const
    const emit = (rest: Pick<CallEvent, 'phase' | 'result' | 'text' | 'within'>): EventId =>
      this.#sink({ ...common, ...rest })
    const entry = emit({ phase: 'enter', text: announced, within })
    return {
      within: entry,
      exit: (result, text) => void emit({ phase: 'exit', result, text, within: entry }),
    }
  }
}

/**
 * `sys` with every call announced to `sink` when it begins and when it is back, with its name from the
 * header files, its arguments in words, and the line of the user's program that made it. That line is
 * in force while the call runs, so that the kernel's own events carry it.
 */
export function tap(sys: Syscalls, sink: TapSink): Syscalls {
  const recorder = new Recorder(sink)
  const scope = scopeOf(sys)

  function sync<T extends number | Uint8Array>(entry: unknown, call: Call, body: () => T): T {
    const origin = scope.originOf(entry)
    const { within, exit } = recorder.enter(call, origin, scope.within)
    const result = scope.run({ origin, within }, body)
    exit(typeof result === 'number' ? result : 0)
    return result
  }

  async function sleeping(
    entry: unknown,
    call: Call,
    body: () => Promise<number>,
    answer: () => string | undefined,
  ): Promise<number> {
    const origin = scope.originOf(entry)
    const { within, exit } = recorder.enter(call, origin, scope.within)
    const result = await scope.run({ origin, within }, body)
    exit(result, answer())
    return result
  }

  const tapped: Syscalls = {
    open: (path, flags) =>
      sync(tapped.open, { name: 'open', text: `'${path}', ${flagText(flags)}` }, () =>
        sys.open(path, flags),
      ),
    close: (fd) => sync(tapped.close, { name: 'close', fd }, () => sys.close(fd)),
    dup: (fd) => sync(tapped.dup, { name: 'dup', fd }, () => sys.dup(fd)),
    lseek: (fd, offset, whence) =>
      sync(tapped.lseek, { name: 'lseek', fd, text: `${offset}, ${whence}` }, () =>
        sys.lseek(fd, offset, whence),
      ),
    fcntl: (fd, command, argument) =>
      sync(tapped.fcntl, { name: 'fcntl', fd, text: `${command}, ${argument}` }, () =>
        sys.fcntl(fd, command, argument),
      ),
    read: (fd, target) =>
      sync(tapped.read, { name: 'read', fd, text: `${target.length} bytes` }, () =>
        sys.read(fd, target),
      ),
    memfdCreate: (name, flags) =>
      sync(tapped.memfdCreate, { name: 'memfd_create', text: `'${name}', flags ${flags}` }, () =>
        sys.memfdCreate(name, flags),
      ),
    ftruncate: (fd, length) =>
      sync(tapped.ftruncate, { name: 'ftruncate', fd, length, text: `${length} bytes` }, () =>
        sys.ftruncate(fd, length),
      ),
    ioctl: (fd, request, argument, options) =>
      sleeping(
        tapped.ioctl,
        { name: requestName(request), fd, text: argumentText(request, argument) },
        () => sys.ioctl(fd, request, argument, options),
        () => answerText(request, argument),
      ),
    poll: (fds, timeout, options) =>
      sleeping(
        tapped.poll,
        { name: 'poll', fd: fds[0]?.fd, text: pollText(fds, timeout) },
        () => sys.poll(fds, timeout, options),
        () => undefined,
      ),
    mmap: (length, protection, flags, fd, offset) =>
      sync(
        tapped.mmap,
        {
          name: 'mmap',
          fd,
          length,
          offset,
          text: `${length} bytes from ${offset}, protection ${protection}`,
        },
        () => sys.mmap(length, protection, flags, fd, offset),
      ),
    munmap: (address, length) =>
      sync(tapped.munmap, aboutMemory('munmap', address, length), () =>
        sys.munmap(address, length),
      ),
    mremap: (address, oldLength, newLength, flags) =>
      sync(
        tapped.mremap,
        {
          ...aboutMemory('mremap', address, newLength, ` instead of ${oldLength}, flags ${flags}`),
          oldLength,
        },
        () => sys.mremap(address, oldLength, newLength, flags),
      ),
    view: (address, length, scope) =>
      sync(tapped.view, aboutMemory('view', address, length, `, ${scope}`), () =>
        sys.view(address, length, scope),
      ),
    load: (address, target) =>
      sync(tapped.load, aboutMemory('load', address, target.length), () =>
        sys.load(address, target),
      ),
    store: (address, source) =>
      sync(tapped.store, aboutMemory('store', address, source.length), () =>
        sys.store(address, source),
      ),
  }
  return sharingScope(tapped, sys)
}

function aboutMemory(name: string, address: number, length: number, more = ''): Call {
  return { name, address, length, text: `${length} bytes at 0x${address.toString(16)}${more}` }
}

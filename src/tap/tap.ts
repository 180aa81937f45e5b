import type { CallEvent, NewEvent } from '../events/event.ts'
import { captureOrigin, currentOrigin, type Origin, withOrigin } from '../syscalls/origin.ts'
import { requestName } from '../syscalls/requests.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { answerText, argumentText, flagText, pollText } from './call-text.ts'

/** Where the tap's events go: the event stream. */
export type TapSink = (event: NewEvent) => void

/** What is known of a call before it is made. */
interface Call {
  readonly name: string
  readonly fd?: number | undefined
  readonly address?: number | undefined
  readonly length?: number | undefined
  readonly oldLength?: number | undefined
  readonly offset?: number | undefined
  readonly text?: string | undefined
}

/** The two halves of one call, written to the sink. */
class Recorder {
  readonly #sink: TapSink
  #calls = 0

  constructor(sink: TapSink) {
    this.#sink = sink
  }

  /** Announces `call` and returns what announces its result. */
  enter(call: Call, origin: Origin | undefined): (result: number, text?: string) => void {
    const { text: announced, ...facts } = call
    const common = { kind: 'call', call: ++this.#calls, ...facts, origin } as const
    const emit = (rest: Pick<CallEvent, 'phase' | 'result' | 'text'>): void =>
      this.#sink({ ...common, ...rest })
    emit({ phase: 'enter', text: announced })
    return (result, text) => emit({ phase: 'exit', result, text })
  }
}

/**
 * `sys` with every call announced to `sink` when it begins and when it is back, with its name from the
 * header files, its arguments in words, and the line of the user's program that made it. That line is
 * in force while the call runs, so that the kernel's own events can carry it. Never sleeps itself.
 */
export function tap(sys: Syscalls, sink: TapSink): Syscalls {
  const recorder = new Recorder(sink)

  function sync<T extends number | Uint8Array>(entry: unknown, call: Call, body: () => T): T {
    const origin = currentOrigin() ?? captureOrigin(entry)
    const exit = recorder.enter(call, origin)
    const result = withOrigin(origin, body)
    exit(typeof result === 'number' ? result : 0)
    return result
  }

  async function sleeping(
    entry: unknown,
    call: Call,
    body: () => Promise<number>,
    answer: () => string | undefined,
  ): Promise<number> {
    const origin = currentOrigin() ?? captureOrigin(entry)
    const exit = recorder.enter(call, origin)
    const result = await withOrigin(origin, body)
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
  return tapped
}

function aboutMemory(name: string, address: number, length: number, more = ''): Call {
  return { name, address, length, text: `${length} bytes at 0x${address.toString(16)}${more}` }
}

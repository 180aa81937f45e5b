import { errno } from '../abi/errno.ts'
import * as check from '../syscalls/arguments.ts'
import type { PollFd } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import { type Calls, succeed } from './calls.ts'

/** Options of a wait for fences. */
export interface FenceWaitOptions {
  /** Ends the wait: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Nanoseconds at most; without limit unless given. */
  readonly timeout?: number | undefined
}

/** The events of a file whose fences are waited for. `fd` throws EBADF once it is closed. */
export interface FencePoll {
  readonly fd: () => number
  readonly events: number
}

/** May sleep. Whether the events are ready now. */
export async function areReady(calls: Calls, poll: FencePoll): Promise<boolean> {
  return (await pollOnce(calls, poll, 0, undefined)) > 0
}

/** May sleep, until the events are ready. ETIME, with `detail`, when the timeout is over before. */
export async function waitForFences(
  calls: Calls,
  poll: FencePoll,
  options: FenceWaitOptions,
  detail: (timeout: number) => string,
): Promise<void> {
  const { signal, timeout = -1 } = options
  for (;;) {
    signal?.throwIfAborted()
    const fd = poll.fd()
    const result = await pollOnce(calls, poll, timeout, signal)
    if (result === -errno.EINTR) continue
    if (succeed('poll', result, { fd }) > 0) return
    throw systemError({ errno: -errno.ETIME, syscall: 'poll', fd, detail: detail(timeout) })
  }
}

export function checkFenceWait(options: FenceWaitOptions): void {
  check.waitOptions('options', options, ['timeout'])
  if (options.timeout !== undefined) check.integer('options.timeout', options.timeout)
}

async function pollOnce(
  calls: Calls,
  { fd, events }: FencePoll,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const entry: PollFd = { fd: fd(), events, revents: 0 }
  return await calls.run(() => calls.sys.poll([entry], timeout, { signal }))
}

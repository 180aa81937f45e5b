import { errno } from '../../abi/errno.ts'
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from '../../abi/fcntl.ts'
import type { Machine } from '../../machine/machine.ts'
import type { PollFd } from '../../syscalls/syscalls.ts'
import type { OpenFile } from '../dmabuf/file.ts'
import type { Descriptors } from './descriptors.ts'

/** The constant answer of a file without a poll operation (DEFAULT_POLLMASK). */
const ALWAYS_READY = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM
/** Events that are reported without being requested. */
const UNASKED = POLLERR | POLLHUP

/**
 * May sleep, until a descriptor is ready or the virtual time `deadline` has come. Returns how many are
 * ready, or -EINTR. Source: do_poll and do_pollfd in fs/select.c.
 */
export async function pollFiles(
  machine: Machine,
  descriptors: Descriptors,
  fds: readonly PollFd[],
  { deadline, signal }: { deadline: number | undefined; signal: AbortSignal | undefined },
): Promise<number> {
  const { scheduler } = machine
  const isOver = (): boolean => deadline !== undefined && scheduler.now >= deadline
  const files = fds.flatMap(({ fd }) => descriptors.get(fd)?.file ?? [])
  const woken = await scheduler.until(
    { listen: (listener) => listenAll(machine, files, deadline, listener) },
    () => readyCount(descriptors, fds) > 0 || isOver(),
    fds.map(({ fd }) => descriptors.touchOf(fd)),
    signal,
  )
  return woken ? readyCount(descriptors, fds) : -errno.EINTR
}

/** Asks every file; a negative descriptor is passed over. */
function readyCount(descriptors: Descriptors, fds: readonly PollFd[]): number {
  let ready = 0
  for (const entry of fds) {
    entry.revents = entry.fd < 0 ? 0 : readyEvents(descriptors.get(entry.fd)?.file, entry.events)
    if (entry.revents !== 0) ready++
  }
  return ready
}

function readyEvents(file: OpenFile | undefined, events: number): number {
  if (file === undefined) return POLLNVAL
  const ready = file.poll === undefined ? ALWAYS_READY : file.poll(events | UNASKED)
  return ready & (events | UNASKED)
}

function listenAll(
  machine: Machine,
  files: readonly OpenFile[],
  deadline: number | undefined,
  listener: () => void,
): () => void {
  const stops = files.flatMap((file) => file.onReady?.(listener) ?? [])
  if (deadline !== undefined) stops.push(machine.scheduler.at(deadline, listener, true))
  return () => {
    for (const stop of stops) stop()
  }
}

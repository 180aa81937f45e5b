/** Descriptors that no call made, that were closed unseen, and kernels with less information. */
import { DmaBuf, DmaHeap } from 'dmabuf'
import { lazyPolicy, pc, SimKernel } from 'dmabuf/sim'
import { describe, expect, test } from 'vitest'
import { VIDIOC_QBUF } from '../../../src/abi/v4l2.ts'
import { v4l2Buffer } from '../../../src/abi/v4l2-struct.ts'
import type { NewEvent } from '../../../src/events/event.ts'
import { plainArg } from '../../../src/syscalls/ioctl-arg.ts'
import type { Syscalls } from '../../../src/syscalls/syscalls.ts'
import { parseFdInfo, readFdInfo } from '../../../src/tap/user-events/fdinfo.ts'
import { UserEvents } from '../../../src/tap/user-events/user-events.ts'

const PAGE = 4096

/** A kernel, and its recorded calls. */
function told(change: (sys: Syscalls) => Syscalls = (sys) => sys) {
  const { sys } = new SimKernel({ board: pc, policy: lazyPolicy })
  const events: NewEvent[] = []
  const user = new UserEvents(change(sys), (event) => events.push(event))
  return { unseen: sys, sys: user.sys, events, user }
}

async function allocated(sys: Syscalls): Promise<number> {
  using heap = DmaHeap.open({ sys })
  return (await heap.allocate(PAGE)).release()
}

/** `kind fd buffer` of the events of descriptors, and of exports. */
function facts(events: readonly NewEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'export') return [`export ${event.buffer} ${event.size}`]
    if (event.kind !== 'fd-open' && event.kind !== 'fd-close') return []
    const from = 'from' in event ? ` from ${event.from}` : ''
    return [`${event.kind} ${event.fd} ${event.buffer ?? event.what}${from}`]
  })
}

describe('a descriptor that no call made', () => {
  test('is looked at when it is used, once', async () => {
    const { unseen, sys, events } = told()
    const fd = await allocated(unseen)
    using _buffer = DmaBuf.borrow({ sys }, fd)
    sys.lseek(fd, 0, 0)
    expect(facts(events)).toEqual([
      `export 1 ${PAGE}`,
      `fd-open ${fd} 1 from elsewhere`,
      `fd-open ${fd - 1} 1`,
    ])
  })

  test('is told before it is closed', async () => {
    const { unseen, sys, events } = told()
    const fd = await allocated(unseen)
    expect(sys.close(fd)).toBe(0)
    expect(facts(events)).toEqual([
      `export 1 ${PAGE}`,
      `fd-open ${fd} 1 from elsewhere`,
      `fd-close ${fd} 1`,
    ])
  })

  test('may be no dma-buf, or none at all', () => {
    const { unseen, sys, events } = told()
    const fd = unseen.open('/dev/dma_heap/system', 0)
    sys.dup(fd)
    sys.dup(fd + 40)
    expect(sys.close(fd + 40)).toBe(-9)
    expect(facts(events)).toEqual([
      `fd-open ${fd} a file from elsewhere from elsewhere`,
      `fd-open ${fd + 1} a file from elsewhere`,
    ])
  })
})

describe('what was not seen', () => {
  test('is not taken for true: a number that is given out again is another file', async () => {
    const { unseen, sys, events } = told()
    const fd = await allocated(sys)
    unseen.close(fd)
    const again = await allocated(sys)
    expect(again).toBe(fd)
    sys.dup(fd)
    expect(facts(events).filter((fact) => fact.startsWith('fd-open') && /\d$/.test(fact))).toEqual([
      `fd-open ${fd} 1`,
      `fd-open ${fd} 2`,
      `fd-open ${fd - 1} 2`,
    ])
  })

  test('is forgotten when it is said to be', async () => {
    const { sys, events, user } = told()
    const fd = await allocated(sys)
    user.forget()
    events.length = 0
    sys.lseek(fd, 0, 0)
    expect(facts(events)).toEqual([`export 1 ${PAGE}`, `fd-open ${fd} 1 from elsewhere`])
  })
})

describe('a kernel that tells nothing of its files', () => {
  test('leaves a buffer for each that is made, with its size', async () => {
    const { sys, events } = told((plain) => ({
      ...plain,
      open: (path, flags) => (path.startsWith('/proc/') ? -2 : plain.open(path, flags)),
    }))
    const first = await allocated(sys)
    const second = await allocated(sys)
    const copy = sys.dup(first)
    const opened = new Map(
      events.flatMap((event) => (event.kind === 'fd-open' ? [[event.fd, event.buffer]] : [])),
    )
    expect(opened.get(copy)).toBe(opened.get(first))
    expect(opened.get(second)).not.toBe(opened.get(first))
    const sizes = events.flatMap((event) => (event.kind === 'export' ? [event.size] : []))
    expect(sizes).toEqual([PAGE, PAGE])
  })
})

describe('fdinfo', () => {
  test('of Linux 6.12, and of 5.10 without an inode', () => {
    const generic = 'pos:\t0\nflags:\t02000002\nmnt_id:\t15\n'
    // A name may hold anything, and comes last.
    const own = 'size:\t345600\ncount:\t1\nexp_name:\tsystem\nname:\tx\nsize:\t7\nexp_name:\ty\n'
    expect(parseFdInfo(`${generic}ino:\t812\n${own}`)).toEqual({
      inode: 812,
      size: 345600,
      exporter: 'system',
    })
    expect(parseFdInfo(generic + own)).toEqual({
      inode: undefined,
      size: 345600,
      exporter: 'system',
    })
  })

  test('is read without a descriptor left', async () => {
    const sim = new SimKernel({ board: pc, policy: lazyPolicy })
    const fd = await allocated(sim.sys)
    expect(readFdInfo(sim.sys, fd)).toEqual({ inode: 1, size: PAGE, exporter: 'system' })
    expect(readFdInfo(sim.sys, 99)).toBeUndefined()
    const next = sim.sys.dup(fd)
    expect(next).toBeLessThan(fd)
  })
})

describe('a queue', () => {
  test('is told nothing of by a QBUF that fails', async () => {
    const { sys, events } = told()
    const fd = await allocated(sys)
    const camera = sys.open('/dev/video0', 2)
    const bytes = v4l2Buffer.create({ index: 0, type: 1, memory: 4, m_fd: fd })
    expect(await sys.ioctl(camera, VIDIOC_QBUF, plainArg(bytes))).toBeLessThan(0)
    expect(events.some(({ kind }) => kind === 'queue')).toBe(false)
  })
})

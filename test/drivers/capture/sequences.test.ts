import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { O_NONBLOCK } from '../../../src/abi/fcntl.ts'
import { type Memory, NaiveQueue } from './naive-queue.ts'
import { DMABUF, FRAME, INTERVAL, MMAP, Rig } from './rig.ts'

type Op =
  | { op: 'request'; count: number; memory: Memory }
  | { op: 'queue'; index: number; memory: Memory; content: number }
  | { op: 'dequeue' | 'stream-on' | 'stream-off' | 'frame' | 'other-file' }
  | { op: 'export'; index: number }

const memory = fc.constantFrom<Memory>('dmabuf', 'dmabuf', 'mmap')
const index = fc.integer({ min: 0, max: 3 })
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ op: fc.constant('request'), count: index, memory }) },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('queue'), index, memory, content: index }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'dequeue',
        'dequeue',
        'stream-on',
        'stream-off',
        'frame',
        'frame',
        'other-file',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('export'), index }) },
)

/** Three dma-bufs are open; the fourth descriptor is none. */
const BUFFERS = 3
/** A frame is in memory this long after it was due. */
const AFTER = FRAME / 2 + 1
const numberOf: Record<Memory, number> = { mmap: MMAP, dmabuf: DMABUF }

class Run {
  readonly rig = new Rig()
  readonly naive = new NaiveQueue()
  readonly fds = Array.from({ length: BUFFERS }, () => this.rig.heapFd())

  constructor() {
    this.rig.file.flags |= O_NONBLOCK
  }

  async step(op: Op): Promise<void> {
    switch (op.op) {
      case 'request': {
        const outcome = await this.rig.request(op.count, numberOf[op.memory])
        return expect(outcome).toBe(this.naive.request(op.count, op.memory))
      }
      case 'queue': {
        const content = op.content < BUFFERS ? op.content : undefined
        const values = { m_fd: this.fds[op.content] ?? 999, memory: numberOf[op.memory] }
        const outcome = await this.rig.queue({ ...values, index: op.index })
        return expect(outcome).toBe(this.naive.queue(op.index, op.memory, content))
      }
      case 'dequeue':
        return this.#dequeue()
      case 'stream-on': {
        const starts = !this.naive.streaming
        const expected = this.naive.streamOn()
        expect(await this.rig.streamOn()).toBe(expected)
        if (starts && expected === 'ok') await this.rig.sleep(AFTER)
        return
      }
      case 'stream-off':
        return expect(await this.rig.streamOff()).toBe(this.naive.streamOff())
      case 'frame':
        this.naive.frame()
        return this.rig.sleep(INTERVAL)
      case 'other-file': {
        const file = this.rig.device.open(0)
        const expected = this.naive.buffers.length > 0 ? 'EBUSY' : 'EINVAL'
        expect(await this.rig.streamOn(file)).toBe(expected)
        return file.release()
      }
      case 'export':
        if (this.naive.memory === 'mmap' && op.index < this.naive.buffers.length) {
          await this.rig.export(op.index)
        }
    }
  }

  async #dequeue(): Promise<void> {
    const expected = this.naive.dequeue()
    if (typeof expected === 'string') return expect(await this.rig.tryDequeue()).toBe(expected)
    const filled = await this.rig.dequeue()
    expect(filled).toMatchObject(expected)
  }

  /** One dma-buf may be queued at two places: the last frame is in it. */
  checkBytes(): void {
    for (const [content, fd] of this.fds.entries()) {
      const sequence = this.naive.written.get(content)
      if (sequence === undefined) continue
      expect(this.rig.memoryOf(fd, FRAME)).toEqual(this.rig.source.frame(sequence))
    }
  }

  /** The camera holds each dma-buf exactly as often as a buffer of its queue has it. */
  checkUses(): void {
    for (const [content, fd] of this.fds.entries()) {
      const buffer = this.rig.bufferOf(fd)
      const uses = this.naive.uses(content)
      expect([buffer.attachments.length, buffer.references]).toEqual([uses, uses + 1])
    }
  }

  /** Nothing is left when program and camera are gone. */
  end(): void {
    const { rig } = this
    rig.file.release()
    this.naive.close()
    this.checkUses()
    rig.files.closeAll()
    expect(rig.core.buffers).toEqual([])
    expect(rig.machine.ram.liveBytes).toBe(0)
    for (const [opens, closes] of [
      [['queue'], 'dequeue'],
      [['attach'], 'detach'],
      [['dma-map'], 'dma-unmap'],
      [['job-start'], 'job-end'],
      [['export', 'memory'], 'release'],
    ] as const) {
      expect([opens, rig.kinds(...opens).length]).toEqual([opens, rig.kinds(closes).length])
    }
  }
}

it('any sequence of calls gives what the documentation says, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyOp, { maxLength: 40, size: 'max' }), async (ops) => {
      const run = new Run()
      for (const op of ops) {
        await run.step(op)
        run.checkUses()
      }
      run.checkBytes()
      run.end()
    }),
    { numRuns: 300 },
  )
}, 60_000)

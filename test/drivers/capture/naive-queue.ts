/**
 * The queue as a program may expect it, by the tables of the V4L2 documentation: whose each buffer is,
 * and which frame comes out next. Time passes a frame at a time.
 */
export type Memory = 'mmap' | 'dmabuf'

interface Buffer {
  where: 'program' | 'waiting' | 'filled'
  /** The test's own number of the dma-buf behind it. */
  content: number | undefined
}

export class NaiveQueue {
  memory: Memory | undefined
  buffers: Buffer[] = []
  streaming = false
  readonly #waiting: number[] = []
  /** The last frame written to each dma-buf, by the test's own number of it. */
  readonly written = new Map<number, number>()
  readonly #filled: { index: number; sequence: number }[] = []
  #sequence = 0

  request(count: number, memory: Memory): string {
    if (this.streaming) return 'EBUSY'
    this.close()
    this.memory = count === 0 ? undefined : memory
    this.buffers = Array.from({ length: count }, () => ({ where: 'program', content: undefined }))
    return 'ok'
  }

  /** `content` is undefined for a descriptor that is not a dma-buf. */
  queue(index: number, memory: Memory, content: number | undefined): string {
    const buffer = this.buffers[index]
    if (buffer === undefined || memory !== this.memory || buffer.where !== 'program')
      return 'EINVAL'
    if (memory === 'dmabuf') {
      buffer.content = content
      if (content === undefined) return 'EINVAL'
    }
    buffer.where = 'waiting'
    this.#waiting.push(index)
    return 'ok'
  }

  dequeue(): string | { index: number; sequence: number } {
    if (!this.streaming) return 'EINVAL'
    const next = this.#filled.shift()
    if (next === undefined) return 'EAGAIN'
    ;(this.buffers[next.index] as Buffer).where = 'program'
    return next
  }

  streamOn(): string {
    if (!this.streaming) this.#sequence = 0
    this.streaming = this.streaming || this.buffers.length > 0
    return this.streaming ? 'ok' : 'EINVAL'
  }

  streamOff(): string {
    this.streaming = false
    this.#waiting.length = 0
    this.#filled.length = 0
    for (const buffer of this.buffers) buffer.where = 'program'
    return 'ok'
  }

  /** The camera has a frame. */
  frame(): void {
    if (!this.streaming) return
    const sequence = this.#sequence++
    const index = this.#waiting.shift()
    if (index === undefined) return
    const buffer = this.buffers[index] as Buffer
    buffer.where = 'filled'
    if (buffer.content !== undefined) this.written.set(buffer.content, sequence)
    this.#filled.push({ index, sequence })
  }

  close(): void {
    this.streamOff()
    this.buffers = []
    this.memory = undefined
  }

  /** For each dma-buf, how many buffers of the queue have it. */
  uses(content: number): number {
    return this.buffers.filter((buffer) => buffer.content === content).length
  }
}

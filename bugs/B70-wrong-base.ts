// expect: out-of-range
// bytes: wrong everywhere
// A pool keeps its mappings, and serves a request from one that covers it. What it then added to the
// mapping's address was the offset in the file, not the one in the mapping: two blocks overlap, and the
// last one lies behind the end (PipeWire, commit 5474c3c3, issue 4884). The pool below maps the samples
// of a stream, which come after a header of one page.
import { DmaHeap, type Kernel } from 'dmabuf'

const PAGE = 4096
const BLOCK = 4096
const PROT_READ_WRITE = 3
const MAP_SHARED = 1

class Pool {
  readonly #sys: Kernel['sys']
  readonly #fd: number
  #mapped: { address: number; offset: number; length: number } | undefined

  constructor({ sys }: Kernel, fd: number) {
    this.#sys = sys
    this.#fd = fd
  }

  /** The address of `length` bytes of the file from `offset`: of the mapping there is, if it has them. */
  map(offset: number, length: number): number {
    const known = this.#mapped
    if (known !== undefined && known.offset <= offset) {
      if (offset + length <= known.offset + known.length) return known.address + offset
    }
    this.close()
    const address = this.#sys.mmap(length, PROT_READ_WRITE, MAP_SHARED, this.#fd, offset)
    this.#mapped = { address, offset, length }
    return address
  }

  close(): void {
    if (this.#mapped !== undefined) this.#sys.munmap(this.#mapped.address, this.#mapped.length)
    this.#mapped = undefined
  }
}

export default async function stream(kernel: Kernel): Promise<Uint8Array> {
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(PAGE + 3 * BLOCK)
  const pool = new Pool(kernel, buffer.fd)
  pool.map(PAGE, 3 * BLOCK)
  await buffer.startCpuAccess('read-write')
  for (let block = 0; block < 3; block++) {
    const address = pool.map(PAGE + block * BLOCK, BLOCK)
    kernel.sys.store(address, new Uint8Array(BLOCK).fill(1 + block))
  }
  await buffer.endCpuAccess('read-write')
  pool.close()
  return await buffer.withCpuAccess('read', (bytes) => bytes.slice())
}

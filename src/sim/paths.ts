import { bufinfo } from '../dmabuf/bufinfo.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { DeviceNode, OpenFile } from '../dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import { O_CLOEXEC, O_LARGEFILE } from '../uapi/fcntl.ts'
import type { Descriptors } from './descriptors.ts'
import { fdinfoText } from './fdinfo.ts'
import { textFile } from './text-file.ts'

const FDINFO = /^\/proc\/self\/fdinfo\/(\d+)$/
const BUFINFO = '/sys/kernel/debug/dma_buf/bufinfo'

/** What a process can open by name: device nodes, its own fdinfo, and debugfs. */
export class Paths {
  readonly #nodes: ReadonlyMap<string, DeviceNode>
  readonly #descriptors: Descriptors
  readonly #core: DmaBufCore

  constructor(nodes: ReadonlyMap<string, DeviceNode>, descriptors: Descriptors, core: DmaBufCore) {
    this.#nodes = nodes
    this.#descriptors = descriptors
    this.#core = core
  }

  /** Opens `path`. ENOENT, and what the driver says. */
  open(path: string, flags: number): OpenFile {
    const file = this.#open(path, flags)
    file.flags = (flags & ~O_CLOEXEC) | O_LARGEFILE
    return file
  }

  #open(path: string, flags: number): OpenFile {
    const info = FDINFO.exec(path)
    if (info !== null) {
      return textFile(path, () => fdinfoText(Number(info[1]), this.#descriptors))
    }
    if (path === BUFINFO) return textFile(path, () => bufinfo(this.#core))
    const node = this.#nodes.get(path)
    if (node === undefined) {
      throw new KernelError('ENOENT', `${path}: there are ${[...this.#nodes.keys()].join(', ')}`)
    }
    return node.open(flags & ~O_CLOEXEC)
  }
}
